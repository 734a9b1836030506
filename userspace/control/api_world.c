/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_world.h"

uint32_t api_world_applied(const struct api_world *w, uint64_t version)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->workers_len; i++)
		n += w->stats[i] && stats_read(&w->stats[i]->snapshot_version) >= version;
	return n;
}
