/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/ip.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/text.h"

static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };

enum { MAPPED_BITS = 96 };

bool ip_is_v4(const uint8_t ip[IP_BYTES])
{
	return memcmp(ip, mapped, sizeof(mapped)) == 0;
}

void ip_map_v4(const uint8_t from[4], uint8_t out[IP_BYTES])
{
	memcpy(out, mapped, sizeof(mapped));
	memcpy(out + sizeof(mapped), from, 4);
}

void ip_format(const uint8_t ip[IP_BYTES], struct sink *out)
{
	char text[INET6_ADDRSTRLEN];
	bool is_v4 = ip_is_v4(ip);

	must(inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? ip + sizeof(mapped) : ip, text,
	               sizeof(text)));
	sink_put(out, slice_of(text, strlen(text)));
}

int ip_parse(struct slice text, uint8_t out[IP_BYTES])
{
	char copy[INET6_ADDRSTRLEN] = { 0 };
	uint8_t v4[4];

	if (text.len >= sizeof(copy))
		return -EINVAL;
	slice_copy((uint8_t *)copy, text);
	if (strlen(copy) != text.len)
		return -EINVAL;
	if (inet_pton(AF_INET, copy, v4) == 1) {
		ip_map_v4(v4, out);
		return 0;
	}
	return inet_pton(AF_INET6, copy, out) == 1 ? 0 : -EINVAL;
}

/* Are all bits of @ip behind the first @bits zero? */
static bool ends_with(const uint8_t ip[IP_BYTES], unsigned int bits)
{
	for (unsigned int n = bits; n < 8 * IP_BYTES; n++)
		if (ip[n / 8] & 0x80U >> n % 8)
			return false;
	return true;
}

const char *ip_range_parse(struct slice text, struct ip_range *out)
{
	const uint8_t *slash = text.len > 0 ? memchr(text.ptr, '/', text.len) : NULL;
	size_t at = slash ? (size_t)(slash - text.ptr) : text.len;
	struct slice address = slice_sub(text, 0, at);
	struct ip_range r;
	bool is_v6_text = address.len > 0 && memchr(address.ptr, ':', address.len);
	uint64_t most = is_v6_text ? 128 : 32;
	uint64_t bits = most;

	if (ip_parse(address, r.ip) < 0)
		return "not a range of addresses: 192.0.2.0/24 or 2001:db8::/32";
	if (slash &&
	    (text_parse_u64(slice_sub(text, at + 1, text.len - at - 1), &bits) < 0 || bits > most))
		return "the prefix is 0 to 32 bits long, of IPv6 0 to 128";
	r.bits = (uint8_t)(bits + 128 - most);
	if (!ends_with(r.ip, r.bits))
		return "bits are set behind the prefix";
	*out = r;
	return NULL;
}

void ip_range_format(const struct ip_range *r, struct sink *out)
{
	bool is_v4 = ip_is_v4(r->ip) && r->bits >= 96;
	char text[INET6_ADDRSTRLEN];

	must(inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? r->ip + 12 : r->ip, text, sizeof(text)));
	sink_put(out, slice_of(text, strlen(text)));
	sink_putc(out, '/');
	text_u64(out, is_v4 ? r->bits - 96U : r->bits);
}

bool ip_range_has(const struct ip_range *r, const uint8_t ip[IP_BYTES])
{
	size_t whole = r->bits / 8;
	uint8_t mask = (uint8_t)(0xFF00U >> r->bits % 8);

	must(r->bits <= 8 * IP_BYTES);
	/* Who writes a range of IPv6 does not mean the other family. */
	if (r->bits < MAPPED_BITS && ip_is_v4(ip))
		return false;
	if (memcmp(r->ip, ip, whole) != 0)
		return false;
	return whole == IP_BYTES || ((r->ip[whole] ^ ip[whole]) & mask) == 0;
}
