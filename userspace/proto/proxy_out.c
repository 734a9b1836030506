/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/proxy_out.h"

#include <errno.h>

#include "base/crc32c.h"
#include "base/text.h"
#include "proto/dn.h"

/* TLVs that @facts ask for. */
static bool wants(const struct proxy_facts *facts, enum proxy_tlv tlv)
{
	return facts->tlvs & 1U << tlv;
}

static void put16(struct sink *out, size_t value)
{
	sink_putc(out, (char)(value >> 8 & 0xFF));
	sink_putc(out, (char)(value & 0xFF));
}

static void put32(struct sink *out, uint32_t value)
{
	put16(out, value >> 16);
	put16(out, value & 0xFFFF);
}

/* Writes the bytes behind @at as the big-endian length that stands right before them. */
static void fill16(struct sink *out, size_t at)
{
	size_t len = out->len - at;

	if (out->overflow)
		return;
	/* Only the whole can be too long, and it is looked at last. */
	out->ptr[at - 2] = (uint8_t)(len >> 8);
	out->ptr[at - 1] = (uint8_t)len;
}

static void put_tlv(struct sink *out, uint8_t type, struct slice value)
{
	if (value.len == 0)
		return;
	if (value.len > UINT16_MAX) {
		out->overflow = true;
		return;
	}
	sink_putc(out, (char)type);
	put16(out, value.len);
	sink_put(out, value);
}

/* UTF8String, PrintableString, IA5String: their bytes are UTF-8. */
static bool is_utf8_type(uint8_t type)
{
	return type == 0x0C || type == 0x13 || type == 0x16;
}

static struct slice common_name(struct slice subject_der)
{
	struct dn_walk w = dn_begin(subject_der);
	struct dn_attribute a;

	while (dn_next(&w, &a)) {
		if (!slice_eq(a.oid, SLICE("\x55\x04\x03")))
			continue;
		/* One that needs escaping would be read as another: it is not told. */
		return is_utf8_type(a.type) && text_is_utf8(a.value) ? a.value
		                                                     : (struct slice){ 0 };
	}
	return (struct slice){ 0 };
}

static uint8_t client_bits(const struct proxy_facts *facts)
{
	uint8_t bits = PROXY_CLIENT_SSL;

	if (facts->client_cert)
		bits |= PROXY_CLIENT_CERT_SESS;
	if (facts->client_cert && !facts->is_resumed)
		bits |= PROXY_CLIENT_CERT_CONN;
	return bits;
}

static void put_ssl(const struct proxy_facts *facts, struct sink *out)
{
	const struct identity_meta *cert = facts->client_cert;
	size_t at;

	sink_putc(out, PROXY_TYPE_SSL);
	put16(out, 0);
	at = out->len;
	sink_putc(out, (char)client_bits(facts));
	put32(out, cert && cert->verified ? 0 : 1);
	put_tlv(out, PROXY_TYPE_SSL_VERSION, facts->version);
	if (wants(facts, PROXY_TLV_CERT_CN) && cert)
		put_tlv(out, PROXY_TYPE_SSL_CN, common_name(cert->subject_der));
	if (wants(facts, PROXY_TLV_SSL_CIPHER))
		put_tlv(out, PROXY_TYPE_SSL_CIPHER, facts->cipher);
	if (wants(facts, PROXY_TLV_CERT_SIG))
		put_tlv(out, PROXY_TYPE_SSL_SIG_ALG, facts->sig_alg);
	if (wants(facts, PROXY_TLV_CERT_KEY))
		put_tlv(out, PROXY_TYPE_SSL_KEY_ALG, facts->key_alg);
	if (wants(facts, PROXY_TLV_SSL_GROUP))
		put_tlv(out, PROXY_TYPE_SSL_GROUP, facts->group);
	if (wants(facts, PROXY_TLV_SSL_SIG_SCHEME))
		put_tlv(out, PROXY_TYPE_SSL_SIG_SCHEME, facts->sig_scheme);
	if (wants(facts, PROXY_TLV_CLIENT_CERT) && cert)
		put_tlv(out, PROXY_TYPE_SSL_CLIENT_CERT, cert->der);
	fill16(out, at);
}

