/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktls.h - TLS records in the kernel: the one door to TCP_ULP "tls" and SOL_TLS.
 *
 * A socket with the ULP and no keys still passes plain bytes both ways. Keys are
 * installed for one direction at a time and cannot be taken back. All calls here
 * never block; a call that a signal interrupts is made again.
 *
 * Source: Linux Documentation/networking/tls.rst, include/uapi/linux/tls.h. Floor: Linux 6.1.
 */
#pragma once

#include <linux/tls.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/must.h"
#include "base/sink.h"

/* The system calls behind it. Tests put their own in. */
struct ktls_sys {
	int (*setsockopt)(int fd, int level, int name, const void *val, socklen_t len);
	int (*getsockopt)(int fd, int level, int name, void *val, socklen_t *len);
	ssize_t (*recv)(int fd, void *to, size_t len, int flags);
	ssize_t (*recvmsg)(int fd, struct msghdr *m, int flags);
	ssize_t (*sendmsg)(int fd, const struct msghdr *m, int flags);
};

extern const struct ktls_sys ktls_sys_kernel;

/* Suites that the kernel may take. X(CONSTANT, kernel's cipher type, key bytes, "name for people").
 * The order is that of enum record_suite (tls/record.h), which tls/handoff.c asserts. */
#define KTLS_CIPHERS(X)                                                                            \
	X(AES_128_GCM, TLS_CIPHER_AES_GCM_128, 16, "AES-128-GCM")                                  \
	X(AES_256_GCM, TLS_CIPHER_AES_GCM_256, 32, "AES-256-GCM")                                  \
	X(CHACHA20_POLY1305, TLS_CIPHER_CHACHA20_POLY1305, 32, "CHACHA20-POLY1305")

#define X(name, type, key, label) KTLS_##name,
enum ktls_cipher { KTLS_CIPHERS(X) KTLS_CIPHER_MAX };
#undef X

enum ktls_dir { KTLS_RX, KTLS_TX };

/* The keys of one direction. Nothing of it is kept; the caller cleanses it. */
struct ktls_key {
	uint16_t version; /* TLS_1_2_VERSION or TLS_1_3_VERSION */
	uint8_t cipher;   /* enum ktls_cipher */
	uint8_t key[32];
	uint8_t nonce[12]; /* TLS 1.3, ChaCha: the write IV. TLS 1.2 AES-GCM: 4 bytes of salt, then,
	                    * for TX, the explicit nonce of the next record, big-endian */
	uint64_t seq;      /* of the next record */
};

/* What this kernel can do, as found by doing it. */
struct ktls_support {
	uint8_t rx[2]; /* [0] TLS 1.2, [1] TLS 1.3: bit set of enum ktls_cipher */
	uint8_t tx[2];
	bool rekey; /* TLS 1.3 keys can be replaced: Linux 6.14 */
	int error;  /* negative errno of the first thing that failed; 0: all is there (but rekey) */
	char what[48]; /* what that was: "TCP_ULP", "TLS 1.3 CHACHA20-POLY1305 RX", ...; "" */
};

/**
 * ktls_load - have the kernel load its tls module, when we have the right (CAP_NET_ADMIN)
 *
 * Asks for the ULP on a socket that is not connected, which loads the module and then fails.
 * Return: 0 the module is there; -ENOENT it is not; -errno.
 */
MUST_USE int ktls_load(const struct ktls_sys *sys);

/**
 * ktls_probe - find out what this kernel can do, on self-keyed pairs over the loopback
 * @out: written always; an error is in it
 *
 * Opens and closes a few sockets (bind, listen, accept on 127.0.0.1 or ::1): for a process without a filter.
 */
void ktls_probe(const struct ktls_sys *sys, struct ktls_support *out);

/** ktls_can - both directions of this version and cipher */
bool ktls_can(const struct ktls_support *s, uint16_t version, enum ktls_cipher cipher);

/** ktls_is_whole - every version and cipher both ways (rekey does not count) */
bool ktls_is_whole(const struct ktls_support *s);

enum { KTLS_PACK_BITS = 4 * KTLS_CIPHER_MAX + 1 };

/** ktls_pack, ktls_unpack - the same in KTLS_PACK_BITS bits, to hand to another process; error and what are lost */
uint32_t ktls_pack(const struct ktls_support *s);
void ktls_unpack(uint32_t bits, struct ktls_support *out);

