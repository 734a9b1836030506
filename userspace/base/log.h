/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * log.h - the error log: one line on stderr, which systemd hands to the journal.
 *
 * "<level>sluiced[role]: message". The level prefix is sd-daemon(3)'s and is
 * left out when stderr is a terminal. Lines per second are limited for each
 * process; what was left out is counted and said in the next line that passes. A
 * stderr that takes nothing loses lines the same way: it holds nobody up.
 */
#pragma once

#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

enum { LOG_LINE_MAX = 1024, LOG_LINES_PER_SECOND = 200 };

/**
 * log_open - name this process's lines
 * @role:  a string that outlives the process's logging, e.g. "worker 0"
 * @level: lines above this level are not written
 */
void log_open(const char *role, enum log_level level);

/** log_line - write one line; printf(3) form; cut at LOG_LINE_MAX bytes */
__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *format, ...);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
