/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/revoked.h"

#include <criterion/criterion.h>
#include <errno.h>

static const struct {
	const char *why;
	struct slice line;
	int want;
	struct slice fingerprint, serial, issuer;
} lines[] = {
	{ .why = "empty", .line = SLICE(""), .want = 0 },
	{ .why = "blank", .line = SLICE(" \t"), .want = 0 },
	{ .why = "a comment", .line = SLICE("  # 12 CN=x"), .want = 0 },
	{ .why = "an end of DOS", .line = SLICE("\r"), .want = 0 },
	{ .why = "one short word", .line = SLICE("1234"), .want = -EINVAL },
	{ .why = "a serial number and nothing", .line = SLICE("1234 \r"), .want = -EINVAL },
	{ .why = "one long word",
	  .line = SLICE(" 0123456789012345678901234567890123456789012345678901234567890123 \r"),
	  .want = 1,
	  .fingerprint =
	          SLICE("0123456789012345678901234567890123456789012345678901234567890123") },
	{ .why = "two words and more",
	  .line = SLICE("12:34 \t CN=A B, O=C \r"),
	  .want = 1,
	  .serial = SLICE("12:34"),
	  .issuer = SLICE("CN=A B, O=C") },
};

Test(revoked, a_line_is_a_fingerprint_or_a_serial_number_and_an_issuer)
{
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct revoked_line got = { 0 };

		cr_expect_eq(revoked_line(lines[i].line, &got), lines[i].want, "%s", lines[i].why);
		if (lines[i].want != 1)
			continue;
		cr_expect(slice_eq(got.fingerprint, lines[i].fingerprint), "%s", lines[i].why);
		cr_expect(slice_eq(got.serial, lines[i].serial), "%s", lines[i].why);
		cr_expect(slice_eq(got.issuer, lines[i].issuer), "%s", lines[i].why);
	}
}

static const struct {
	const char *why;
	struct slice text;
	int want;
} fingerprints[] = {
	{ "lower case", SLICE("00aabb0000000000000000000000000000000000000000000000000000000001"),
	  0 },
	{ "upper case", SLICE("00AABB0000000000000000000000000000000000000000000000000000000001"),
	  0 },
	{ "as openssl(1) prints it",
	  SLICE("00:AA:BB:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:"
	        "00:00:00:00:01"),
	  0 },
	{ "another separator",
	  SLICE("00-AA-BB-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-"
	        "00-00-00-00-01"),
	  -EINVAL },
	{ "a separator in a pair",
	  SLICE("00:AA:BB:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:"
	        "00:00:00:00::1"),
	  -EINVAL },
	{ "not hexadecimal",
	  SLICE("00aabb000000000000000000000000000000000000000000000000000000000g"), -EINVAL },
	{ "too short", SLICE("00aabb00000000000000000000000000000000000000000000000000000001"),
	  -EINVAL },
	{ "SHA-1", SLICE("00aabb0000000000000000000000000000000001"), -EINVAL },
	{ "nothing", SLICE(""), -EINVAL },
};

Test(revoked, a_fingerprint_is_32_bytes_in_hexadecimal)
{
	const uint8_t want[REVOKED_KEY_BYTES] = { 0, 0xAA, 0xBB, [31] = 1 };

	for (size_t i = 0; i < ARRAY_LEN(fingerprints); i++) {
		uint8_t got[REVOKED_KEY_BYTES] = { 0 };

		cr_expect_eq(revoked_fingerprint(fingerprints[i].text, got), fingerprints[i].want,
		             "%s", fingerprints[i].why);
		if (fingerprints[i].want == 0)
			cr_expect_arr_eq(got, want, sizeof(want), "%s", fingerprints[i].why);
	}
}

