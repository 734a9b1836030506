/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * field.h - one field line, in a head or in a trailer section.
 */
#pragma once

#include "proto/head.h"

/**
 * field_section_end - length of a run of lines with its empty last line
 * @in, @seen, @limit: as for head_end()
 * @out_len: written on success; 0: more is needed
 *
 * Return: REFUSAL_NONE, _BARE_LF, _BARE_CR, _NUL, _HEAD_TOO_LARGE.
 */
MUST_USE enum refusal field_section_end(struct slice in, size_t seen, size_t limit,
                                        size_t *out_len);

/**
 * field_parse - take the field line at *@at apart
 * @in:  whole lines
 * @at:  in: start of a line that is not empty; out, on success: start of the next line
 * @out: written on success only
 *
 * Return: REFUSAL_NONE, _OBS_FOLD, _NAME_EMPTY, _NAME_INVALID, _SPACE_BEFORE_COLON,
 *         _VALUE_INVALID.
 * Source: RFC 9112 section 5.
 */
MUST_USE enum refusal field_parse(struct slice in, size_t *at, struct field *out);

/** field_line_empty - is there an empty line at @at? */
static inline bool field_line_empty(struct slice in, size_t at)
{
	return in.len - at >= 2 && in.ptr[at] == '\r' && in.ptr[at + 1] == '\n';
}
