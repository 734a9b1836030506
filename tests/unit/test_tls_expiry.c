/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/expiry.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "pki.h"

#define DAY_S 86400L

Test(expiry, the_first_to_expire_counts_wherever_it_stands)
{
	struct pki late = pki_make(&(struct pki_spec){ .cn = "late", .until_s = 30 * DAY_S });
	struct pki soon = pki_make(&(struct pki_spec){ .cn = "soon", .until_s = 2 * DAY_S });
	char *text = pki_cert_pem(pki_cert_pem(NULL, &late), &soon);
	int64_t now = time(NULL);
	int64_t at = 0;

	cr_assert_eq(expiry_of(pki_text(text), &at), 0);
	cr_expect_geq(at, now + DAY_S);
	cr_expect_leq(at, now + 3 * DAY_S);
	free(text);
	pki_free(&late);
	pki_free(&soon);
}

Test(expiry, what_cannot_be_read_has_none)
{
	int64_t at = 7;

	cr_expect_eq(expiry_of(SLICE(""), &at), -EINVAL);
	cr_expect_eq(expiry_of(SLICE("-----BEGIN CERTIFICATE-----\njunk\n"), &at), -EINVAL);
	cr_expect_eq(at, 7);
}
