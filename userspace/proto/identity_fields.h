/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * identity_fields.h - renderers that more than one dialect uses.
 *
 * Each is an identity_renderer; unless said otherwise it leaves its header out for a
 * client without a certificate, and where the certificate has no such thing.
 */
#pragma once

#include "proto/identity.h"

identity_renderer render_der_base64;
identity_renderer render_sha256_hex; /* lower case */
identity_renderer render_sha1_hex;   /* lower case */
identity_renderer render_verdict;    /* "SUCCESS", "FAILED:...", "NONE": never left out */
identity_renderer render_subject;    /* RFC 2253 */
identity_renderer render_issuer;
identity_renderer render_subject_legacy; /* "/C=..." */
identity_renderer render_issuer_legacy;
identity_renderer render_serial; /* upper-case hexadecimal */
identity_renderer render_issuer_serial;
identity_renderer render_ski; /* upper-case hexadecimal */
identity_renderer render_issuer_ski;
identity_renderer render_not_before; /* put_date() */
identity_renderer render_not_after;
identity_renderer render_pem_percent; /* all but the unreserved characters encoded */

/* RFC 9440, of verified clients; the second set as long as it is within the limits. */
identity_renderer render_rfc9440_leaf;
identity_renderer render_rfc9440_chain;
identity_renderer render_rfc9440_leaf_limited;
identity_renderer render_rfc9440_chain_limited;

enum { RFC9440_LEAF_MAX = 10 * 1024, RFC9440_CHAIN_MAX = 16 * 1024 }; /* encoded, bytes */

/* Are they over meta->limits? */
bool rfc9440_leaf_is_large(const struct identity_meta *meta);
bool rfc9440_chain_is_large(const struct identity_meta *meta);

/** rfc9440_chain_len - bytes of the chain's value */
size_t rfc9440_chain_len(const struct identity_meta *meta);

/** put_rfc9440_chain - "[:..:, ]*:..:" */
void put_rfc9440_chain(const struct identity_meta *meta, struct sink *out);

/** put_word - a word; for renderers that choose one. Return: true. */
bool put_word(struct sink *out, struct slice word);
