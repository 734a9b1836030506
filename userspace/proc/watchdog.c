/* SPDX-License-Identifier: GPL-2.0-only */
#include "proc/watchdog.h"

bool watchdog_look(struct watchdog *d, uint64_t turns, uint64_t now_ms)
{
	if (now_ms < d->look_ms)
		return false;
	d->same = d->look_ms > 0 && turns == d->turns ? d->same + 1 : 0;
	d->turns = turns;
	d->look_ms = now_ms + WATCHDOG_LOOK_MS;
	return d->same >= WATCHDOG_LOOKS_MAX;
}
