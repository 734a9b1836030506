/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/revoked_entry.h"

#include <errno.h>
#include <string.h>

#include "tls/revoked.h"

static const char *const kind_words[] = { [REVOKED_SHA256] = "sha256", [REVOKED_SERIAL] = "serial" };

const char *revoked_kind_word(enum revoked_kind kind)
{
	return kind_words[kind];
}

void revoked_id(const uint8_t key[REVOKED_KEY_BYTES], char out[REVOKED_ID_DIGITS + 1])
{
	struct sink s = sink_of(out, REVOKED_ID_DIGITS);

	text_hex(&s, slice_of(key, REVOKED_KEY_BYTES));
	out[s.len] = '\0';
}

int revoked_entry_sha256(struct slice text, struct revoked_entry *out)
{
	int r = revoked_fingerprint(text, out->key);

	if (r < 0)
		return r;
	out->kind = REVOKED_SHA256;
	revoked_id(out->key, out->value);
	return 0;
}

int revoked_entry_serial(struct slice serial, struct slice issuer, struct revoked_entry *out)
{
	struct sink s = sink_of(out->value, REVOCATION_VALUE_MAX);
	int r = revoked_serial(serial, &s);

	sink_putc(&s, ' ');
	if (r == 0)
		r = revoked_issuer(issuer, &s);
	if (r == 0)
		r = revoked_by_serial(serial, issuer, out->key);
	if (r < 0)
		return r;
	must(!s.overflow);
	out->kind = REVOKED_SERIAL;
	out->value[s.len] = '\0';
	return 0;
}

int revoked_entry_stored(const struct revocation_row *row, struct revoked_entry *out)
{
	struct slice value = slice_of(row->value, strlen(row->value));
	size_t split = strcspn(row->value, " ");

	if (strcmp(row->kind, kind_words[REVOKED_SHA256]) == 0)
		return revoked_entry_sha256(value, out);
	if (strcmp(row->kind, kind_words[REVOKED_SERIAL]) != 0 || split == value.len)
		return -EINVAL;
	return revoked_entry_serial(slice_sub(value, 0, split),
	                            slice_sub(value, split + 1, value.len - split - 1), out);
}
