/* SPDX-License-Identifier: GPL-2.0-only */
#include <signal.h>
#include <stdio.h>

#include "heads.h"
#include "proto/rewrite.h"

#define END "\r\n\r\n"
#define ID  "Cf-Client-Cert-Sha256: genuine\r\n"

static const struct {
	const char *why;
	struct slice in;
	struct slice out;
	uint32_t stripped;
} requests[] = {
	{ "plain: Host first, identity last",
	  SLICE("GET /a?b HTTP/1.1\r\nAccept: x\r\nHost: old\r\nCookie:  c  " END),
	  SLICE("GET /a?b HTTP/1.1\r\nHost: h\r\nAccept: x\r\nCookie: c\r\n" ID "\r\n"), 0 },
	{ "HTTP/1.0 stays HTTP/1.0", SLICE("GET / HTTP/1.0\r\nConnection: keep-alive" END),
	  SLICE("GET / HTTP/1.0\r\nHost: h\r\nConnection: close\r\n" ID "\r\n"), 0 },
	{ "absolute form is cut down", SLICE("GET http://b:1/a?b HTTP/1.1" END),
	  SLICE("GET /a?b HTTP/1.1\r\nHost: h\r\n" ID "\r\n"), 0 },
	{ "absolute form without a path", SLICE("GET http://b HTTP/1.1" END),
	  SLICE("GET / HTTP/1.1\r\nHost: h\r\n" ID "\r\n"), 0 },
	{ "absolute form with a query only", SLICE("GET http://b?c HTTP/1.1" END),
	  SLICE("GET /?c HTTP/1.1\r\nHost: h\r\n" ID "\r\n"), 0 },
	{ "OPTIONS without a path", SLICE("OPTIONS http://b HTTP/1.1" END),
	  SLICE("OPTIONS * HTTP/1.1\r\nHost: h\r\n" ID "\r\n"), 0 },
	{ "OPTIONS *", SLICE("OPTIONS * HTTP/1.1" END),
	  SLICE("OPTIONS * HTTP/1.1\r\nHost: h\r\n" ID "\r\n"), 0 },
	{ "length is written, not copied", SLICE("PUT / HTTP/1.1\r\nContent-Length: 0005" END),
	  SLICE("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n" ID "\r\n"), 0 },
	{ "length 0 is said again", SLICE("PUT / HTTP/1.1\r\nContent-Length: 00" END),
	  SLICE("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n" ID "\r\n"), 0 },
	{ "chunked is written, not copied",
	  SLICE("PUT / HTTP/1.1\r\nTRANSFER-encoding: CHUNKED" END),
	  SLICE("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n" ID "\r\n"), 0 },
	{ "Expect is passed on with a body",
	  SLICE("PUT / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 5" END),
	  SLICE("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n" ID
	        "\r\n"),
	  0 },
	{ "and dropped without", SLICE("PUT / HTTP/1.1\r\nExpect: 100-continue" END),
	  SLICE("PUT / HTTP/1.1\r\nHost: h\r\n" ID "\r\n"), 0 },
	{ "upgrade is passed on",
	  SLICE("GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: keep-alive, upgrade\r\n"
	        "Sec-WebSocket-Key: k" END),
	  SLICE("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n"
	        "Connection: upgrade\r\n" ID "\r\n"),
	  0 },
	{ "h2c is not",
	  SLICE("GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: upgrade, HTTP2-Settings\r\n"
	        "HTTP2-Settings: AAMA" END),
	  SLICE("GET / HTTP/1.1\r\nHost: h\r\n" ID "\r\n"), 0 },
	{ "nor an Upgrade that Connection does not name",
	  SLICE("GET / HTTP/1.1\r\nUpgrade: websocket" END),
	  SLICE("GET / HTTP/1.1\r\nHost: h\r\n" ID "\r\n"), 0 },
	{ "hop-by-hop fields end here",
	  SLICE("GET / HTTP/1.1\r\nConnection: close\r\nKeep-Alive: 5\r\nTE: trailers\r\nTrailer: x\r\n"
	        "Proxy-Connection: a\r\nProxy-Authorization: b\r\nProxy-Foo: c\r\nProxy: d\r\nA: b" END),
	  SLICE("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n" ID "\r\n"), 0 },
	{ "so do those that Connection names",
	  SLICE("GET / HTTP/1.1\r\nX-A: 1\r\nConnection: x-a, X-b\r\nX-B: 2\r\nX-C: 3" END),
	  SLICE("GET / HTTP/1.1\r\nHost: h\r\nX-C: 3\r\n" ID "\r\n"), 0 },
	{ "naming ours in Connection takes only the client's own away",
	  SLICE("GET / HTTP/1.1\r\nConnection: Cf-Client-Cert-Sha256, host\r\nCf-Client-Cert-Sha256: f" END),
	  SLICE("GET / HTTP/1.1\r\nHost: h\r\n" ID "\r\n"), 1 },
	{ "naming framing in Connection does not unframe",
	  SLICE("PUT / HTTP/1.1\r\nConnection: content-length\r\nContent-Length: 5" END),
	  SLICE("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n" ID "\r\n"), 0 },
	{ "forged, in every spelling",
	  SLICE("GET / HTTP/1.1\r\nCf-Client-Cert-Sha256: f\r\ncf-client-cert-sha256: f\r\n"
	        "CF_CLIENT_CERT_SHA256: f\r\nCf.Client+Cert-Sha256: f\r\nCf-Client-Cert-New: f\r\n"
	        "Client-Cert: :f:\r\nCLIENT_CERT_CHAIN: :f:\r\nX-Mine-Too: f\r\nCf-Ray: kept" END),
	  SLICE("GET / HTTP/1.1\r\nHost: h\r\nCf-Ray: kept\r\n" ID "\r\n"), 8 },
	{ "an empty value stays", SLICE("GET / HTTP/1.1\r\nA:" END),
	  SLICE("GET / HTTP/1.1\r\nHost: h\r\nA: \r\n" ID "\r\n"), 0 },
};

