/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * load_priv.h - private to load*.c: one file on its way to a snapshot.
 */
#pragma once

#include "conf/file.h"
#include "control/load.h"

struct build {
	const struct loader *loader;
	struct mistakes *mistakes;
	struct positions *positions;
	const struct conf_file *conf;
	struct snapshot *snapshot;
	struct watch *watch;
	struct revoked_file *revoked;
	struct resolver resolver;
	struct xdp_rules xdp;
	int status; /* 0 or -ENOMEM */
};

/* One host of it. */
struct build_host {
	struct build *b;
	const struct conf_host *conf;
	struct snapshot_host *out;
	size_t index;
	char path[32]; /* "hosts[2]" */
};

/* A copy, or NULL and b->status = -ENOMEM. */
char *build_copy(struct build *b, struct slice text);

/* @path as control opens it: relative ones are relative to the file's directory. */
MUST_USE int build_path(const struct build *b, const char *path, char *out, size_t cap);

/* load_tickets.c: what sessions are sealed with */
void build_ticket_keys(struct build *b);
/* load_api.c: where the settings API is served, and where it keeps what it is told */
void build_api(struct build *b, struct msg_api *out);
void build_store(struct build *b);

/* load_proxy.c: who may say for whom it connects */
void build_proxy_sources(struct build *b);
/* load_zones.c: domains for the settings API */
void build_zones(struct build *b);

/* load_xdp.c: where XDP is wanted, and what it does there. Hosts are built. */
void build_xdp(struct build *b, struct msg_xdp *out);

/* load_files.c: the list of revoked certificates */
void build_revoked(struct build *b);

/* load_host.c: names, words, and all the others */
void build_host(struct build_host *h);

/* load_files.c: certificate, key, client CAs, CRLs */
void build_files(struct build_host *h);

/* load_allow.c */
void build_allow(struct build_host *h);

/* load_tls.c: do certificate, key and client CAs work together? */
void build_tls(struct build_host *h);

/* load_headers.c */
void build_headers(struct build_host *h);

/* load_origins.c */
void build_origins(struct build_host *h);
