/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/rewrite.h"

#include "base/text.h"
#include "proto/byte.h"
#include "proto/field.h"
#include "proto/known.h"
#include "proto/list.h"
#include "proto/target.h"

/* The field names that a Connection field lists; what we drop anyway is not among them. */
struct named {
	size_t len;
	struct slice names[CONNECTION_NAMES_MAX];
};

static bool named_by(struct slice rest, struct named *n)
{
	struct slice member = { 0 };

	while (list_next(&rest, &member)) {
		if (known_kind(known_field(member)) != KIND_END ||
		    text_eq_nocase(member, SLICE("close")))
			continue;
		if (n->len == CONNECTION_NAMES_MAX)
			return false;
		n->names[n->len++] = member;
	}
	return true;
}

static bool named_in_connection(const struct head *head, struct named *n)
{
	n->len = 0;
	for (size_t i = 0; i < head->fields_len; i++)
		if (known_field(head->fields[i].name) == KNOWN_CONNECTION &&
		    !named_by(head->fields[i].value, n))
			return false;
	return true;
}

static bool named_has(const struct named *n, struct slice name)
{
	for (size_t i = 0; i < n->len; i++)
		if (n->names[i].len == name.len && text_eq_nocase(n->names[i], name))
			return true;
	return false;
}

/* Proxy itself too: CGI would make HTTP_PROXY of it, which libraries obey. */
static bool is_proxy_field(struct slice name)
{
	const struct slice prefix = SLICE("proxy-");

	return name.len >= prefix.len && text_eq_nocase(slice_sub(name, 0, prefix.len), prefix);
}

/* One look for room, then no more: this writes most of every head. */
static void put_field(struct sink *out, struct slice name, struct slice value)
{
	size_t len = name.len + value.len + 4;
	uint8_t *at;

	if (out->overflow || len > sink_room(out)) {
		out->overflow = true;
		return;
	}
	at = out->ptr + out->len;
	memcpy(at, name.ptr, name.len);
	at += name.len;
	*at++ = ':';
	*at++ = ' ';
	if (value.len > 0)
		memcpy(at, value.ptr, value.len);
	at += value.len;
	*at++ = '\r';
	*at++ = '\n';
	out->len += len;
}

static void put_length(struct sink *out, uint64_t length)
{
	sink_put(out, SLICE("Content-Length: "));
	text_u64(out, length);
	sink_put(out, SLICE("\r\n"));
}

/* A body of no bytes that the sender declared is declared again: POST without a
 * length is refused by some origins, and a client would wait for one without end. */
static void put_framing(struct sink *out, const struct head *head, const struct framing *framing)
{
	const struct field *declared;
	uint64_t length = 0;

	switch (framing->kind) {
	case BODY_LENGTH:
		put_length(out, framing->length);
		return;
	case BODY_CHUNKED:
		sink_put(out, SLICE("Transfer-Encoding: chunked\r\n"));
		return;
	case BODY_NONE:
		if (head->status != 0 && (head->status < 200 || head->status == 204))
			return;
		declared = head_find(head, SLICE("content-length"));
		if (declared && text_parse_u64(declared->value, &length) == 0)
			put_length(out, length);
		return;
	case BODY_UNTIL_CLOSE:
	case BODY_TUNNEL:
		return;
	}
}

static enum refusal finish(struct sink *out, size_t start)
{
	sink_put(out, SLICE("\r\n"));
	if (!out->overflow)
		return REFUSAL_NONE;
	out->len = start; /* nothing of a head that is not whole */
	return REFUSAL_HEAD_TOO_LARGE;
}

static void put_target(struct sink *out, const struct head *head)
{
	struct target target;
	bool parsed = target_split(head->method, head->target, &target);

	must(parsed);
	if (target.form != TARGET_ABSOLUTE) {
		sink_put(out, head->target);
		return;
	}
	/* RFC 9112 section 3.2.4: OPTIONS without a path asks about the server. */
	if (target.path.len == 0 && slice_eq(head->method, SLICE("OPTIONS")))
		sink_putc(out, '*');
	else if (target.path.len == 0 || target.path.ptr[0] != '/')
		sink_putc(out, '/');
	sink_put(out, target.path);
}

static bool request_keeps(enum known known, const struct named *named, struct slice name)
{
	return known_kind(known) == KIND_END && known != KNOWN_TRAILER && !is_proxy_field(name) &&
	       !named_has(named, name);
}

static void put_request_connection(struct sink *out, const struct rewrite_request *in)
{
	if (in->framing->wants_upgrade)
		sink_put(out, SLICE("Connection: upgrade\r\n"));
	else if (in->head->minor == 0)
		sink_put(out, SLICE("Connection: close\r\n"));
	if (in->framing->expects_continue)
		sink_put(out, SLICE("Expect: 100-continue\r\n"));
}

static bool is_kept_xfcc(const struct rewrite_request *in, const struct field *f,
                         const struct named *named)
{
	return in->keeps_xfcc && f->value.len > 0 &&
	       text_eq_nocase(f->name, SLICE("X-Forwarded-Client-Cert")) &&
	       !named_has(named, f->name);
}

