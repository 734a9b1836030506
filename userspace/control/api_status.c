/* SPDX-License-Identifier: GPL-2.0-only */
/* api_status.c - is it there, is it ready, what is it. */
#include <string.h>
#include <unistd.h>

#include "base/version.h"
#include "control/api_answer.h"
#include "control/api_router.h"
#include "control/api_world.h"
#include "store/db.h"
#include "sys/addr.h"

static const char *state_of(const struct api_world *w)
{
	uint64_t newest = w->snapshot ? w->snapshot->version : 0;

	if (w->is_draining)
		return "draining";
	if (!newest)
		return "starting";
	if (w->refused_version == newest)
		return "refused";
	return api_world_applied(w, newest) == w->workers_len ? "ready" : "applying";
}

static void put_plain(struct api_call *call, const char *text)
{
	api_text(call, "text/plain; charset=utf-8", strdup(text), strlen(text));
}

/* It answers: that is all that is asked. */
static void get_healthz(struct api_call *call)
{
	put_plain(call, "ok\n");
}

/* Are new clients served by every worker? While a newer snapshot is on its way they are,
 * by the one before. */
static void get_readyz(struct api_call *call)
{
	const struct api_world *w = call->world;
	bool is_serving = w->workers_len > 0 && api_world_applied(w, 1) == w->workers_len;

	if (!w->is_draining && is_serving)
		put_plain(call, "ready\n");
	else
		api_fail(call, 503, API_CODE_CONFLICT, NULL, "%s", state_of(w));
}

static json_t *listeners(const struct msg_start *start)
{
	json_t *all = json_array();

	for (uint32_t i = 0; start && i < start->listeners_len; i++) {
		char text[ADDR_TEXT_MAX + 1];
		struct sink s = sink_of(text, sizeof(text) - 1);

		addr_format(&start->listeners[i].addr, &s);
		text[s.len] = '\0';
		(void)json_array_append_new(all, api_string(text));
	}
	return all;
}

static json_t *kernel_tls(const struct api_world *w)
{
	char text[KTLS_TEXT_MAX + 1];
	struct sink s = sink_of(text, sizeof(text) - 1);
	bool is_off = w->snapshot && w->snapshot->options.ktls == OPTION_KTLS_OFF;
	json_t *suites = json_array();

	for (int version = 0; version < 2; version++)
		for (int c = 0; c < KTLS_CIPHER_MAX; c++) {
			uint16_t v = version ? TLS_1_3_VERSION : TLS_1_2_VERSION;

			if (ktls_can(w->ktls, v, (enum ktls_cipher)c))
				(void)json_array_append_new(
					suites,
					json_sprintf("TLS 1.%d %s", version + 2,
				                     ktls_cipher_label((enum ktls_cipher)c)));
		}
	ktls_put_summary(&s, w->ktls);
	text[s.len] = '\0';
	return json_pack("{s:b, s:b, s:b, s:o, s:s}", "is_used",
	                 !is_off && json_array_size(suites) > 0, "is_whole", ktls_is_whole(w->ktls),
	                 "can_rekey", w->ktls->rekey, "suites", suites, "summary", text);
}

static json_t *snapshot(const struct api_world *w)
{
	uint64_t version = w->snapshot ? w->snapshot->version : 0;

	return json_pack("{s:I, s:I, s:b}", "version", (json_int_t)version, "workers_applied",
	                 (json_int_t)(version ? api_world_applied(w, version) : 0), "is_refused",
	                 version > 0 && w->refused_version == version);
}

/* null where none is configured, or a restarted control could not open it */
static json_t *store(const struct api_world *w)
{
	if (!w->db || !w->snapshot || !w->snapshot->store)
		return json_null();
	return json_pack("{s:o, s:b}", "path", api_string(w->snapshot->store), "is_writable",
	                 db_is_writable(w->db));
}

static void get_status(struct api_call *call)
{
	const struct api_world *w = call->world;

	api_result(call, 200,
	           json_pack("{s:s, s:s, s:i, s:i, s:I, s:o, s:i, s:I, s:o, s:o, s:o, s:o}",
	                     "version", SLUICE_VERSION, "state", state_of(w), "pid",
	                     (int)w->master_pid, "control_pid", (int)getpid(), "uptime_s",
	                     (json_int_t)((w->now_ms - w->started_ms) / 1000), "config",
	                     api_string(w->config), "workers", (int)w->workers_len, "hosts",
	                     (json_int_t)(w->snapshot ? w->snapshot->hosts_len : 0), "listen",
	                     listeners(w->start), "snapshot", snapshot(w), "kernel_tls",
	                     kernel_tls(w), "store", store(w)));
}

const struct api_route api_routes_status[] = {
	{ "GET", "/healthz", API_ANYBODY, 0, get_healthz },
	{ "GET", "/readyz", API_ANYBODY, 0, get_readyz },
	{ "GET", "/sluice/v1/status", API_READ, 0, get_status },
	API_ROUTES_END,
};
