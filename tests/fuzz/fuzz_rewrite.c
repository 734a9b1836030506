/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Oracles: what is written parses, is framed as it was said to be, holds no
 * reserved name but ours, which stand last and once, and written again is the
 * same. The first byte chooses: a request, a response, a trailer section.
 */
#include "fuzz.h"
#include "proto/chunked.h"
#include "proto/rewrite.h"

enum { OUT_MAX = 2 * HEAD_BYTES_MAX };

static const struct reserved mine = { .len = 1, .names = { SLICE("X_Mine") } };

static const struct slice identity = SLICE("Cf-Client-Cert-Sha256: genuine\r\n"
                                           "X-Mine: genuine too\r\n");

/* The list of reserved.c by hand: a prefix that went missing there is missed here. */
static const char *const reserved_prefixes[] = {
	"cf-client-cert",
	"cf-cert-",
	"client-cert",
	"ssl-client",
	"wl-proxy-client-cert",
	"x-amzn-mtls-",
	"x-arr-clientcert",
	"x-cert-",
	"x-client-cert",
	"x-client-dn",
	"x-client-verify",
	"x-forwarded-client-cert",
	"x-forwarded-ssl-client-cert",
	"x-forwarded-tls-client-cert",
	"x-ssl-",
	"x-mine",
};

static int slow_fold(int c)
{
	c = slow_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

static bool slow_reserved(struct slice name)
{
	for (size_t p = 0; p < ARRAY_LEN(reserved_prefixes); p++) {
		const char *prefix = reserved_prefixes[p];
		size_t i = 0;

		while (i < name.len && prefix[i] != '\0' && slow_fold(name.ptr[i]) == prefix[i])
			i++;
		if (prefix[i] == '\0')
			return true;
	}
	return false;
}

static bool slow_hop(struct slice name)
{
	static const char *const names[] = { "keep-alive",          "te",
		                             "proxy-connection",    "proxy",
		                             "proxy-authorization", "http2-settings" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slow_is(name, names[i]))
			return true;
	return false;
}

static size_t slow_reserved_count(const struct head *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->fields_len; i++)
		n += slow_reserved(h->fields[i].name);
	return n;
}

static enum refusal write_request(const struct head *h, struct sink *out,
                                  struct framing *out_framing, uint32_t *out_stripped)
{
	struct hostname host;
	struct rewrite_request rw = {
		.head = h, .framing = out_framing, .reserved = &mine, .identity = identity
	};
	enum refusal r = framing_request(h, UINT64_MAX, out_framing);

	if (r == REFUSAL_NONE)
		r = authority_of(h, &host, &rw.authority);
	return r == REFUSAL_NONE ? rewrite_request(&rw, out, out_stripped) : r;
}

/* Where it is asked for, the client's X-Forwarded-Client-Cert goes on, in one field and before
 * what is ours, and nothing else that is reserved does. */
static void check_forwarded(const struct head *before, struct framing *framing)
{
	static uint8_t room[OUT_MAX];
	const char *const name = "X-Forwarded-Client-Cert";
	struct sink out = sink_of(room, sizeof(room));
	struct rewrite_request rw = { .head = before,
		                      .framing = framing,
		                      .reserved = &mine,
		                      .identity = identity,
		                      .keeps_xfcc = true };
	uint32_t stripped = 0;
	struct head h;
	size_t kept;

	if (rewrite_request(&rw, &out, &stripped) != REFUSAL_NONE || out.len > HEAD_BYTES_MAX)
		return;
	must(head_parse_request(sink_slice(&out), &widest, &h) == REFUSAL_NONE);
	kept = slow_count(&h, name);
	must(kept <= 1);
	must(kept <= slow_count(before, name));
	must(slow_reserved_count(&h) == 2 + kept);
	must(stripped <= slow_reserved_count(before) - kept);
	must(h.fields_len >= 2 + kept);
	if (kept == 1)
		must(slow_is(h.fields[h.fields_len - 3].name, name));
}

static void check_written_request(const struct head *h)
{
	must(slow_reserved_count(h) == 2);
	must(h->fields_len >= 2);
	must(slow_is(h->fields[h->fields_len - 2].name, "Cf-Client-Cert-Sha256"));
	must(slow_is(h->fields[h->fields_len - 2].value, "genuine"));
	must(slow_is(h->fields[h->fields_len - 1].name, "X-Mine"));
	must(slow_is(h->fields[h->fields_len - 1].value, "genuine too"));
	must(slow_count(h, "host") <= 1);
	must(slow_count(h, "trailer") == 0);
	must(slow_count(h, "connection") <= 1);
	for (size_t i = 0; i < h->fields_len; i++)
		must(!slow_hop(h->fields[i].name));
	must(h->target.ptr[0] == '/' || slow_is(h->target, "*"));
}

/* Is @name in the list @value? Quotes are another's to understand: no list then. */
static bool slow_listed(struct slice value, struct slice name)
{
	size_t start = 0;

	if (value.len == 0 || memchr(value.ptr, '"', value.len))
		return false;
	for (size_t i = 0; i <= value.len; i++) {
		size_t end = i;
		size_t j = 0;

		if (i < value.len && value.ptr[i] != ',')
			continue;
		while (start < end && (value.ptr[start] == ' ' || value.ptr[start] == '\t'))
			start++;
		while (end > start && (value.ptr[end - 1] == ' ' || value.ptr[end - 1] == '\t'))
			end--;
		while (j < name.len && start + j < end &&
		       slow_lower(name.ptr[j]) == slow_lower(value.ptr[start + j]))
			j++;
		if (j == name.len && start + j == end)
			return true;
		start = i + 1;
	}
	return false;
}