enum { KTLS_TEXT_MAX = 512 };

/** ktls_cipher_label - name for people */
const char *ktls_cipher_label(enum ktls_cipher cipher);

/**
 * ktls_put_summary, ktls_put_missing - for people; KTLS_TEXT_MAX bytes are enough for either
 *
 * "1.2 and 1.3, AES-128-GCM ..., rekey", "not all (TLS 1.3 AES-128-GCM TX: No such file or
 * directory), without ...", "none (TCP_ULP: ...): records stay in user space";
 * "TLS 1.2 CHACHA20-POLY1305 RX TX, TLS 1.3 AES-128-GCM TX", nothing where all is there.
 */
void ktls_put_summary(struct sink *out, const struct ktls_support *s);
void ktls_put_missing(struct sink *out, const struct ktls_support *s);

/** ktls_put_table - version by cipher, RX and TX yes or no, and rekey; lines */
void ktls_put_table(struct sink *out, const struct ktls_support *s);

/** ktls_ulp - TCP_ULP "tls". Return: 0; -EEXIST it has one; -ENOTCONN not in ESTABLISHED; -ENOENT; -errno. */
MUST_USE int ktls_ulp(const struct ktls_sys *sys, int fd);

/** ktls_set - install the keys of one direction. Return: 0; -EBUSY it has keys and cannot rekey; -errno. */
MUST_USE int ktls_set(const struct ktls_sys *sys, int fd, enum ktls_dir dir,
                      const struct ktls_key *key);

/**
 * ktls_expect_no_padding - tell a TLS 1.3 socket with keys to receive that records will not be padded
 *
 * The kernel then decrypts into the buffer of recvmsg(), without pages of its own and a copy. One
 * that is padded after all, or not data, is decrypted a second time (TlsDecryptRetry). A kernel
 * that knows nothing of it copies as before. Source: tls_update_rx_zc_capable(), Linux 6.0.
 */
void ktls_expect_no_padding(const struct ktls_sys *sys, int fd);

/**
 * ktls_recv - plaintext of the next data records, or one record of another type
 * @to:       at most @len bytes; @len > 0
 * @out_type: record type (23 data, 21 alert, 22 handshake) of what was read; written when >= 0 is returned
 *
 * Data records may be joined; a record that is not data never is, and comes alone.
 *
 * Return: bytes; 0 with *out_type 23: the peer's FIN; 0 with another type: an empty record of it;
 *         -EAGAIN nothing whole yet; -EBADMSG it does not authenticate; -EMSGSIZE a record too
 *         long; -EKEYEXPIRED a KeyUpdate was read and no new key was set; -errno. All but
 *         -EAGAIN are final.
 */
MUST_USE ssize_t ktls_recv(const struct ktls_sys *sys, int fd, void *to, size_t len,
                           uint8_t *out_type);

/** ktls_send_record - send @content as one record of @type (not data). Return: 0; -EAGAIN; -errno. */
MUST_USE int ktls_send_record(const struct ktls_sys *sys, int fd, uint8_t type,
                              struct slice content);

/**
 * ktls_unsent - has the kernel records of ours that TCP has not taken yet?
 * @cipher, @version: what was installed
 * @plain:   bytes of plaintext sent under this TX key, all record types
 * @before:  bytes TCP had been given when the TX keys were installed
 *
 * Such records are lost at close(2) and overtaken by shutdown(2). Compares what TCP was
 * given (TCP_INFO) with what the records sent so far (getsockopt TLS_TX: rec_seq - @first_seq) make.
 *
 * Return: 1 yes; 0 no; -errno.
 */
struct ktls_sent {
	uint16_t version;
	uint8_t cipher;
	uint64_t plain;
	uint64_t before;
	uint64_t first_seq;
};
MUST_USE int ktls_unsent(const struct ktls_sys *sys, int fd, const struct ktls_sent *sent);

/**
 * ktls_made - bytes that TCP has been given or will be, when all records made so far are sent
 *
 * The next TX key's ktls_sent begins there: it must be asked before that key is set.
 * Return: 0; -errno.
 */
MUST_USE int ktls_made(const struct ktls_sys *sys, int fd, const struct ktls_sent *sent,
                       uint64_t *out);