/* The identity, last; before its first value what the client says was forwarded to it. */
static void put_identity(struct sink *out, const struct rewrite_request *in,
                         const struct named *named)
{
	const struct slice start = SLICE("X-Forwarded-Client-Cert: ");
	struct slice own = in->identity;
	bool any = false;

	for (size_t i = 0; in->keeps_xfcc && i < in->head->fields_len; i++) {
		if (!is_kept_xfcc(in, &in->head->fields[i], named))
			continue;
		sink_put(out, any ? SLICE(",") : start);
		sink_put(out, in->head->fields[i].value);
		any = true;
	}
	if (any && own.len > start.len && slice_eq(slice_sub(own, 0, start.len), start)) {
		sink_putc(out, ',');
		own = slice_sub(own, start.len, own.len - start.len);
	} else if (any) {
		sink_put(out, SLICE("\r\n"));
	}
	sink_put(out, own);
}

enum refusal rewrite_request(const struct rewrite_request *in, struct sink *out,
                             uint32_t *out_stripped)
{
	const struct head *head = in->head;
	const size_t start = out->len;
	struct named named;
	uint32_t stripped = 0;
	enum refusal r;

	must(in->framing->kind <= BODY_CHUNKED);
	if (!named_in_connection(head, &named))
		return REFUSAL_HEAD_TOO_LARGE;
	sink_put(out, head->method);
	sink_putc(out, ' ');
	put_target(out, head);
	sink_put(out, head->minor == 1 ? SLICE(" HTTP/1.1\r\n") : SLICE(" HTTP/1.0\r\n"));
	if (in->authority.len > 0)
		put_field(out, SLICE("Host"), in->authority);
	for (size_t i = 0; i < head->fields_len; i++) {
		const struct field *f = &head->fields[i];
		const enum known known = known_field(f->name);

		if (reserved_has(in->reserved, f->name))
			stripped += !is_kept_xfcc(in, f, &named);
		else if (request_keeps(known, &named, f->name) ||
		         (known == KNOWN_UPGRADE && in->framing->wants_upgrade))
			put_field(out, f->name, f->value);
	}
	put_request_connection(out, in);
	put_framing(out, head, in->framing);
	put_identity(out, in, &named);
	r = finish(out, start);
	if (r == REFUSAL_NONE)
		*out_stripped = stripped;
	return r;
}

static bool vary_names_reserved(struct slice rest)
{
	struct slice member = { 0 };

	while (list_next(&rest, &member))
		if (reserved_has(NULL, member))
			return true;
	return false;
}

static void put_response_field(struct sink *out, const struct rewrite_response *in,
                               const struct field *f, const struct named *named)
{
	const enum known known = known_field(f->name);
	const enum body_kind body = in->framing->kind;

	if (known == KNOWN_UPGRADE && body == BODY_TUNNEL)
		put_field(out, f->name, f->value);
	if (known_kind(known) != KIND_END || is_proxy_field(f->name) || named_has(named, f->name))
		return;
	if (known == KNOWN_TRAILER && body != BODY_CHUNKED)
		return;
	if (known == KNOWN_VARY && vary_names_reserved(f->value))
		put_field(out, f->name, SLICE("*"));
	else
		put_field(out, f->name, f->value);
}

static void put_response_connection(struct sink *out, const struct rewrite_response *in)
{
	if (in->framing->kind == BODY_TUNNEL)
		sink_put(out, SLICE("Connection: upgrade\r\n"));
	else if (in->head->status < 200)
		return; /* the final answer says it */
	else if (!in->keep_alive)
		sink_put(out, SLICE("Connection: close\r\n"));
	else if (in->client_is_http10)
		sink_put(out, SLICE("Connection: keep-alive\r\n"));
}

enum refusal rewrite_response(const struct rewrite_response *in, struct sink *out)
{
	const struct head *head = in->head;
	const size_t start = out->len;
	struct named named;

	must(!in->keep_alive || in->framing->kind != BODY_UNTIL_CLOSE);
	if (in->client_is_http10 && in->framing->kind == BODY_CHUNKED)
		return REFUSAL_ORIGIN_BROKEN;
	if (!named_in_connection(head, &named))
		return REFUSAL_HEAD_TOO_LARGE;
	sink_put(out, SLICE("HTTP/1.1 "));
	text_u64(out, head->status);
	sink_putc(out, ' ');
	sink_put(out, head->reason);
	sink_put(out, SLICE("\r\n"));
	for (size_t i = 0; i < head->fields_len; i++)
		put_response_field(out, in, &head->fields[i], &named);
	put_response_connection(out, in);
	put_framing(out, head, in->framing);
	return finish(out, start);
}

enum refusal rewrite_trailer(struct slice in, const struct reserved *reserved, struct sink *out)
{
	const size_t start = out->len;
	size_t at = 0;

	while (!field_line_empty(in, at)) {
		struct field f;

		if (at == in.len || field_parse(in, &at, &f) != REFUSAL_NONE) {
			out->len = start;
			return REFUSAL_TRAILER;
		}
		if (known_field(f.name) == KNOWN_NONE && !is_proxy_field(f.name) &&
		    !reserved_has(reserved, f.name))
			put_field(out, f.name, f.value);
	}
	if (finish(out, start) != REFUSAL_NONE || at + 2 != in.len) {
		out->len = start;
		return REFUSAL_TRAILER;
	}
	return REFUSAL_NONE;
}
