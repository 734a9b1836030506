/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/record.h"

#include <errno.h>
#include <openssl/crypto.h>

#include "tls/aead.h"
#include "tls/alert.h"

/* Additional data: TLS 1.3 has the header, 1.2 also the sequence number. */
enum { AAD_TLS12_BYTES = 13 };

static void nonce_of(const struct record_state *r, const struct record_dir *d, uint64_t explicit,
                     uint8_t nonce[AEAD_NONCE_BYTES])
{
	memcpy(nonce, d->iv, AEAD_NONCE_BYTES);
	if (record_has_explicit_nonce(r))
		put_be64(nonce + 4, explicit);
	else
		put_be64(nonce + 4, get_be64(d->iv + 4) ^ d->seq);
}

/* What is authenticated beside the content. @room is for what is not on the wire. */
static struct slice aad_of(const struct record_state *r, uint64_t seq, const uint8_t *header,
                           size_t plain_len, uint8_t room[AAD_TLS12_BYTES])
{
	if (record_is_tls13(r))
		return slice_of(header, RECORD_HEADER_BYTES);
	put_be64(room, seq);
	room[8] = header[0];
	put_be16(room + 9, VERSION_TLS12);
	put_be16(room + 11, plain_len);
	return slice_of(room, AAD_TLS12_BYTES);
}

/* Bytes between header and content. */
static size_t prefix_bytes(const struct record_state *r)
{
	return record_has_explicit_nonce(r) ? EXPLICIT_NONCE_BYTES : 0;
}

/* Bytes a record has beside its content. */
static size_t extra_bytes(const struct record_state *r)
{
	size_t inner_type = record_is_tls13(r) ? 1 : 0;

	return RECORD_HEADER_BYTES + prefix_bytes(r) + inner_type + AEAD_TAG_BYTES;
}

static size_t records_of(const struct record_state *r, size_t plain_len)
{
	return plain_len == 0 ? 1 : (plain_len + r->plain_max - 1) / r->plain_max;
}

size_t record_seal_bytes(const struct record_state *r, size_t plain_len)
{
	return plain_len + records_of(r, plain_len) * extra_bytes(r);
}

bool record_key_holds(const struct record_state *r, uint64_t records)
{
	return r->tx.seq + records <= suites[r->suite].records_max;
}

static int seal_one(struct aead_cache *c, struct record_state *r, enum record_type type,
                    struct slice plain, uint8_t *wire)
{
	struct record_dir *d = &r->tx;
	const uint8_t inner_type = (uint8_t)type;
	struct slice tail = slice_of(&inner_type, record_is_tls13(r) ? 1 : 0);
	size_t body = plain.len + extra_bytes(r) - RECORD_HEADER_BYTES;
	uint8_t nonce[AEAD_NONCE_BYTES];
	uint8_t room[AAD_TLS12_BYTES];
	struct slice aad;
	const struct aead_ops *ops;
	struct aead_key *key = aead_cache_get(c, r->suite, d, &ops);

	if (!key)
		return -EIO;
	nonce_of(r, d, d->explicit_nonce, nonce);
	wire[0] = record_is_tls13(r) ? RECORD_APPLICATION_DATA : inner_type;
	put_be16(wire + 1, VERSION_TLS12);
	put_be16(wire + 3, body);
	aad = aad_of(r, d->seq, wire, plain.len, room);
	wire += RECORD_HEADER_BYTES;
	if (record_has_explicit_nonce(r)) {
		put_be64(wire, d->explicit_nonce);
		wire += EXPLICIT_NONCE_BYTES;
	}
	/* Counted before, and whatever comes of it: no nonce twice. */
	d->seq++;
	d->explicit_nonce++;
	return ops->seal(key, nonce, aad, plain, tail, wire);
}

int record_seal(struct aead_cache *c, struct record_state *r, enum record_type type,
                struct slice plain, struct sink *out)
{
	size_t records = records_of(r, plain.len);
	size_t at = out->len;

	must(r->plain_max > 0);
	must(!out->overflow);
	must(sink_room(out) >= record_seal_bytes(r, plain.len));
	if (type == RECORD_APPLICATION_DATA && !record_key_holds(r, records))
		return -EKEYEXPIRED;
	for (; records > 0; records--) {
		size_t n = plain.len < r->plain_max ? plain.len : r->plain_max;
		int rc = seal_one(c, r, type, slice_sub(plain, 0, n), out->ptr + at);

		if (rc < 0)
			return rc;
		at += n + extra_bytes(r);
		plain = slice_sub(plain, n, plain.len - n);
	}
	out->len = at;
	return 0;
}

