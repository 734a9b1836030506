/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/ktls.h"

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
