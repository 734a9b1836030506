/* SPDX-License-Identifier: GPL-2.0-only */
/* Text to parsed heads and back, for tests of what follows the parser. */
#pragma once

#include <criterion/criterion.h>

#include "proto/head.h"

static const struct head_limits widest = {
	.head_bytes = HEAD_BYTES_MAX,
	.target_bytes = HEAD_BYTES_MAX,
	.fields = HEAD_FIELDS_MAX,
};

/* Macros, so that a failure names the row's line and the linter counts no hidden nesting. */
#define PARSE_REQUEST(text, out)                                                                   \
	do {                                                                                       \
		const struct slice text_ = (text);                                                 \
                                                                                                   \
		cr_assert_eq(head_parse_request(text_, &widest, (out)), REFUSAL_NONE, "%.*s",      \
		             (int)text_.len, (const char *)text_.ptr);                             \
	} while (0)

#define PARSE_RESPONSE(text, out)                                                                  \
	do {                                                                                       \
		const struct slice text_ = (text);                                                 \
                                                                                                   \
		cr_assert_eq(head_parse_response(text_, &widest, (out)), REFUSAL_NONE, "%.*s",     \
		             (int)text_.len, (const char *)text_.ptr);                             \
	} while (0)

#define EXPECT_SLICE(got, want, why)                                                               \
	do {                                                                                       \
		const struct slice got_ = (got);                                                   \
		const struct slice want_ = (want);                                                 \
                                                                                                   \
		cr_expect(slice_eq(got_, want_), "%s: got \"%.*s\", want \"%.*s\"", (why),         \
		          (int)got_.len, (const char *)got_.ptr, (int)want_.len,                   \
		          (const char *)want_.ptr);                                                \
	} while (0)

#define EXPECT_REFUSAL(got, want, why)                                                             \
	do {                                                                                       \
		const enum refusal got_ = (got);                                                   \
		const enum refusal want_ = (want);                                                 \
                                                                                                   \
		cr_expect_eq(got_, want_, "%s: got %s, want %s", (why), refusal_label(got_),       \
		             refusal_label(want_));                                                \
	} while (0)
