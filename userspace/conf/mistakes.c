/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/mistakes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mistakes_add(struct mistakes *m, unsigned int line, const char *format, ...)
{
	char text[MISTAKE_TEXT_MAX];
	struct mistake *row = &m->rows[m->len];
	va_list args;

	m->total++;
	if (m->len == MISTAKES_MAX)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	row->line = line;
	row->order = m->len;
	row->text = strdup(text);
	/* Without memory for the words it still counts as found. */
	if (row->text)
		m->len++;
}

static int by_line(const void *a, const void *b)
{
	const struct mistake *x = a;
	const struct mistake *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

void mistakes_report(struct mistakes *m, const char *file, mistakes_say *say, void *arg)
{
	char line[MISTAKE_TEXT_MAX + 4096 + 32];

	qsort(m->rows, m->len, sizeof(m->rows[0]), by_line);
	for (size_t i = 0; i < m->len; i++) {
		(void)snprintf(line, sizeof(line), "%s:%u: %s", file, m->rows[i].line,
		               m->rows[i].text);
		say(arg, line);
	}
	if (m->total > m->len) {
		(void)snprintf(line, sizeof(line), "%s: and %zu more mistakes", file,
		               m->total - m->len);
		say(arg, line);
	}
}

void mistakes_fini(struct mistakes *m)
{
	for (size_t i = 0; i < m->len; i++)
		free(m->rows[i].text);
	m->len = 0;
	m->total = 0;
}
