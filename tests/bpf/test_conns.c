/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The map of who is connected: made, pinned in a BPF file system of our own, filled.
 */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi.h"
#include "control/mirror.h"

enum { PERIOD_MS = 100 };

static char dir[64];
static struct conns_map map;
static struct rows rows;
static struct mirror mirror;
static struct conn_table *tables[2];
static uint64_t now_ms = 1;

/* Nobody else sees the mount, and it goes with this process. */
static void setup(void)
{
	char why[CONNS_MAP_TEXT_MAX] = "";
	int fd = -1;

	(void)snprintf(dir, sizeof(dir), "/tmp/sluice-bpf-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(unshare(CLONE_NEWNS), 0);
	cr_assert_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount("bpf", dir, "bpf", 0, NULL), 0);
	cr_assert_eq(conns_map_open(dir, &map, why), 0, "%s", why);
	cr_assert_eq(conns_create(2, &fd), 0);
	for (uint32_t i = 0; i < 2; i++) {
		cr_assert_eq(conns_map(fd, i, &tables[i]), 0);
		conns_begin(tables[i], 100 + i);
	}
	rows.fd = fd;
	mirror_open(&mirror, map.fd, &rows);
	cr_assert_eq(mirror.at_ms, 0);
}

static void teardown(void)
{
	mirror_close(&mirror);
	conns_map_close(&map);
	(void)umount(dir);
	(void)rmdir(dir);
}

TestSuite(bpf_conns, .init = setup, .fini = teardown);

static const uint8_t ip[16] = { [10] = 0xFF, [11] = 0xFF, 192, 0, 2, 1 };
static const uint8_t ip6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
static const uint8_t sha256[32] = { 0xAB, 0xCD };

