/* SPDX-License-Identifier: GPL-2.0-only */
#include "heads.h"
#include "proto/framing.h"

#define POST "POST / HTTP/1.1\r\n"
#define OLD  "POST / HTTP/1.0\r\n"
#define END  "\r\n\r\n"

static const struct {
	const char *why;
	struct slice in;
	enum refusal want;
	enum body_kind kind;
	uint64_t length;
} bodies[] = {
	{ "none", SLICE(POST "Host: a" END), REFUSAL_NONE, BODY_NONE, 0 },
	{ "length", SLICE(POST "Content-Length: 5" END), REFUSAL_NONE, BODY_LENGTH, 5 },
	{ "length 0", SLICE(POST "Content-Length: 0" END), REFUSAL_NONE, BODY_NONE, 0 },
	{ "leading zeros", SLICE(POST "Content-Length: 007" END), REFUSAL_NONE, BODY_LENGTH, 7 },
	{ "2^63-1", SLICE(POST "Content-Length: 9223372036854775807" END), REFUSAL_NONE,
	  BODY_LENGTH, INT64_MAX },
	{ "HTTP/1.0 length", SLICE(OLD "Content-Length: 5" END), REFUSAL_NONE, BODY_LENGTH, 5 },
	{ "chunked", SLICE(POST "Transfer-Encoding: chunked" END), REFUSAL_NONE, BODY_CHUNKED, 0 },
	{ "chunked, any case", SLICE(POST "TRANSFER-ENCODING: Chunked" END), REFUSAL_NONE,
	  BODY_CHUNKED, 0 },
	{ "2^63", SLICE(POST "Content-Length: 9223372036854775808" END), REFUSAL_LENGTH_INVALID, 0,
	  0 },
	{ "2^64+5", SLICE(POST "Content-Length: 18446744073709551621" END), REFUSAL_LENGTH_INVALID,
	  0, 0 },
	{ "empty", SLICE(POST "Content-Length:" END), REFUSAL_LENGTH_INVALID, 0, 0 },
	{ "white space", SLICE(POST "Content-Length:  \t" END), REFUSAL_LENGTH_INVALID, 0, 0 },
	{ "plus", SLICE(POST "Content-Length: +5" END), REFUSAL_LENGTH_INVALID, 0, 0 },
	{ "minus", SLICE(POST "Content-Length: -5" END), REFUSAL_LENGTH_INVALID, 0, 0 },
	{ "minus zero", SLICE(POST "Content-Length: -0" END), REFUSAL_LENGTH_INVALID, 0, 0 },
	{ "hexadecimal", SLICE(POST "Content-Length: 0x5" END), REFUSAL_LENGTH_INVALID, 0, 0 },
	{ "fraction", SLICE(POST "Content-Length: 5.0" END), REFUSAL_LENGTH_INVALID, 0, 0 },
	{ "underscore", SLICE(POST "Content-Length: 1_0" END), REFUSAL_LENGTH_INVALID, 0, 0 },
	{ "two numbers", SLICE(POST "Content-Length: 5 6" END), REFUSAL_LENGTH_INVALID, 0, 0 },
	{ "list of equals", SLICE(POST "Content-Length: 5, 5" END), REFUSAL_LENGTH_INVALID, 0, 0 },
	{ "list of two", SLICE(POST "Content-Length: 5,6" END), REFUSAL_LENGTH_INVALID, 0, 0 },
	{ "two that differ", SLICE(POST "Content-Length: 5\r\nContent-Length: 6" END),
	  REFUSAL_LENGTH_DIFFERS, 0, 0 },
	{ "two that agree", SLICE(POST "Content-Length: 5\r\ncontent-length: 5" END),
	  REFUSAL_LENGTH_DIFFERS, 0, 0 },
	{ "the second empty", SLICE(POST "Content-Length: 5\r\nContent-Length:" END),
	  REFUSAL_LENGTH_DIFFERS, 0, 0 },
	{ "CL.TE", SLICE(POST "Content-Length: 5\r\nTransfer-Encoding: chunked" END),
	  REFUSAL_LENGTH_AND_CODING, 0, 0 },
	{ "TE.CL", SLICE(POST "Transfer-Encoding: chunked\r\nContent-Length: 5" END),
	  REFUSAL_LENGTH_AND_CODING, 0, 0 },
	{ "TE.0", SLICE(POST "Transfer-Encoding: chunked\r\nContent-Length: 0" END),
	  REFUSAL_LENGTH_AND_CODING, 0, 0 },
	{ "CL with an empty TE", SLICE(POST "Content-Length: 5\r\nTransfer-Encoding:" END),
	  REFUSAL_LENGTH_AND_CODING, 0, 0 },
	{ "TE in HTTP/1.0", SLICE(OLD "Transfer-Encoding: chunked" END), REFUSAL_CODING_HTTP10, 0,
	  0 },
	{ "TE and CL in HTTP/1.0", SLICE(OLD "Transfer-Encoding: chunked\r\nContent-Length: 5" END),
	  REFUSAL_CODING_HTTP10, 0, 0 },
	{ "empty TE", SLICE(POST "Transfer-Encoding:" END), REFUSAL_CODING_NOT_FINAL, 0, 0 },
	{ "identity", SLICE(POST "Transfer-Encoding: identity" END), REFUSAL_CODING_NOT_FINAL, 0,
	  0 },
	{ "gzip alone", SLICE(POST "Transfer-Encoding: gzip" END), REFUSAL_CODING_NOT_FINAL, 0, 0 },
	{ "chunked, then gzip", SLICE(POST "Transfer-Encoding: chunked, gzip" END),
	  REFUSAL_CODING_NOT_FINAL, 0, 0 },
	{ "chunked twice", SLICE(POST "Transfer-Encoding: chunked, chunked" END),
	  REFUSAL_CODING_NOT_FINAL, 0, 0 },
	{ "TE.TE", SLICE(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked" END),
	  REFUSAL_CODING_NOT_FINAL, 0, 0 },
	{ "TE.TE, one obscured",
	  SLICE(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x" END),
	  REFUSAL_CODING_NOT_FINAL, 0, 0 },
	{ "xchunked", SLICE(POST "Transfer-Encoding: xchunked" END), REFUSAL_CODING_NOT_FINAL, 0,
	  0 },
	{ "quoted", SLICE(POST "Transfer-Encoding: \"chunked\"" END), REFUSAL_CODING_NOT_FINAL, 0,
	  0 },
	{ "parameter", SLICE(POST "Transfer-Encoding: chunked;a=b" END), REFUSAL_CODING_NOT_FINAL,
	  0, 0 },
	{ "list with a comma too many", SLICE(POST "Transfer-Encoding: chunked," END),
	  REFUSAL_CODING_UNSUPPORTED, 0, 0 },
	{ "gzip, chunked", SLICE(POST "Transfer-Encoding: gzip, chunked" END),
	  REFUSAL_CODING_UNSUPPORTED, 0, 0 },
	{ "the same in two fields",
	  SLICE(POST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked" END),
	  REFUSAL_CODING_UNSUPPORTED, 0, 0 },
	{ "CONNECT", SLICE("CONNECT a:1 HTTP/1.1" END), REFUSAL_METHOD_UNSUPPORTED, 0, 0 },
	{ "TRACE", SLICE("TRACE / HTTP/1.1" END), REFUSAL_METHOD_UNSUPPORTED, 0, 0 },
	{ "trace", SLICE("trace / HTTP/1.1" END), REFUSAL_METHOD_UNSUPPORTED, 0, 0 },
	{ "OPTIONS *", SLICE("OPTIONS * HTTP/1.1" END), REFUSAL_NONE, BODY_NONE, 0 },
};

Test(framing, request_bodies_have_one_reading)
{
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct framing f = { .kind = BODY_TUNNEL };
		struct head h;

		PARSE_REQUEST(bodies[i].in, &h);
		EXPECT_REFUSAL(framing_request(&h, UINT64_MAX, &f), bodies[i].want, bodies[i].why);
		if (bodies[i].want != REFUSAL_NONE) {
			cr_expect_eq(f.kind, BODY_TUNNEL, "%s: written", bodies[i].why);
			continue;
		}
		cr_expect_eq(f.kind, bodies[i].kind, "%s", bodies[i].why);
		cr_expect_eq(f.length, bodies[i].length, "%s", bodies[i].why);
	}
}

Test(framing, a_length_over_the_limit_is_refused_before_the_body_comes)
{
	struct framing f;
	struct head h;

	PARSE_REQUEST(SLICE(POST "Content-Length: 5" END), &h);
	EXPECT_REFUSAL(framing_request(&h, 5, &f), REFUSAL_NONE, "just enough");
	EXPECT_REFUSAL(framing_request(&h, 4, &f), REFUSAL_BODY_TOO_LARGE, "one over");
}

static const struct {
	const char *why;
	struct slice in;
	enum refusal want;
	bool keep_alive, expects_continue, wants_upgrade;
} wishes[] = {
	{ "HTTP/1.1 persists", SLICE(POST "A: b" END), REFUSAL_NONE, true, false, false },
	{ "close", SLICE(POST "Connection: close" END), REFUSAL_NONE, false, false, false },
	{ "close in a list", SLICE(POST "Connection: foo, Close" END), REFUSAL_NONE, false, false,
	  false },
	{ "close in the second field", SLICE(POST "Connection: foo\r\nConnection: close" END),
	  REFUSAL_NONE, false, false, false },
	{ "close wins", SLICE(POST "Connection: keep-alive, close" END), REFUSAL_NONE, false, false,
	  false },
	{ "HTTP/1.0 closes", SLICE(OLD "A: b" END), REFUSAL_NONE, false, false, false },
	{ "HTTP/1.0 asks", SLICE(OLD "Connection: Keep-Alive" END), REFUSAL_NONE, true, false,
	  false },
	{ "Keep-Alive alone says nothing", SLICE(OLD "Keep-Alive: 300" END), REFUSAL_NONE, false,
	  false, false },
	{ "100-continue", SLICE(POST "Expect: 100-continue\r\nContent-Length: 5" END), REFUSAL_NONE,
	  true, true, false },
	{ "100-Continue, chunked",
	  SLICE(POST "Expect: 100-Continue\r\nTransfer-Encoding: chunked" END), REFUSAL_NONE, true,
	  true, false },
	{ "0.CL: nothing to wait for", SLICE(POST "Expect: 100-continue\r\nContent-Length: 0" END),
	  REFUSAL_NONE, true, false, false },
	{ "HTTP/1.0 cannot mean it", SLICE(OLD "Expect: 100-continue\r\nContent-Length: 5" END),
	  REFUSAL_NONE, false, false, false },
	{ "another expectation", SLICE(POST "Expect: x" END), REFUSAL_EXPECTATION, 0, 0, 0 },
	{ "two", SLICE(POST "Expect: 100-continue\r\nExpect: 100-continue" END),
	  REFUSAL_EXPECTATION, 0, 0, 0 },
	{ "obscured", SLICE(POST "Expect: y 100-continue\r\nContent-Length: 5" END),
	  REFUSAL_EXPECTATION, 0, 0, 0 },
	{ "empty", SLICE(POST "Expect:" END), REFUSAL_EXPECTATION, 0, 0, 0 },
	{ "WebSocket", SLICE(POST "Upgrade: websocket\r\nConnection: keep-alive, Upgrade" END),
	  REFUSAL_NONE, true, false, true },
	{ "with an empty body",
	  SLICE(POST "Upgrade: x\r\nConnection: upgrade\r\nContent-Length: 0" END), REFUSAL_NONE,
	  true, false, true },
	{ "with a body", SLICE(POST "Upgrade: x\r\nConnection: upgrade\r\nContent-Length: 5" END),
	  REFUSAL_UPGRADE, 0, 0, 0 },
	{ "with a chunked body",
	  SLICE(POST "Upgrade: x\r\nConnection: upgrade\r\nTransfer-Encoding: chunked" END),
	  REFUSAL_UPGRADE, 0, 0, 0 },
	{ "not named in Connection", SLICE(POST "Upgrade: websocket" END), REFUSAL_NONE, true,
	  false, false },
	{ "Connection without Upgrade", SLICE(POST "Connection: upgrade" END), REFUSAL_NONE, true,
	  false, false },
	{ "empty Upgrade", SLICE(POST "Upgrade: ,\r\nConnection: upgrade" END), REFUSAL_NONE, true,
	  false, false },
	{ "HTTP/1.0 has none", SLICE(OLD "Upgrade: websocket\r\nConnection: upgrade" END),
	  REFUSAL_NONE, false, false, false },
	{ "h2c would hide requests", SLICE(POST "Upgrade: h2c\r\nConnection: upgrade" END),
	  REFUSAL_NONE, true, false, false },
	{ "h2c among others", SLICE(POST "Upgrade: websocket, H2C\r\nConnection: upgrade" END),
	  REFUSAL_NONE, true, false, false },
	{ "h2c in the second field",
	  SLICE(POST "Upgrade: websocket\r\nUpgrade: h2c\r\nConnection: upgrade" END), REFUSAL_NONE,
	  true, false, false },
	{ "HTTP/2.0", SLICE(POST "Upgrade: HTTP/2.0\r\nConnection: upgrade" END), REFUSAL_NONE,
	  true, false, false },
	{ "TLS/1.2", SLICE(POST "Upgrade: TLS/1.2\r\nConnection: upgrade" END), REFUSAL_NONE, true,
	  false, false },
	{ "ignored, so its body is just a body",
	  SLICE(POST "Upgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 5" END), REFUSAL_NONE,
	  true, false, false },
};

Test(framing, persistence_expectations_and_upgrades)
{
	for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
		struct framing f = { 0 };
		struct head h;

		PARSE_REQUEST(wishes[i].in, &h);
		EXPECT_REFUSAL(framing_request(&h, UINT64_MAX, &f), wishes[i].want, wishes[i].why);
		cr_expect_eq(f.keep_alive, wishes[i].keep_alive, "%s: keep_alive", wishes[i].why);
		cr_expect_eq(f.expects_continue, wishes[i].expects_continue, "%s: continue",
		             wishes[i].why);
		cr_expect_eq(f.wants_upgrade, wishes[i].wants_upgrade, "%s: upgrade",
		             wishes[i].why);
	}
}

#define OK     "HTTP/1.1 200 OK\r\n"
#define OLD_OK "HTTP/1.0 200 OK\r\n"
#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n"

static const struct {
	const char *why;
	struct slice in;
	bool is_head, may_switch;
	enum refusal want;
	enum body_kind kind;
	uint32_t length;
	uint32_t keep_alive;
} answers[] = {
	{ "length", SLICE(OK "Content-Length: 5" END), 0, 0, 0, BODY_LENGTH, 5, true },
	{ "length 0", SLICE(OK "Content-Length: 0" END), 0, 0, 0, BODY_NONE, 0, true },
	{ "chunked", SLICE(OK "Transfer-Encoding: chunked" END), 0, 0, 0, BODY_CHUNKED, 0, true },
	{ "neither", SLICE(OK "A: b" END), 0, 0, 0, BODY_UNTIL_CLOSE, 0, false },
	{ "close", SLICE(OK "Content-Length: 5\r\nConnection: close" END), 0, 0, 0, BODY_LENGTH, 5,
	  false },
	{ "HTTP/1.0", SLICE(OLD_OK "Content-Length: 5" END), 0, 0, 0, BODY_LENGTH, 5, false },
	{ "HTTP/1.0 that stays", SLICE(OLD_OK "Content-Length: 5\r\nConnection: keep-alive" END), 0,
	  0, 0, BODY_LENGTH, 5, true },
	{ "keep-alive without an end", SLICE(OLD_OK "Connection: keep-alive" END), 0, 0, 0,
	  BODY_UNTIL_CLOSE, 0, false },
	{ "HEAD", SLICE(OK "Content-Length: 5" END), true, 0, 0, BODY_NONE, 0, true },
	{ "HEAD, chunked", SLICE(OK "Transfer-Encoding: chunked" END), true, 0, 0, BODY_NONE, 0,
	  true },
	{ "HEAD, neither", SLICE(OK "A: b" END), true, 0, 0, BODY_NONE, 0, true },
	{ "204", SLICE("HTTP/1.1 204 No Content\r\nContent-Length: 5" END), 0, 0, 0, BODY_NONE, 0,
	  true },
	{ "304", SLICE("HTTP/1.1 304 Not Modified\r\nContent-Length: 5" END), 0, 0, 0, BODY_NONE, 0,
	  true },
	{ "100", SLICE("HTTP/1.1 100 Continue" END), 0, 0, 0, BODY_NONE, 0, true },
	{ "103", SLICE("HTTP/1.1 103 Early Hints\r\nLink: </a>" END), 0, 0, 0, BODY_NONE, 0, true },
	{ "101", SLICE(SWITCH "Upgrade: websocket\r\nConnection: Upgrade" END), 0, true, 0,
	  BODY_TUNNEL, 0, false },
	{ "101 nobody asked for", SLICE(SWITCH "Upgrade: websocket\r\nConnection: Upgrade" END), 0,
	  false, REFUSAL_ORIGIN_BROKEN, 0, 0, 0 },
	{ "101 to h2c", SLICE(SWITCH "Upgrade: h2c\r\nConnection: Upgrade" END), 0, true,
	  REFUSAL_ORIGIN_BROKEN, 0, 0, 0 },
	{ "101 without Upgrade", SLICE(SWITCH "Connection: Upgrade" END), 0, true,
	  REFUSAL_ORIGIN_BROKEN, 0, 0, 0 },
	{ "101 in HTTP/1.0",
	  SLICE("HTTP/1.0 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade" END), 0, true,
	  REFUSAL_ORIGIN_BROKEN, 0, 0, 0 },
	{ "two lengths", SLICE(OK "Content-Length: 5\r\nContent-Length: 6" END), 0, 0,
	  REFUSAL_ORIGIN_BROKEN, 0, 0, 0 },
	{ "two equal lengths", SLICE(OK "Content-Length: 5\r\nContent-Length: 5" END), 0, 0,
	  REFUSAL_ORIGIN_BROKEN, 0, 0, 0 },
	{ "two lengths in an answer to HEAD",
	  SLICE(OK "Content-Length: 5\r\nContent-Length: 6" END), true, 0, REFUSAL_ORIGIN_BROKEN, 0,
	  0, 0 },
	{ "length and coding", SLICE(OK "Content-Length: 5\r\nTransfer-Encoding: chunked" END), 0,
	  0, REFUSAL_ORIGIN_BROKEN, 0, 0, 0 },
	{ "length junk", SLICE(OK "Content-Length: 5x" END), 0, 0, REFUSAL_ORIGIN_BROKEN, 0, 0, 0 },
	{ "coding in HTTP/1.0", SLICE(OLD_OK "Transfer-Encoding: chunked" END), 0, 0,
	  REFUSAL_ORIGIN_BROKEN, 0, 0, 0 },
	{ "gzip, chunked", SLICE(OK "Transfer-Encoding: gzip, chunked" END), 0, 0,
	  REFUSAL_ORIGIN_BROKEN, 0, 0, 0 },
	{ "identity", SLICE(OK "Transfer-Encoding: identity" END), 0, 0, REFUSAL_ORIGIN_BROKEN, 0,
	  0, 0 },
};

Test(framing, response_bodies_have_one_reading)
{
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct framing f = { 0 };
		struct head h;

		PARSE_RESPONSE(answers[i].in, &h);
		EXPECT_REFUSAL(framing_response(&h, answers[i].is_head, answers[i].may_switch, &f),
		               answers[i].want, answers[i].why);
		cr_expect_eq(f.kind, answers[i].kind, "%s", answers[i].why);
		cr_expect_eq(f.length, answers[i].length, "%s", answers[i].why);
		cr_expect_eq(f.keep_alive, answers[i].keep_alive, "%s", answers[i].why);
	}
}
