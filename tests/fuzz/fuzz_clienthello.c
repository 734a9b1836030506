/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Oracle: a second reading that copies the message out of its record first, lists the
 * extensions and then looks into the list. Only of whole, undamaged input are the two
 * to agree in everything; of a part, the answer may not change with more bytes, except
 * from "more" to something else, or to a mistake behind the name.
 */
#include "fuzz.h"
#include "proto/clienthello.h"

enum { SLOW_EXTENSIONS = 20000 };

struct slow_extension {
	size_t type;
	struct slice body;
};

struct slow_hello {
	struct slow_extension list[SLOW_EXTENSIONS];
	size_t len;
};

static struct slow_hello slow;

/* The next @bytes as a number; false when they are not there. */
static bool slow_number(struct slice *s, size_t bytes, size_t *out)
{
	*out = 0;
	if (s->len < bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		*out = *out * 256 + s->ptr[i];
	*s = slice_sub(*s, bytes, s->len - bytes);
	return true;
}

/* The next vector with a length of @bytes bytes in front. */
static bool slow_vector(struct slice *s, size_t bytes, struct slice *out)
{
	size_t len;

	if (!slow_number(s, bytes, &len) || s->len < len)
		return false;
	*out = slice_sub(*s, 0, len);
	*s = slice_sub(*s, len, s->len - len);
	return true;
}

/* A whole message, without its header. */
static bool slow_message(struct slice m)
{
	struct slice session;
	struct slice ciphers;
	struct slice compression;
	struct slice all;

	slow.len = 0;
	if (m.len < 34)
		return false;
	m = slice_sub(m, 34, m.len - 34);
	if (!slow_vector(&m, 1, &session) || session.len > 32 || !slow_vector(&m, 2, &ciphers) ||
	    ciphers.len == 0 || ciphers.len % 2 == 1 || !slow_vector(&m, 1, &compression) ||
	    compression.len == 0)
		return false;
	if (m.len == 0)
		return true;
	if (!slow_vector(&m, 2, &all) || m.len > 0)
		return false;
	while (all.len > 0) {
		struct slow_extension *e = &slow.list[slow.len++];

		if (!slow_number(&all, 2, &e->type) || !slow_vector(&all, 2, &e->body))
			return false;
	}
	return true;
}

/* The name in a whole message that is right but for what is in server_name. */
static enum clienthello slow_name(struct slice *out)
{
	struct slice list = { .len = 0 };
	struct slice body;
	size_t found = 0;
	size_t type;

	for (size_t i = 0; i < slow.len; i++) {
		if (slow.list[i].type != 0)
			continue;
		body = slow.list[i].body;
		if (found++ > 0 || !slow_vector(&body, 2, &list) || body.len > 0 ||
		    !slow_number(&list, 1, &type) || type != 0 || !slow_vector(&list, 2, out) ||
		    list.len > 0)
			return CLIENTHELLO_BAD;
		if (out->len == 0 || out->len > 255)
			return CLIENTHELLO_BAD_NAME;
	}
	if (found == 0)
		return CLIENTHELLO_NO_NAME;
	if (out->ptr[out->len - 1] == '.')
		*out = slice_sub(*out, 0, out->len - 1);
	if (out->len == 0 || out->ptr[0] == '*')
		return CLIENTHELLO_BAD_NAME;
	for (size_t i = 0; i < out->len; i++)
		if (out->ptr[i] == 0)
			return CLIENTHELLO_BAD_NAME;
	return CLIENTHELLO_NAME;
}

/* One record with one whole message and nothing behind, all of it in the window? */
static bool is_whole(struct slice in, struct slice *message)
{
	size_t ignored;
	struct slice record;

	if (in.len > CLIENTHELLO_WINDOW || in.len < 9 || in.ptr[0] != 0x16 || in.ptr[1] != 3 ||
	    in.ptr[5] != 1)
		return false;
	if (!slow_number(&in, 3, &ignored) || !slow_vector(&in, 2, &record) || in.len > 0)
		return false;
	return slow_number(&record, 1, &ignored) && slow_vector(&record, 3, message) &&
	       record.len == 0;
}

static void check_whole(struct slice in)
{
	struct hostname name = { .len = 0 };
	enum clienthello got = clienthello_name(in, &name);
	struct slice message;
	struct slice want = { .len = 0 };
	enum clienthello expected;

	if (!is_whole(in, &message))
		return;
	expected = slow_message(message) ? slow_name(&want) : CLIENTHELLO_BAD;
	if (slow.len > CLIENTHELLO_EXTENSIONS)
		return;
	/* of two mistakes the one that comes first is told */
	if (expected == CLIENTHELLO_BAD && got == CLIENTHELLO_BAD_NAME)
		return;
	must(got == expected);
	if (got != CLIENTHELLO_NAME)
		return;
	must(name.len == want.len);
	for (size_t i = 0; i < want.len; i++)
		must(name.bytes[i] == slow_lower(want.ptr[i]));
}

static bool may_follow(enum clienthello part, enum clienthello whole)
{
	if (part == CLIENTHELLO_MORE || part == whole)
		return true;
	return (part == CLIENTHELLO_NAME || part == CLIENTHELLO_BAD_NAME) &&
	       whole == CLIENTHELLO_BAD;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct hostname whole_name;
	struct hostname part_name;
	enum clienthello whole;
	enum clienthello part;
	size_t cut;

	if (len == 0 || len > 65536)
		return 0;
	cut = data[len - 1] * len / 256;
	check_whole(slice_of(data, len));
	whole = clienthello_name(slice_of(data, len), &whole_name);
	part = clienthello_name(slice_of(data, cut), &part_name);
	must(may_follow(part, whole));
	if (part == CLIENTHELLO_NAME && whole == CLIENTHELLO_NAME)
		must(slice_eq(hostname_slice(&part_name), hostname_slice(&whole_name)));
	return 0;
}
