/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tls/crl_text.h"

static int read_crl(const struct source *s, const char *path, struct source_file *out)
{
	struct source_file raw;
	char *text = NULL;
	int r = source_read(s, path, SOURCE_PEM_BYTES_MAX, &raw);

	if (r < 0)
		return r;
	r = crl_text(slice_of(raw.text, raw.len), &text);
	if (r == 0)
		*out = (struct source_file){ .text = text,
			                     .len = strlen(text),
			                     .stamp = raw.stamp };
	source_file_fini(&raw);
	return r == -EINVAL ? -EBADMSG : r;
}

int part_read(const struct source *s, enum part part, const char *path, struct source_file *out)
{
	if (part == PART_CRL)
		return read_crl(s, path, out);
	return source_read_text(s, path, SOURCE_PEM_BYTES_MAX, out);
}

int part_append(char **text, const char *more)
{
	size_t have = *text ? strlen(*text) : 0;
	size_t len = strlen(more);
	char *both = realloc(*text, have + len + 1);

	if (!both)
		return -ENOMEM;
	memcpy(both + have, more, len + 1);
	*text = both;
	return 0;
}

const char *part_error(int error)
{
	switch (error) {
	case -EBADMSG:
		return "no CRL that can be read, PEM or DER";
	case -EACCES:
		return "Permission denied (is its directory allowed? --allow-dir)";
	case -EXDEV:
		return "Invalid cross-device link (is its directory allowed? --allow-dir)";
	default:
		return strerror(-error);
	}
}
