/* SPDX-License-Identifier: GPL-2.0-only */
/* api_metrics.c - GET /metrics, in the format that is asked for. */
#include <string.h>

#include "control/api_answer.h"
#include "control/api_router.h"
#include "control/metrics.h"

static void get_metrics(struct api_call *call)
{
	const char *accept = api_header(call, "Accept");
	bool openmetrics = accept && strstr(accept, "application/openmetrics-text");
	char *text = NULL;
	size_t len = 0;

	if (metrics_render(call->world, openmetrics, &text, &len) < 0)
		text = NULL;
	api_text(call,
	         openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
	                     : "text/plain; version=0.0.4; charset=utf-8",
	         text, len);
}

/* For anybody: Prometheus comes over the loopback. Names of hosts are in it, not of clients. */
const struct api_route api_routes_metrics[] = {
	{ "GET", "/metrics", API_ANYBODY, 0, get_metrics },
	API_ROUTES_END,
};
