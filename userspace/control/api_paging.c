/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_paging.h"

#include <string.h>

#include "base/text.h"
#include "control/api_answer.h"

/* 1..@max; @out is as it was when it is not there. Return: false: it is wrong, and that has been said. */
static bool number(struct api_call *call, const char *name, uint64_t max, uint64_t *out)
{
	const char *text = api_query(call, name);
	uint64_t v = 0;

	if (!text)
		return true;
	if (text_parse_u64(slice_of(text, strlen(text)), &v) < 0 || v < 1 || v > max) {
		api_fail(call, 400, API_CODE_INVALID, NULL, "%s: not a number within 1 to %llu",
		         name, (unsigned long long)max);
		return false;
	}
	*out = v;
	return true;
}

bool api_paging_read(struct api_call *call, struct api_paging *p)
{
	p->page = 1;
	if (!number(call, "page", API_PAGE_MAX, &p->page) ||
	    !number(call, "per_page", p->per_page_max, &p->per_page))
		return false;
	p->skip = (p->page - 1) * p->per_page;
	return true;
}

void api_paging_say(struct api_call *call, const struct api_paging *p, uint64_t count,
                    uint64_t total)
{
	api_page(call, json_pack("{s:I, s:I, s:I, s:I}", "page", (json_int_t)p->page, "per_page",
	                         (json_int_t)p->per_page, "count", (json_int_t)count, "total_count",
	                         (json_int_t)total));
}