/* The client's fields that its Connection names are gone; what we say ourselves is not. */
static void check_named(const struct head *before, const struct head *after)
{
	static const char *const own[] = { "host",    "content-length", "transfer-encoding",
		                           "upgrade", "connection",     "expect" };

	for (size_t i = 0; i + 2 < after->fields_len; i++) {
		struct slice name = after->fields[i].name;
		bool is_own = false;

		for (size_t j = 0; j < ARRAY_LEN(own); j++)
			is_own |= slow_is(name, own[j]);
		for (size_t j = 0; j < before->fields_len && !is_own; j++)
			must(!slow_is(before->fields[j].name, "connection") ||
			     !slow_listed(before->fields[j].value, name) || slow_is(name, "close"));
	}
}

static void check_request(struct slice in)
{
	static uint8_t room[OUT_MAX];
	static uint8_t again[OUT_MAX];
	static const struct head_limits limits = { HEAD_BYTES_MAX, HEAD_BYTES_MAX,
		                                   HEAD_FIELDS_MAX - 5 };
	struct sink out = sink_of(room, sizeof(room));
	struct sink out2 = sink_of(again, sizeof(again));
	struct head before;
	struct head h;
	struct framing f;
	struct framing f2;
	uint32_t stripped = 0;
	size_t end = 0;

	if (head_parse_request(in, &limits, &before) != REFUSAL_NONE)
		return;
	if (write_request(&before, &out, &f, &stripped) != REFUSAL_NONE)
		return;
	must(stripped == slow_reserved_count(&before));
	if (out.len > HEAD_BYTES_MAX)
		return; /* "A:b" became "A: b": the parser's limit is passed */
	must(head_end(sink_slice(&out), 0, HEAD_BYTES_MAX, &end) == REFUSAL_NONE);
	must(end == out.len);
	must(head_parse_request(sink_slice(&out), &widest, &h) == REFUSAL_NONE);
	check_written_request(&h);
	check_named(&before, &h);
	check_forwarded(&before, &f);
	must(write_request(&h, &out2, &f2, &stripped) == REFUSAL_NONE);
	must(stripped == 2);
	must(slice_eq(sink_slice(&out), sink_slice(&out2)));
	must(f.kind == f2.kind);
	must(f.length == f2.length);
	must(f.expects_continue == f2.expects_continue);
	must(f.wants_upgrade == f2.wants_upgrade);
	must(f2.keep_alive == (h.minor == 1));
}

static void check_response(struct slice in, bool is_head, bool keep_alive)
{
	static uint8_t room[OUT_MAX];
	static const struct head_limits limits = { HEAD_BYTES_MAX, HEAD_BYTES_MAX,
		                                   HEAD_FIELDS_MAX - 2 };
	struct sink out = sink_of(room, sizeof(room));
	struct head h;
	struct framing f;
	struct framing f2;
	struct rewrite_response rw = { .head = &h, .framing = &f };

	if (head_parse_response(in, &limits, &h) != REFUSAL_NONE)
		return;
	if (framing_response(&h, is_head, true, &f) != REFUSAL_NONE)
		return;
	rw.keep_alive = keep_alive && f.kind != BODY_UNTIL_CLOSE;
	if (rewrite_response(&rw, &out) != REFUSAL_NONE || out.len > HEAD_BYTES_MAX)
		return;
	must(head_parse_response(sink_slice(&out), &widest, &h) == REFUSAL_NONE);
	must(framing_response(&h, is_head, true, &f2) == REFUSAL_NONE);
	must(f.kind == f2.kind);
	must(f.length == f2.length);
	if (h.status >= 200)
		must(f2.keep_alive == rw.keep_alive);
	must(slow_count(&h, "client-cert") == 0);
	must(slow_count(&h, "client-cert-chain") == 0);
	for (size_t i = 0; i < h.fields_len; i++)
		must(!slow_hop(h.fields[i].name));
}

static void check_trailer(struct slice in)
{
	static uint8_t room[OUT_MAX];
	static uint8_t again[OUT_MAX];
	static uint8_t text[OUT_MAX];
	struct sink out = sink_of(room, sizeof(room));
	struct sink out2 = sink_of(again, sizeof(again));
	struct sink whole = sink_of(text, sizeof(text));
	struct head h;
	size_t end = 0;

	if (trailer_end(in, &end) != REFUSAL_NONE || end == 0)
		return;
	if (rewrite_trailer(slice_sub(in, 0, end), &mine, &out) != REFUSAL_NONE)
		return;
	must(rewrite_trailer(sink_slice(&out), &mine, &out2) == REFUSAL_NONE);
	must(slice_eq(sink_slice(&out), sink_slice(&out2)));
	sink_put(&whole, SLICE("HTTP/1.1 200 OK\r\n"));
	sink_put(&whole, sink_slice(&out));
	if (head_parse_response(sink_slice(&whole), &widest, &h) == REFUSAL_TOO_MANY_FIELDS)
		return;
	must(head_parse_response(sink_slice(&whole), &widest, &h) == REFUSAL_NONE);
	must(slow_reserved_count(&h) == 0);
	must(slow_count(&h, "content-length") + slow_count(&h, "transfer-encoding") == 0);
	must(slow_count(&h, "host") + slow_count(&h, "connection") + slow_count(&h, "cookie") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest;

	if (len == 0)
		return 0;
	rest = slice_of(data + 1, len - 1);
	if (data[0] == 't')
		check_trailer(rest);
	else if (data[0] >= '0' && data[0] <= '3')
		check_response(rest, data[0] & 1, data[0] & 2);
	else
		check_request(rest);
	return 0;
}
