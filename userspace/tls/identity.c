/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "tls/digest.h"
#include "tls/identity_priv.h"
#include "tls/revoked_priv.h"
#include "tls/x509.h"

/* RFC 9440 section 2.3: the root may be left out; the origin has it or does not trust it. */
size_t identity_chain_len(STACK_OF(X509) * chain)
{
	int len = chain ? sk_X509_num(chain) : 0;

	if (len > 0 && X509_self_signed(sk_X509_value(chain, len - 1), 0) == 1)
		len--;
	return len < IDENTITY_CHAIN_MAX ? (size_t)len : IDENTITY_CHAIN_MAX;
}

static void narrow(struct identity *i, const X509 *x)
{
	int64_t from;
	int64_t until;

	if (x509_time(X509_get0_notBefore(x), &from) < 0 ||
	    x509_time(X509_get0_notAfter(x), &until) < 0) {
		i->good_until = INT64_MIN;
		return;
	}
	if (from > i->good_from)
		i->good_from = from;
	if (until < i->good_until)
		i->good_until = until;
}

static void times(struct identity *i, X509 *leaf, STACK_OF(X509) * chain)
{
	i->good_from = INT64_MIN;
	i->good_until = INT64_MAX;
	narrow(i, leaf);
	i->meta.not_before = i->good_from;
	i->meta.not_after = i->good_until;
	for (int n = 0; chain && n < sk_X509_num(chain); n++)
		narrow(i, sk_X509_value(chain, n));
}

/* The part of @s written since it was @at long. */
static struct slice since(const struct sink *s, size_t at)
{
	return slice_of(s->ptr + at, s->len - at);
}

static struct slice put_verdict(long verify_result, struct sink *s)
{
	size_t at = s->len;
	const char *why;

	if (verify_result == X509_V_OK)
		return SLICE("SUCCESS");
	why = x509_error_text(verify_result);
	sink_put(s, SLICE("FAILED:"));
	sink_put(s, slice_of(why, strlen(why)));
	return since(s, at);
}

typedef void name_writer(const X509_NAME *name, struct sink *s);

static struct slice put_name(const X509_NAME *name, name_writer *write, struct sink *s)
{
	size_t at = s->len;

	write(name, s);
	return since(s, at);
}

/* Forms that a header or none has room for: what is too long is nothing, and not in the way. */
static struct slice put_short_name(const X509_NAME *name, name_writer *write, struct sink *s)
{
	const struct sink before = *s;
	struct slice text = put_name(name, write, s);

	if (!s->overflow && text.len <= IDENTITY_NAME_MAX)
		return text;
	*s = before;
	return (struct slice){ 0 };
}

static struct slice put_serial(const ASN1_INTEGER *serial, struct sink *s)
{
	size_t at = s->len;

	x509_put_serial(serial, s);
	return since(s, at);
}

static struct slice put_octets(const ASN1_STRING *octets, struct sink *s)
{
	size_t at = s->len;

	x509_put_octets(octets, s);
	return since(s, at);
}

static struct slice put_sans(const X509 *x, struct sink *s)
{
	size_t at = s->len;

	x509_put_sans(x, s);
	return since(s, at);
}

static void names(struct identity_meta *m, const X509 *leaf, struct sink *s)
{
	const X509_NAME *subject = X509_get_subject_name(leaf);
	const X509_NAME *issuer = X509_get_issuer_name(leaf);

	m->subject = put_name(subject, x509_put_name, s);
	m->issuer = put_name(issuer, x509_put_name, s);
	m->subject_legacy = put_short_name(subject, x509_put_name_legacy, s);
	m->issuer_legacy = put_short_name(issuer, x509_put_name_legacy, s);
	m->subject_der = put_short_name(subject, x509_put_name_der, s);
	m->issuer_der = put_short_name(issuer, x509_put_name_der, s);
	m->sans = put_sans(leaf, s);
}

