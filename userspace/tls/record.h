/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record.h - the TLS record layer after the handshake, in user space.
 *
 * All that is left of a connection's TLS is struct record_state: keys, counters,
 * and for TLS 1.3 the secrets a KeyUpdate needs. It is plain memory: it can be
 * copied, moved to another process, or given to the kernel.
 *
 * Nonce discipline: the sequence number is the nonce's only variable part, grows
 * by one for each record and is never set back under one key. TLS 1.2 AES-GCM's
 * explicit nonce goes on from that of our Finished.
 */
#pragma once

#include "base/sink.h"

enum {
	RECORD_HEADER_BYTES = 5,
	RECORD_PLAIN_MAX = 16384, /* RFC 8446 section 5.1 */
	RECORD_EXPANSION_MAX =
		64, /* header, explicit nonce, inner type, tag: what seal adds at most */
	RECORD_WIRE_MAX =
		RECORD_HEADER_BYTES + RECORD_PLAIN_MAX + 256, /* largest a peer may send */
	RECORD_EMPTY_MAX = 32,        /* in a row; a peer that sends more wants us busy */
	RECORD_KEY_UPDATES_MAX = 128, /* the value of key_updates_max after a handshake */
};

enum record_type {
	RECORD_CHANGE_CIPHER_SPEC = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_APPLICATION_DATA = 23,
};

/* X(CONSTANT, key bytes, hash bytes, "name in logs") */
#define RECORD_SUITES(X)                                                                           \
	X(AES_128_GCM, 16, 32)                                                                     \
	X(AES_256_GCM, 32, 48)                                                                     \
	X(CHACHA20_POLY1305, 32, 32)

#define X(name, key, hash) SUITE_##name,
enum record_suite { RECORD_SUITES(X) SUITE_MAX };
#undef X

struct record_dir {
	uint64_t seq;            /* of the next record */
	uint64_t key_id;         /* names this key in the AEAD cache; unique in the process */
	uint64_t explicit_nonce; /* TLS 1.2 AES-GCM, sending: of the next record */
	uint8_t key[32];
	uint8_t iv[12];     /* TLS 1.3 and ChaCha: whole; TLS 1.2 AES-GCM: first 4 */
	uint8_t secret[48]; /* TLS 1.3: traffic secret, for KeyUpdate */
};

struct record_state {
	struct record_dir rx, tx;
	uint16_t version;     /* 0x0303 or 0x0304 */
	uint8_t suite;        /* enum record_suite */
	uint8_t hash_bytes;   /* of the handshake hash: 32 or 48 */
	uint16_t key_updates; /* received */
	uint16_t key_updates_max;
	uint16_t plain_max; /* sent in one record: RECORD_PLAIN_MAX or the client's max_fragment_length */
	uint8_t empty_records; /* in a row, received: no data and no handshake message */
	uint8_t partial_len;   /* TLS 1.3: bytes of a handshake message that is not whole yet */
	uint8_t partial[5];    /* 5: only KeyUpdate is taken */
};

struct aead_cache; /* expanded keys of the busiest connections, one for each worker */

MUST_USE int aead_cache_new(size_t entries, struct aead_cache **out);
void aead_cache_free(struct aead_cache *c);

/** record_seal_bytes - exact wire bytes that record_seal() writes for @plain_len of data */
size_t record_seal_bytes(const struct record_state *r, size_t plain_len);

/**
 * record_seal - turn plaintext into records of at most r->plain_max each
 * @type:  enum record_type
 * @plain: 0..any bytes; must not overlap @out
 * @out:   gets record_seal_bytes() bytes; must have the room
 *
 * Return: 0; -EKEYEXPIRED the key's record limit is reached (RFC 8446 section 5.5):
 *         send a KeyUpdate (1.3) or close (1.2); application data only, so that
 *         these two still can be sent; -EIO the AEAD failed. On failure @out is as it was.
 * Source: RFC 8446 section 5.2, RFC 5288 section 3, RFC 7905 section 2.
 */
MUST_USE int record_seal(struct aead_cache *c, struct record_state *r, enum record_type type,
                         struct slice plain, struct sink *out);

struct record_opened {
	enum record_type type; /* the inner type in TLS 1.3 */
	size_t wire_len;       /* bytes of @in that this record took */
	size_t plain_len;      /* bytes written to @plain */
};

/**
 * record_open - open the first record of @in
 * @in:    ciphertext, any length
 * @plain: gets the content; room for min(RECORD_WIRE_MAX, @in.len); must not overlap @in
 * @out:   written when 1 is returned
 *
 * Return: 1 opened; 0 @in does not hold a whole record; < 0 the negative of the
 *         alert to send (RFC 8446 section 6: -20 bad_record_mac, -22
 *         record_overflow, -10 unexpected_message, -50 decode_error ...), after which
 *         the state is of no more use.
 */
MUST_USE int record_open(struct aead_cache *c, struct record_state *r, struct slice in,
                         uint8_t *plain, struct record_opened *out);

/**
 * record_check - may this record come now, whoever opened it?
 * @type, @plain_len: as opened
 *
 * An empty record that is not data may not, nor anything in the middle of a handshake
 * message, nor many in a row that bring nothing. Return: 0 or the negative of an alert.
 */
MUST_USE int record_check(struct record_state *r, enum record_type type, size_t plain_len);

/** record_key_holds - may the sending key protect @records more of data? RFC 8446 section 5.5 */
bool record_key_holds(const struct record_state *r, uint64_t records);

/** record_unload - forget what the cache has of these keys; they can be used again */
void record_unload(struct aead_cache *c, const struct record_state *r);

/** record_cleanse - forget the keys; record_unload() first, where records went through a cache */
void record_cleanse(struct record_state *r);
