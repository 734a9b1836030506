/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * state.h - private to proc/: all the master knows.
 *
 * What a child has yet to be told is kept as state (this many listeners sent, that snapshot
 * sent), not as a queue of messages: a restarted child starts from zero and gets the same.
 */
#pragma once

#include <stdbool.h>

#include "proc/api_socket.h"
#include "proc/files.h"
#include "proc/listeners.h"
#include "proc/spawn.h"
#include "proc/watchdog.h"
#include "sys/channel.h"
#include "sys/conns_map.h"
#include "sys/stats.h"
#include "sys/xdp.h"

enum {
	CHILD_DEAF_MS = 10000,  /* does not read its channel for this long: killed */
	DRAIN_GRACE_MS = 2000,  /* after drain_timeout_ms, before SIGKILL */
	START_ATTEMPTS_MAX = 5, /* quick deaths of one worker before the first is ready */
};

enum phase {
	PHASE_RUNNING,
	PHASE_DRAINING, /* workers finish */
	PHASE_KILLING,  /* SIGKILL is sent; waiting for the last to be reaped */
};

struct child {
	pid_t pid;   /* 0: not running */
	int channel; /* -1: none */
	uint64_t started_ms;
	uint64_t restart_at_ms; /* when pid is 0 */
	uint64_t deaf_since_ms; /* 0: reads */
	unsigned int quick;     /* see backoff.h */
	bool has_served;        /* a worker: applied a snapshot; control: made one */
};

struct worker_child {
	struct child child;
	uint32_t listeners_sent;
	uint64_t revoked_sent;
	uint64_t snapshot_sent;
	bool is_drain_sent;
	bool is_applied; /* answered a snapshot without an error */
	struct watchdog watchdog;
	bool is_offered; /* BPF gives it new connections */
};

struct master {
	enum phase phase;
	int exit_code;
	uint64_t now_ms;
	uint64_t drain_deadline_ms;
	int signal_fd, stats_fd;
	int conns_fd;      /* who is connected */
	int conns_read_fd; /* the same, for reading only */
	struct conns_map conns_map;
	const char *bpf_dir; /* where that and XDP's are pinned */
	struct xdp *xdp;     /* NULL: none */
	bool is_steering;    /* its program gives out connections */
	bool is_attached;    /* attached wherever it could be; looked at now and then */
	int steer_said[XDP_INTERFACES_MAX]; /* what was logged last of each interface */
	uint64_t steer_at_ms;
	bool has_users; /* started as root: children become these */
	struct cage_user user_worker, user_control;
	struct files files;
	char ktls[8];     /* what the kernel can do: ktls_pack(), for the roles' command lines */
	char started[24]; /* clock_mono_ns() / 1000000 when we began, likewise */
	struct child control;
	bool is_reload_owed;
	bool is_again_owed; /* control was restarted: it wants the newest snapshot */
	bool is_drain_owed; /* control shall hear of the drain */
	bool is_started;    /* start and listeners hold */
	bool is_ready;      /* every worker serves */
	struct msg_start start;
	struct listeners listeners;
	struct api_socket api;
	int snapshot_fd; /* newest; -1: none yet */
	uint64_t snapshot_version;
	int revoked_fd; /* the newest list of revoked certificates; -1: none yet */
	uint64_t revoked_version;
	struct worker_child workers[WORKERS_MAX];      /* start.workers of them */
	const struct worker_stats *stats[WORKERS_MAX]; /* of these; NULL: not looked at yet */
};

/* child.c */
void child_reset(struct child *c);
void child_died(struct master *m, struct child *c);
/* The other side is gone; if it does not end by itself, it is taken for deaf. */
void child_hang_up(struct master *m, struct child *c);
void child_kill(const struct child *c);
/* After a failed send: mark it deaf, or kill it when its channel is broken. */
void child_send_failed(struct master *m, struct child *c, int error);
/* Deaf for too long? Then it is killed. */
void child_check_deaf(const struct master *m, const struct child *c, const char *what);

/* workers.c */
uint32_t workers_len(const struct master *m);
uint32_t workers_alive(const struct master *m);
void workers_start_due(struct master *m);
void workers_sync(struct master *m);
void workers_read(struct master *m, uint32_t id);
/* Those that serve and turn no more are killed. */
void workers_watch(struct master *m);
/* Answer a list of revoked certificates for workers that are not there. */
void workers_answer_revoked(struct master *m);
/* Lost for a worker that has no room for it. */
void workers_tell_ocsp(struct master *m, const struct msg_ocsp_answer *a);
void worker_died(struct master *m, uint32_t id, int status);

/* control.c */
void control_start_due(struct master *m);
void control_sync(struct master *m);
void control_read(struct master *m);
void control_died(struct master *m, int status);
/* May one more message be forwarded without blocking? */
bool control_has_room(const struct master *m);

/* steer.c */
/* Load what is wanted. Return: 0, also without where that will do; -errno and why in @text, MSG_TEXT_MAX. */
MUST_USE int steer_begin(struct master *m, const struct msg_xdp *want, char *text);
void steer_listeners(struct master *m);
/* The maps are filled. Return: as of steer_begin(). */
MUST_USE int steer_attach(struct master *m, char *text);
void steer_worker_serves(struct master *m, uint32_t id);
void steer_worker_gone(struct master *m, uint32_t id);
/* Are the interfaces still there? */
void steer_look(struct master *m);
void steer_end(struct master *m);

/* phases.c */
void master_drain(struct master *m);
void master_kill(struct master *m, int exit_code);
void master_ready(struct master *m);