static const struct reserved mine = { .len = 1, .names = { SLICE("x_mine") } };

/* @out holds @cap bytes; the head is parsed, framed and written. */
static enum refusal write_request(struct slice in, struct sink *out, uint32_t *out_stripped)
{
	struct head h;
	struct framing f;
	const struct rewrite_request rw = { .head = &h,
		                            .framing = &f,
		                            .reserved = &mine,
		                            .authority = SLICE("h"),
		                            .identity = SLICE(ID) };
	enum refusal r = head_parse_request(in, &widest, &h);

	if (r == REFUSAL_NONE)
		r = framing_request(&h, UINT64_MAX, &f);
	return r == REFUSAL_NONE ? rewrite_request(&rw, out, out_stripped) : r;
}

Test(rewrite, requests_for_the_origin)
{
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		uint8_t room[1024];
		struct sink s = sink_of(room, sizeof(room));
		uint32_t stripped = 99;

		EXPECT_REFUSAL(write_request(requests[i].in, &s, &stripped), REFUSAL_NONE,
		               requests[i].why);
		EXPECT_SLICE(sink_slice(&s), requests[i].out, requests[i].why);
		cr_expect_eq(stripped, requests[i].stripped, "%s: %u", requests[i].why, stripped);
	}
}

Test(rewrite, a_head_is_written_whole_or_not_at_all)
{
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		for (size_t room_len = 0; room_len <= requests[i].out.len; room_len++) {
			uint8_t room[1024] = "before";
			struct sink s = sink_of(room, 6 + room_len);
			uint32_t stripped = 99;
			bool fits = room_len == requests[i].out.len;

			s.len = 6;
			EXPECT_REFUSAL(write_request(requests[i].in, &s, &stripped),
			               fits ? REFUSAL_NONE : REFUSAL_HEAD_TOO_LARGE,
			               requests[i].why);
			cr_expect_eq(s.len, fits ? 6 + room_len : 6, "%s", requests[i].why);
			cr_expect_eq(stripped == 99, !fits, "%s", requests[i].why);
		}
	}
}

Test(rewrite, no_host_and_no_identity_leave_no_trace)
{
	struct head h;
	const struct framing f = { .kind = BODY_NONE };
	const struct rewrite_request rw = { .head = &h, .framing = &f };
	uint8_t room[256];
	struct sink s = sink_of(room, sizeof(room));
	uint32_t stripped = 99;

	PARSE_REQUEST(SLICE("GET / HTTP/1.0\r\nClient-Cert: :f:\r\nA: b" END), &h);
	EXPECT_REFUSAL(rewrite_request(&rw, &s, &stripped), REFUSAL_NONE, "bare");
	EXPECT_SLICE(sink_slice(&s), SLICE("GET / HTTP/1.0\r\nA: b\r\nConnection: close\r\n\r\n"),
	             "bare");
	cr_expect_eq(stripped, 1);
}