/* The issuer's own certificate says it best; without one, what the leaf says of it. */
static void numbers(struct identity_meta *m, X509 *leaf, X509 *issuer, struct sink *s)
{
	m->serial = put_serial(X509_get0_serialNumber(leaf), s);
	m->ski = put_octets(X509_get0_subject_key_id(leaf), s);
	m->issuer_serial = put_serial(
		issuer ? X509_get0_serialNumber(issuer) : X509_get0_authority_serial(leaf), s);
	m->issuer_ski = put_octets(
		issuer ? X509_get0_subject_key_id(issuer) : X509_get0_authority_key_id(leaf), s);
	m->version = (uint8_t)(X509_get_version(leaf) + 1);
	m->key_algorithm = x509_key_algorithm(leaf);
	m->signature_algorithm = x509_signature_algorithm(leaf);
}

/* @s starts with the DER of leaf and chain. */
static void slice_der(struct identity_meta *m, X509 *leaf, STACK_OF(X509) * chain,
                      const struct sink *s)
{
	size_t at = (size_t)i2d_X509(leaf, NULL);

	m->der = slice_of(s->ptr, at);
	m->chain_len = identity_chain_len(chain);
	for (size_t n = 0; n < m->chain_len; n++) {
		size_t len = (size_t)i2d_X509(sk_X509_value(chain, (int)n), NULL);

		m->chain[n] = slice_of(s->ptr + at, len);
		at += len;
	}
	must(at == s->len);
}

static void rebase(struct slice *s, const uint8_t *from, const uint8_t *to)
{
	if (s->len > 0)
		s->ptr = to + (s->ptr - from);
}

/* All that points into the scratch; words of OpenSSL's and ours do not. */
static void rebase_all(struct identity_meta *m, const uint8_t *from, const uint8_t *to)
{
	struct slice *const all[] = {
		&m->der,           &m->subject,     &m->issuer,        &m->subject_legacy,
		&m->issuer_legacy, &m->subject_der, &m->issuer_der,    &m->sans,
		&m->serial,        &m->ski,         &m->issuer_serial, &m->issuer_ski,
	};

	for (size_t n = 0; n < ARRAY_LEN(all); n++)
		rebase(all[n], from, to);
	for (size_t n = 0; n < m->chain_len; n++)
		rebase(&m->chain[n], from, to);
	if (!m->verified)
		rebase(&m->verdict, from, to);
}

/* Copies what the slices of @i point to behind it. */
static struct identity *settle(const struct identity *i, const struct sink *s)
{
	struct identity *made = malloc(sizeof(*made) + s->len);
	uint8_t *bytes;

	if (!made)
		return NULL;
	*made = *i;
	made->bytes = sizeof(*made) + s->len;
	bytes = (uint8_t *)(made + 1);
	memcpy(bytes, s->ptr, s->len);
	rebase_all(&made->meta, s->ptr, bytes);
	return made;
}

static int digests(struct identity_meta *m)
{
	digest_begin();
	digest_add(m->der);
	if (digest_end(m->sha256) < 0 ||
	    EVP_Digest(m->der.ptr, m->der.len, m->sha1, NULL, EVP_sha1(), NULL) != 1)
		return -ENOMEM;
	return 0;
}

int identity_make(X509 *leaf, STACK_OF(X509) * chain, long verify_result, struct sink *der,
                  struct identity **out)
{
	struct identity i = { .meta = { .presented = true,
		                        .verified = verify_result == X509_V_OK,
		                        .revoked = verify_result == X509_V_ERR_CERT_REVOKED } };
	X509 *issuer = chain && sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : NULL;
	struct identity *made;

	slice_der(&i.meta, leaf, chain, der);
	times(&i, leaf, chain);
	if (digests(&i.meta) < 0)
		return -ENOMEM;
	names(&i.meta, leaf, der);
	numbers(&i.meta, leaf, issuer, der);
	revoked_serial_key(&i.meta, i.serial_key);
	i.meta.verdict = put_verdict(verify_result, der);
	if (der->overflow)
		return -EMSGSIZE;
	made = settle(&i, der);
	if (!made)
		return -ENOMEM;
	*out = made;
	return 0;
}

void identity_blocks_free(struct identity_block *b)
{
	while (b) {
		struct identity_block *next = b->next;

		free(b);
		b = next;
	}
}

void identity_free(struct identity *i)
{
	identity_blocks_free(i->blocks);
	free(i);
}
