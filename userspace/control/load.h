/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * load.h - the configuration file and all it names, to a snapshot; or every mistake in it.
 */
#pragma once

#include "conf/mistakes.h"
#include "conf/xdp.h"
#include "control/load_tls.h"
#include "control/resolve.h"
#include "control/revoked_file.h"
#include "control/source.h"
#include "control/watch.h"
#include "store/snapshot.h"
#include "sys/channel.h"
#include "sys/ktls.h"

struct tls_worker;

struct loader {
	const struct source *source;
	const char *file;                /* paths in it are relative to its directory */
	const struct snapshot *previous; /* in force, or NULL */
	struct tls_worker *tls;          /* to try certificates with */
	struct ktls_support ktls;        /* this kernel */
};

struct loaded {
	struct snapshot *snapshot;    /* version is the caller's to set */
	struct watch *watch;          /* the files it is made of */
	struct revoked_file *revoked; /* NULL: none is named */
	struct msg_start start;
	struct xdp_rules xdp;
};

/**
 * load - read, check and build
 * @mistakes: gets all that is wrong
 * @out:      written on success; snapshot, watch and revoked are the caller's
 *
 * Names of origins are looked up; one that cannot be found keeps the addresses it has in
 * @l->previous, with a warning, and is a mistake where it has none.
 *
 * Return: 0; -EINVAL there are mistakes; -ENOMEM.
 */
MUST_USE int load(const struct loader *l, struct mistakes *mistakes, struct loaded *out);