/* Family, length to be filled in, and addresses. */
static void put_ends(const struct proxy_facts *facts, struct sink *out)
{
	const struct proxy_end *a = facts->client;
	const struct proxy_end *b = facts->door;
	bool is_v4 = facts->has_ends && ip_is_v4(a->ip) && ip_is_v4(b->ip);
	size_t skip = is_v4 ? 12 : 0;

	if (!facts->has_ends) {
		sink_putc(out, PROXY_UNSPEC);
		put16(out, 0);
		return;
	}
	sink_putc(out, (char)(is_v4 ? PROXY_TCP4 : PROXY_TCP6));
	put16(out, 0);
	sink_put(out, slice_of(a->ip + skip, IP_BYTES - skip));
	sink_put(out, slice_of(b->ip + skip, IP_BYTES - skip));
	put16(out, a->port);
	put16(out, b->port);
}

/* Over the whole header, its own value taken as zero: section 2.2.3. */
static void put_crc(struct sink *out, size_t begin)
{
	uint32_t crc;
	size_t at;

	sink_putc(out, PROXY_TYPE_CRC32C);
	put16(out, PROXY_CRC32C_BYTES);
	put32(out, 0);
	if (out->overflow)
		return;
	fill16(out, begin + PROXY_V2_FIXED_BYTES);
	crc = crc32c(0, slice_of(out->ptr + begin, out->len - begin));
	at = out->len - PROXY_CRC32C_BYTES;
	for (size_t i = 0; i < PROXY_CRC32C_BYTES; i++)
		out->ptr[at + i] = (uint8_t)(crc >> (24 - 8 * i));
}

/* One of two families is written as what it is mapped to. */
static void put_ip(const uint8_t ip[IP_BYTES], bool is_v4, struct sink *out)
{
	if (!is_v4 && ip_is_v4(ip))
		sink_put(out, SLICE("::ffff:"));
	ip_format(ip, out);
	sink_putc(out, ' ');
}

void proxy_out_put_v1(const struct proxy_facts *facts, struct sink *out)
{
	const struct proxy_end *a = facts->client;
	const struct proxy_end *b = facts->door;
	bool is_v4 = facts->has_ends && ip_is_v4(a->ip) && ip_is_v4(b->ip);

	if (!facts->has_ends) {
		sink_put(out, SLICE("PROXY UNKNOWN\r\n"));
		return;
	}
	sink_put(out, is_v4 ? SLICE("PROXY TCP4 ") : SLICE("PROXY TCP6 "));
	put_ip(a->ip, is_v4, out);
	put_ip(b->ip, is_v4, out);
	text_u64(out, a->port);
	sink_putc(out, ' ');
	text_u64(out, b->port);
	sink_put(out, SLICE("\r\n"));
}

int proxy_out_put(const struct proxy_facts *facts, struct sink *out)
{
	size_t begin = out->len;

	must(!out->overflow);
	sink_put(out, PROXY_V2_SIGNATURE);
	sink_putc(out, PROXY_V2_PROXY);
	put_ends(facts, out);
	if (wants(facts, PROXY_TLV_ALPN))
		put_tlv(out, PROXY_TYPE_ALPN, facts->alpn);
	if (wants(facts, PROXY_TLV_AUTHORITY))
		put_tlv(out, PROXY_TYPE_AUTHORITY, facts->authority);
	if (wants(facts, PROXY_TLV_SSL))
		put_ssl(facts, out);
	if (wants(facts, PROXY_TLV_CRC32C))
		put_crc(out, begin);
	if (out->overflow || out->len - begin > PROXY_OUT_MAX) {
		out->overflow = false;
		out->len = begin;
		return -EMSGSIZE;
	}
	fill16(out, begin + PROXY_V2_FIXED_BYTES);
	return 0;
}
