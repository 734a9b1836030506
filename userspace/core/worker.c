/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "core/exchange.h"
#include "core/loop.h"
#include "core/orders.h"
#include "core/session.h"
#include "sys/cage.h"
#include "sys/clock.h"

enum { AEAD_ENTRIES = 256 }; /* connections whose expanded keys are kept */

/* A stack of slot numbers, the lowest on top: high slots stay untouched. */
static int make_free_list(uint32_t **out, uint32_t n)
{
	uint32_t *list = malloc(n * sizeof(*list));

	if (list == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		list[i] = n - 1 - i;
	*out = list;
	return 0;
}

static int make_tables(struct worker *w, const struct options *o)
{
	uint32_t pooled = o->origin_idle_conns < o->conns_per_worker ? o->origin_idle_conns
	                                                             : o->conns_per_worker;

	w->conns_len = w->conns_free_len = o->conns_per_worker;
	/* Each client connection may have one, some are pooled, and some wait to be closed. */
	w->links_len = w->links_free_len = o->conns_per_worker * 2 + pooled;
	w->conns = calloc(w->conns_len, sizeof(*w->conns));
	w->links = calloc(w->links_len, sizeof(*w->links));
	if (w->conns == NULL || w->links == NULL ||
	    make_free_list(&w->conns_free, w->conns_len) < 0 ||
	    make_free_list(&w->links_free, w->links_len) < 0)
		return -ENOMEM;
	if (pool_init(&w->exchanges, sizeof(struct exchange), o->conns_per_worker) < 0 ||
	    pool_init(&w->stashes.small, SMALL_BLOCK_BYTES, o->small_buffers) < 0 ||
	    pool_init(&w->stashes.bulk, BULK_BLOCK_BYTES, o->bulk_buffers) < 0 ||
	    pipe_pool_init(&w->pipes, o->pipes) < 0)
		return -ENOMEM;
	return 0;
}

static int make_buffers(struct worker *w)
{
	w->plain = malloc(PLAIN_BYTES);
	w->wire = malloc(WIRE_BYTES);
	w->log.lines[0] = malloc(LOG_BYTES);
	w->log.lines[1] = malloc(LOG_BYTES);
	if (w->plain == NULL || w->wire == NULL || w->log.lines[0] == NULL ||
	    w->log.lines[1] == NULL)
		return -ENOMEM;
	return 0;
}

static int open_ring(struct worker *w)
{
	int err = ring_open(&w->ring, RING_ENTRIES);

	if (err == -EPERM)
		log_error("io_uring is forbidden here: see sysctl kernel.io_uring_disabled and the "
		          "container's seccomp profile");
	else if (err < 0)
		log_error("io_uring: %s (Linux 6.1 or newer is needed)", strerror(-err));
	return err;
}

void worker_look(struct worker *w)
{
	w->now_us = clock_mono_ns() / 1000;
	w->now_ms = w->now_us / 1000;
}

int worker_init(struct worker *w, const struct options *options)
{
	const struct tls_worker_conf tls = {
		.lookup = greet_lookup,
		.sessions = options->sessions_per_worker,
		.tickets = options->session_tickets == OPTION_TICKETS_STATELESS,
		.identities = options->identities_per_worker,
		.verified = options->verified_per_worker,
		.stats = w->stats,
	};
	int err;

	w->options = *options;
	w->spare_fd = -1;
	w->standing.expires_s = INT64_MAX;
	worker_look(w);
	wheel_init(&w->wheel, w->now_ms);
	err = make_tables(w, options);
	if (err == 0)
		err = statuses_init(&w->statuses, options->identities_per_worker);
	if (err == 0)
		err = make_buffers(w);
	if (err == 0)
		err = aead_cache_new(AEAD_ENTRIES, &w->aead);
	if (err == 0)
		err = tls_worker_new(&tls, &w->tls);
	return err == 0 ? open_ring(w) : err;
}

static int serve(struct worker *w)
{
	int err = 0;

	orders_listen(w);
	for (uint32_t i = 0; i < LISTENERS_MAX; i++)
		loop_accept(w, i);
	while (!w->is_done) {
		err = loop_turn(w);
		if (err < 0) {
			log_error("io_uring: %s", strerror(-err));
			break;
		}
		orders_build(w);
		standing_turn(w);
		orders_check_drain(w);
	}
	ring_close(&w->ring);
	return err;
}

int worker_main(unsigned int id, uint32_t ktls)
{
	static struct worker w;
	static char role[32];
	int err;

	(void)snprintf(role, sizeof(role), "worker %u", id);
	log_open(role, LOG_LEVEL_INFO);
	(void)signal(SIGPIPE, SIG_IGN);
	/* A terminal's Ctrl-C goes to the master, which tells us to drain. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	w.id = id;
	ktls_unpack(ktls, &w.ktls);
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		w.listeners[i].fd = -1;
	err = cage_keep();
	if (err < 0) {
		log_error("traceable: %s", strerror(-err));
		return EXIT_FAILURE;
	}
	err = stats_map(STATS_FD, id, &w.stats);
	if (err < 0) {
		log_error("no page for counters: %s", strerror(-err));
		return EXIT_FAILURE;
	}
	err = conns_map(CONNS_FD, id, &w.table);
	if (err < 0) {
		log_error("no table of connections: %s", strerror(-err));
		return EXIT_FAILURE;
	}
	conns_begin(w.table, clock_mono_ns());
	w.stats->generation++;
	w.stats->pid = (uint64_t)getpid();
	w.stats->snapshot_version = 0;
	w.stats->conns_open = 0;
	w.stats->ktls_conns_open = 0;
	w.stats->ktls_support = ktls;
	err = orders_first(&w);
	if (err == 0 && !w.is_done)
		err = serve(&w);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
