/* SPDX-License-Identifier: GPL-2.0-only */
#include <signal.h>

#include "heads.h"

static const struct {
	const char *why;
	struct slice in;
	size_t limit;
	enum refusal want;
	size_t len;
} ends[] = {
	{ "complete", SLICE("GET / HTTP/1.1\r\nA: b\r\n\r\n"), 100, REFUSAL_NONE, 24 },
	{ "the next request is not its business", SLICE("G\r\n\r\nB\n\r\0"), 100, REFUSAL_NONE, 5 },
	{ "nothing yet", SLICE(""), 100, REFUSAL_NONE, 0 },
	{ "one line", SLICE("GET / HTTP/1.1\r\n"), 100, REFUSAL_NONE, 0 },
	{ "last LF missing", SLICE("GET / HTTP/1.1\r\n\r"), 100, REFUSAL_NONE, 0 },
	{ "just an empty line", SLICE("\r\nGET"), 100, REFUSAL_NONE, 2 },
	{ "bare LF", SLICE("GET / HTTP/1.1\nA: b\n\n"), 100, REFUSAL_BARE_LF, 0 },
	{ "bare LF as the empty line", SLICE("GET / HTTP/1.1\r\n\n"), 100, REFUSAL_BARE_LF, 0 },
	{ "bare LF at once", SLICE("\n"), 100, REFUSAL_BARE_LF, 0 },
	{ "bare CR", SLICE("GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n"), 100, REFUSAL_BARE_CR, 0 },
	{ "two CRs", SLICE("GET / HTTP/1.1\r\r\n\r\n"), 100, REFUSAL_BARE_CR, 0 },
	{ "NUL in a value", SLICE("GET / HTTP/1.1\r\nA: b\0\r\n\r\n"), 100, REFUSAL_NUL, 0 },
	{ "NUL in a name", SLICE("GET / HTTP/1.1\r\nA\0: b\r\n\r\n"), 100, REFUSAL_NUL, 0 },
	{ "NUL at once", SLICE("\0"), 100, REFUSAL_NUL, 0 },
	{ "HTAB is for the parser to judge", SLICE("G\t\r\n\r\n"), 100, REFUSAL_NONE, 6 },
	{ "as long as it may be", SLICE("GET\r\n\r\n"), 7, REFUSAL_NONE, 7 },
	{ "one byte too long", SLICE("GET\r\n\r\n"), 6, REFUSAL_HEAD_TOO_LARGE, 0 },
	{ "hopeless before it is complete", SLICE("GET / HT"), 8, REFUSAL_HEAD_TOO_LARGE, 0 },
	{ "a CR the limit cuts off", SLICE("GET\rX"), 4, REFUSAL_HEAD_TOO_LARGE, 0 },
};

Test(head, ends_where_the_empty_line_does)
{
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		size_t len = 0;

		EXPECT_REFUSAL(head_end(ends[i].in, 0, ends[i].limit, &len), ends[i].want,
		               ends[i].why);
		cr_expect_eq(len, ends[i].len, "%s: %zu", ends[i].why, len);
	}
}

Test(head, a_trickled_head_ends_where_the_whole_one_does)
{
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		enum refusal r = REFUSAL_NONE;
		size_t len = 0;

		for (size_t n = 1; n <= ends[i].in.len && r == REFUSAL_NONE && len == 0; n++)
			r = head_end(slice_sub(ends[i].in, 0, n), n - 1, ends[i].limit, &len);
		EXPECT_REFUSAL(r, ends[i].want, ends[i].why);
		cr_expect_eq(len, ends[i].len, "%s", ends[i].why);
	}
}

Test(head, a_limit_beyond_the_maximum_is_our_mistake, .signal = SIGABRT)
{
	size_t len;

	(void)head_end(SLICE("G"), 0, HEAD_BYTES_MAX + 1, &len);
}

Test(head, forgives_two_empty_lines_before_a_request)
{
	cr_expect_eq(head_skip_blank(SLICE("GET")), 0);
	cr_expect_eq(head_skip_blank(SLICE("")), 0);
	cr_expect_eq(head_skip_blank(SLICE("\r")), 0);
	cr_expect_eq(head_skip_blank(SLICE("\n\n")), 0);
	cr_expect_eq(head_skip_blank(SLICE("\r\nGET")), 2);
	cr_expect_eq(head_skip_blank(SLICE("\r\n\r\nGET")), 4);
	cr_expect_eq(head_skip_blank(SLICE("\r\n\r\n\r\nGET")), 4);
}

#define LINE "GET / HTTP/1.1\r\n"

