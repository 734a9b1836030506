/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control.h - the role that reads what the operator wrote and tells the workers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct control_conf {
	const char *config;  /* absolute path of the configuration file; the master opens it */
	uint32_t ktls;       /* what the kernel can do, ktls_pack() */
	uint64_t started_ms; /* when the master began, of clock_mono_ns() */
	/* how a connection can end, in words, as workers count it: their room is not ours */
	const char *const *conn_reasons;
	uint32_t conn_reasons_len;
	bool is_again; /* workers serve already; the master sends the newest snapshot first */
};

/**
 * control_main - run until the master is gone
 *
 * Return: exit status. 0 the master is gone; 1 the first configuration is no good or
 *         cannot be put in force, and why has been said.
 */
int control_main(const struct control_conf *conf);

/**
 * control_check - say every mistake in @config on stderr; nothing is started
 *
 * What the kernel can do is probed.
 *
 * Return: 0 it is good; 1 it is not.
 */
int control_check(const char *config);
