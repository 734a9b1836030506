/* SPDX-License-Identifier: GPL-2.0-only */
#include "heads.h"
#include "proto/hostname.h"

#define GET "GET / HTTP/1.1\r\n"
#define OLD "GET / HTTP/1.0\r\n"
#define END "\r\n\r\n"

static const struct {
	const char *why;
	struct slice in;
	enum refusal want;
	struct slice host, raw;
} rows[] = {
	{ "name", SLICE(GET "Host: a.example" END), REFUSAL_NONE, SLICE("a.example"),
	  SLICE("a.example") },
	{ "port, case and dot stay on the wire", SLICE(GET "Host: A.Example.:8443" END),
	  REFUSAL_NONE, SLICE("a.example"), SLICE("A.Example.:8443") },
	{ "empty port", SLICE(GET "Host: a:" END), REFUSAL_NONE, SLICE("a"), SLICE("a") },
	{ "IPv6", SLICE(GET "Host: [2001:DB8::0:1]:443" END), REFUSAL_NONE, SLICE("2001:db8::1"),
	  SLICE("[2001:DB8::0:1]:443") },
	{ "IPv6 without port", SLICE(GET "Host: [::1]" END), REFUSAL_NONE, SLICE("::1"),
	  SLICE("[::1]") },
	{ "HTTP/1.0 may have none", SLICE(OLD "A: b" END), REFUSAL_NONE, SLICE(""), SLICE("") },
	{ "HTTP/1.0 with one", SLICE(OLD "Host: a" END), REFUSAL_NONE, SLICE("a"), SLICE("a") },
	{ "absolute form wins", SLICE("GET http://b:80/ HTTP/1.1\r\nHost: a" END), REFUSAL_NONE,
	  SLICE("b"), SLICE("b:80") },
	{ "HTTP/1.0, absolute form alone", SLICE("GET http://b/ HTTP/1.0" END), REFUSAL_NONE,
	  SLICE("b"), SLICE("b") },
	{ "asterisk", SLICE("OPTIONS * HTTP/1.1\r\nHost: a" END), REFUSAL_NONE, SLICE("a"),
	  SLICE("a") },
	{ "missing", SLICE(GET "A: b" END), REFUSAL_HOST_MISSING, SLICE(""), SLICE("") },
	{ "missing beside an absolute form", SLICE("GET http://b/ HTTP/1.1" END),
	  REFUSAL_HOST_MISSING, SLICE(""), SLICE("") },
	{ "two", SLICE(GET "Host: a\r\nHost: b" END), REFUSAL_HOST_REPEATED, SLICE(""), SLICE("") },
	{ "two equal", SLICE(GET "Host: a\r\nhOST: a" END), REFUSAL_HOST_REPEATED, SLICE(""),
	  SLICE("") },
	{ "two in HTTP/1.0", SLICE(OLD "Host: a\r\nHost: a" END), REFUSAL_HOST_REPEATED, SLICE(""),
	  SLICE("") },
	{ "empty", SLICE(GET "Host:" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "empty in HTTP/1.0", SLICE(OLD "Host:" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "list", SLICE(GET "Host: a, b" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "list without space", SLICE(GET "Host: a,b" END), REFUSAL_HOST_INVALID, SLICE(""),
	  SLICE("") },
	{ "two words", SLICE(GET "Host: a b" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "userinfo", SLICE(GET "Host: u@a" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "userinfo with a colon", SLICE(GET "Host: a:80@b" END), REFUSAL_HOST_INVALID, SLICE(""),
	  SLICE("") },
	{ "path", SLICE(GET "Host: a/b" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "scheme", SLICE(GET "Host: http://a" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "port only", SLICE(GET "Host: :80" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "port 0", SLICE(GET "Host: a:0" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "port 65536", SLICE(GET "Host: a:65536" END), REFUSAL_HOST_INVALID, SLICE(""),
	  SLICE("") },
	{ "port of six digits", SLICE(GET "Host: a:000080" END), REFUSAL_HOST_INVALID, SLICE(""),
	  SLICE("") },
	{ "port not a number", SLICE(GET "Host: a:8x" END), REFUSAL_HOST_INVALID, SLICE(""),
	  SLICE("") },
	{ "two ports", SLICE(GET "Host: a:80:80" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "IPv6 without brackets", SLICE(GET "Host: ::1" END), REFUSAL_HOST_INVALID, SLICE(""),
	  SLICE("") },
	{ "name in brackets", SLICE(GET "Host: [a]" END), REFUSAL_HOST_INVALID, SLICE(""),
	  SLICE("") },
	{ "empty brackets", SLICE(GET "Host: []" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "open bracket", SLICE(GET "Host: [::1" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "junk behind brackets", SLICE(GET "Host: [::1]a" END), REFUSAL_HOST_INVALID, SLICE(""),
	  SLICE("") },
	{ "wildcard", SLICE(GET "Host: *.example.com" END), REFUSAL_HOST_INVALID, SLICE(""),
	  SLICE("") },
	{ "percent", SLICE(GET "Host: a%2eb" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "8-bit", SLICE(GET "Host: \xc3\xa9" END), REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "absolute form beside a bad Host", SLICE("GET http://b/ HTTP/1.1\r\nHost: a b" END),
	  REFUSAL_HOST_INVALID, SLICE(""), SLICE("") },
	{ "absolute form with userinfo", SLICE("GET http://u:p@b/ HTTP/1.1\r\nHost: b" END),
	  REFUSAL_TARGET, SLICE(""), SLICE("") },
	{ "absolute form with a bad port", SLICE("GET http://b:x/ HTTP/1.1\r\nHost: b" END),
	  REFUSAL_TARGET, SLICE(""), SLICE("") },
};

Test(authority, a_request_is_for_one_host)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hostname host = { .len = 0 };
		struct slice raw = { 0 };
		struct head h;

		PARSE_REQUEST(rows[i].in, &h);
		EXPECT_REFUSAL(authority_of(&h, &host, &raw), rows[i].want, rows[i].why);
		EXPECT_SLICE(hostname_slice(&host), rows[i].host, rows[i].why);
		EXPECT_SLICE(raw, rows[i].raw, rows[i].why);
	}
}