Test(rewrite, more_names_in_connection_than_we_look_for_are_refused)
{
	uint8_t text[1024];
	struct sink in = sink_of(text, sizeof(text));
	uint8_t room[1024];

	sink_put(&in, SLICE("GET / HTTP/1.1\r\nConnection: close"));
	for (int n = 1; n <= CONNECTION_NAMES_MAX + 1; n++) {
		struct sink whole;
		struct sink s = sink_of(room, sizeof(room));
		uint32_t stripped;

		sink_put(&in, SLICE(",x"));
		whole = in;
		sink_put(&whole, SLICE(END));
		EXPECT_REFUSAL(write_request(sink_slice(&whole), &s, &stripped),
		               n <= CONNECTION_NAMES_MAX ? REFUSAL_NONE : REFUSAL_HEAD_TOO_LARGE,
		               "names");
	}
}

static const struct {
	const char *why;
	struct slice in;
	bool is_head, keep_alive, is_http10;
	struct slice out;
} responses[] = {
	{ "plain", SLICE("HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: 05" END), 0, true, 0,
	  SLICE("HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: 5" END) },
	{ "HTTP/1.0 origin", SLICE("HTTP/1.0 200 OK\r\nContent-Length: 5" END), 0, true, 0,
	  SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5" END) },
	{ "no reason", SLICE("HTTP/1.1 200 \r\nContent-Length: 5" END), 0, true, 0,
	  SLICE("HTTP/1.1 200 \r\nContent-Length: 5" END) },
	{ "closing", SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5" END), 0, false, 0,
	  SLICE("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5" END) },
	{ "HTTP/1.0 client stays", SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5" END), 0, true, true,
	  SLICE("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5" END) },
	{ "until close", SLICE("HTTP/1.1 200 OK\r\nA: b" END), 0, false, 0,
	  SLICE("HTTP/1.1 200 OK\r\nA: b\r\nConnection: close" END) },
	{ "length 0 is said again", SLICE("HTTP/1.1 200 OK\r\nContent-Length: 0" END), 0, true, 0,
	  SLICE("HTTP/1.1 200 OK\r\nContent-Length: 0" END) },
	{ "HEAD keeps its length", SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5" END), true, true, 0,
	  SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5" END) },
	{ "304 keeps its length", SLICE("HTTP/1.1 304 Not Modified\r\nContent-Length: 5" END), 0,
	  true, 0, SLICE("HTTP/1.1 304 Not Modified\r\nContent-Length: 5" END) },
	{ "204 has none", SLICE("HTTP/1.1 204 No Content\r\nContent-Length: 0" END), 0, true, 0,
	  SLICE("HTTP/1.1 204 No Content" END) },
	{ "nor has 1xx", SLICE("HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\nLink: a" END), 0,
	  false, 0, SLICE("HTTP/1.1 103 Early Hints\r\nLink: a" END) },
	{ "chunked, with its Trailer",
	  SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\nTrailer: x" END), 0, true, 0,
	  SLICE("HTTP/1.1 200 OK\r\nTrailer: x\r\nTransfer-Encoding: chunked" END) },
	{ "a Trailer without chunks means nothing",
	  SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTrailer: x" END), 0, true, 0,
	  SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5" END) },
	{ "101",
	  SLICE("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade, x\r\nX: y" END),
	  0, false, 0,
	  SLICE("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade" END) },
	{ "hop-by-hop fields end here",
	  SLICE("HTTP/1.1 200 OK\r\nConnection: x-a\r\nX-A: 1\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\n"
	        "Proxy-Authenticate: x\r\nContent-Length: 5" END),
	  0, true, 0, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5" END) },
	{ "Client-Cert is never in a response",
	  SLICE("HTTP/1.1 200 OK\r\nClient-Cert: :a:\r\nCLIENT-CERT-chain: :b:\r\nContent-Length: 5" END),
	  0, true, 0, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5" END) },
	{ "Vary on it",
	  SLICE("HTTP/1.1 200 OK\r\nVary: Accept, client-cert\r\nContent-Length: 5" END), 0, true,
	  0, SLICE("HTTP/1.1 200 OK\r\nVary: *\r\nContent-Length: 5" END) },
	{ "Vary on the chain",
	  SLICE("HTTP/1.1 200 OK\r\nvary: Client-Cert-Chain\r\nContent-Length: 5" END), 0, true, 0,
	  SLICE("HTTP/1.1 200 OK\r\nvary: *\r\nContent-Length: 5" END) },
	{ "Vary on another dialect",
	  SLICE("HTTP/1.1 200 OK\r\nVary: Cf-Client-Cert-Sha256\r\nContent-Length: 5" END), 0, true,
	  0, SLICE("HTTP/1.1 200 OK\r\nVary: *\r\nContent-Length: 5" END) },
	{ "Vary on what a cache sees",
	  SLICE("HTTP/1.1 200 OK\r\nVary: Accept, Origin\r\nContent-Length: 5" END), 0, true, 0,
	  SLICE("HTTP/1.1 200 OK\r\nVary: Accept, Origin\r\nContent-Length: 5" END) },
	{ "cookies stay apart",
	  SLICE("HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 5" END), 0,
	  true, 0,
	  SLICE("HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 5" END) },
};

Test(rewrite, responses_for_the_client)
{
	for (size_t i = 0; i < ARRAY_LEN(responses); i++) {
		uint8_t room[512];
		struct sink s = sink_of(room, sizeof(room));
		struct head h;
		struct framing f;
		const struct rewrite_response rw = { .head = &h,
			                             .framing = &f,
			                             .keep_alive = responses[i].keep_alive,
			                             .client_is_http10 = responses[i].is_http10 };

		PARSE_RESPONSE(responses[i].in, &h);
		EXPECT_REFUSAL(framing_response(&h, responses[i].is_head, true, &f), REFUSAL_NONE,
		               responses[i].why);
		EXPECT_REFUSAL(rewrite_response(&rw, &s), REFUSAL_NONE, responses[i].why);
		EXPECT_SLICE(sink_slice(&s), responses[i].out, responses[i].why);
	}
}

Test(rewrite, a_chunked_answer_is_not_for_http_1_0)
{
	struct head h;
	const struct framing f = { .kind = BODY_CHUNKED };
	const struct rewrite_response rw = { .head = &h, .framing = &f, .client_is_http10 = true };
	uint8_t room[256];
	struct sink s = sink_of(room, sizeof(room));

	PARSE_RESPONSE(SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked" END), &h);
	EXPECT_REFUSAL(rewrite_response(&rw, &s), REFUSAL_ORIGIN_BROKEN, "chunked");
	cr_expect_eq(s.len, 0);
}

Test(rewrite, staying_open_behind_a_body_without_end_is_our_mistake, .signal = SIGABRT)
{
	struct head h;
	const struct framing f = { .kind = BODY_UNTIL_CLOSE };
	const struct rewrite_response rw = { .head = &h, .framing = &f, .keep_alive = true };
	uint8_t room[256];
	struct sink s = sink_of(room, sizeof(room));

	PARSE_RESPONSE(SLICE("HTTP/1.1 200 OK" END), &h);
	(void)rewrite_response(&rw, &s);
}

static const struct {
	const char *why;
	struct slice in;
	enum refusal want;
	struct slice out;
} trailers[] = {
	{ "none", SLICE("\r\n"), REFUSAL_NONE, SLICE("\r\n") },
	{ "one", SLICE("Grpc-Status:0" END), REFUSAL_NONE, SLICE("Grpc-Status: 0" END) },
	{ "forged", SLICE("Cf-Client-Cert-Sha256: f\r\nclient_cert: f\r\nX-Mine: f\r\nA: b" END),
	  REFUSAL_NONE, SLICE("A: b" END) },
	{ "framing, routing, authentication, content",
	  SLICE("Content-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: a\r\nConnection: close\r\n"
	        "Trailer: x\r\nTE: x\r\nUpgrade: x\r\nExpect: x\r\nAuthorization: x\r\nCookie: x\r\n"
	        "Set-Cookie: x\r\nContent-Type: x\r\nContent-Encoding: x\r\nCache-Control: x\r\n"
	        "Proxy: x\r\nProxy-Foo: x\r\nKeep-Alive: x" END),
	  REFUSAL_NONE, SLICE("\r\n") },
	{ "folded", SLICE("A: b\r\n c" END), REFUSAL_TRAILER, SLICE("") },
	{ "space before colon", SLICE("A : b" END), REFUSAL_TRAILER, SLICE("") },
	{ "no name", SLICE(": b" END), REFUSAL_TRAILER, SLICE("") },
	{ "a request line", SLICE("GET / HTTP/1.1" END), REFUSAL_TRAILER, SLICE("") },
	{ "good, then bad", SLICE("A: b\r\nC\x01: d" END), REFUSAL_TRAILER, SLICE("") },
	{ "no empty line", SLICE("A: b\r\n"), REFUSAL_TRAILER, SLICE("") },
	{ "more behind", SLICE("A: b\r\n\r\nGET"), REFUSAL_TRAILER, SLICE("") },
};

Test(rewrite, trailer_sections)
{
	for (size_t i = 0; i < ARRAY_LEN(trailers); i++) {
		uint8_t room[256];
		struct sink s = sink_of(room, sizeof(room));

		EXPECT_REFUSAL(rewrite_trailer(trailers[i].in, &mine, &s), trailers[i].want,
		               trailers[i].why);
		EXPECT_SLICE(sink_slice(&s), trailers[i].out, trailers[i].why);
		s = sink_of(room, trailers[i].out.len > 0 ? trailers[i].out.len - 1 : 0);
		EXPECT_REFUSAL(rewrite_trailer(trailers[i].in, &mine, &s), REFUSAL_TRAILER,
		               "one byte short");
		cr_expect_eq(s.len, 0, "%s", trailers[i].why);
	}
}

static const struct {
	const char *why;
	struct slice in, identity, out;
	uint32_t stripped;
} forwarded[] = {
	{ "ours comes behind the client's", SLICE("x-forwarded-client-cert: a=b\r\n"),
	  SLICE("X-Forwarded-Client-Cert: c=d\r\nE: f\r\n"),
	  SLICE("X-Forwarded-Client-Cert: a=b,c=d\r\nE: f\r\n"), 0 },
	{ "several become one",
	  SLICE("X-Forwarded-Client-Cert: a\r\nX: y\r\nX-Forwarded-Client-Cert: b\r\n"),
	  SLICE("X-Forwarded-Client-Cert: c\r\n"),
	  SLICE("X: y\r\nX-Forwarded-Client-Cert: a,b,c\r\n"), 0 },
	{ "the client's alone", SLICE("X-Forwarded-Client-Cert: a\r\n"), SLICE("E: f\r\n"),
	  SLICE("X-Forwarded-Client-Cert: a\r\nE: f\r\n"), 0 },
	{ "without any identity", SLICE("X-Forwarded-Client-Cert: a\r\n"), SLICE(""),
	  SLICE("X-Forwarded-Client-Cert: a\r\n"), 0 },
	{ "ours alone", SLICE("X-Forwarded-Client-Cert:\r\n"),
	  SLICE("X-Forwarded-Client-Cert: c\r\n"), SLICE("X-Forwarded-Client-Cert: c\r\n"), 1 },
	{ "other spellings and names are removed",
	  SLICE("X_Forwarded_Client_Cert: a\r\nX-Forwarded-Client-Cert-2: b\r\nClient-Cert: c\r\n"),
	  SLICE("E: f\r\n"), SLICE("E: f\r\n"), 3 },
	{ "and one that Connection names",
	  SLICE("Connection: x-forwarded-client-cert\r\nX-Forwarded-Client-Cert: a\r\n"),
	  SLICE("E: f\r\n"), SLICE("E: f\r\n"), 1 },
};

Test(rewrite, a_forwarded_client_certificate_is_kept_where_that_is_asked_for)
{
	for (size_t i = 0; i < ARRAY_LEN(forwarded); i++) {
		char text[512];
		char want[512];
		struct rewrite_request in = { .identity = forwarded[i].identity,
			                      .keeps_xfcc = true };
		struct framing framing;
		struct head head;
		uint8_t room[512];
		struct sink out = sink_of(room, sizeof(room));
		uint32_t stripped = 99;
		int n = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s\r\n",
		                 (const char *)forwarded[i].in.ptr);

		cr_assert_eq(head_parse_request(slice_of(text, (size_t)n), &widest, &head),
		             REFUSAL_NONE);
		cr_assert_eq(framing_request(&head, UINT64_MAX, &framing), REFUSAL_NONE);
		in.head = &head;
		in.framing = &framing;
		cr_assert_eq(rewrite_request(&in, &out, &stripped), REFUSAL_NONE);
		n = snprintf(want, sizeof(want), "GET / HTTP/1.1\r\n%s\r\n",
		             (const char *)forwarded[i].out.ptr);
		EXPECT_SLICE(sink_slice(&out), slice_of(want, (size_t)n), forwarded[i].why);
		cr_expect_eq(stripped, forwarded[i].stripped, "%s", forwarded[i].why);
	}
}
