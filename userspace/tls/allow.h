/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * allow.h - of those whose certificates verify, who is let in. Private to this room.
 */
#pragma once

#include <openssl/x509.h>

#include "conf/policy.h"
#include "tls/host.h"

struct allow;

/**
 * allow_new - from the texts of a host
 * @texts: borrowed for the call
 * @out:   NULL when there are none: everybody
 *
 * Return: 0; -EINVAL one is not what it should be; -ENOMEM; -EIO.
 */
MUST_USE int allow_new(const struct allow_list *texts, struct allow **out);
void allow_free(struct allow *a); /* NULL is fine */

/** allow_has - does one entry of any of the lists mean this certificate? */
MUST_USE bool allow_has(const struct allow *a, const X509 *leaf);

/** allow_id - TLS_ID_BYTES over all of it */
const uint8_t *allow_id(const struct allow *a);