static const struct {
	const char *why;
	struct slice in;
	enum refusal want;
} requests[] = {
	{ "plain", SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), REFUSAL_NONE },
	{ "no fields", SLICE("GET / HTTP/1.0\r\n\r\n"), REFUSAL_NONE },
	{ "unknown method", SLICE("BREW /pot HTTP/1.1\r\n\r\n"), REFUSAL_NONE },
	{ "absolute form", SLICE("GET http://a.example/b?c HTTP/1.1\r\n\r\n"), REFUSAL_NONE },
	{ "absolute form, https, any case", SLICE("GET HTTPS://a HTTP/1.1\r\n\r\n"), REFUSAL_NONE },
	{ "asterisk form", SLICE("OPTIONS * HTTP/1.1\r\n\r\n"), REFUSAL_NONE },
	{ "authority form", SLICE("CONNECT a:443 HTTP/1.1\r\n\r\n"), REFUSAL_NONE },
	{ "browsers send these in a query", SLICE("GET /?a=|^{}[]` HTTP/1.1\r\n\r\n"),
	  REFUSAL_NONE },
	{ "empty line only", SLICE("\r\n"), REFUSAL_REQUEST_LINE },
	{ "HTTP/0.9", SLICE("GET /\r\n\r\n"), REFUSAL_REQUEST_LINE },
	{ "method only", SLICE("GET\r\n\r\n"), REFUSAL_REQUEST_LINE },
	{ "two spaces", SLICE("GET  / HTTP/1.1\r\n\r\n"), REFUSAL_REQUEST_LINE },
	{ "two spaces before the version", SLICE("GET /  HTTP/1.1\r\n\r\n"), REFUSAL_REQUEST_LINE },
	{ "space behind the version", SLICE("GET / HTTP/1.1 \r\n\r\n"), REFUSAL_REQUEST_LINE },
	{ "space in the target", SLICE("GET /a b HTTP/1.1\r\n\r\n"), REFUSAL_REQUEST_LINE },
	{ "tabs for spaces", SLICE("GET\t/\tHTTP/1.1\r\n\r\n"), REFUSAL_REQUEST_LINE },
	{ "version in lower case", SLICE("GET / http/1.1\r\n\r\n"), REFUSAL_REQUEST_LINE },
	{ "version with zeros", SLICE("GET / HTTP/01.1\r\n\r\n"), REFUSAL_REQUEST_LINE },
	{ "no version number", SLICE("GET / HTTP/\r\n\r\n"), REFUSAL_REQUEST_LINE },
	{ "another protocol", SLICE("GET / ICE/1.1\r\n\r\n"), REFUSAL_REQUEST_LINE },
	{ "HTTP/1.2", SLICE("GET / HTTP/1.2\r\n\r\n"), REFUSAL_VERSION },
	{ "HTTP/0.9 said", SLICE("GET / HTTP/0.9\r\n\r\n"), REFUSAL_VERSION },
	{ "HTTP/2 preface", SLICE("PRI * HTTP/2.0\r\n\r\n"), REFUSAL_VERSION },
	{ "space first", SLICE(" GET / HTTP/1.1\r\n\r\n"), REFUSAL_METHOD },
	{ "method not a token", SLICE("GE(T / HTTP/1.1\r\n\r\n"), REFUSAL_METHOD },
	{ "8-bit method", SLICE("G\xc3\x89T / HTTP/1.1\r\n\r\n"), REFUSAL_METHOD },
	{ "method with a colon", SLICE("Host: a HTTP/1.1\r\n\r\n"), REFUSAL_METHOD },
	{ "relative target", SLICE("GET a HTTP/1.1\r\n\r\n"), REFUSAL_TARGET },
	{ "fragment", SLICE("GET /a#b HTTP/1.1\r\n\r\n"), REFUSAL_TARGET },
	{ "8-bit target", SLICE("GET /\xc3\xa9 HTTP/1.1\r\n\r\n"), REFUSAL_TARGET },
	{ "asterisk for another method", SLICE("GET * HTTP/1.1\r\n\r\n"), REFUSAL_TARGET },
	{ "another scheme", SLICE("GET ftp://a/ HTTP/1.1\r\n\r\n"), REFUSAL_TARGET },
	{ "scheme without slashes", SLICE("GET http:a HTTP/1.1\r\n\r\n"), REFUSAL_TARGET },
	{ "absolute form without a host", SLICE("GET http:///a HTTP/1.1\r\n\r\n"), REFUSAL_TARGET },
	{ "authority form for GET", SLICE("GET a:443 HTTP/1.1\r\n\r\n"), REFUSAL_TARGET },
	{ "origin form for CONNECT", SLICE("CONNECT / HTTP/1.1\r\n\r\n"), REFUSAL_TARGET },
	{ "control byte in the line", SLICE("GET /\x01 HTTP/1.1\r\n\r\n"), REFUSAL_REQUEST_LINE },
	{ "DEL in the line", SLICE("GET /\x7f HTTP/1.1\r\n\r\n"), REFUSAL_REQUEST_LINE },
	{ "empty value", SLICE(LINE "A:\r\n\r\n"), REFUSAL_NONE },
	{ "white space value", SLICE(LINE "A: \t \r\n\r\n"), REFUSAL_NONE },
	{ "obs-text in a value", SLICE(LINE "A: \xe9\r\n\r\n"), REFUSAL_NONE },
	{ "HTAB in a value", SLICE(LINE "A: b\tc\r\n\r\n"), REFUSAL_NONE },
	{ "colons in a value", SLICE(LINE "A: b:c: d\r\n\r\n"), REFUSAL_NONE },
	{ "space before colon", SLICE(LINE "A : b\r\n\r\n"), REFUSAL_SPACE_BEFORE_COLON },
	{ "tab before colon", SLICE(LINE "A\t: b\r\n\r\n"), REFUSAL_SPACE_BEFORE_COLON },
	{ "space and tab", SLICE(LINE "A \t : b\r\n\r\n"), REFUSAL_SPACE_BEFORE_COLON },
	{ "space before a forged header", SLICE(LINE "Client-Cert : :AA==:\r\n\r\n"),
	  REFUSAL_SPACE_BEFORE_COLON },
	{ "obs-fold", SLICE(LINE "A: b\r\n c\r\n\r\n"), REFUSAL_OBS_FOLD },
	{ "obs-fold with HTAB", SLICE(LINE "A: b\r\n\tc\r\n\r\n"), REFUSAL_OBS_FOLD },
	{ "obs-fold of nothing", SLICE(LINE "A: b\r\n \r\n\r\n"), REFUSAL_OBS_FOLD },
	{ "leading space in the first field", SLICE(LINE " A: b\r\n\r\n"), REFUSAL_OBS_FOLD },
	{ "empty name", SLICE(LINE ": b\r\n\r\n"), REFUSAL_NAME_EMPTY },
	{ "no colon", SLICE(LINE "Abc\r\n\r\n"), REFUSAL_NAME_INVALID },
	{ "words without a colon", SLICE(LINE "A b c\r\n\r\n"), REFUSAL_NAME_INVALID },
	{ "8-bit name", SLICE(LINE "A\xe9: b\r\n\r\n"), REFUSAL_NAME_INVALID },
	{ "name in parentheses", SLICE(LINE "A(b): c\r\n\r\n"), REFUSAL_NAME_INVALID },
	{ "control byte in a name", SLICE(LINE "A\x01: b\r\n\r\n"), REFUSAL_NAME_INVALID },
	{ "vertical tab before colon", SLICE(LINE "A\x0b: b\r\n\r\n"), REFUSAL_NAME_INVALID },
	{ "control byte in a value", SLICE(LINE "A: b\x01\r\n\r\n"), REFUSAL_VALUE_INVALID },
	{ "DEL in a value", SLICE(LINE "A: b\x7f\r\n\r\n"), REFUSAL_VALUE_INVALID },
	{ "vertical tab in a value",
	  SLICE(LINE "A: \x0b"
	             "b\r\n\r\n"),
	  REFUSAL_VALUE_INVALID },
	{ "NUL in a value", SLICE(LINE "A: b\0\r\n\r\n"), REFUSAL_VALUE_INVALID },
	{ "bare CR in a value", SLICE(LINE "A: b\rc\r\n\r\n"), REFUSAL_VALUE_INVALID },
	{ "no empty line", SLICE(LINE "A: b\r\n"), REFUSAL_NAME_INVALID },
	{ "more behind the empty line", SLICE(LINE "\r\nA: b\r\n\r\n"), REFUSAL_NAME_INVALID },
};

