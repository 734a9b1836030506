/* SPDX-License-Identifier: GPL-2.0-only */
#include "../bpf/hello.h"
#include "heads.h"
#include "proto/clienthello.h"

static struct hello h;

static const char *const labels[] = { "name",   "no name", "bad name", "more",
	                              "beyond", "not TLS", "bad" };

#define EXPECT_FOUND(got, want, why)                                                               \
	do {                                                                                       \
		const enum clienthello got_ = (got);                                               \
		const enum clienthello want_ = (want);                                             \
                                                                                                   \
		cr_expect_eq(got_, want_, "%s: got %s, want %s", (why), labels[got_],              \
		             labels[want_]);                                                       \
	} while (0)

static const struct hello_shape *shape_of(const char *why)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		if (strcmp(shapes[i].why, why) == 0)
			return &shapes[i];
	cr_assert_fail("no shape \"%s\"", why);
	return NULL;
}

static enum clienthello found_in(struct slice first)
{
	struct hostname name = { .len = 7 };
	enum clienthello found = clienthello_name(first, &name);

	if (found != CLIENTHELLO_NAME)
		cr_expect_eq(name.len, 7, "written although there is no name");
	return found;
}

Test(clienthello, the_name_is_found_wherever_it_is)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		struct hostname name = { .len = 0 };
		enum clienthello want = CLIENTHELLO_NAME;

		hello_build(&h, &shapes[i], SLICE("WWW.b.Example.COM."));
		if (!h.sni)
			want = CLIENTHELLO_NO_NAME;
		else if (strcmp(shapes[i].why, "beyond the window") == 0)
			want = CLIENTHELLO_BEYOND;
		else if (strcmp(shapes[i].why, "name twice") == 0)
			want = CLIENTHELLO_BAD;
		EXPECT_FOUND(clienthello_name(hello_slice(&h), &name), want, shapes[i].why);
		if (want == CLIENTHELLO_NAME)
			EXPECT_SLICE(hostname_slice(&name), SLICE("www.b.example.com"),
			             shapes[i].why);
	}
}

Test(clienthello, a_part_is_never_taken_for_a_mistake)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		if (strcmp(shapes[i].why, "name twice") == 0)
			continue;
		hello_build(&h, &shapes[i], SLICE("b.example.com"));
		for (size_t n = 0; h.sni && n < h.len; n++) {
			const bool whole = n >= h.sni + 9 + strlen("b.example.com");
			enum clienthello want = whole ? CLIENTHELLO_NAME : CLIENTHELLO_MORE;

			if (n >= CLIENTHELLO_WINDOW && h.sni > CLIENTHELLO_WINDOW)
				want = CLIENTHELLO_BEYOND;
			EXPECT_FOUND(found_in(slice_of(h.bytes, n)), want, shapes[i].why);
		}
	}
}

Test(clienthello, a_wrong_length_is_a_mistake)
{
	static const struct {
		const char *why;
		size_t at;
		size_t bytes;
		int delta;
		enum clienthello want;
	} rows[] = {
		{ "record longer than any", 3, 2, 16384, CLIENTHELLO_BAD },
		{ "record ends early: the rest is in the next", 3, 2, -1, CLIENTHELLO_NAME },
		{ "message longer than any", 6, 1, 3, CLIENTHELLO_BAD },
		{ "message one longer", 8, 1, 1, CLIENTHELLO_BAD },
		{ "message one shorter", 8, 1, -1, CLIENTHELLO_BAD },
		{ "not a handshake record", 0, 1, 1, CLIENTHELLO_NOT_TLS },
		{ "not TLS", 1, 1, 1, CLIENTHELLO_NOT_TLS },
		{ "not a ClientHello", 5, 1, 1, CLIENTHELLO_NOT_TLS },
		{ "session id one longer than any", 43, 1, 1, CLIENTHELLO_BAD },
		{ "odd cipher suites", 77, 1, 1, CLIENTHELLO_BAD },
		{ "extensions one longer", 142 + 1, 1, 1, CLIENTHELLO_BAD },
		{ "extensions one shorter", 142 + 1, 1, -1, CLIENTHELLO_BAD },
		{ "server_name one longer", 144 + 3, 1, 1, CLIENTHELLO_BAD },
		{ "server_name one shorter", 144 + 3, 1, -1, CLIENTHELLO_BAD },
		{ "list one longer", 144 + 5, 1, 1, CLIENTHELLO_BAD },
		{ "list one shorter", 144 + 5, 1, -1, CLIENTHELLO_BAD },
		{ "not a host name", 144 + 6, 1, 1, CLIENTHELLO_BAD },
		{ "name one longer", 144 + 8, 1, 1, CLIENTHELLO_BAD },
		{ "name one shorter", 144 + 8, 1, -1, CLIENTHELLO_BAD },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		hello_build(&h, shape_of("curl, OpenSSL 3.0"), SLICE("b.example.com"));
		cr_assert_eq(h.extensions, 142);
		hello_set(&h, rows[i].at, rows[i].bytes,
		          hello_get(&h, rows[i].at, rows[i].bytes) + (size_t)rows[i].delta);
		EXPECT_FOUND(found_in(hello_slice(&h)), rows[i].want, rows[i].why);
	}
}

