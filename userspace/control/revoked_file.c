/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/revoked_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "control/part.h"
#include "control/revoked_entry.h"

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

struct row {
	uint8_t key[REVOKED_KEY_BYTES];
	struct revoked_place place;
};

/* A file on its way into memory. */
struct parser {
	struct row *rows;
	size_t len, cap;
	char *texts;
	size_t texts_len;
	FILE *out; /* writes texts */
};

/* Return: 1 an entry; 0 nothing; -EINVAL; -EIO; -E2BIG. */
static int take_line(struct parser *p, struct slice line, size_t number)
{
	struct revoked_entry entry;
	struct revoked_line l;
	struct row *row;
	int r = revoked_line(line, &l);

	if (r == 1 && l.serial.len > 0)
		r = revoked_entry_serial(l.serial, l.issuer, &entry);
	else if (r == 1)
		r = revoked_entry_sha256(l.fingerprint, &entry);
	else
		return r;
	if (r < 0)
		return r;
	if (p->len == p->cap)
		return -E2BIG;
	row = &p->rows[p->len++];
	*row = (struct row){ .place = { .line = (uint32_t)number } };
	memcpy(row->key, entry.key, sizeof(row->key));
	if (entry.kind == REVOKED_SERIAL) {
		row->place.text_at = (uint32_t)ftell(p->out);
		(void)fwrite(entry.value, 1, strlen(entry.value) + 1, p->out);
	}
	return 1;
}

static int by_key_and_line(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;
	int order = memcmp(x->key, y->key, sizeof(x->key));

	if (order != 0)
		return order;
	return x->place.line < y->place.line ? -1 : x->place.line > y->place.line;
}

/* The rows, sorted and each once, as they are kept. */
static int settle(struct parser *p, struct revoked_file *into)
{
	uint8_t *bytes = calloc(p->len + 1, REVOKED_KEY_BYTES);
	struct revoked_place *places = calloc(p->len + 1, sizeof(*places));
	size_t kept = 0;

	if (!bytes || !places) {
		free(bytes);
		free(places);
		return -ENOMEM;
	}
	qsort(p->rows, p->len, sizeof(*p->rows), by_key_and_line);
	for (size_t n = 0; n < p->len; n++) {
		if (n > 0 && memcmp(p->rows[n - 1].key, p->rows[n].key, REVOKED_KEY_BYTES) == 0)
			continue;
		memcpy(bytes + kept * REVOKED_KEY_BYTES, p->rows[n].key, REVOKED_KEY_BYTES);
		places[kept++] = p->rows[n].place;
	}
	into->keys = (struct revoked_keys){ .bytes = bytes, .len = kept };
	into->places = places;
	return 0;
}

static int close_texts(FILE *out)
{
	bool is_whole = ferror(out) == 0;

	return fclose(out) == 0 && is_whole ? 0 : -ENOMEM;
}

static int parse(struct slice text, struct revoked_file *into, size_t *out_line)
{
	size_t lines = lines_of(text);
	struct parser p = { .cap = lines < REVOKED_MAX ? lines : REVOKED_MAX };
	int r = 0;

	p.rows = calloc(p.cap + 1, sizeof(*p.rows));
	p.out = open_memstream(&p.texts, &p.texts_len);
	if (!p.rows || !p.out || fputc('\0', p.out) != '\0')
		r = -ENOMEM;
	for (size_t line = 1; r >= 0 && text.len > 0; line++) {
		r = take_line(&p, next_line(&text), line);
		if (r == -EINVAL)
			*out_line = line;
	}
	if (p.out && close_texts(p.out) < 0 && r >= 0)
		r = -ENOMEM;
	if (r >= 0)
		r = settle(&p, into);
	free(p.rows);
	if (r < 0) {
		free(p.texts);
		return r;
	}
	into->texts = p.texts;
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
	r = parse(slice_of(f.text, f.len), into, out_line);
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

/* All that was read of it. */
static void forget(struct revoked_file *f)
{
	revoked_keys_fini(&f->keys);
	free(f->places);
	free(f->texts);
	f->places = NULL;
	f->texts = NULL;
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
	forget(f);
	*f = fresh;
	f->error = 0;
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

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, REVOKED_KEY_BYTES);
}

ssize_t revoked_file_find(const struct revoked_file *f, const uint8_t key[REVOKED_KEY_BYTES])
{
	const uint8_t *at = NULL;

	if (f->keys.len > 0)
		at = bsearch(key, f->keys.bytes, f->keys.len, REVOKED_KEY_BYTES, by_bytes);
	return at ? (at - f->keys.bytes) / REVOKED_KEY_BYTES : -1;
}

void revoked_file_free(struct revoked_file *f)
{
	if (!f)
		return;
	forget(f);
	free(f->path);
	free(f);
}
