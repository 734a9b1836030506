/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trust.h - whom a host believes: its client CAs and what they revoked. Private to this room.
 */
#pragma once

#include <openssl/x509.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"

struct tls_host;
struct tls_host_conf;

/**
 * trust_load - CAs and CRLs into the host's context, and what they add up to into its ids
 *
 * A host with CRLs takes no client whose chain they do not cover: every certificate below
 * the anchor needs the CRL of its issuer, signed by that issuer, in force now.
 *
 * Return: NULL, or what is wrong.
 */
MUST_USE const char *trust_load(struct tls_host *h, const struct tls_host_conf *conf);

void trust_unload(struct tls_host *h);

/** trust_has_crl - is one of that issuer among the host's, whatever its state? */
bool trust_has_crl(const struct tls_host *h, const X509_NAME *issuer);

/**
 * trust_good_until - when what is let in at @now is to be asked again for the CRLs' sake
 * @now: s since 1970
 *
 * Return: the first update to come; INT64_MAX: none, or the host does not mind.
 */
int64_t trust_good_until(const struct tls_host *h, int64_t now);