Test(head, request_lines_and_fields)
{
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		struct head h = { .fields_len = 77 };

		EXPECT_REFUSAL(head_parse_request(requests[i].in, &widest, &h), requests[i].want,
		               requests[i].why);
		cr_expect_eq(h.fields_len == 77, requests[i].want != REFUSAL_NONE,
		             "%s: written on success only", requests[i].why);
	}
}

Test(head, a_request_comes_apart_into_slices_of_itself)
{
	struct head h;

	PARSE_REQUEST(SLICE("POST /a?b HTTP/1.0\r\nHost:x\r\nEmpty:\r\nPad: \t v w\t \r\n\r\n"),
	              &h);
	EXPECT_SLICE(h.method, SLICE("POST"), "method");
	EXPECT_SLICE(h.target, SLICE("/a?b"), "target");
	cr_expect_eq(h.minor, 0);
	cr_expect_eq(h.status, 0);
	cr_assert_eq(h.fields_len, 3);
	EXPECT_SLICE(h.fields[0].name, SLICE("Host"), "name");
	EXPECT_SLICE(h.fields[0].value, SLICE("x"), "no space needed");
	EXPECT_SLICE(h.fields[1].value, SLICE(""), "empty");
	EXPECT_SLICE(h.fields[2].value, SLICE("v w"), "trimmed at both ends");
}

