/* SPDX-License-Identifier: GPL-2.0-only */
/* api_revocation_json.c - one revocation, out of a body and into an answer. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/api_answer.h"
#include "control/api_body.h"
#include "control/api_revocations.h"
#include "control/api_time.h"
#include "tls/fingerprint.h"

enum {
	PEM_BYTES_MAX = 256 * 1024,
	SHA256_TEXT_MAX = 128,
	NAME_TEXT_MAX = 16384, /* before it is normalised */
};

/* --- out of a body ------------------------------------------------------------------------- */

static void wrong(struct api_call *call, const char *at, const char *key, const char *why)
{
	char pointer[API_POINTER_BYTES_MAX];

	(void)snprintf(pointer, sizeof(pointer), "%s%s%s", at, key[0] ? "/" : "", key);
	api_fail(call, 400, API_CODE_INVALID, pointer, "access.api.error.invalid_request: %s%s%s",
	         key, key[0] ? ": " : "", why);
}

static struct slice str(const char *text)
{
	return slice_of(text, strlen(text));
}

/* NULL for what has been found wrong already. */
static void read_serial(struct api_call *call, const char *at, const char *serial,
                        const char *issuer, struct revoked_entry *out)
{
	struct sink s = sink_of(out->value, sizeof(out->value));
	bool good = serial && issuer;

	if (serial && revoked_serial(str(serial), &s) < 0) {
		wrong(call, at, "serial", "not a hexadecimal number of at most 128 digits");
		good = false;
	}
	s = sink_of(out->value, sizeof(out->value));
	if (issuer && revoked_issuer(str(issuer), &s) < 0) {
		wrong(call, at, "issuer", "not a name in the form of RFC 2253: CN=Some CA,O=Org");
		good = false;
	}
	if (good && revoked_entry_serial(str(serial), str(issuer), out) < 0)
		wrong(call, at, "", "it cannot be digested");
}

static void read_certificate(struct api_call *call, const json_t *pem, const char *at,
                             struct revoked_entry *out)
{
	struct slice text = slice_of(json_string_value(pem), json_string_length(pem));
	int r = text.len > PEM_BYTES_MAX ? -EINVAL : fingerprint_of(text, out->key);

	out->kind = REVOKED_SHA256;
	if (r == 0)
		revoked_id(out->key, out->value);
	else
		wrong(call, at, "certificate",
		      r == -E2BIG ? "several certificates: which of them?"
		                  : "not a certificate in PEM");
}

static void read_entry(struct api_call *call, json_t *value, const char *at,
                       struct revoked_entry *out)
{
	const json_t *pem = json_object_get(value, "certificate");
	bool is_serial = json_object_get(value, "serial") || json_object_get(value, "issuer");
	bool is_sha256 = json_object_get(value, "sha256") != NULL;
	const char *text;
	const char *issuer;

	if ((pem != NULL) + is_serial + is_sha256 != 1) {
		wrong(call, at, "",
		      "one of these names a certificate: sha256; certificate; serial and issuer");
	} else if (pem) {
		read_certificate(call, pem, at, out);
	} else if (is_sha256) {
		text = body_text(call, value, at, "sha256", SHA256_TEXT_MAX, true);
		if (text && revoked_entry_sha256(str(text), out) < 0)
			wrong(call, at, "sha256", "not 64 hexadecimal digits");
	} else {
		text = body_text(call, value, at, "serial", NAME_TEXT_MAX, true);
		issuer = body_text(call, value, at, "issuer", NAME_TEXT_MAX, true);
		read_serial(call, at, text, issuer, out);
	}
}

bool revocation_read(struct api_call *call, json_t *value, const char *at,
                     struct revoked_entry *out, const char **reason)
{
	static const char *const keys[] = { "sha256", "certificate", "serial",
		                            "issuer", "reason",      NULL };
	size_t had = json_array_size(call->errors);

	if (!body_object(call, value, at, keys))
		return false;
	*reason = body_text(call, value, at, "reason", REVOCATION_REASON_MAX, false);
	if (!*reason)
		*reason = "";
	read_entry(call, value, at, out);
	return json_array_size(call->errors) == had;
}

