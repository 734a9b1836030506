/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/known.h"

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

/*
 * Any case, without a look at each letter's: @ours has letters, digits and '-', and
 * the bytes that 0x20 would make a digit or '-' of are control bytes, which no
 * parsed name or value holds. (The caller's bytes are judged by all of them at once.)
 */
static bool same(struct slice ours, const uint8_t *theirs)
{
	unsigned int differs = 0;

	for (size_t i = 0; i < ours.len; i++)
		differs |= ours.ptr[i] ^ (theirs[i] | 0x20U);
	return differs == 0;
}

enum known known_field(struct slice name)
{
	size_t at;

	if (name.len == 0)
		return KNOWN_NONE;
	at = SLOT(name.len, name.ptr[0] | 0x20U, name.ptr[name.len - 1] | 0x20U);
	if (slots[at].name.len != name.len || !same(slots[at].name, name.ptr))
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
