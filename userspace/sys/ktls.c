/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/ktls.h"

#include <endian.h>
#include <errno.h>
/* For all of struct tcp_info; <netinet/tcp.h> has only its head and clashes with this one. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>

enum {
	RECORD_DATA = 23,         /* RFC 8446 section 5.1 */
	RECORD_BYTES_MAX = 16384, /* plaintext */
	HEADER_BYTES = 5,
	TAG_BYTES = 16,
	INNER_TYPE_BYTES = 1,     /* TLS 1.3: behind the content */
	EXPLICIT_NONCE_BYTES = 8, /* TLS 1.2 AES-GCM: RFC 5288 section 3 */
	SALT_BYTES = 4,
};

const struct ktls_sys ktls_sys_kernel = {
	.setsockopt = setsockopt,
	.getsockopt = getsockopt,
	.recv = recv,
	.recvmsg = recvmsg,
	.sendmsg = sendmsg,
};

/* What SOL_TLS takes and gives. The kernel wants the length of the cipher's own struct, exactly. */
union crypto {
	struct tls_crypto_info info;
	struct tls12_crypto_info_aes_gcm_128 gcm128;
	struct tls12_crypto_info_aes_gcm_256 gcm256;
	struct tls12_crypto_info_chacha20_poly1305 chacha;
};

static socklen_t crypto_len(enum ktls_cipher cipher)
{
	static const socklen_t lens[] = {
		[KTLS_AES_128_GCM] = sizeof(struct tls12_crypto_info_aes_gcm_128),
		[KTLS_AES_256_GCM] = sizeof(struct tls12_crypto_info_aes_gcm_256),
		[KTLS_CHACHA20_POLY1305] = sizeof(struct tls12_crypto_info_chacha20_poly1305),
	};

	static_assert(ARRAY_LEN(lens) == KTLS_CIPHER_MAX, "every cipher has its struct");
	must(cipher < KTLS_CIPHER_MAX);
	return lens[cipher];
}

/* The bytes of rec_seq, big-endian, in what the kernel takes and gives. */
static unsigned char *crypto_seq(union crypto *c, enum ktls_cipher cipher)
{
	switch (cipher) {
	case KTLS_AES_128_GCM:
		return c->gcm128.rec_seq;
	case KTLS_AES_256_GCM:
		return c->gcm256.rec_seq;
	default:
		return c->chacha.rec_seq;
	}
}

static void crypto_fill(union crypto *c, const struct ktls_key *key)
{
	static const uint16_t types[] = {
#define X(name, type, bytes, label) [KTLS_##name] = (type),
		KTLS_CIPHERS(X)
#undef X
	};
	uint64_t seq_be = htobe64(key->seq);

	c->info.version = key->version;
	c->info.cipher_type = types[key->cipher];
	switch ((enum ktls_cipher)key->cipher) {
	case KTLS_AES_128_GCM:
		memcpy(c->gcm128.salt, key->nonce, SALT_BYTES);
		memcpy(c->gcm128.iv, key->nonce + SALT_BYTES, sizeof(c->gcm128.iv));
		memcpy(c->gcm128.key, key->key, sizeof(c->gcm128.key));
		break;
	case KTLS_AES_256_GCM:
		memcpy(c->gcm256.salt, key->nonce, SALT_BYTES);
		memcpy(c->gcm256.iv, key->nonce + SALT_BYTES, sizeof(c->gcm256.iv));
		memcpy(c->gcm256.key, key->key, sizeof(c->gcm256.key));
		break;
	default: /* no salt: all of the nonce is the IV */
		memcpy(c->chacha.iv, key->nonce, sizeof(c->chacha.iv));
		memcpy(c->chacha.key, key->key, sizeof(c->chacha.key));
		break;
	}
	memcpy(crypto_seq(c, key->cipher), &seq_be, sizeof(seq_be));
}

static int set_option(const struct ktls_sys *sys, int fd, int level, int name, struct slice value)
{
	int r;

	do
		r = sys->setsockopt(fd, level, name, value.ptr, (socklen_t)value.len);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int get_option(const struct ktls_sys *sys, int fd, int level, int name, void *value,
                      socklen_t *len)
{
	int r;

	do
		r = sys->getsockopt(fd, level, name, value, len);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int ktls_ulp(const struct ktls_sys *sys, int fd)
{
	return set_option(sys, fd, IPPROTO_TCP, TCP_ULP, SLICE("tls"));
}

int ktls_set(const struct ktls_sys *sys, int fd, enum ktls_dir dir, const struct ktls_key *key)
{
	union crypto c = { 0 };
	int r;

	must(key->version == TLS_1_2_VERSION || key->version == TLS_1_3_VERSION);
	must(key->cipher < KTLS_CIPHER_MAX);
	crypto_fill(&c, key);
	r = set_option(sys, fd, SOL_TLS, dir == KTLS_TX ? TLS_TX : TLS_RX,
	               slice_of(&c, crypto_len(key->cipher)));
	explicit_bzero(&c, sizeof(c));
	return r;
}

void ktls_expect_no_padding(const struct ktls_sys *sys, int fd)
{
	const int on = 1;

	(void)set_option(sys, fd, SOL_TLS, TLS_RX_EXPECT_NO_PAD, slice_of(&on, sizeof(on)));
}

/* The type that the kernel says what was read is of; 0: it says nothing. */
static uint8_t type_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_TLS && c->cmsg_type == TLS_GET_RECORD_TYPE &&
		    c->cmsg_len >= CMSG_LEN(1))
			return *CMSG_DATA(c);
	return 0;
}