Test(clienthello, a_name_nobody_can_have_is_told_apart)
{
	static const struct {
		const char *why;
		struct slice name;
		enum clienthello want;
		struct slice out;
	} rows[] = {
		{ "one byte", SLICE("a"), CLIENTHELLO_NAME, SLICE("a") },
		{ "dot at the end", SLICE("a."), CLIENTHELLO_NAME, SLICE("a") },
		{ "two dots at the end", SLICE("a.."), CLIENTHELLO_NAME, SLICE("a.") },
		{ "8-bit: not ours to say", SLICE("\xc3\x84.b"), CLIENTHELLO_NAME,
		  SLICE("\xc3\x84.b") },
		{ "255 bytes", SLICE(LABEL63 "." LABEL63 "." LABEL63 "." LABEL63), CLIENTHELLO_NAME,
		  SLICE(LABEL63 "." LABEL63 "." LABEL63 "." LABEL63) },
		{ "256 bytes", SLICE(LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 "."),
		  CLIENTHELLO_BAD_NAME, SLICE("") },
		{ "empty", SLICE(""), CLIENTHELLO_BAD_NAME, SLICE("") },
		{ "a dot", SLICE("."), CLIENTHELLO_BAD_NAME, SLICE("") },
		{ "NUL behind", SLICE("a\0"), CLIENTHELLO_BAD_NAME, SLICE("") },
		{ "NUL inside", SLICE("a\0b"), CLIENTHELLO_BAD_NAME, SLICE("") },
		{ "wildcard", SLICE("*.a.b"), CLIENTHELLO_BAD_NAME, SLICE("") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hostname name = { .len = 0 };

		hello_build(&h, shape_of("Firefox"), rows[i].name);
		EXPECT_FOUND(clienthello_name(hello_slice(&h), &name), rows[i].want, rows[i].why);
		EXPECT_SLICE(hostname_slice(&name), rows[i].out, rows[i].why);
	}
}

Test(clienthello, no_more_than_some_extensions_are_looked_at)
{
	struct hello_shape many = { .why = "many",
		                    .ciphers = 1,
		                    .ext_len = CLIENTHELLO_EXTENSIONS };

	for (size_t i = 0; i < SHAPE_EXTENSIONS; i++)
		many.ext[i].type = (uint16_t)(1000 + i);
	many.ext[CLIENTHELLO_EXTENSIONS - 1].type = SNI;
	hello_build(&h, &many, SLICE("b"));
	EXPECT_FOUND(found_in(hello_slice(&h)), CLIENTHELLO_NAME, "the last one looked at");
	many.ext[CLIENTHELLO_EXTENSIONS - 1].type = 7;
	hello_build(&h, &many, SLICE("b"));
	EXPECT_FOUND(found_in(hello_slice(&h)), CLIENTHELLO_NO_NAME, "as many as are looked at");
	many.ext[many.ext_len++].type = SNI;
	hello_build(&h, &many, SLICE("b"));
	EXPECT_FOUND(found_in(hello_slice(&h)), CLIENTHELLO_BEYOND, "one behind");
	many.ext[0].type = SNI;
	hello_build(&h, &many, SLICE("b"));
	EXPECT_FOUND(found_in(hello_slice(&h)), CLIENTHELLO_NAME,
	             "first; its like behind the last");
}