/* What the header alone tells. 0 or the negative of an alert. */
static int check_header(const struct record_state *r, const uint8_t *header, size_t body)
{
	if (header[1] != 3)
		return -ALERT_PROTOCOL_VERSION;
	if (body > RECORD_WIRE_MAX - RECORD_HEADER_BYTES)
		return -ALERT_RECORD_OVERFLOW;
	if (record_is_tls13(r) && header[0] != RECORD_APPLICATION_DATA)
		return -ALERT_UNEXPECTED_MESSAGE;
	if (header[0] < RECORD_CHANGE_CIPHER_SPEC || header[0] > RECORD_APPLICATION_DATA)
		return -ALERT_UNEXPECTED_MESSAGE;
	if (body < extra_bytes(r) - RECORD_HEADER_BYTES)
		return -ALERT_BAD_RECORD_MAC;
	return 0;
}

/* TLSInnerPlaintext: content, type, zeroes. */
static int strip_padding(const uint8_t *plain, size_t len, struct record_opened *o)
{
	if (len > RECORD_PLAIN_MAX + 1)
		return -ALERT_RECORD_OVERFLOW;
	while (len > 0 && plain[len - 1] == 0)
		len--;
	if (len == 0)
		return -ALERT_UNEXPECTED_MESSAGE;
	o->type = plain[len - 1];
	o->plain_len = len - 1;
	if (o->type < RECORD_ALERT || o->type > RECORD_APPLICATION_DATA)
		return -ALERT_UNEXPECTED_MESSAGE;
	return 0;
}

/* A record that brings nothing is legal; many in a row only cost us. */
int record_check(struct record_state *r, enum record_type type, size_t plain_len)
{
	if (type != RECORD_APPLICATION_DATA && plain_len == 0)
		return -ALERT_UNEXPECTED_MESSAGE;
	if (r->partial_len > 0 && type != RECORD_HANDSHAKE)
		return -ALERT_UNEXPECTED_MESSAGE;
	if (type == RECORD_HANDSHAKE)
		return 0;
	if (type == RECORD_APPLICATION_DATA && plain_len > 0) {
		r->empty_records = 0;
		return 0;
	}
	return ++r->empty_records > RECORD_EMPTY_MAX ? -ALERT_UNEXPECTED_MESSAGE : 0;
}

static int open_body(struct aead_cache *c, struct record_state *r, const uint8_t *wire,
                     struct slice body, uint8_t *plain)
{
	struct record_dir *d = &r->rx;
	size_t prefix = prefix_bytes(r);
	uint64_t explicit = prefix > 0 ? get_be64(body.ptr) : 0;
	struct slice sealed = slice_sub(body, prefix, body.len - prefix);
	uint8_t nonce[AEAD_NONCE_BYTES];
	uint8_t room[AAD_TLS12_BYTES];
	struct slice aad;
	const struct aead_ops *ops;
	struct aead_key *key = aead_cache_get(c, r->suite, d, &ops);

	if (!key)
		return -ALERT_INTERNAL_ERROR;
	nonce_of(r, d, explicit, nonce);
	aad = aad_of(r, d->seq, wire, sealed.len - AEAD_TAG_BYTES, room);
	if (ops->open(key, nonce, aad, sealed, plain) < 0)
		return -ALERT_BAD_RECORD_MAC;
	d->seq++;
	return 0;
}

int record_open(struct aead_cache *c, struct record_state *r, struct slice in, uint8_t *plain,
                struct record_opened *out)
{
	struct record_opened o;
	size_t body;
	int rc;

	if (in.len < RECORD_HEADER_BYTES)
		return 0;
	body = get_be16(in.ptr + 3);
	rc = check_header(r, in.ptr, body);
	if (rc < 0)
		return rc;
	o.wire_len = RECORD_HEADER_BYTES + body;
	if (in.len < o.wire_len)
		return 0;
	rc = open_body(c, r, in.ptr, slice_sub(in, RECORD_HEADER_BYTES, body), plain);
	if (rc < 0)
		return rc;
	o.type = in.ptr[0];
	o.plain_len = o.wire_len - extra_bytes(r);
	if (record_is_tls13(r))
		rc = strip_padding(plain, o.plain_len + 1, &o);
	else if (o.plain_len > RECORD_PLAIN_MAX)
		rc = -ALERT_RECORD_OVERFLOW;
	if (rc == 0)
		rc = record_check(r, o.type, o.plain_len);
	if (rc < 0)
		return rc;
	*out = o;
	return 1;
}

void record_unload(struct aead_cache *c, const struct record_state *r)
{
	aead_cache_forget(c, r->suite, &r->rx);
	aead_cache_forget(c, r->suite, &r->tx);
}

void record_cleanse(struct record_state *r)
{
	OPENSSL_cleanse(r, sizeof(*r));
}