static ssize_t recv_typed(const struct ktls_sys *sys, int fd, void *to, size_t len,
                          uint8_t *out_type)
{
	struct iovec iov = { .iov_base = to, .iov_len = len };
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(1)];
	} control = { 0 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes };
	uint8_t type;
	ssize_t n;

	do {
		m.msg_controllen = sizeof(control.bytes);
		n = sys->recvmsg(fd, &m, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	type = type_of(&m);
	if (n > 0 && type == 0)
		return -EIO; /* bytes that nobody vouches for */
	if (n == 0 && type == RECORD_DATA)
		return -EAGAIN; /* an empty data record is no FIN */
	*out_type = type ? type : RECORD_DATA;
	return n;
}

ssize_t ktls_recv(const struct ktls_sys *sys, int fd, void *to, size_t len, uint8_t *out_type)
{
	ssize_t n;

	must(len > 0);
	/* Without room for the type the kernel gives data only, and EIO, which loses nothing,
	 * for a record of another type: the usual case does without a control buffer. An empty
	 * data record is passed over, so 0 is the FIN. */
	do
		n = sys->recv(fd, to, len, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EIO)
		return recv_typed(sys, fd, to, len, out_type);
	if (n < 0)
		return -errno;
	*out_type = RECORD_DATA;
	return n;
}

int ktls_send_record(const struct ktls_sys *sys, int fd, uint8_t type, struct slice content)
{
	struct iovec iov = { .iov_len = content.len };
	union {
		struct cmsghdr head;
		uint8_t bytes[CMSG_SPACE(1)];
	} control = { .head = { .cmsg_level = SOL_TLS,
		                .cmsg_type = TLS_SET_RECORD_TYPE,
		                .cmsg_len = CMSG_LEN(1) } };
	const struct msghdr m = { .msg_iov = &iov,
		                  .msg_iovlen = 1,
		                  .msg_control = control.bytes,
		                  .msg_controllen = sizeof(control.bytes) };
	ssize_t n;

	must(type != RECORD_DATA);
	must(content.len > 0); /* the kernel makes no empty records */
	must(content.len <= RECORD_BYTES_MAX);
	memcpy(&iov.iov_base, &content.ptr, sizeof(iov.iov_base)); /* only read, but void * */
	*CMSG_DATA(&control.head) = type;
	do
		n = sys->sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == content.len ? 0 : -EMSGSIZE; /* the rest would be another record */
}

/* Bytes TCP has been given to send, ever. */
static int tcp_given(const struct ktls_sys *sys, int fd, uint64_t *out)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	int r = get_option(sys, fd, IPPROTO_TCP, TCP_INFO, &info, &len);

	if (r < 0)
		return r;
	if (len < offsetof(struct tcp_info, tcpi_bytes_retrans) + sizeof(info.tcpi_bytes_retrans))
		return -EPROTO; /* Linux < 4.19, or something that only looks like one */
	*out = info.tcpi_bytes_sent - info.tcpi_bytes_retrans + info.tcpi_notsent_bytes;
	return 0;
}

/* Number of the next record under the TX key. */
static int next_seq(const struct ktls_sys *sys, int fd, enum ktls_cipher cipher, uint64_t *out)
{
	union crypto c = { 0 };
	socklen_t want = crypto_len(cipher);
	socklen_t len = want;
	uint64_t seq_be = 0;
	int r = get_option(sys, fd, SOL_TLS, TLS_TX, &c, &len);

	if (r == 0 && len != want)
		r = -EPROTO;
	memcpy(&seq_be, crypto_seq(&c, cipher), sizeof(seq_be));
	explicit_bzero(&c, sizeof(c));
	if (r == 0)
		*out = be64toh(seq_be);
	return r;
}

static uint64_t overhead(uint16_t version, enum ktls_cipher cipher)
{
	if (version == TLS_1_3_VERSION)
		return HEADER_BYTES + INNER_TYPE_BYTES + TAG_BYTES;
	return HEADER_BYTES + (cipher == KTLS_CHACHA20_POLY1305 ? 0 : EXPLICIT_NONCE_BYTES) +
	       TAG_BYTES;
}

int ktls_made(const struct ktls_sys *sys, int fd, const struct ktls_sent *sent, uint64_t *out)
{
	uint64_t seq = 0;
	int r;

	must(sent->cipher < KTLS_CIPHER_MAX);
	r = next_seq(sys, fd, sent->cipher, &seq);
	if (r == 0)
		*out = sent->before + sent->plain +
		       (seq - sent->first_seq) * overhead(sent->version, sent->cipher);
	return r;
}

int ktls_unsent(const struct ktls_sys *sys, int fd, const struct ktls_sent *sent)
{
	uint64_t given = 0;
	uint64_t made = 0;
	int r = ktls_made(sys, fd, sent, &made);

	if (r == 0)
		r = tcp_given(sys, fd, &given);
	return r < 0 ? r : given < made;
}
