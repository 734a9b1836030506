/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control_priv.h - private to control*.c: all that control knows.
 */
#pragma once

#include "control/api.h"
#include "control/api_world.h"
#include "control/inquiry.h"
#include "control/load.h"
#include "control/metrics.h"
#include "control/mirror.h"
#include "control/parent.h"
#include "control/publish.h"
#include "control/refresh.h"
#include "control/revocations.h"
#include "control/revoked_file.h"
#include "control/revoking.h"
#include "control/steering.h"
#include "store/db.h"

struct control {
	const char *config;
	uint64_t started_ms; /* when the master began */
	struct parent parent;
	struct source source;
	struct tls_worker *tls;
	struct ktls_support ktls;
	struct msg_start start; /* the last that the master agreed to; listeners_len 0: none */
	struct publish publish;
	struct refresh refresh;
	struct snapshot *snapshot; /* newest sent; NULL: none yet */
	struct watch *watch;       /* its files; NULL: they are not known */
	struct rows rows;          /* who is connected */
	struct mirror mirror;      /* a copy of them */
	struct inquiry *inquiry;
	struct revocations revocations;
	struct revoking revoking;
	struct revoked_file *revoked_file; /* NULL: none is named, or it is not known */
	struct steering steering;          /* what XDP knows */
	uint64_t refresh_at_ms;
	uint64_t watch_at_ms;
	struct db *db;          /* NULL: no store */
	uint64_t settle_at_ms;  /* UINT64_MAX: it is */
	struct overlay overlay; /* what it says of hosts, and all zones: laid over the snapshot */
	struct overlay overlay_next; /* between control_prepare() and control_publish() */
	bool is_overlay_known;       /* false: a restarted control cannot read its store */
	struct api *api;             /* NULL: none is wanted */
	struct api_world world;
	struct expiries expiries;
};

/* control.c: read the file and put it in force. Return: 0; -EINVAL and the like: what was in
 * force stays so; -EPIPE the master is gone. @mistakes is added to. */
MUST_USE int control_reload(struct control *c, struct mistakes *mistakes);

/* control.c: make @s, laid over, the newest snapshot. It is taken on success. Return: 0; -errno. */
MUST_USE int control_send_snapshot(struct control *c, struct snapshot *s, enum publish_why why);

/* control_overlay.c: what the store says, laid over @s. @out: for control_laid(). Return: 0; -errno:
 * why is in the log and in @mistakes. */
MUST_USE int control_lay(struct control *c, struct snapshot *s, struct overlay *out,
                         struct mistakes *mistakes);
void control_laid(struct control *c, struct overlay *o); /* it is the one in force; taken */
/* A snapshot that serves already has what its store says laid over it. */
void control_adopt_overlay(struct control *c);
/* Once more, over c->snapshot, whose configured hosts have changed. Return: 0; -EINVAL it
 * cannot be, which is in the log; -ENOMEM. */
MUST_USE int control_lay_again(struct control *c);
/* For api_world. */
MUST_USE int control_prepare(void *arg, char *err);
MUST_USE int control_publish(void *arg, bool is_kept);

/* control_api.c: the master said that so many workers run. @api_fd: the API's listener or -1, taken. */
MUST_USE int control_is_started(struct control *c, uint32_t workers, int api_fd);
void control_serve_api(struct control *c);

/* control_xdp.c: the maps, if the master has some. Return: 0, also without; -EPIPE ... */
MUST_USE int control_open_xdp(struct control *c);
/* What was read from the file, before and after its snapshot goes out. Return: 0; -errno: it was required. */
MUST_USE int control_steer(struct control *c, const struct loaded *l, struct mistakes *mistakes);
void control_steered(struct control *c);

/* control_store.c: open the store. Return: 0; -errno: why is in the log and in @mistakes. */
MUST_USE int control_open_store(struct control *c, const char *path, struct mistakes *mistakes);
void control_settle_store(struct control *c, uint64_t now_ms);

/* control_revoked.c: what the file says now, NULL where there is none, is sent. Return: 0, -E2BIG, -EPIPE ... */
MUST_USE int control_revoke_by_file(struct control *c, const struct revoked_file *f);
/* What the store says is sent. Return: 0; -errno, which is in the log; -EPIPE. */
MUST_USE int control_revoke_by_store(struct control *c);
/* Has the file changed? Return: 0, also where it cannot be used, which is in the log; -EPIPE the master is gone. */
MUST_USE int control_look_at_revoked(struct control *c);
/* What serves already, after a restart. */
MUST_USE int control_adopt_revoked(struct control *c);
void control_on_revoked_done(void *arg, const struct msg_result *result);

/* control_ocsp.c: questions of workers, and answers to them */
void control_on_ocsp_ask(void *arg, const struct msg *m);
void control_on_ocsp_answer(void *arg, const struct msg_ocsp_answer *a);
