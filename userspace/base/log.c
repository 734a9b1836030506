/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	const char *role;
	enum log_level level;
	bool is_terminal;
	time_t second;       /* CLOCK_MONOTONIC, the second that is counted */
	unsigned int lines;  /* written in it */
	unsigned int missed; /* left out since the last line that passed */
} state = { .role = "", .level = LOG_LEVEL_INFO };

void log_open(const char *role, enum log_level level)
{
	state.role = role;
	state.level = level;
	state.is_terminal = isatty(STDERR_FILENO) == 1;
}

/* True if one more line may be written in this second. */
static bool may_write(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) == 0 && now.tv_sec != state.second) {
		state.second = now.tv_sec;
		state.lines = 0;
	}
	if (state.lines >= LOG_LINES_PER_SECOND) {
		state.missed++;
		return false;
	}
	state.lines++;
	return true;
}

/* A pipe or a socket that nobody reads must not hold up who writes. */
static bool has_room(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

static size_t clamp(int written, size_t room)
{
	if (written < 0)
		return 0;
	return (size_t)written < room ? (size_t)written : room - 1;
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	size_t room = sizeof(line) - 1; /* keeps a byte for the line's end */
	unsigned int missed = 0;
	size_t n = 0;
	va_list args;

	if (level > state.level || !may_write())
		return;
	if (!state.is_terminal)
		n = clamp(snprintf(line, room, "<%d>", (int)level), room);
	n += clamp(snprintf(line + n, room - n, "sluiced[%s]: ", state.role), room - n);
	if (state.missed > 0) {
		n += clamp(snprintf(line + n, room - n, "(%u lines left out) ", state.missed),
		           room - n);
		missed = state.missed;
		state.missed = 0;
	}
	va_start(args, format);
	n += clamp(vsnprintf(line + n, room - n, format, args), room - n);
	va_end(args);
	line[n++] = '\n';
	/* Nobody is left to tell if this fails. */
	if (!has_room() || write(STDERR_FILENO, line, n) < 0)
		state.missed += missed + 1;
}
