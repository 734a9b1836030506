/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/byte.h"

#define IN(c, lo, hi) ((c) >= (lo) && (c) <= (hi))
#define DIGIT(c)      (IN(c, '0', '9'))
#define ALPHA(c)      (IN(c, 'a', 'z') || IN(c, 'A', 'Z'))
#define HEX(c)        (DIGIT(c) || IN(c, 'a', 'f') || IN(c, 'A', 'F'))
#define MARK(c)                                                                                    \
	((c) == '!' || IN(c, '#', '\'') || (c) == '*' || (c) == '+' || (c) == '-' || (c) == '.' || \
	 IN(c, '^', '`') || (c) == '|' || (c) == '~')
#define QUOTED(c)                                                                                  \
	((c) == '\t' || (c) == ' ' || (c) == '!' || IN(c, '#', '[') || IN(c, ']', '~') ||          \
	 (c) >= 0x80)

#define CLASS(c)                                                                                   \
	((DIGIT(c) || ALPHA(c) || MARK(c) ? BYTE_TOKEN : 0) |                                      \
	 (IN(c, '!', '~') ? BYTE_VISIBLE : 0) | (QUOTED(c) ? BYTE_QUOTED : 0) |                    \
	 (DIGIT(c) || ALPHA(c) || (c) == '-' || (c) == '_' ? BYTE_LABEL : 0) |                     \
	 (ALPHA(c) ? BYTE_ALPHA : 0) | (DIGIT(c) ? BYTE_DIGIT : 0) | (HEX(c) ? BYTE_HEX : 0))

const uint8_t byte_class[256] = { BYTE_TABLE(CLASS) };