static const struct {
	const char *why;
	struct slice text, want; /* empty: -EINVAL */
} serials[] = {
	{ "as it is", SLICE("12ab"), SLICE("12ab") },
	{ "upper case", SLICE("12AB"), SLICE("12ab") },
	{ "leading zeroes", SLICE("00012ab"), SLICE("12ab") },
	{ "zeroes behind", SLICE("1200"), SLICE("1200") },
	{ "with colons", SLICE("12:AB"), SLICE("12ab") },
	{ "with 0x", SLICE("0X12ab"), SLICE("12ab") },
	{ "negative", SLICE("-012ab"), SLICE("-12ab") },
	{ "zero", SLICE("00"), SLICE("0") },
	{ "minus zero", SLICE("-0"), SLICE("0") },
	{ "0x and nothing", SLICE("0x"), SLICE("") },
	{ "nothing", SLICE(""), SLICE("") },
	{ "a minus", SLICE("-"), SLICE("") },
	{ "a colon first", SLICE(":12"), SLICE("") },
	{ "decimal dots", SLICE("1.2"), SLICE("") },
	{ "a word", SLICE("serial"), SLICE("") },
};

Test(revoked, a_serial_number_is_compared_without_its_spelling)
{
	for (size_t i = 0; i < ARRAY_LEN(serials); i++) {
		char text[REVOKED_SERIAL_MAX + 1];
		struct sink out = sink_of(text, sizeof(text));
		int want = serials[i].want.len == 0 ? -EINVAL : 0;

		cr_expect_eq(revoked_serial(serials[i].text, &out), want, "%s", serials[i].why);
		cr_expect(slice_eq(sink_slice(&out), serials[i].want), "%s: %.*s", serials[i].why,
		          (int)out.len, text);
	}
}

Test(revoked, a_serial_number_has_an_end)
{
	char digits[REVOKED_SERIAL_MAX + 2];
	char text[REVOKED_SERIAL_MAX + 1];
	struct sink out = sink_of(text, sizeof(text));

	memset(digits, '1', sizeof(digits));
	digits[0] = '0';
	cr_expect_eq(revoked_serial(slice_of(digits, REVOKED_SERIAL_MAX + 1), &out), 0);
	cr_expect_eq(out.len, REVOKED_SERIAL_MAX);
	out = sink_of(text, sizeof(text));
	cr_expect_eq(revoked_serial(slice_of(digits, REVOKED_SERIAL_MAX + 2), &out), -EINVAL);
	cr_expect_eq(out.len, 0);
}

static const struct {
	const char *why;
	struct slice text, want; /* empty: -EINVAL */
} issuers[] = {
	{ "as it is", SLICE("cn=ca,o=org"), SLICE("cn=ca,o=org") },
	{ "any case", SLICE("CN=My CA,O=Org"), SLICE("cn=my ca,o=org") },
	{ "spaces around separators", SLICE(" CN = My CA ; O = Org "), SLICE("cn=my ca,o=org") },
	{ "several spaces inside", SLICE("CN=My   CA"), SLICE("cn=my ca") },
	{ "more than one in a part", SLICE("CN=a + UID=b"), SLICE("cn=a+uid=b") },
	{ "a comma, escaped", SLICE("O=Org\\, Inc."), SLICE("o=org\\2c inc.") },
	{ "the same by its number", SLICE("O=Org\\2C Inc."), SLICE("o=org\\2c inc.") },
	{ "a letter by its number", SLICE("O=\\4frg"), SLICE("o=org") },
	{ "an equals sign", SLICE("CN=a\\=b"), SLICE("cn=a=b") },
	{ "the same, plain", SLICE("CN=a=b"), SLICE("cn=a=b") },
	{ "a quote", SLICE("CN=\\\"a\\\""), SLICE("cn=\"a\"") },
	{ "UTF-8", SLICE("CN=\xC3\xA9"), SLICE("cn=\\c3\\a9") },
	{ "the same, escaped", SLICE("CN=\\C3\\A9"), SLICE("cn=\\c3\\a9") },
	{ "spaces at the ends of a value, escaped", SLICE("CN=\\ a\\20,O=b"), SLICE("cn=a,o=b") },
	{ "a backslash", SLICE("CN=a\\\\b"), SLICE("cn=a\\5cb") },
	{ "a NUL by its number", SLICE("CN=a\\00b"), SLICE("cn=a\\00b") },
	{ "a backslash at the end", SLICE("CN=a\\"), SLICE("") },
	{ "half a number at the end", SLICE("CN=a\\4"), SLICE("cn=a4") },
	{ "a control byte", SLICE("CN=a\nb"), SLICE("") },
	{ "a control byte behind a backslash", SLICE("CN=a\\\nb"), SLICE("") },
	{ "nothing", SLICE(""), SLICE("") },
	{ "spaces", SLICE("  "), SLICE("") },
};

