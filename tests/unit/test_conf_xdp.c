/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/xdp.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define REST                                                                                       \
	"listen: ['0.0.0.0:1']\nhosts:\n"                                                          \
	"  - {names: [a.example], certificate: c, key: k, origins: ['1.2.3.4:80']}\n"

static char heard[1024];

static void hear(void *arg, const char *line)
{
	size_t n = strlen(heard);

	(void)arg;
	(void)snprintf(heard + n, sizeof(heard) - n, "%s|", line);
}

struct read {
	enum xdp_mode mode;
	struct xdp_rules rules;
};

static struct read read_xdp(const char *xdp, bool has_default)
{
	struct positions *positions = positions_new();
	struct mistakes mistakes = { 0 };
	struct conf_file *f = NULL;
	struct read out = { 0 };
	char text[1024];

	heard[0] = '\0';
	(void)snprintf(text, sizeof(text), "%s\n" REST, xdp);
	if (conf_file_parse(slice_of(text, strlen(text)), positions, &mistakes, &f) == 0) {
		out.mode = conf_xdp_mode(f, positions, &mistakes);
		conf_xdp_rules(f, has_default, positions, &mistakes, &out.rules);
	}
	mistakes_report(&mistakes, "f", hear, NULL);
	mistakes_fini(&mistakes);
	positions_free(positions);
	conf_file_free(f);
	return out;
}

Test(conf_xdp, nothing_is_wanted_unless_it_is_written)
{
	cr_expect_eq(read_xdp("access_log: true", false).mode, XDP_MODE_OFF);
	cr_expect_eq(read_xdp("xdp: { mode: native }", false).mode, XDP_MODE_OFF);
	cr_expect_eq(read_xdp("xdp: { interfaces: [] }", false).mode, XDP_MODE_OFF);
	cr_expect_eq(read_xdp("xdp: { interfaces: [eth0], mode: off }", false).mode, XDP_MODE_OFF);
	cr_expect_eq(read_xdp("xdp: { interfaces: [eth0] }", false).mode, XDP_MODE_AUTO);
	cr_expect_str_eq(heard, "");
}

Test(conf_xdp, defaults)
{
	struct xdp_rules r = read_xdp("xdp: { interfaces: [eth0] }", false).rules;

	cr_expect_eq(r.unknown, XDP_UNKNOWN_RESET);
	cr_expect(!r.is_strict);
	cr_expect_eq(r.source.rate, 0);
	cr_expect_eq(r.host.rate, 0);
	cr_expect_eq(r.partial.rate, XDP_PARTIAL_RATE);
	cr_expect_eq(r.partial.burst, XDP_PARTIAL_RATE);
	cr_expect_eq(read_xdp("access_log: true", false).rules.unknown, XDP_UNKNOWN_RESET);
	/* somebody takes them */
	r = read_xdp("xdp: { interfaces: [eth0] }", true).rules;
	cr_expect_eq(r.unknown, XDP_UNKNOWN_DEFAULT);
	r = read_xdp("xdp: { interfaces: [eth0], unknown_name: drop }", true).rules;
	cr_expect_eq(r.unknown, XDP_UNKNOWN_DROP);
}

Test(conf_xdp, what_is_written)
{
	struct read r = read_xdp("xdp: { interfaces: [eth0], mode: generic, strict: true, "
	                         "source_rate: 7, host_rate: 9, host_burst: 3, partial_rate: 0 }",
	                         false);

	cr_expect_str_eq(heard, "");
	cr_expect_eq(r.mode, XDP_MODE_GENERIC);
	cr_expect(r.rules.is_strict);
	cr_expect_eq(r.rules.source.rate, 7);
	cr_expect_eq(r.rules.source.burst, 7);
	cr_expect_eq(r.rules.host.rate, 9);
	cr_expect_eq(r.rules.host.burst, 3);
	cr_expect_eq(r.rules.partial.rate, 0);
	cr_expect_eq(r.rules.partial.burst, 1);
}

Test(conf_xdp, mistakes_have_their_line_and_key)
{
	static const struct {
		const char *xdp, *want;
	} rows[] = {
		{ "xdp:\n  interfaces: [eth0]\n  mode: fast",
		  "f:3: xdp.mode: \"fast\" is none of: auto, native, generic, off|" },
		{ "xdp:\n  unknown_name: pass",
		  "f:2: xdp.unknown_name: \"pass\" is none of: reset, drop, default|" },
		{ "xdp:\n  source_rate: -1",
		  "f:2: xdp.source_rate: \"-1\" is not a number within 0 to 1000000|" },
		{ "xdp:\n  host_burst: 0",
		  "f:2: xdp.host_burst: \"0\" is not a number within 1 to 1000000|" },
		{ "xdp:\n  partial_rate: 1000001",
		  "f:2: xdp.partial_rate: \"1000001\" is not a number within 0 to 1000000|" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		(void)read_xdp(rows[i].xdp, false);
		cr_expect_str_eq(heard, rows[i].want);
	}
}