/* --- into an answer ------------------------------------------------------------------------ */

/* What the entry says: its kind and its value, NULL where nobody knows any more. */
static json_t *named(const char *id, const char *kind, const char *value)
{
	json_t *row = json_pack("{s:s}", "id", id);
	size_t split = value ? strcspn(value, " ") : 0;
	bool has_parts = value && value[split] == ' ';

	(void)json_object_set_new(row, "kind", kind ? json_string(kind) : json_null());
	if (has_parts) {
		(void)json_object_set_new(row, "serial", json_stringn(value, split));
		(void)json_object_set_new(row, "issuer", api_string(value + split + 1));
	} else if (value) {
		(void)json_object_set_new(row, "sha256", json_string(value));
	}
	return row;
}

static int append(json_t *rows, json_t *row)
{
	return json_array_append_new(rows, row) == 0 ? 0 : -ENOMEM;
}

int put_revocation(void *arg, const struct revocation_row *row)
{
	static struct revoked_entry entry;
	const struct revocation_list *to = arg;
	bool is_durable = to->who == REVOKED_BY_STORE;
	char id[REVOKED_ID_DIGITS + 1];
	json_t *out;
	int r = revoked_entry_stored(row, &entry);

	if (r < 0)
		return r;
	revoked_id(entry.key, id);
	out = named(id, row->kind, row->value);
	(void)json_object_set_new(out, "source", json_string(is_durable ? "store" : "memory"));
	(void)json_object_set_new(out, "is_durable", json_boolean(is_durable));
	(void)json_object_set_new(out, "reason", api_string(row->reason));
	(void)json_object_set_new(out, "added_by", api_string(row->added_by));
	(void)json_object_set_new(out, "added_at", api_time(row->added_at));
	return append(to->rows, out);
}

int put_revocation_of_file(json_t *rows, const struct revoked_file *f, size_t n)
{
	const struct revoked_place *place = &f->places[n];
	char id[REVOKED_ID_DIGITS + 1];
	bool is_serial = place->text_at > 0;
	json_t *out;

	revoked_id(f->keys.bytes + n * REVOKED_KEY_BYTES, id);
	out = named(id, revoked_kind_word(is_serial ? REVOKED_SERIAL : REVOKED_SHA256),
	            is_serial ? f->texts + place->text_at : id);
	(void)json_object_set_new(out, "source", json_string("file"));
	(void)json_object_set_new(out, "is_durable", json_true());
	(void)json_object_set_new(out, "file", api_string(f->path));
	(void)json_object_set_new(out, "line", json_integer(place->line));
	return append(rows, out);
}

int put_revocation_of_former(json_t *rows, const uint8_t key[REVOKED_KEY_BYTES])
{
	char id[REVOKED_ID_DIGITS + 1];
	json_t *out;

	revoked_id(key, id);
	out = named(id, NULL, NULL);
	(void)json_object_set_new(out, "source", json_string("former"));
	(void)json_object_set_new(out, "is_durable", json_false());
	return append(rows, out);
}

json_t *revocations_of(const struct revoking *g, const uint8_t key[REVOKED_KEY_BYTES])
{
	struct revocation_list to = { .rows = json_array() };
	ssize_t at = g->file ? revoked_file_find(g->file, key) : -1;
	int r = 0;

	for (to.who = REVOKED_BY_STORE; r == 0 && to.who <= REVOKED_BY_MEMORY; to.who++) {
		r = revoking_find(g, to.who, key, put_revocation, &to);
		r = r == -ENOENT ? 0 : r;
	}
	if (r == 0 && at >= 0)
		r = put_revocation_of_file(to.rows, g->file, (size_t)at);
	if (r == 0 && revoked_keys_have(&g->list->by[REVOKED_BY_FORMER], key))
		r = put_revocation_of_former(to.rows, key);
	if (r == 0)
		return to.rows;
	json_decref(to.rows);
	return NULL;
}
