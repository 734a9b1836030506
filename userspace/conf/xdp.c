/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/xdp.h"

#include <stdio.h>

#include "base/text.h"

#define X(name, word, help) [XDP_MODE_##name] = (word),
static const char *const mode_words[] = { XDP_MODES(X) };
#undef X
#define X(name, word, help) [XDP_UNKNOWN_##name] = (word),
static const char *const unknown_words[] = { XDP_UNKNOWNS(X) };
#undef X

struct reader {
	struct positions *positions;
	struct mistakes *mistakes;
};

static unsigned int read_word(const struct reader *r, const char *key, const char *text,
                              const char *const words[], unsigned int len)
{
	char all[64] = "";
	size_t n = 0;

	for (unsigned int i = 0; i < len; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	for (unsigned int i = 0; i < len; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i ? ", " : "", words[i]);
	must(n < sizeof(all));
	mistake_at(r->mistakes, r->positions, "xdp", key, "\"%s\" is none of: %s", text, all);
	return 0;
}

static void read_number(const struct reader *r, const char *key, const char *text, uint32_t min,
                        uint32_t *out)
{
	uint64_t v = 0;

	if (!text)
		return;
	if (text_parse_u64(slice_of(text, strlen(text)), &v) < 0 || v < min || v > XDP_RATE_MAX)
		mistake_at(r->mistakes, r->positions, "xdp", key,
		           "\"%s\" is not a number within %u to %d", text, min, XDP_RATE_MAX);
	else
		*out = (uint32_t)v;
}

/* Without a burst as many at once as in a second. */
static void read_limit(const struct reader *r, const char *const keys[2], const char *rate,
                       const char *burst, struct xdp_limit *out)
{
	read_number(r, keys[0], rate, 0, &out->rate);
	out->burst = out->rate > 0 ? out->rate : 1;
	read_number(r, keys[1], burst, 1, &out->burst);
}

enum xdp_mode conf_xdp_mode(const struct conf_file *f, struct positions *positions,
                            struct mistakes *mistakes)
{
	const struct reader r = { .positions = positions, .mistakes = mistakes };
	enum xdp_mode mode = XDP_MODE_AUTO;

	if (!f->xdp)
		return XDP_MODE_OFF;
	if (f->xdp->mode)
		mode = read_word(&r, "mode", f->xdp->mode, mode_words, XDP_MODE_MAX);
	return f->xdp->interfaces_count > 0 ? mode : XDP_MODE_OFF;
}

void conf_xdp_rules(const struct conf_file *f, bool has_default, struct positions *positions,
                    struct mistakes *mistakes, struct xdp_rules *out)
{
	static const char *const source[] = { "source_rate", "source_burst" };
	static const char *const partial[] = { "partial_rate", "partial_burst" };
	static const char *const host[] = { "host_rate", "host_burst" };
	const struct reader r = { .positions = positions, .mistakes = mistakes };
	const struct conf_xdp *x = f->xdp;

	*out = (struct xdp_rules){ .unknown = has_default ? XDP_UNKNOWN_DEFAULT : XDP_UNKNOWN_RESET,
		                   .partial = { .rate = XDP_PARTIAL_RATE } };
	if (!x)
		return;
	if (x->unknown_name)
		out->unknown = read_word(&r, "unknown_name", x->unknown_name, unknown_words,
		                         XDP_UNKNOWN_MAX);
	out->is_strict = x->strict;
	read_limit(&r, source, x->source_rate, x->source_burst, &out->source);
	read_limit(&r, partial, x->partial_rate, x->partial_burst, &out->partial);
	read_limit(&r, host, x->host_rate, x->host_burst, &out->host);
}
