/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_paging.h - "?page=2&per_page=50", and "result_info" of the answer.
 *
 * Behind the last page there are empty ones, without end: clients ask until they get one.
 */
#pragma once

#include "control/api_call.h"

enum { API_PAGE_MAX = 1000000 };

struct api_paging {
	uint64_t per_page; /* begins as what it is when nobody says */
	uint64_t per_page_max;
	uint64_t page; /* from 1 */
	uint64_t skip; /* rows before it */
};

/** api_paging_read - Return: false: not numbers within bounds, and that is the answer. */
bool api_paging_read(struct api_call *call, struct api_paging *p);

/** api_paging_say - @count on this page, @total on all */
void api_paging_say(struct api_call *call, const struct api_paging *p, uint64_t count,
                    uint64_t total);
