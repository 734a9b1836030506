/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_time.h"

#include <time.h>

json_t *api_time(int64_t s)
{
	enum { YEAR_MAX = 9999 - 1900 };
	time_t at = s;
	struct tm tm;
	char text[32];

	if (!gmtime_r(&at, &tm) || tm.tm_year > YEAR_MAX || tm.tm_year < -1900 ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}
