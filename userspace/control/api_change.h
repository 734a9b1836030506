/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_change.h - a change that an API call makes in the store: all of it, with its line in
 * the audit log, or nothing.
 *
 *   if (!change_begin(call)) return;
 *   r = ..._db_...();
 *   if (r == 0) r = change_note(call, before, after);
 *   if (r == 0) r = change_commit(call);
 *   if (r < 0) { change_undo(call, r); return; }
 *   api_result(call, ...);
 *
 * No other call comes between: control has one thread.
 */
#pragma once

#include "base/must.h"
#include "control/api_call.h"

/** change_begin - Return: false: there is no store, or it cannot be written: that is the answer. */
bool change_begin(struct api_call *call);

/**
 * change_note - what is to be in the audit log
 * @before, @after: borrowed; NULL: nothing. One that is too long is told by its size alone.
 *
 * Return: 0; -ENOMEM; of audit_db_add().
 */
MUST_USE int change_note(struct api_call *call, const json_t *before, const json_t *after);

/** change_commit - Return: 0 it is durable; -errno nothing has changed. */
MUST_USE int change_commit(struct api_call *call);

/**
 * change_in_force - instead of change_commit() and api_result(), for what changes hosts
 * @result: taken
 *
 * Answers, in the end: when it is durable and every worker has it in force.
 */
void change_in_force(struct api_call *call, unsigned int status, json_t *result);

/** change_undo - it did not happen; @error, negative, is answered unless there is an answer already */
void change_undo(struct api_call *call, int error);
