/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/known.h"

#include "base/text.h"

/* The factors were searched for: no two names of the list meet. A new name that
 * meets another is an overridden initialiser, which -Wextra reports. */
enum { SLOTS = 128 };
#define SLOT(len, first, last) (((len) + (first)*25UL + (last)*21UL) % SLOTS)

static const struct {
	struct slice name;
	enum known field;
} slots[SLOTS] = {
#define X(constant, name_, first, last, kind)                                                      \
	[SLOT(sizeof(name_) - 1, first, last)] = { .name = SLICE(name_),                           \
		                                   .field = KNOWN_##constant },
	KNOWN_FIELDS(X)
#undef X
};

enum known known_field(struct slice name)
{
	size_t at;

	if (name.len == 0)
		return KNOWN_NONE;
	at = SLOT(name.len, text_lower(name.ptr[0]), text_lower(name.ptr[name.len - 1]));
	if (slots[at].name.len != name.len || !text_eq_nocase(slots[at].name, name))
		return KNOWN_NONE;
	return slots[at].field;
}

enum known_kind known_kind(enum known field)
{
	static const uint8_t kinds[] = {
		KIND_END,
#define X(constant, name, first, last, kind) kind,
		KNOWN_FIELDS(X)
#undef X
	};

	must(field < KNOWN_MAX);
	return (enum known_kind)kinds[field];
}