Test(head, each_limit_holds_exactly)
{
	const struct slice in = SLICE("GET /12345 HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n");
	const struct {
		const char *why;
		struct head_limits limits;
		enum refusal want;
	} rows[] = {
		{ "all just enough", { 35, 6, 2 }, REFUSAL_NONE },
		{ "head", { 34, 6, 2 }, REFUSAL_HEAD_TOO_LARGE },
		{ "target", { 35, 5, 2 }, REFUSAL_TARGET_TOO_LONG },
		{ "fields", { 35, 6, 1 }, REFUSAL_TOO_MANY_FIELDS },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct head h;

		EXPECT_REFUSAL(head_parse_request(in, &rows[i].limits, &h), rows[i].want,
		               rows[i].why);
	}
}

static const struct {
	const char *why;
	struct slice in;
	enum refusal want;
	unsigned int status;
} responses[] = {
	{ "plain", SLICE("HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), REFUSAL_NONE, 200 },
	{ "HTTP/1.0", SLICE("HTTP/1.0 404 Not Found\r\n\r\n"), REFUSAL_NONE, 404 },
	{ "no reason", SLICE("HTTP/1.1 200 \r\n\r\n"), REFUSAL_NONE, 200 },
	{ "reason with HTAB and obs-text", SLICE("HTTP/1.1 200 \tO\xe9\r\n\r\n"), REFUSAL_NONE,
	  200 },
	{ "largest status", SLICE("HTTP/1.1 999 x\r\n\r\n"), REFUSAL_NONE, 999 },
	{ "no space behind the status", SLICE("HTTP/1.1 200\r\n\r\n"), REFUSAL_STATUS_LINE, 0 },
	{ "status under 100", SLICE("HTTP/1.1 099 x\r\n\r\n"), REFUSAL_STATUS_LINE, 0 },
	{ "four digits", SLICE("HTTP/1.1 2000 x\r\n\r\n"), REFUSAL_STATUS_LINE, 0 },
	{ "two digits", SLICE("HTTP/1.1 20 x\r\n\r\n"), REFUSAL_STATUS_LINE, 0 },
	{ "signed", SLICE("HTTP/1.1 +20 x\r\n\r\n"), REFUSAL_STATUS_LINE, 0 },
	{ "HTTP/2", SLICE("HTTP/2.0 200 x\r\n\r\n"), REFUSAL_STATUS_LINE, 0 },
	{ "HTTP/1.2", SLICE("HTTP/1.2 200 x\r\n\r\n"), REFUSAL_STATUS_LINE, 0 },
	{ "HTTP/2 short", SLICE("HTTP/2 200 OK\r\n\r\n"), REFUSAL_STATUS_LINE, 0 },
	{ "two spaces", SLICE("HTTP/1.1  200 OK\r\n\r\n"), REFUSAL_STATUS_LINE, 0 },
	{ "control byte in the reason", SLICE("HTTP/1.1 200 O\x01\r\n\r\n"), REFUSAL_STATUS_LINE,
	  0 },
	{ "bare CR in the reason", SLICE("HTTP/1.1 200 O\rK\r\n\r\n"), REFUSAL_STATUS_LINE, 0 },
	{ "Shoutcast", SLICE("ICY 200 OK, really\r\n\r\n"), REFUSAL_STATUS_LINE, 0 },
	{ "nothing", SLICE(""), REFUSAL_STATUS_LINE, 0 },
	{ "a field folded", SLICE("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"), REFUSAL_OBS_FOLD, 0 },
	{ "a name with a space", SLICE("HTTP/1.1 200 OK\r\nA : b\r\n\r\n"),
	  REFUSAL_SPACE_BEFORE_COLON, 0 },
};

Test(head, status_lines)
{
	for (size_t i = 0; i < ARRAY_LEN(responses); i++) {
		struct head h = { .status = 0 };

		EXPECT_REFUSAL(head_parse_response(responses[i].in, &widest, &h), responses[i].want,
		               responses[i].why);
		cr_expect_eq(h.status, responses[i].status, "%s", responses[i].why);
	}
}

Test(head, find_gives_the_first_of_that_name_in_any_case)
{
	struct head h;

	PARSE_REQUEST(SLICE(LINE "Abc: 1\r\naBC: 2\r\nAbcd: 3\r\n\r\n"), &h);
	cr_expect_eq(head_find(&h, SLICE("ABC")), &h.fields[0]);
	cr_expect_eq(head_find(&h, SLICE("abcd")), &h.fields[2]);
	cr_expect_null(head_find(&h, SLICE("ab")));
	cr_expect_null(head_find(&h, SLICE("")));
}
