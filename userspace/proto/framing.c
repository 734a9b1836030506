/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/framing.h"

#include "base/text.h"
#include "proto/known.h"
#include "proto/list.h"

/* What all fields of a head say about framing, gathered in one pass. */
struct facts {
	size_t lengths;
	size_t codings;
	size_t expects;
	bool close;
	bool keep_alive;
	bool connection_upgrade;
	bool upgrade;         /* an Upgrade field that names something */
	bool upgrade_refused; /* and something we do not pass on */
	struct slice length;  /* the last of each */
	struct slice coding;
	struct slice expect;
};

/*
 * Protocols whose bytes are HTTP requests or hide them: in a tunnel the client
 * would write identity headers of its own. The Upgrade is then ignored, which a
 * server may always do (RFC 9110 section 7.8).
 */
static bool protocol_is_http(struct slice protocol)
{
	static const struct slice names[] = { SLICE("h2c"), SLICE("h2"), SLICE("http"),
		                              SLICE("tls") };
	const uint8_t *slash = memchr(protocol.ptr, '/', protocol.len);

	if (slash)
		protocol.len = (size_t)(slash - protocol.ptr);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (text_eq_nocase(protocol, names[i]))
			return true;
	return false;
}

static void gather_connection(struct slice rest, struct facts *f)
{
	struct slice member = { 0 };

	while (list_next(&rest, &member)) {
		f->close |= text_eq_nocase(member, SLICE("close"));
		f->keep_alive |= text_eq_nocase(member, SLICE("keep-alive"));
		f->connection_upgrade |= text_eq_nocase(member, SLICE("upgrade"));
	}
}

static void gather_upgrade(struct slice rest, struct facts *f)
{
	struct slice member = { 0 };

	while (list_next(&rest, &member)) {
		f->upgrade = true;
		f->upgrade_refused |= protocol_is_http(member);
	}
}

static struct facts gather(const struct head *head)
{
	struct facts f = { 0 };

	for (size_t i = 0; i < head->fields_len; i++) {
		struct slice value = head->fields[i].value;

		switch (known_field(head->fields[i].name)) {
		case KNOWN_CONTENT_LENGTH:
			f.lengths++;
			f.length = value;
			break;
		case KNOWN_TRANSFER_ENCODING:
			f.codings++;
			f.coding = value;
			break;
		case KNOWN_EXPECT:
			f.expects++;
			f.expect = value;
			break;
		case KNOWN_CONNECTION:
			gather_connection(value, &f);
			break;
		case KNOWN_UPGRADE:
			gather_upgrade(value, &f);
			break;
		default:
			break;
		}
	}
	return f;
}

static bool persists(const struct facts *f, unsigned int minor)
{
	return !f->close && (minor == 1 || f->keep_alive);
}

/* Codings under a final "chunked" could be passed on by none but who knows them;
 * without a final "chunked" the end of the body is anybody's guess. */
static enum refusal refuse_coding(const struct head *head)
{
	struct slice last = { 0 };
	size_t chunked = 0;

	for (size_t i = 0; i < head->fields_len; i++) {
		struct slice rest = head->fields[i].value;

		if (known_field(head->fields[i].name) != KNOWN_TRANSFER_ENCODING)
			continue;
		while (list_next(&rest, &last))
			chunked += text_eq_nocase(last, SLICE("chunked"));
	}
	return chunked == 1 && text_eq_nocase(last, SLICE("chunked")) ? REFUSAL_CODING_UNSUPPORTED
	                                                              : REFUSAL_CODING_NOT_FINAL;
}

static enum refusal body_by_coding(const struct head *head, const struct facts *f,
                                   struct framing *out)
{
	if (head->minor == 0)
		return REFUSAL_CODING_HTTP10;
	if (f->lengths > 0)
		return REFUSAL_LENGTH_AND_CODING;
	if (f->codings > 1 || !text_eq_nocase(f->coding, SLICE("chunked")))
		return refuse_coding(head);
	out->kind = BODY_CHUNKED;
	return REFUSAL_NONE;
}

