/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/backoff.h"

uint32_t backoff_next_ms(unsigned int *quick, uint64_t lived_ms, bool served)
{
	uint32_t wait = BACKOFF_FIRST_MS;

	if (lived_ms >= BACKOFF_QUICK_MS) {
		*quick = 0;
		return 0;
	}
	if (served)
		*quick = *quick > 0;
	if ((*quick)++ == 0)
		return 0;
	for (unsigned int i = 2; i < *quick && wait < BACKOFF_MAX_MS; i++)
		wait *= 2;
	return wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS;
}
