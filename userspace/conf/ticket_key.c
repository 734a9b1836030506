/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/ticket_key.h"

#include <errno.h>

#include "base/text.h"

int ticket_key_read(struct slice digits, struct ticket_key *out)
{
	uint8_t bytes[TICKET_KEY_BYTES];
	int r = text_unhex(digits, bytes, sizeof(bytes));

	if (r == 0) {
		memcpy(out->name, bytes, sizeof(out->name));
		memcpy(out->cipher, bytes + sizeof(out->name), sizeof(out->cipher));
		memcpy(out->mac, bytes + sizeof(out->name) + sizeof(out->cipher), sizeof(out->mac));
		out->made = 0;
	}
	explicit_bzero(bytes, sizeof(bytes));
	return r;
}

void ticket_key_put(const struct ticket_key *k, struct sink *out)
{
	text_hex(out, slice_of(k->name, sizeof(k->name)));
	text_hex(out, slice_of(k->cipher, sizeof(k->cipher)));
	text_hex(out, slice_of(k->mac, sizeof(k->mac)));
}

/* Takes a line off the front, without its end. */
static struct slice take_line(struct slice *text)
{
	const uint8_t *end = memchr(text->ptr, '\n', text->len);
	size_t len = end ? (size_t)(end - text->ptr) : text->len;
	struct slice line = slice_sub(*text, 0, len);

	*text = slice_sub(*text, len + (end != NULL), text->len - len - (end != NULL));
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

static int add(struct ticket_keys *keys, struct slice line)
{
	struct ticket_key *k = &keys->rows[keys->len];

	if (keys->len == TICKET_KEYS_MAX)
		return -E2BIG;
	if (ticket_key_read(line, k) < 0)
		return -EINVAL;
	for (size_t n = 0; n < keys->len; n++)
		if (memcmp(keys->rows[n].name, k->name, sizeof(k->name)) == 0)
			return -EEXIST;
	keys->len++;
	return 0;
}

int ticket_keys_read(struct slice text, struct ticket_keys *out, size_t *out_line)
{
	struct ticket_keys keys = { .len = 0 };
	size_t number = 0;
	int r = 0;

	while (r == 0 && text.len > 0) {
		struct slice line = take_line(&text);

		number++;
		if (line.len > 0 && line.ptr[0] != '#')
			r = add(&keys, line);
	}
	if (r == 0 && keys.len == 0)
		r = -ENODATA;
	if (r == 0)
		*out = keys;
	else
		*out_line = number;
	explicit_bzero(&keys, sizeof(keys));
	return r;
}

const char *ticket_keys_error(int error)
{
	switch (error) {
	case -EINVAL:
		return "not 160 hexadecimal digits (openssl rand -hex 80)";
	case -EEXIST:
		return "begins like a key before it: its first 32 digits are its name";
	case -E2BIG:
		return "more than 3 keys";
	default:
		return "no key in it";
	}
}

bool ticket_keys_eq(const struct ticket_keys *a, const struct ticket_keys *b)
{
	return a->len == b->len && memcmp(a->rows, b->rows, a->len * sizeof(a->rows[0])) == 0;
}
