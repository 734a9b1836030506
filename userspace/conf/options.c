/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/options.h"

#include <errno.h>

#include "base/text.h"

static const struct knob {
	struct option_info info;
	size_t offset;
} knobs[] = {
#define X(name_, def_, min_, max_, unit_, when_, help_)                                            \
	{                                                                                          \
		.info = { .name = SLICE(#name_),                                                   \
		          .unit = (unit_),                                                         \
		          .help = (help_),                                                         \
		          .def = (def_),                                                           \
		          .min = (min_),                                                           \
		          .max = (max_),                                                           \
		          .when = (when_) },                                                       \
		.offset = offsetof(struct options, name_),                                         \
	},
	OPTIONS(X)
#undef X
};

#define X(name_, def_, min_, max_, unit_, when_, help_)                                            \
	static_assert((uint64_t)(min_) <= (uint64_t)(def_) &&                                      \
	                      (uint64_t)(def_) <= (uint64_t)(max_),                                \
	              #name_ ": default out of bounds");
OPTIONS(X)
#undef X

#define WORD(constant, word_, help_) { .word = (word_), .help = (help_) },
#define X(name, list)                static const struct option_word name##_words[] = { list(WORD){ NULL, NULL } };
OPTION_WORDS(X)
#undef X

static void knob_store(struct options *s, const struct knob *k, uint32_t v)
{
	memcpy((uint8_t *)s + k->offset, &v, sizeof(v));
}

void options_default(struct options *out)
{
	for (size_t i = 0; i < ARRAY_LEN(knobs); i++)
		knob_store(out, &knobs[i], knobs[i].info.def);
}

const struct option_info *options_info(size_t index)
{
	return index < ARRAY_LEN(knobs) ? &knobs[index].info : NULL;
}

const struct option_word *options_words(struct slice name)
{
#define X(name_, list)                                                                             \
	if (slice_eq(name, SLICE(#name_)))                                                         \
		return name_##_words;
	OPTION_WORDS(X)
#undef X
	return NULL;
}

uint32_t options_get(const struct options *s, size_t index)
{
	uint32_t v = 0;

	must(index < ARRAY_LEN(knobs));
	memcpy(&v, (const uint8_t *)s + knobs[index].offset, sizeof(v));
	return v;
}

int options_set_u64(struct options *s, struct slice name, uint64_t value)
{
	for (size_t i = 0; i < ARRAY_LEN(knobs); i++) {
		const struct knob *k = &knobs[i];

		if (!slice_eq(k->info.name, name))
			continue;
		if (value < k->info.min || value > k->info.max)
			return -ERANGE;
		knob_store(s, k, (uint32_t)value);
		return 0;
	}
	return -ENOENT;
}

int options_set(struct options *s, struct slice name, struct slice value)
{
	const struct option_word *words = options_words(name);
	uint64_t v = 0;

	if (!words) {
		int r = text_parse_u64(value, &v);

		return r < 0 ? r : options_set_u64(s, name, v);
	}
	while (words[v].word && !slice_eq(value, slice_of(words[v].word, strlen(words[v].word))))
		v++;
	return words[v].word ? options_set_u64(s, name, v) : -EINVAL;
}