static enum refusal body_by_length(const struct facts *f, struct framing *out)
{
	uint64_t length = 0;

	if (f->lengths > 1)
		return REFUSAL_LENGTH_DIFFERS;
	if (text_parse_u64(f->length, &length) < 0 || length > INT64_MAX)
		return REFUSAL_LENGTH_INVALID;
	out->kind = length > 0 ? BODY_LENGTH : BODY_NONE;
	out->length = length;
	return REFUSAL_NONE;
}

static enum refusal ask_continue(const struct head *head, const struct facts *f,
                                 struct framing *out)
{
	if (f->expects == 0)
		return REFUSAL_NONE;
	if (f->expects > 1 || !text_eq_nocase(f->expect, SLICE("100-continue")))
		return REFUSAL_EXPECTATION;
	/* HTTP/1.0 cannot mean it; without a body there is nothing to wait for. */
	out->expects_continue = head->minor == 1 && out->kind != BODY_NONE;
	return REFUSAL_NONE;
}

static enum refusal ask_upgrade(const struct head *head, const struct facts *f, struct framing *out)
{
	if (head->minor == 0 || !f->upgrade || !f->connection_upgrade || f->upgrade_refused)
		return REFUSAL_NONE;
	if (out->kind != BODY_NONE)
		return REFUSAL_UPGRADE;
	out->wants_upgrade = true;
	return REFUSAL_NONE;
}

enum refusal framing_request(const struct head *head, uint64_t body_max, struct framing *out)
{
	struct facts f;
	struct framing fr = { .kind = BODY_NONE };
	enum refusal r = REFUSAL_NONE;

	/* Any case: an origin that takes "trace" for TRACE would echo our headers. */
	if (text_eq_nocase(head->method, SLICE("CONNECT")) ||
	    text_eq_nocase(head->method, SLICE("TRACE")))
		return REFUSAL_METHOD_UNSUPPORTED;
	f = gather(head);
	if (f.codings > 0)
		r = body_by_coding(head, &f, &fr);
	else if (f.lengths > 0)
		r = body_by_length(&f, &fr);
	if (r != REFUSAL_NONE)
		return r;
	if (fr.length > body_max)
		return REFUSAL_BODY_TOO_LARGE;
	r = ask_continue(head, &f, &fr);
	if (r == REFUSAL_NONE)
		r = ask_upgrade(head, &f, &fr);
	if (r != REFUSAL_NONE)
		return r;
	fr.keep_alive = persists(&f, head->minor);
	*out = fr;
	return REFUSAL_NONE;
}

static bool switch_is_sane(const struct head *head, const struct facts *f, bool may_switch)
{
	return may_switch && head->minor == 1 && f->upgrade && f->connection_upgrade &&
	       !f->upgrade_refused;
}

enum refusal framing_response(const struct head *head, bool is_head, bool may_switch,
                              struct framing *out)
{
	const struct facts f = gather(head);
	const bool interim = head->status < 200;
	struct framing fr = { .kind = BODY_UNTIL_CLOSE };
	enum refusal r = REFUSAL_NONE;

	if (f.codings > 0)
		r = body_by_coding(head, &f, &fr);
	else if (f.lengths > 0)
		r = body_by_length(&f, &fr);
	if (r != REFUSAL_NONE)
		return REFUSAL_ORIGIN_BROKEN;
	if (interim || head->status == 204 || head->status == 304 || is_head)
		fr = (struct framing){ .kind = BODY_NONE };
	fr.keep_alive = persists(&f, head->minor) && fr.kind != BODY_UNTIL_CLOSE;
	if (head->status == 101) {
		if (!switch_is_sane(head, &f, may_switch))
			return REFUSAL_ORIGIN_BROKEN;
		fr = (struct framing){ .kind = BODY_TUNNEL };
	}
	*out = fr;
	return REFUSAL_NONE;
}
