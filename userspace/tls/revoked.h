/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * revoked.h - certificates that are revoked by a list of our own, or by a host's CRLs.
 *
 * The list is one for the worker, whatever the host. It is asked at each handshake, full or
 * resumed, and may be asked of an identity at any time; so may the CRLs of a host.
 */
#pragma once

#include "proto/revoked.h"
#include "tls/host.h"

struct identity;
struct tls_worker;

/**
 * revoked_by_serial - the key of an entry that is a serial number and an issuer
 * @serial, @issuer: as revoked_serial() and revoked_issuer() take them
 *
 * Return: 0; -EINVAL one of them is none; -EIO.
 */
MUST_USE int revoked_by_serial(struct slice serial, struct slice issuer,
                               uint8_t out[REVOKED_KEY_BYTES]);

/**
 * tls_worker_revoke - the list that is in force from now on
 * @keys: as revoked_check() likes it; borrowed until the next call or the worker's end
 */
void tls_worker_revoke(struct tls_worker *w, struct slice keys);

/** identity_is_revoked - does the list in force have it? Its verdict stays what it was. */
bool identity_is_revoked(struct identity *i);

/**
 * identity_is_listed - does a CRL of this host list the certificate or one of its verified chain?
 *
 * By issuer and serial number: whether that CRL is in force and well signed is asked at
 * handshakes. True where it cannot be found out for lack of memory.
 */
bool identity_is_listed(struct identity *i, const struct tls_host *h);

/** identity_good_until - s since 1970: from then on it or one of its verified chain is not valid */
int64_t identity_good_until(const struct identity *i);
