/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/hostname.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/text.h"
#include "proto/byte.h"

enum { LABEL_BYTES_MAX = 63 };

/* IPv6 has many spellings; the one inet_ntop(3) writes is ours. */
static int normal_ip6(struct slice in, struct hostname *out)
{
	char text[INET6_ADDRSTRLEN] = { 0 };
	struct in6_addr addr;

	if (in.len >= sizeof(text) || memchr(in.ptr, '\0', in.len))
		return -EINVAL; /* what follows a NUL would not be looked at */
	memcpy(text, in.ptr, in.len);
	if (inet_pton(AF_INET6, text, &addr) != 1)
		return -EINVAL;
	must(inet_ntop(AF_INET6, &addr, text, sizeof(text)) != NULL);
	out->len = (uint8_t)strlen(text);
	memcpy(out->bytes, text, out->len);
	return 0;
}

/* Labels between single dots, into lower case. */
static int normal_labels(struct slice in, struct hostname *out)
{
	size_t label = 0;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];

		if (c == '.') {
			if (label == 0)
				return -EINVAL;
			label = 0;
		} else if (!byte_is(c, BYTE_LABEL)) {
			return -EINVAL;
		} else if (++label > LABEL_BYTES_MAX) {
			return -ENAMETOOLONG;
		}
		out->bytes[i] = text_lower(c);
	}
	out->len = (uint8_t)in.len;
	return label > 0 ? 0 : -EINVAL;
}

int hostname_normal(struct slice in, struct hostname *out)
{
	struct hostname h;
	int r;

	static_assert(HOST_NAME_MAX_BYTES <= UINT8_MAX, "len holds every length");
	if (in.len == 0)
		return -EINVAL;
	if (in.len > HOST_NAME_MAX_BYTES)
		return -ENAMETOOLONG;
	if (memchr(in.ptr, ':', in.len)) {
		r = normal_ip6(in, &h);
	} else {
		in.len -= in.ptr[in.len - 1] == '.';
		r = normal_labels(in, &h);
	}
	if (r < 0)
		return r;
	out->len = h.len;
	memcpy(out->bytes, h.bytes, h.len);
	return 0;
}

int hostname_pattern(struct slice in, struct hostname *out)
{
	const struct slice star = SLICE("*.");
	struct hostname base;
	int r;

	if (in.len <= star.len || !slice_eq(slice_sub(in, 0, star.len), star))
		return hostname_normal(in, out);
	r = hostname_normal(slice_sub(in, star.len, in.len - star.len), &base);
	if (r < 0)
		return r;
	if (!memchr(base.bytes, '.', base.len))
		return -EINVAL; /* "*.com", "*.::1" */
	if (base.len + star.len > HOST_NAME_MAX_BYTES)
		return -ENAMETOOLONG;
	memcpy(out->bytes, star.ptr, star.len);
	memcpy(out->bytes + star.len, base.bytes, base.len);
	out->len = (uint8_t)(base.len + star.len);
	return 0;
}

static bool is_address(const struct hostname *h)
{
	char text[INET_ADDRSTRLEN] = { 0 };
	struct in_addr addr;

	if (memchr(h->bytes, ':', h->len))
		return true;
	if (h->len >= sizeof(text))
		return false;
	memcpy(text, h->bytes, h->len);
	return inet_pton(AF_INET, text, &addr) == 1;
}

int hostname_parent(const struct hostname *name, struct hostname *out)
{
	const uint8_t *dot = memchr(name->bytes, '.', name->len);
	struct slice rest;

	if (!dot || is_address(name))
		return -ENOENT;
	rest = slice_of(dot, name->len - (size_t)(dot - name->bytes)); /* with its dot */
	if (!memchr(rest.ptr + 1, '.', rest.len - 1))
		return -ENOENT;
	memmove(out->bytes + 1, rest.ptr, rest.len);
	out->bytes[0] = '*';
	out->len = (uint8_t)(rest.len + 1);
	return 0;
}
