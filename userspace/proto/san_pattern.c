/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/san_pattern.h"

static const struct slice one = SLICE("*");
static const struct slice many = SLICE("**");

static bool has_byte(struct slice s, uint8_t byte)
{
	return s.len > 0 && memchr(s.ptr, byte, s.len) != NULL;
}

static bool is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7F)
			return false;
	return s.len > 0;
}

/* Takes what is before the first @byte off @rest, and the byte. False: there is none; all of
 * it was taken. */
static bool take_until(struct slice *rest, uint8_t byte, struct slice *out)
{
	const uint8_t *at = rest->len > 0 ? memchr(rest->ptr, byte, rest->len) : NULL;
	size_t len = at ? (size_t)(at - rest->ptr) : rest->len;

	*out = slice_sub(*rest, 0, len);
	*rest = slice_sub(*rest, at ? len + 1 : len, at ? rest->len - len - 1 : 0);
	return at != NULL;
}

static const char *parse_dns(struct san_pattern *p)
{
	if (hostname_pattern(p->text, &p->host) < 0)
		return "not a hostname or *.hostname";
	p->has_star = p->host.bytes[0] == '*';
	return NULL;
}

static const char *parse_email(struct san_pattern *p)
{
	struct slice domain = p->text;
	struct slice local;

	if (!take_until(&domain, '@', &local) || has_byte(domain, '@') || !is_printable(local) ||
	    hostname_normal(domain, &p->host) < 0)
		return "not a mailbox: name@domain or *@domain";
	p->has_star = slice_eq(local, one);
	if (!p->has_star && has_byte(local, '*'))
		return "a * stands for all before the @";
	p->text = local;
	return NULL;
}

/* Stars are whole segments behind scheme and authority. */
static const char *check_stars(struct slice uri)
{
	struct slice scheme;
	struct slice nothing;
	struct slice authority;
	struct slice segment;
	bool more = take_until(&uri, '/', &scheme) && take_until(&uri, '/', &nothing) &&
	            take_until(&uri, '/', &authority);

	if (!more || nothing.len > 0 || has_byte(scheme, '*') || has_byte(authority, '*'))
		return "a * stands for a segment of the path: scheme://authority/*";
	while (more) {
		more = take_until(&uri, '/', &segment);
		if (slice_eq(segment, many) && more)
			return "** stands at the end";
		if (has_byte(segment, '*') && !slice_eq(segment, one) && !slice_eq(segment, many))
			return "a * stands for a whole segment of the path";
		if (has_byte(segment, '?') || has_byte(segment, '#'))
			return "a * goes with neither query nor fragment";
	}
	return NULL;
}

static const char *parse_uri(struct san_pattern *p)
{
	struct slice rest = p->text;
	struct slice scheme;

	if (!is_printable(p->text) || !take_until(&rest, ':', &scheme) || scheme.len == 0 ||
	    rest.len == 0 || has_byte(scheme, '/'))
		return "not a URI";
	p->has_star = has_byte(p->text, '*');
	return p->has_star ? check_stars(p->text) : NULL;
}

static const char *parse_kind(struct san_pattern *p)
{
	if (p->kind == SAN_DNS)
		return parse_dns(p);
	if (p->kind == SAN_EMAIL)
		return parse_email(p);
	return parse_uri(p);
}

const char *san_pattern_parse(struct slice text, struct san_pattern *out)
{
	static const struct {
		struct slice start;
		enum san_kind kind;
		bool is_kept;
	} rows[] = {
		{ SLICE("dns:"), SAN_DNS, false },
		{ SLICE("uri:"), SAN_URI, false },
		{ SLICE("email:"), SAN_EMAIL, false },
		{ SLICE("spiffe:"), SAN_URI, true },
	};

	if (text.len > SAN_PATTERN_BYTES_MAX)
		return "longer than 2048 bytes";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = rows[i].start.len;
		struct san_pattern p = { .kind = rows[i].kind };
		const char *why;

		if (text.len < len || !slice_eq(slice_sub(text, 0, len), rows[i].start))
			continue;
		p.text = rows[i].is_kept ? text : slice_sub(text, len, text.len - len);
		why = parse_kind(&p);
		if (!why)
			*out = p;
		return why;
	}
	return "begins with none of dns:, uri:, email:, spiffe://";
}

static bool matches_dns(const struct san_pattern *p, struct slice name)
{
	struct hostname normal;
	struct hostname parent;

	if (hostname_normal(name, &normal) < 0)
		return false;
	if (!p->has_star)
		return slice_eq(hostname_slice(&normal), hostname_slice(&p->host));
	return hostname_parent(&normal, &parent) == 0 &&
	       slice_eq(hostname_slice(&parent), hostname_slice(&p->host));
}

/* What a star may stand for. */
static bool is_plain(struct slice s)
{
	static const uint8_t doubtful[] = { '%', '?', '#', '\\', '*' };

	if (!is_printable(s) || slice_eq(s, SLICE(".")) || slice_eq(s, SLICE("..")))
		return false;
	for (size_t i = 0; i < sizeof(doubtful); i++)
		if (has_byte(s, doubtful[i]))
			return false;
	return true;
}

static bool matches_email(const struct san_pattern *p, struct slice name)
{
	struct hostname host;
	struct slice local;

	if (!take_until(&name, '@', &local) || has_byte(name, '@') ||
	    hostname_normal(name, &host) < 0 ||
	    !slice_eq(hostname_slice(&host), hostname_slice(&p->host)))
		return false;
	return p->has_star ? is_plain(local) && !has_byte(local, '"') : slice_eq(local, p->text);
}

static bool matches_uri(const struct san_pattern *p, struct slice name)
{
	struct slice pattern = p->text;
	bool more = true;

	if (!p->has_star)
		return slice_eq(p->text, name);
	while (more) {
		struct slice want;
		struct slice have;
		bool is_last = !take_until(&pattern, '/', &want);

		more = take_until(&name, '/', &have);
		if (slice_eq(want, many)) {
			while (more && is_plain(have))
				more = take_until(&name, '/', &have);
			return is_plain(have);
		}
		if (slice_eq(want, one) ? !is_plain(have) : !slice_eq(want, have))
			return false;
		if (is_last || !more)
			return is_last && !more;
	}
	return false;
}

bool san_pattern_matches(const struct san_pattern *p, const struct san *san)
{
	if (p->kind != san->kind)
		return false;
	if (p->kind == SAN_DNS)
		return matches_dns(p, san->value);
	if (p->kind == SAN_EMAIL)
		return matches_email(p, san->value);
	return matches_uri(p, san->value);
}
