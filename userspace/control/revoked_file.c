/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/revoked_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "control/part.h"
#include "tls/revoked.h"

/* Return: 1 an entry; 0 nothing; -EINVAL; -EIO. */
static int key_of(struct slice line, uint8_t *out)
{
	struct revoked_line l;
	int r = revoked_line(line, &l);

	if (r == 1 && l.serial.len > 0)
		r = revoked_by_serial(l.serial, l.issuer, out);
	else if (r == 1)
		r = revoked_fingerprint(l.fingerprint, out);
	else
		return r;
	return r < 0 ? r : 1;
}

/* Takes the first line off @text, without its end. */
static struct slice next_line(struct slice *text)
{
	const uint8_t *end = memchr(text->ptr, '\n', text->len);
	size_t len = end ? (size_t)(end - text->ptr) : text->len;
	struct slice line = slice_sub(*text, 0, len);
	size_t taken = end ? len + 1 : len;

	*text = slice_sub(*text, taken, text->len - taken);
	return line;
}

static size_t lines_of(struct slice text)
{
	size_t n = 0;

	for (; text.len > 0; n++)
		(void)next_line(&text);
	return n;
}

static int parse(struct slice text, struct revoked_keys *out, size_t *out_line)
{
	size_t lines = lines_of(text);
	size_t cap = lines < REVOKED_MAX ? lines : REVOKED_MAX;
	struct revoked_keys k = { .bytes = calloc(cap + 1, REVOKED_KEY_BYTES) };
	int r = k.bytes ? 0 : -ENOMEM;

	for (size_t line = 1; r >= 0 && text.len > 0; line++) {
		uint8_t key[REVOKED_KEY_BYTES];

		r = key_of(next_line(&text), key);
		if (r == -EINVAL)
			*out_line = line;
		if (r == 1 && k.len == REVOKED_MAX)
			r = -E2BIG;
		if (r == 1)
			memcpy(k.bytes + REVOKED_KEY_BYTES * k.len++, key, sizeof(key));
	}
	if (r < 0) {
		revoked_keys_fini(&k);
		return r;
	}
	revoked_keys_settle(&k);
	*out = k;
	return 0;
}

/* What the file says now, and when that was. */
static int read_keys(const struct source *s, const char *path, struct revoked_file *into,
                     size_t *out_line)
{
	struct source_file f = { 0 };
	int r = source_read_text(s, path, REVOKED_FILE_BYTES_MAX, &f);

	if (r < 0)
		return r;
	r = parse(slice_of(f.text, f.len), &into->keys, out_line);
	into->read = into->seen = f.stamp;
	source_file_fini(&f);
	return r;
}

int revoked_file_read(const struct source *s, const char *path, struct revoked_file **out,
                      size_t *out_line)
{
	struct revoked_file *f = calloc(1, sizeof(*f));
	int r = -ENOMEM;

	if (f)
		f->path = strdup(path);
	if (f && f->path)
		r = read_keys(s, path, f, out_line);
	if (r < 0) {
		revoked_file_free(f);
		return r;
	}
	*out = f;
	return 0;
}

static void say(const struct revoked_file *f, int error, size_t line)
{
	if (error == -EINVAL && line > 0)
		log_error("%s line %zu: neither a SHA-256 nor a serial number and an issuer; "
		          "what was read of it stays in force",
		          f->path, line);
	else
		log_error("%s cannot be read: %s; what was read of it stays in force", f->path,
		          part_error(error));
}

static int read_again(struct revoked_file *f, const struct source *s)
{
	struct revoked_file fresh = { .path = f->path };
	size_t line = 0;
	int r = read_keys(s, f->path, &fresh, &line);

	if (r == -EPIPE)
		return r;
	f->read = f->seen;
	if (r < 0) {
		say(f, r, line);
		return 0;
	}
	f->read = f->seen = fresh.read;
	revoked_keys_fini(&f->keys);
	f->keys = fresh.keys;
	return 1;
}

int revoked_file_look(struct revoked_file *f, const struct source *s)
{
	struct source_stamp now;
	bool is_changed = false;
	int r = source_stat(s, f->path, &now);

	if (r == -EPIPE)
		return r;
	if (r < 0) {
		if (r != f->error)
			say(f, r, 0);
		f->error = r;
		return 0;
	}
	is_changed = source_stamp_eq(&now, &f->seen) && !source_stamp_eq(&now, &f->read);
	f->seen = now;
	f->error = 0;
	return is_changed ? read_again(f, s) : 0;
}

void revoked_file_free(struct revoked_file *f)
{
	if (!f)
		return;
	revoked_keys_fini(&f->keys);
	free(f->path);
	free(f);
}
