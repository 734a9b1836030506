/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/revoked_file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tls/revoked.h"

#define A "00000000000000000000000000000000000000000000000000000000000000aa"
#define B "00000000000000000000000000000000000000000000000000000000000000bb"

enum { LINE = 65 }; /* bytes of a fingerprint with its end */

static char dir[] = "/tmp/sluice-revoked-XXXXXX";
static char path[64];
static int fails; /* what opening gives; 0: it opens */

static int open_some(void *arg, const char *what, int *out_fd)
{
	(void)arg;
	return fails < 0 ? fails : source_direct.open(source_direct.arg, what, out_fd);
}

static const struct source source = { .open = open_some };

static void setup(void)
{
	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/list", dir);
}

static void teardown(void)
{
	(void)unlink(path);
	(void)rmdir(dir);
}

TestSuite(revoked_file, .init = setup, .fini = teardown);

static void put(const char *text)
{
	char fresh[80];
	FILE *f;

	(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
	f = fopen(fresh, "w");
	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
	cr_assert_eq(rename(fresh, path), 0);
}

static struct revoked_file *read_it(void)
{
	struct revoked_file *f = NULL;
	size_t line = 0;

	cr_assert_eq(revoked_file_read(&source, path, &f, &line), 0);
	return f;
}

static bool has(const struct revoked_file *f, uint8_t last)
{
	const uint8_t key[REVOKED_KEY_BYTES] = { [REVOKED_KEY_BYTES - 1] = last };

	return revoked_has(slice_of(f->keys.bytes, f->keys.len * REVOKED_KEY_BYTES), key);
}

Test(revoked_file, every_line_is_an_entry_or_nothing)
{
	uint8_t key[REVOKED_KEY_BYTES];
	struct revoked_file *f;
	ssize_t at;

	put("# lost\n\n" B "\r\n  12AB  CN=Some CA, O=Org\n" A "\n" B);
	f = read_it();
	cr_expect_eq(f->keys.len, 3);
	cr_expect(has(f, 0xAA) && has(f, 0xBB));
	cr_assert_eq(revoked_by_serial(SLICE("12ab"), SLICE("cn=some ca,o=org"), key), 0);
	cr_expect(revoked_has(slice_of(f->keys.bytes, f->keys.len * REVOKED_KEY_BYTES), key));
	at = revoked_file_find(f, key);
	cr_assert_geq(at, 0);
	cr_expect_eq(f->places[at].line, 4);
	cr_expect_str_eq(f->texts + f->places[at].text_at, "12ab cn=some ca,o=org");
	cr_assert_eq(revoked_fingerprint(SLICE(B), key), 0);
	at = revoked_file_find(f, key);
	cr_assert_geq(at, 0);
	cr_expect_eq(f->places[at].line, 3, "the first of two");
	cr_expect_eq(f->places[at].text_at, 0);
	key[0] = 1;
	cr_expect_eq(revoked_file_find(f, key), -1);
	revoked_file_free(f);
	put("");
	f = read_it();
	cr_expect_eq(f->keys.len, 0);
	cr_expect_eq(revoked_file_find(f, key), -1);
	revoked_file_free(f);
}

Test(revoked_file, one_bad_line_is_named_and_nothing_is_taken)
{
	static const char *const bad[] = { "12", "12 ", A "0", "xyz CN=a", "12 CN=a\\", A " " };

	for (size_t n = 0; n < ARRAY_LEN(bad); n++) {
		struct revoked_file *f = NULL;
		char text[256];
		size_t line = 0;
		/* A fingerprint with a space behind it is one all the same. */
		int want = n == ARRAY_LEN(bad) - 1 ? 0 : -EINVAL;

		(void)snprintf(text, sizeof(text), "%s\n\n%s\n", A, bad[n]);
		put(text);
		cr_expect_eq(revoked_file_read(&source, path, &f, &line), want, "%s", bad[n]);
		cr_expect_eq(line, want < 0 ? 3 : 0, "%s", bad[n]);
		revoked_file_free(f);
	}
}

Test(revoked_file, a_list_has_an_end)
{
	struct revoked_file *f = NULL;
	char *text = calloc((size_t)REVOKED_MAX + 2, LINE);
	size_t line = 0;
	size_t len = 0;

	for (int n = 0; n <= REVOKED_MAX; n++, len += LINE)
		(void)snprintf(text + len, LINE + 1, "%064x\n", (unsigned int)n);
	put(text);
	cr_expect_eq(revoked_file_read(&source, path, &f, &line), -E2BIG);
	text[len - LINE] = '\0';
	put(text);
	cr_assert_eq(revoked_file_read(&source, path, &f, &line), 0);
	cr_expect_eq(f->keys.len, REVOKED_MAX);
	revoked_file_free(f);
	free(text);
}

Test(revoked_file, a_change_is_taken_once_it_rests)
{
	struct revoked_file *f;

	put(A "\n");
	f = read_it();
	cr_expect_eq(revoked_file_look(f, &source), 0);
	put(B "\n");
	cr_expect_eq(revoked_file_look(f, &source), 0, "at first sight");
	cr_expect(has(f, 0xAA));
	cr_expect_eq(revoked_file_look(f, &source), 1);
	cr_expect(has(f, 0xBB) && !has(f, 0xAA));
	cr_expect_eq(revoked_file_look(f, &source), 0);
	revoked_file_free(f);
}

Test(revoked_file, what_cannot_be_read_changes_nothing)
{
	struct revoked_file *f;

	put(A "\n");
	f = read_it();
	put("junk\n");
	for (int n = 0; n < 4; n++)
		cr_expect_eq(revoked_file_look(f, &source), 0);
	cr_expect(has(f, 0xAA));
	(void)unlink(path);
	for (int n = 0; n < 2; n++)
		cr_expect_eq(revoked_file_look(f, &source), 0);
	cr_expect(has(f, 0xAA));
	put(B "\n");
	cr_expect_eq(revoked_file_look(f, &source), 0);
	cr_expect_eq(revoked_file_look(f, &source), 1);
	cr_expect(has(f, 0xBB));
	fails = -EPIPE;
	cr_expect_eq(revoked_file_look(f, &source), -EPIPE);
	revoked_file_free(f);
}
