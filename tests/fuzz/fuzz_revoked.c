/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Oracles: parts of a line lie within it and one behind the other; what is normal stays as it
 * is; case and added spaces make no difference; digits are read as somebody slow reads them.
 */
#include "fuzz.h"
#include "proto/revoked.h"

static bool normal(int (*normalise)(struct slice text, struct sink *out), struct slice in,
                   struct sink *out)
{
	size_t before = out->len;
	int r = normalise(in, out);

	must(r == 0 || out->len == before);
	return r == 0;
}

static void check_twice(int (*normalise)(struct slice text, struct sink *out), struct slice in,
                        size_t most)
{
	static uint8_t first[REVOKED_ISSUER_MAX + 1];
	static uint8_t second[REVOKED_ISSUER_MAX + 1];
	struct sink once = sink_of(first, sizeof(first));
	struct sink twice = sink_of(second, sizeof(second));

	if (!normal(normalise, in, &once))
		return;
	must(once.len > 0);
	must(once.len <= most + 1);
	for (size_t i = 0; i < once.len; i++)
		must(first[i] >= 0x20 && first[i] < 0x7F && first[i] == slow_lower(first[i]));
	must(normal(normalise, sink_slice(&once), &twice));
	must(slice_eq(sink_slice(&once), sink_slice(&twice)));
}

/* In capitals, and with a space at each end. */
static void check_spelling(struct slice in)
{
	static uint8_t text[REVOKED_ISSUER_MAX + 2];
	static uint8_t first[REVOKED_ISSUER_MAX];
	static uint8_t second[REVOKED_ISSUER_MAX];
	struct sink plain = sink_of(first, sizeof(first));
	struct sink loud = sink_of(second, sizeof(second));
	bool ok;

	if (in.len + 2 > sizeof(text))
		return;
	text[0] = ' ';
	for (size_t i = 0; i < in.len; i++)
		text[i + 1] = in.ptr[i] >= 'a' && in.ptr[i] <= 'z' ? (uint8_t)(in.ptr[i] - 32)
		                                                   : in.ptr[i];
	text[in.len + 1] = ' ';
	ok = normal(revoked_issuer, in, &plain);
	/* A backslash at the end would take the space with it. */
	if (in.len > 0 && in.ptr[in.len - 1] == '\\')
		return;
	must(normal(revoked_issuer, slice_of(text, in.len + 2), &loud) == ok);
	must(slice_eq(sink_slice(&plain), sink_slice(&loud)));
}

static int digit(uint8_t c)
{
	const char *all = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(all, slow_lower(c));

	return at ? (int)(at - all) : -1;
}

static void check_fingerprint(struct slice in)
{
	uint8_t key[REVOKED_KEY_BYTES];
	size_t n = 0;

	if (revoked_fingerprint(in, key) < 0)
		return;
	for (size_t i = 0; i < in.len; i++) {
		int d = digit(in.ptr[i]);

		if (d < 0) {
			must(in.ptr[i] == ':' && in.len == 95);
			continue;
		}
		must(d == (n % 2 == 0 ? key[n / 2] >> 4 : key[n / 2] & 15));
		n++;
	}
	must(n == 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice in = slice_of(data, len);
	struct revoked_line l = { 0 };

	if (revoked_line(in, &l) == 1) {
		must((l.fingerprint.len > 0) != (l.serial.len > 0));
		must((l.issuer.len > 0) == (l.serial.len > 0));
		must(slow_inside(in, l.fingerprint) && slow_inside(in, l.serial));
		must(slow_inside(in, l.issuer));
		must(l.serial.len == 0 || l.serial.ptr + l.serial.len < l.issuer.ptr);
	}
	check_twice(revoked_serial, in, REVOKED_SERIAL_MAX);
	check_twice(revoked_issuer, in, REVOKED_ISSUER_MAX);
	check_spelling(in);
	check_fingerprint(in);
	return 0;
}
