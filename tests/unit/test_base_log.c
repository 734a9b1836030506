/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static int ends[2];

/* stderr is a pipe of ours; Criterion's own report goes elsewhere. */
static void capture(void)
{
	cr_assert_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	cr_assert_geq(dup2(ends[1], STDERR_FILENO), 0);
	cr_assert_geq(fcntl(ends[1], F_SETFL, 0), 0); /* writers block, as they do in service */
	log_open("test", LOG_LEVEL_INFO);
}

static const char *heard(void)
{
	static char text[65536];
	ssize_t n = read(ends[0], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

Test(log, a_line_has_level_role_and_message, .init = capture)
{
	log_warn("%d of %s", 3, "x");
	cr_expect_str_eq(heard(), "<4>sluiced[test]: 3 of x\n");
}

Test(log, lines_above_the_level_are_not_written, .init = capture)
{
	log_debug("no");
	cr_expect_str_eq(heard(), "");
}

Test(log, a_long_message_is_cut_and_still_one_line, .init = capture)
{
	static char text[5000];
	const char *line;

	memset(text, 'x', sizeof(text) - 1);
	log_error("%s", text);
	line = heard();
	cr_expect_leq(strlen(line), LOG_LINE_MAX);
	cr_expect_geq(strlen(line), LOG_LINE_MAX - 8);
	cr_expect_eq(strchr(line, '\n'), line + strlen(line) - 1);
}

Test(log, a_flood_is_cut_off_and_counted, .init = capture)
{
	const char *text;
	int lines = 0;

	for (int i = 0; i < LOG_LINES_PER_SECOND + 500; i++)
		log_info("%d", i);
	for (text = heard(); (text = strchr(text, '\n')); text++)
		lines++;
	/* The clock may have begun a new second in between. */
	cr_expect_geq(lines, LOG_LINES_PER_SECOND);
	cr_expect_leq(lines, 2 * LOG_LINES_PER_SECOND);
}

/* Without the poll(2) this test ends by its time-out. */
Test(log, a_stderr_that_takes_nothing_loses_lines_and_blocks_nobody, .init = capture, .timeout = 10)
{
	static const char fill[4096];
	int filled = 0;

	cr_assert_geq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	while (write(ends[1], fill, sizeof(fill)) > 0)
		filled++;
	while (write(ends[1], fill, 1) > 0)
		filled++;
	cr_assert_geq(fcntl(ends[1], F_SETFL, 0), 0);
	cr_assert_gt(filled, 0);

	log_error("lost");
	log_error("lost too");
	while (*heard() != '\0' || read(ends[0], (char[64]){ 0 }, 64) > 0)
		continue;
	log_error("heard");
	cr_expect_str_eq(heard(), "<3>sluiced[test]: (2 lines left out) heard\n");
}