static struct conn_facts facts(void)
{
	return (struct conn_facts){
		.since_ns = 5,
		.port = 4711,
		.version = 0x0303,
		.is_verified = true,
		.ip = ip,
		.sha256 = sha256,
		.suite = SLICE("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
		.host = SLICE("api.example.com"),
		.serial = SLICE("0A0B"),
		.subject = SLICE("CN=a\\,lice"),
	};
}

/* A round, however many steps it takes. */
static void run_round(void)
{
	now_ms += PERIOD_MS;
	do {
		mirror_turn(&mirror, 2, PERIOD_MS, now_ms);
	} while (mirror.at_ms <= now_ms);
	cr_assert_eq(mirror.at_ms, now_ms + PERIOD_MS);
}

static bool find(uint32_t worker, uint32_t slot, struct abi_conn *out)
{
	const struct abi_conn_key key = { .worker = worker, .slot = slot };

	return bpf_map_lookup_elem(map.fd, &key, out) == 0;
}

static uint32_t entries(void)
{
	struct abi_conn_key key;
	struct abi_conn_key next;
	const void *from = NULL;
	uint32_t n = 0;

	while (bpf_map_get_next_key(map.fd, from, &next) == 0) {
		key = next;
		from = &key;
		n++;
	}
	return n;
}

Test(bpf_conns, a_row_comes_changes_and_goes)
{
	const struct conn_facts f = facts();
	struct conn_row *r = conns_enter(tables[1], 7, &f);
	struct abi_conn got;

	run_round();
	cr_assert(find(1, 7, &got));
	cr_expect_eq(got.since_ns, 5);
	cr_expect_str_eq(got.peer, "192.0.2.1:4711");
	cr_expect_str_eq(got.host, "api.example.com");
	cr_expect_str_eq(got.tls, "TLSv1.2");
	cr_expect_str_eq(got.suite, (const char *)f.suite.ptr, "the longest there is");
	cr_expect(got.cert && got.verified && !got.ktls && !got.resumed);
	cr_expect_str_eq(got.serial, "0A0B");
	cr_expect_str_eq(got.subject, "CN=a%,lice", "no backslash");
	cr_expect_eq(strlen(got.sha256), 64);
	cr_expect_eq(memcmp(got.sha256, "abcd0000", 8), 0);
	conns_request(r);
	conns_in(r, 3);
	conns_out(r, 4);
	conns_kernel(r);
	run_round();
	cr_assert(find(1, 7, &got));
	cr_expect(got.requests == 1 && got.bytes_in == 3 && got.bytes_out == 4 && got.ktls);
	conns_leave(r);
	run_round();
	cr_expect_not(find(1, 7, &got));
	cr_expect_eq(entries(), 0);
}

Test(bpf_conns, texts_that_are_too_long_end_in_dots)
{
	struct conn_facts f = facts();
	char text[300];
	struct abi_conn got;

	memset(text, 'x', sizeof(text));
	f.ip = ip6;
	f.sha256 = NULL;
	f.suite = f.serial = SLICE("");
	f.host = slice_of(text, 64);
	f.subject = slice_of(text, 127);
	(void)conns_enter(tables[0], 0, &f);
	f.host = slice_of(text, 63);
	f.subject = slice_of(text, 128);
	(void)conns_enter(tables[0], 1, &f);
	f.host = f.subject = SLICE("");
	f.serial = slice_of(text, 44);
	(void)conns_enter(tables[0], 2, &f);
	run_round();
	cr_assert(find(0, 0, &got));
	cr_expect_str_eq(got.peer, "[2001:db8::1]:4711");
	cr_expect_str_eq(got.sha256, "");
	cr_expect_eq(strlen(got.host), 63);
	cr_expect_str_eq(got.host + 59, "x...");
	cr_expect_eq(got.subject[126], 'x');
	cr_expect_eq(strlen(got.subject), 127);
	cr_assert(find(0, 1, &got));
	cr_expect_eq(got.host[62], 'x');
	cr_expect_str_eq(got.subject + 123, "x...");
	cr_assert(find(0, 2, &got));
	cr_expect_str_eq(got.serial + 39, "x...");
}

Test(bpf_conns, rows_of_a_dead_worker_go_and_its_successors_are_others)
{
	struct conn_facts f = facts();
	struct abi_conn got;

	(void)conns_enter(tables[0], 0, &f);
	(void)conns_enter(tables[0], 1, &f);
	(void)conns_enter(tables[1], 0, &f);
	run_round();
	cr_expect_eq(entries(), 3);
	cr_assert_eq(conns_drop(rows.fd, 0), 0);
	run_round();
	cr_expect_eq(entries(), 1);
	cr_expect(find(1, 0, &got));
	/* dead and back between two rounds: the same slot, the same mark, another client */
	cr_assert_eq(conns_drop(rows.fd, 1), 0);
	conns_begin(tables[1], 200);
	f.port = 4712;
	(void)conns_enter(tables[1], 0, &f);
	run_round();
	cr_assert(find(1, 0, &got));
	cr_expect_str_eq(got.peer, "192.0.2.1:4712");
}

Test(bpf_conns, what_the_last_control_left_is_gone)
{
	const struct conn_facts f = facts();

	(void)conns_enter(tables[0], 0, &f);
	(void)conns_enter(tables[0], 1, &f);
	run_round();
	mirror_close(&mirror);
	conns_leave(&tables[0]->rows[1]);
	mirror_open(&mirror, map.fd, &rows);
	cr_expect_eq(entries(), 0);
	run_round();
	cr_expect_eq(entries(), 1);
}

Test(bpf_conns, more_than_fit_are_left_out_until_there_is_room)
{
	const struct conn_facts f = facts();
	struct abi_conn got;

	for (uint32_t i = 0; i < ABI_CONNS_MAX; i++)
		(void)conns_enter(tables[0], i, &f);
	for (uint32_t i = 0; i < 300; i++)
		(void)conns_enter(tables[1], i, &f);
	run_round();
	cr_expect_eq(entries(), ABI_CONNS_MAX);
	cr_expect_not(find(1, 299, &got));
	/* those that are in it are kept up to date all the same */
	conns_request(&tables[0]->rows[0]);
	run_round();
	cr_assert(find(0, 0, &got));
	cr_expect_eq(got.requests, 1);
	/* and what is not is not an error when it goes */
	conns_leave(&tables[1]->rows[0]);
	for (uint32_t i = 0; i < 300; i++)
		conns_leave(&tables[0]->rows[i]);
	for (uint32_t i = 0; i < MIRROR_FULL_ROUNDS + 1; i++)
		run_round();
	cr_expect_eq(entries(), ABI_CONNS_MAX - 300 + 299);
	cr_expect(find(1, 299, &got));
}

Test(bpf_conns, nothing_is_copied_when_it_is_switched_off)
{
	const struct conn_facts f = facts();

	(void)conns_enter(tables[0], 0, &f);
	mirror_turn(&mirror, 2, 0, now_ms);
	cr_expect_gt(mirror.at_ms, now_ms);
	cr_expect_eq(entries(), 0);
}

Test(bpf_conns, without_a_map_nothing_is_ever_due)
{
	struct mirror none;

	mirror_open(&none, -1, &rows);
	cr_expect_eq(none.at_ms, UINT64_MAX);
	mirror_turn(&none, 2, PERIOD_MS, now_ms);
	cr_expect_eq(none.at_ms, UINT64_MAX);
	mirror_close(&none);
}

Test(bpf_conns, a_directory_has_one_owner_and_a_pin_without_one_is_replaced)
{
	struct conns_map other = CONNS_MAP_NONE;
	char why[CONNS_MAP_TEXT_MAX] = "";
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/sluice_conns", dir);
	cr_expect_eq(conns_map_open(dir, &other, why), -EBUSY);
	cr_expect_not_null(strstr(why, "another"));
	/* its owner is killed */
	(void)close(map.lock_fd);
	map.lock_fd = -1;
	cr_expect_eq(conns_map_open(dir, &other, why), 0, "%s", why);
	cr_expect_eq(stat(path, &st), 0);
	conns_map_close(&other);
	cr_expect_lt(stat(path, &st), 0);
}

Test(bpf_conns, directories_are_made_for_their_owner_alone)
{
	struct conns_map other = CONNS_MAP_NONE;
	char why[CONNS_MAP_TEXT_MAX] = "";
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/a/b", dir);
	cr_assert_eq(conns_map_open(path, &other, why), 0, "%s", why);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0700);
	conns_map_close(&other);
}

static const struct {
	const char *dir;
	int error;
	const char *why;
} refused[] = {
	{ "/tmp", -ENOTSUP, "no BPF file system" },
	{ "/tmp/sluice-none/b", -ENOTSUP, "nor will it be made there" },
	{ "relative", -EINVAL, "not absolute" },
	{ "", -EINVAL, "nothing" },
	{ "/proc/version/x", -ENOTDIR, "a file in the way" },
};

Test(bpf_conns, a_place_that_is_none_is_refused_and_nothing_is_made)
{
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct conns_map other = CONNS_MAP_NONE;
		char why[CONNS_MAP_TEXT_MAX] = "";

		cr_expect_eq(conns_map_open(refused[i].dir, &other, why), refused[i].error, "%s",
		             refused[i].why);
		cr_expect_neq(why[0], '\0');
		cr_expect_eq(other.fd, -1);
	}
	cr_expect_lt(stat("/tmp/sluice-none", &st), 0);
}
