/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/clienthello.h"

#include "base/text.h"

enum {
	RECORD_HEADER_BYTES = 5,
	MESSAGE_HEADER_BYTES = 4,
	VERSION_AND_RANDOM_BYTES = 34,
	RECORD_BYTES_MAX = 16384,
	MESSAGE_BYTES_MAX = 131396, /* as OpenSSL */
	SESSION_ID_BYTES_MAX = 32,
	RECORD_HANDSHAKE = 0x16,
	MESSAGE_CLIENT_HELLO = 1,
	EXTENSION_SERVER_NAME = 0,
	NAME_TYPE_HOST = 0,
};

/* A reader of the message. The message may go on behind what is there to read. */
struct reader {
	const uint8_t *bytes;
	size_t at;
	size_t there; /* bytes that can be read */
	size_t end;   /* of the message */
	enum clienthello short_of;
	enum clienthello stopped; /* why get() failed */
};

static bool get(struct reader *r, size_t bytes, size_t *out)
{
	size_t value = 0;

	if (bytes > r->end - r->at) {
		r->stopped = CLIENTHELLO_BAD;
		return false;
	}
	if (r->at + bytes > r->there) {
		r->stopped = r->short_of;
		return false;
	}
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | r->bytes[r->at + i];
	r->at += bytes;
	*out = value;
	return true;
}

/* What follows may lie behind what is there, but not behind the message. */
static bool skip(struct reader *r, size_t bytes)
{
	if (bytes > r->end - r->at) {
		r->stopped = CLIENTHELLO_BAD;
		return false;
	}
	r->at += bytes;
	return true;
}

static bool stop(struct reader *r, enum clienthello why)
{
	r->stopped = why;
	return false;
}

/* Record and message header. Each byte is judged as soon as it is there. */
static bool read_headers(struct reader *r)
{
	const uint8_t *b = r->bytes;
	size_t record;
	size_t message;

	if (r->there >= 1 && b[0] != RECORD_HANDSHAKE)
		return stop(r, CLIENTHELLO_NOT_TLS);
	if (r->there >= 2 && b[1] != 3)
		return stop(r, CLIENTHELLO_NOT_TLS);
	if (r->there < RECORD_HEADER_BYTES)
		return stop(r, r->short_of);
	record = (size_t)b[3] << 8 | b[4];
	if (record == 0 || record > RECORD_BYTES_MAX)
		return stop(r, CLIENTHELLO_BAD);
	if (r->there == RECORD_HEADER_BYTES)
		return stop(r, r->short_of);
	if (b[RECORD_HEADER_BYTES] != MESSAGE_CLIENT_HELLO)
		return stop(r, CLIENTHELLO_NOT_TLS);
	if (r->there >= RECORD_HEADER_BYTES + record) {
		r->there = RECORD_HEADER_BYTES + record; /* the next header is no part of it */
		r->short_of = CLIENTHELLO_BEYOND;
	}
	r->at = RECORD_HEADER_BYTES + 1;
	if (!get(r, MESSAGE_HEADER_BYTES - 1, &message))
		return false;
	if (message > MESSAGE_BYTES_MAX)
		return stop(r, CLIENTHELLO_BAD);
	r->end = r->at + message;
	return true;
}

/* Everything before the extensions. */
static bool read_fixed(struct reader *r)
{
	size_t len;

	if (!skip(r, VERSION_AND_RANDOM_BYTES) || !get(r, 1, &len))
		return false;
	if (len > SESSION_ID_BYTES_MAX)
		return stop(r, CLIENTHELLO_BAD);
	if (!skip(r, len) || !get(r, 2, &len))
		return false;
	if (len < 2 || len % 2 != 0)
		return stop(r, CLIENTHELLO_BAD);
	if (!skip(r, len) || !get(r, 1, &len))
		return false;
	if (len == 0)
		return stop(r, CLIENTHELLO_BAD);
	if (!skip(r, len))
		return false;
	if (r->at == r->end)
		return stop(r, CLIENTHELLO_NO_NAME);
	if (!get(r, 2, &len))
		return false;
	return len == r->end - r->at || stop(r, CLIENTHELLO_BAD);
}

/* The body of server_name, @len bytes: a list of one. */
static bool read_server_name(struct reader *r, size_t len, struct slice *out)
{
	size_t list;
	size_t type;
	size_t name;

	if (len < 5)
		return stop(r, CLIENTHELLO_BAD);
	if (r->at + 5 > r->there)
		return stop(r, r->short_of);
	if (!get(r, 2, &list) || !get(r, 1, &type) || !get(r, 2, &name))
		return false;
	if (list != len - 2 || type != NAME_TYPE_HOST || name != len - 5)
		return stop(r, CLIENTHELLO_BAD);
	if (name == 0 || name > HOST_NAME_MAX_BYTES)
		return stop(r, CLIENTHELLO_BAD_NAME);
	if (r->at + name > r->there)
		return stop(r, r->short_of);
	*out = slice_of(r->bytes + r->at, name);
	return skip(r, name);
}

/* One extension. Return: false ends the walk. */
static bool read_extension(struct reader *r, struct slice *name)
{
	size_t type;
	size_t len;

	if (r->end - r->at < 4)
		return stop(r, CLIENTHELLO_BAD);
	if (r->at + 4 > r->there)
		return stop(r, r->short_of);
	if (!get(r, 2, &type) || !get(r, 2, &len))
		return false;
	if (len > r->end - r->at)
		return stop(r, CLIENTHELLO_BAD);
	if (type != EXTENSION_SERVER_NAME)
		return skip(r, len);
	if (name->len > 0)
		return stop(r, CLIENTHELLO_BAD); /* twice */
	return read_server_name(r, len, name);
}

/* All extensions, because server_name may come twice. A walk that ends for want of bytes
 * keeps what it has found. */
static enum clienthello walk(struct reader *r, struct slice *name)
{
	if (!read_headers(r) || !read_fixed(r))
		return r->stopped;
	for (size_t i = 0; r->at < r->end; i++) {
		if (i == CLIENTHELLO_EXTENSIONS) {
			r->stopped = CLIENTHELLO_BEYOND;
			break;
		}
		if (!read_extension(r, name)) {
			if (r->stopped == CLIENTHELLO_BAD || r->stopped == CLIENTHELLO_BAD_NAME)
				return r->stopped;
			break;
		}
		r->stopped = CLIENTHELLO_NO_NAME;
	}
	return name->len > 0 ? CLIENTHELLO_NAME : r->stopped;
}

enum clienthello clienthello_name(struct slice first, struct hostname *out)
{
	bool cut = first.len >= CLIENTHELLO_WINDOW;
	struct reader r = {
		.bytes = first.ptr,
		.there = cut ? CLIENTHELLO_WINDOW : first.len,
		.end = SIZE_MAX,
		.short_of = cut ? CLIENTHELLO_BEYOND : CLIENTHELLO_MORE,
		.stopped = CLIENTHELLO_NO_NAME,
	};
	struct slice name = { .len = 0 };
	enum clienthello found = walk(&r, &name);

	if (found != CLIENTHELLO_NAME)
		return found;
	name.len -= name.ptr[name.len - 1] == '.';
	if (name.len == 0 || name.ptr[0] == '*' || memchr(name.ptr, '\0', name.len))
		return CLIENTHELLO_BAD_NAME;
	for (size_t i = 0; i < name.len; i++)
		out->bytes[i] = text_lower(name.ptr[i]);
	out->len = (uint8_t)name.len;
	return CLIENTHELLO_NAME;
}
