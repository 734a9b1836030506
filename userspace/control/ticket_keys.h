/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ticket_keys.h - where the keys of tickets come from: a file, or made here and replaced
 * from time to time. Those made here live in the snapshot, which outlives this process.
 */
#pragma once

#include "control/source.h"
#include "store/snapshot.h"

/**
 * ticket_file_read - the keys of a file
 * @out_why: why not, static, when it is -EINVAL; never what stands in the file
 *
 * Return: 0; -EINVAL not keys, or a file that others may read or write; of source_read().
 */
MUST_USE int ticket_file_read(const struct source *s, const char *path, struct ticket_keys *out,
                              struct source_stamp *out_stamp, const char **out_why);

/** ticket_keys_are_made - is it for us to replace them? */
bool ticket_keys_are_made(const struct snapshot *s);

/**
 * ticket_keys_due_s - when is a new key wanted?
 * @now_s: s since 1970
 *
 * Return: s from now on; 0: now, also where the clock was put back.
 */
int64_t ticket_keys_due_s(const struct snapshot *s, int64_t now_s);

/** ticket_keys_rotate - a new key seals, the one that did opens. Return: 0 or -EIO. */
MUST_USE int ticket_keys_rotate(struct ticket_keys *keys);
