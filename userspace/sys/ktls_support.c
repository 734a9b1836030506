/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/ktls.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool ktls_can(const struct ktls_support *s, uint16_t version, enum ktls_cipher cipher)
{
	bool is_13 = version == TLS_1_3_VERSION;

	must(is_13 || version == TLS_1_2_VERSION);
	must(cipher < KTLS_CIPHER_MAX);
	return (s->rx[is_13] & s->tx[is_13]) >> cipher & 1;
}

enum { ALL = (1 << KTLS_CIPHER_MAX) - 1 };

bool ktls_is_whole(const struct ktls_support *s)
{
	return (s->rx[0] & s->tx[0] & s->rx[1] & s->tx[1]) == ALL;
}

/* From bit 0: rx[0], tx[0], rx[1], tx[1], three bits each; then rekey. */
uint32_t ktls_pack(const struct ktls_support *s)
{
	uint32_t bits = s->rekey;

	for (int i = 1; i >= 0; i--) {
		bits = bits << KTLS_CIPHER_MAX | (s->tx[i] & ALL);
		bits = bits << KTLS_CIPHER_MAX | (s->rx[i] & ALL);
	}
	return bits;
}

void ktls_unpack(uint32_t bits, struct ktls_support *out)
{
	*out = (struct ktls_support){ 0 };
	for (int i = 0; i < 2; i++) {
		out->rx[i] = bits & ALL;
		bits >>= KTLS_CIPHER_MAX;
		out->tx[i] = bits & ALL;
		bits >>= KTLS_CIPHER_MAX;
	}
	out->rekey = bits & 1;
}

/* --- for people ---------------------------------------------------------------------------- */

const char *ktls_cipher_label(enum ktls_cipher cipher)
{
	static const char *const labels[] = {
#define X(name, type, bytes, label) [KTLS_##name] = (label),
		KTLS_CIPHERS(X)
#undef X
	};

	must(cipher < KTLS_CIPHER_MAX);
	return labels[cipher];
}

__attribute__((format(printf, 2, 3))) static void put(struct sink *out, const char *format, ...)
{
	char text[128];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	must(n >= 0);
	must((size_t)n < sizeof(text));
	sink_put(out, slice_of(text, (size_t)n));
}

void ktls_put_missing(struct sink *out, const struct ktls_support *s)
{
	const char *before = "";

	for (int v = 0; v < 2; v++)
		for (int c = 0; c < KTLS_CIPHER_MAX; c++) {
			bool rx = s->rx[v] >> c & 1;
			bool tx = s->tx[v] >> c & 1;

			if (rx && tx)
				continue;
			put(out, "%sTLS 1.%d %s%s%s", before, v + 2, ktls_cipher_label(c),
			    rx ? "" : " RX", tx ? "" : " TX");
			before = ", ";
		}
}

/* What failed first, where that is known. */
static void put_error(struct sink *out, const struct ktls_support *s)
{
	if (s->error < 0)
		put(out, " (%s: %s)", s->what, strerror(-s->error));
}

void ktls_put_summary(struct sink *out, const struct ktls_support *s)
{
	if ((s->rx[0] | s->tx[0] | s->rx[1] | s->tx[1]) == 0) {
		put(out, "none");
		put_error(out, s);
		put(out, ": records stay in user space");
		return;
	}
	if (ktls_is_whole(s)) {
		put(out, "1.2 and 1.3,");
		for (int c = 0; c < KTLS_CIPHER_MAX; c++)
			put(out, " %s", ktls_cipher_label(c));
	} else {
		put(out, "not all");
		put_error(out, s);
		put(out, ", without ");
		ktls_put_missing(out, s);
	}
	put(out, s->rekey ? ", rekey" : ", no rekey");
}

void ktls_put_table(struct sink *out, const struct ktls_support *s)
{
	put(out, "  %-8s %-18s %-4s %s\n", "version", "cipher", "rx", "tx");
	for (int v = 0; v < 2; v++)
		for (int c = 0; c < KTLS_CIPHER_MAX; c++)
			put(out, "  TLS 1.%d  %-18s %-4s %s\n", v + 2, ktls_cipher_label(c),
			    s->rx[v] >> c & 1 ? "yes" : "no", s->tx[v] >> c & 1 ? "yes" : "no");
	put(out, "  rekey: %s\n", s->rekey ? "yes" : "no (Linux 6.14 can)");
}