Test(revoked, an_issuer_is_compared_without_its_spelling)
{
	for (size_t i = 0; i < ARRAY_LEN(issuers); i++) {
		char text[REVOKED_ISSUER_MAX];
		struct sink out = sink_of(text, sizeof(text));
		int want = issuers[i].want.len == 0 ? -EINVAL : 0;

		cr_expect_eq(revoked_issuer(issuers[i].text, &out), want, "%s", issuers[i].why);
		cr_expect(slice_eq(sink_slice(&out), issuers[i].want), "%s: %.*s", issuers[i].why,
		          (int)out.len, text);
	}
}

Test(revoked, an_issuer_has_an_end)
{
	static char name[REVOKED_ISSUER_MAX + 1];
	char text[REVOKED_ISSUER_MAX];
	struct sink out = sink_of(text, sizeof(text));

	memset(name, 'a', sizeof(name));
	cr_expect_eq(revoked_issuer(slice_of(name, sizeof(name)), &out), -EINVAL);
	cr_expect_eq(out.len, 0);
	cr_expect_eq(revoked_issuer(slice_of(name, sizeof(name) - 1), &out), 0);
}

/* @n keys, the first byte of each from @first on. */
static struct slice keys_of(const char *first, size_t n)
{
	static uint8_t keys[8 * REVOKED_KEY_BYTES];

	memset(keys, 0, sizeof(keys));
	for (size_t i = 0; i < n; i++)
		keys[i * REVOKED_KEY_BYTES] = (uint8_t)first[i];
	return slice_of(keys, n * REVOKED_KEY_BYTES);
}

Test(revoked, a_list_is_sorted_and_whole)
{
	static uint8_t many[(REVOKED_MAX + 1) * REVOKED_KEY_BYTES];

	for (uint32_t i = 0; i <= REVOKED_MAX; i++)
		for (int n = 0; n < 4; n++)
			many[i * REVOKED_KEY_BYTES + (unsigned int)n] =
				(uint8_t)(i >> (24 - 8 * n));
	cr_expect(revoked_check(keys_of("", 0)));
	cr_expect(revoked_check(keys_of("a", 1)));
	cr_expect(revoked_check(keys_of("abc", 3)));
	cr_expect_not(revoked_check(keys_of("abb", 3)), "twice");
	cr_expect_not(revoked_check(keys_of("acb", 3)), "out of order");
	cr_expect_not(revoked_check(slice_sub(keys_of("ab", 2), 0, 33)), "half of one");
	cr_expect(revoked_check(slice_of(many, sizeof(many) - REVOKED_KEY_BYTES)));
	cr_expect_not(revoked_check(slice_of(many, sizeof(many))), "one too many");
}

Test(revoked, each_of_a_list_is_found_and_no_other)
{
	const char all[] = "bdfhjln";

	for (size_t len = 0; len <= sizeof(all) - 1; len++) {
		for (int c = 'a'; c <= 'o'; c++) {
			const uint8_t key[REVOKED_KEY_BYTES] = { (uint8_t)c };
			bool want = len > 0 && memchr(all, c, len) != NULL;

			cr_expect_eq(revoked_has(keys_of(all, len), key), want, "%c of %zu", c,
			             len);
		}
	}
}
