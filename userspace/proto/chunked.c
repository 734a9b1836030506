/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/chunked.h"

#include "proto/byte.h"
#include "proto/field.h"

/*
 * chunk-size [ *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ) ] CRLF
 * The states are places in that line, then in the data behind it.
 */
enum state {
	SIZE,
	AFTER_SIZE, /* white space behind the size: a ';' must come */
	NAME_START,
	NAME,
	AFTER_NAME,
	VALUE_START,
	VALUE,
	QUOTED,
	QUOTED_PAIR,
	AFTER_QUOTED,
	AFTER_VALUE,
	LINE_LF, /* CR seen, LF must come */
	DATA,
	DATA_CR,
	DATA_LF,
	LAST,
	STATE_MAX,
};

enum symbol {
	BAD,
	TOKEN,
	SPACE,
	SEMICOLON,
	EQUALS,
	QUOTE,
	BACKSLASH,
	OTHER_QUOTED,
	CR,
	SYMBOL_MAX
};

static enum symbol symbol_of(uint8_t b)
{
	if (byte_is(b, BYTE_TOKEN))
		return TOKEN;
	switch (b) {
	case ' ':
	case '\t':
		return SPACE;
	case ';':
		return SEMICOLON;
	case '=':
		return EQUALS;
	case '"':
		return QUOTE;
	case '\\':
		return BACKSLASH;
	case '\r':
		return CR;
	default:
		return byte_is(b, BYTE_QUOTED) ? OTHER_QUOTED : BAD;
	}
}

/* Where a symbol of the extensions leads. 0 is nowhere: no symbol leads to SIZE. */
static const uint8_t moves[LINE_LF][SYMBOL_MAX] = {
	[SIZE] = { [SPACE] = AFTER_SIZE, [SEMICOLON] = NAME_START, [CR] = LINE_LF },
	[AFTER_SIZE] = { [SPACE] = AFTER_SIZE, [SEMICOLON] = NAME_START },
	[NAME_START] = { [SPACE] = NAME_START, [TOKEN] = NAME },
	[NAME] = { [TOKEN] = NAME,
	           [SPACE] = AFTER_NAME,
	           [EQUALS] = VALUE_START,
	           [SEMICOLON] = NAME_START,
	           [CR] = LINE_LF },
	[AFTER_NAME] = { [SPACE] = AFTER_NAME, [EQUALS] = VALUE_START, [SEMICOLON] = NAME_START },
	[VALUE_START] = { [SPACE] = VALUE_START, [TOKEN] = VALUE, [QUOTE] = QUOTED },
	[VALUE] = { [TOKEN] = VALUE, [SPACE] = AFTER_VALUE, [SEMICOLON] = NAME_START, [CR] = LINE_LF },
	[QUOTED] = { [TOKEN] = QUOTED,
	             [SPACE] = QUOTED,
	             [SEMICOLON] = QUOTED,
	             [EQUALS] = QUOTED,
	             [OTHER_QUOTED] = QUOTED,
	             [BACKSLASH] = QUOTED_PAIR,
	             [QUOTE] = AFTER_QUOTED },
	[QUOTED_PAIR] = { [TOKEN] = QUOTED,
	                  [SPACE] = QUOTED,
	                  [SEMICOLON] = QUOTED,
	                  [EQUALS] = QUOTED,
	                  [OTHER_QUOTED] = QUOTED,
	                  [BACKSLASH] = QUOTED,
	                  [QUOTE] = QUOTED },
	[AFTER_QUOTED] = { [SPACE] = AFTER_VALUE, [SEMICOLON] = NAME_START, [CR] = LINE_LF },
	[AFTER_VALUE] = { [SPACE] = AFTER_VALUE, [SEMICOLON] = NAME_START },
};

static enum refusal walk_size(struct chunked *c, uint8_t b)
{
	if (byte_is(b, BYTE_HEX)) {
		unsigned int digit = byte_is(b, BYTE_DIGIT) ? b - '0' : (b | 0x20) - 'a' + 10;

		if (c->digits == 16)
			return REFUSAL_CHUNK_SIZE;
		c->digits++;
		c->left = c->left << 4 | digit; /* at most 16 digits: nothing is lost */
		return c->left > INT64_MAX ? REFUSAL_CHUNK_OVERFLOW : REFUSAL_NONE;
	}
	if (c->digits == 0)
		return REFUSAL_CHUNK_SIZE;
	c->state = moves[SIZE][symbol_of(b)];
	return c->state == 0 ? REFUSAL_CHUNK_SIZE : REFUSAL_NONE;
}

static enum refusal walk_line_end(struct chunked *c, uint8_t b, uint64_t max)
{
	if (b != '\n')
		return REFUSAL_BARE_CR;
	if (c->total > max || c->left > max - c->total)
		return REFUSAL_BODY_TOO_LARGE;
	c->state = c->left > 0 ? DATA : LAST;
	c->line = 0;
	c->digits = 0;
	return REFUSAL_NONE;
}

/* One byte of the size line or of the CRLF behind the data. */
static enum refusal walk_byte(struct chunked *c, uint8_t b, uint64_t max)
{
	enum state at = (enum state)c->state;

	if (at == DATA_CR || at == DATA_LF) {
		if (b != (at == DATA_CR ? '\r' : '\n'))
			return REFUSAL_CHUNK_END;
		c->state = at == DATA_CR ? DATA_LF : SIZE;
		return REFUSAL_NONE;
	}
	if (at == LINE_LF)
		return walk_line_end(c, b, max);
	if (b == '\n')
		return REFUSAL_BARE_LF;
	if (b != '\r' && ++c->line > CHUNK_LINE_MAX)
		return REFUSAL_CHUNK_EXTENSION;
	if (at == SIZE)
		return walk_size(c, b);
	c->state = moves[at][symbol_of(b)];
	return c->state == 0 ? REFUSAL_CHUNK_EXTENSION : REFUSAL_NONE;
}

uint64_t chunked_opaque(const struct chunked *c)
{
	return c->state == DATA ? c->left : 0;
}

void chunked_skip(struct chunked *c, uint64_t n)
{
	must(n <= chunked_opaque(c));
	c->total += n;
	c->left -= n;
	if (c->left == 0)
		c->state = DATA_CR;
}

enum refusal chunked_walk(struct chunked *c, struct slice in, uint64_t max, size_t *out_len,
                          bool *out_last)
{
	size_t i = 0;

	must(c->state < STATE_MAX);
	while (i < in.len && c->state != LAST) {
		enum refusal r;

		if (c->state == DATA) {
			size_t n = in.len - i < c->left ? in.len - i : (size_t)c->left;

			i += n;
			chunked_skip(c, n);
			continue;
		}
		r = walk_byte(c, in.ptr[i], max);
		if (r != REFUSAL_NONE)
			return r;
		i++;
	}
	*out_len = i;
	*out_last = c->state == LAST;
	return REFUSAL_NONE;
}

enum refusal trailer_end(struct slice in, size_t *out_len)
{
	enum refusal r = field_section_end(in, 0, TRAILER_BYTES_MAX, out_len);

	return r == REFUSAL_HEAD_TOO_LARGE ? REFUSAL_TRAILER : r;
}
