/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/ticket_client.h"

#include <criterion/criterion.h>

#include "sys/clock.h"
#include "tls/ticket_data.h"

static struct worker_stats stats;
static struct identity_cache *cache;

static void setup(void)
{
	cr_assert_eq(identity_cache_new(4, &stats, &cache), 0);
}

static void teardown(void)
{
	identity_cache_free(cache);
}

TestSuite(ticket_client, .init = setup, .fini = teardown);

/* A session as it comes out of a ticket of ours, of a client without a certificate. */
static bool get(const struct ticket_data *d, struct session_bond *out)
{
	SSL_SESSION *session = SSL_SESSION_new();
	uint8_t room[256];
	struct sink bytes = sink_of(room, sizeof(room));
	bool got;

	if (d) {
		ticket_data_put(d, &bytes);
		cr_assert_eq(SSL_SESSION_set1_ticket_appdata(session, room, bytes.len), 1);
	}
	got = ticket_client_get(cache, session, out);
	SSL_SESSION_free(session);
	return got;
}

Test(ticket_client, is_asked_for_its_dates)
{
	int64_t now = clock_wall_ms() / 1000;
	const struct {
		int64_t expires, from, until;
		bool want;
		const char *why;
	} rows[] = {
		{ now + 100, INT64_MIN, INT64_MAX, true, "good" },
		{ now + 100, now - 9, now + 100, true, "good, by all dates" },
		{ now - 1, INT64_MIN, INT64_MAX, false, "the session has ended" },
		{ now + 100, now + 50, INT64_MAX, false, "a certificate that is not valid yet" },
		{ now + 100, INT64_MIN, now - 1, false, "one that is not valid any more" },
	};

	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		const struct ticket_data d = { .expires = rows[n].expires,
			                       .good_from = rows[n].from,
			                       .good_until = rows[n].until };
		struct session_bond bond;

		cr_expect_eq(get(&d, &bond), rows[n].want, "%s", rows[n].why);
		if (rows[n].want) {
			cr_expect_null(bond.identity);
			cr_expect_eq(bond.expires, rows[n].expires);
		}
	}
}

Test(ticket_client, is_not_there_without_our_part_or_its_certificate)
{
	struct ticket_data d = { .expires = INT64_MAX,
		                 .good_from = INT64_MIN,
		                 .good_until = INT64_MAX,
		                 .has_identity = true };
	struct session_bond bond;

	cr_expect_not(get(NULL, &bond), "a session that OpenSSL made by itself");
	cr_expect_not(get(&d, &bond), "an identity, and no certificate");
	d.has_identity = false;
	cr_expect(get(&d, &bond));
}
