/* SPDX-License-Identifier: GPL-2.0-only */
#include <signal.h>

#include "control/inquiry_priv.h"
#include "pki.h"
#include "sys/clock.h"
#include "tls/digest.h"

/* Told so far. */
static struct msg_ocsp_answer told[2048];
static size_t told_len;
static struct inquiry *q;
static char text_a[] = "a.example", text_b[] = "b.example", text_off[] = "off.example";
static char text_ca[] = "CA", text_other_ca[] = "another CA", text_url[] = "http://b";
static char *names[3][1] = { { text_a }, { text_b }, { text_off } };
static struct snapshot_host hosts[3];
static struct snapshot snapshot = { .version = 1, .hosts = hosts, .hosts_len = 3 };

static void on_told(void *arg, const struct msg_ocsp_answer *a)
{
	(void)arg;
	cr_assert(told_len < ARRAY_LEN(told));
	told[told_len++] = *a;
}

static void start(void)
{
	for (size_t n = 0; n < ARRAY_LEN(hosts); n++)
		hosts[n] = (struct snapshot_host){
			.names = names[n], .names_len = 1, .ca_pem = text_ca, .ocsp = OCSP_MODE_SOFT
		};
	hosts[1].ocsp_responder = text_url;
	hosts[2].ocsp = OCSP_MODE_OFF;
	options_default(&snapshot.options);
	cr_assert_eq(digest_init(), 0);
	cr_assert_eq(inquiry_new(on_told, NULL, &q), 0);
}

static void stop(void)
{
	inquiry_free(q);
}

TestSuite(inquiry, .init = start, .fini = stop);

static uint64_t now_ms(void)
{
	return clock_mono_ns() / 1000000;
}

/* As a worker with that host does. */
static void hear_of(const struct snapshot_host *h, const char *host, const char *leaf)
{
	static struct msg m;
	struct msg_ocsp_ask ask = { .worker = 3,
		                    .host_len = (uint32_t)strlen(host),
		                    .leaf_len = (uint32_t)strlen(leaf) };
	const char *url = h->ocsp_responder ? h->ocsp_responder : "";
	struct sink s = sink_of(m.payload, sizeof(m.payload));

	cr_assert_eq(ocsp_id(slice_of(h->ca_pem, strlen(h->ca_pem)), slice_of(url, strlen(url)),
	                     ask.id),
	             0);
	sink_put(&s, slice_of(&ask, sizeof(ask)));
	sink_put(&s, slice_of(host, strlen(host)));
	sink_put(&s, slice_of(leaf, strlen(leaf)));
	m.type = MSG_OCSP_ASK;
	m.len = (uint32_t)s.len;
	inquiry_hear(q, &snapshot, &m, now_ms());
}

static void hear(const char *host, const char *leaf)
{
	hear_of(&hosts[strcmp(host, text_b) == 0], host, leaf);
}

static size_t running(void)
{
	struct pollfd p[INQUIRY_CHILDREN_MAX];

	return inquiry_poll(q, p);
}

/* Until all that was asked is answered. */
static void settle(void)
{
	inquiry_turn(q, &snapshot, now_ms());
	while (running() > 0 || q->waiting) {
		struct pollfd p[INQUIRY_CHILDREN_MAX];

		(void)poll(p, inquiry_poll(q, p), 100);
		inquiry_turn(q, &snapshot, now_ms());
	}
}

Test(inquiry, what_is_no_question_is_not_heard)
{
	static struct msg m = { .type = MSG_OCSP_ASK };
	struct msg_ocsp_ask ask = { .host_len = 9, .leaf_len = UINT32_MAX };

	for (m.len = 0; m.len < sizeof(ask); m.len++)
		inquiry_hear(q, &snapshot, &m, 1);
	m.len = sizeof(ask) + 12;
	memcpy(m.payload + sizeof(ask), "a.example123", 12);
	memcpy(m.payload, &ask, sizeof(ask));
	inquiry_hear(q, &snapshot, &m, 1);
	ask = (struct msg_ocsp_ask){ .host_len = 13 };
	memcpy(m.payload, &ask, sizeof(ask));
	inquiry_hear(q, &snapshot, &m, 1);
	hear("unknown.example", "x");
	hear("off.example", "x");
	hear("", "x");
	cr_expect_eq(q->waiting_len, 0);
	cr_expect_eq(inquiry_due_ms(q), UINT64_MAX);
	cr_expect_eq(told_len, 0);
}

/* What is no certificate has no issuer; that it is none is found out by the process that asks. */
Test(inquiry, one_certificate_is_asked_about_once_and_all_are_told)
{
	uint8_t id[OCSP_ID_BYTES];
	uint8_t key[OCSP_ID_BYTES];

	hear("a.example", "leaf");
	hear("a.example", "leaf");
	cr_expect_eq(q->waiting_len, 1);
	cr_expect_eq(inquiry_due_ms(q), 0, "at once");
	settle();
	cr_expect_eq(told_len, 1);
	cr_expect_eq(told[0].worker, UINT32_MAX);
	cr_expect_eq(told[0].status, OCSP_FAILED);
	cr_expect(told[0].holds_ms > 0 && told[0].holds_ms <= INQUIRY_BACKOFF_MS_MIN);
	cr_assert_eq(ocsp_id(SLICE("CA"), SLICE(""), id), 0);
	cr_assert_eq(ocsp_leaf_key(id, SLICE("leaf"), key), 0);
	cr_expect_arr_eq(told[0].key, key, sizeof(key));
	hear("a.example", "leaf");
	cr_expect_eq(told_len, 2, "it is known");
	cr_expect_eq(told[1].worker, 3, "to who asks");
	cr_expect_eq(q->waiting_len, 0);
	hear("b.example", "leaf");
	cr_expect_eq(q->waiting_len, 1, "at another responder nothing is known");
}

Test(inquiry, more_than_there_is_room_for_is_not_heard)
{
	char leaf[16];

	for (int n = 0; n < INQUIRY_WAITING_MAX + 10; n++) {
		(void)snprintf(leaf, sizeof(leaf), "%d", n);
		hear("a.example", leaf);
	}
	cr_expect_eq(q->waiting_len, INQUIRY_WAITING_MAX);
}

/* A process that is stopped says nothing, like one whose responder does not. */
static void freeze(void)
{
	for (size_t n = 0; n < INQUIRY_CHILDREN_MAX; n++)
		if (q->running[n])
			(void)kill(q->running[n]->child.pid, SIGSTOP);
}

Test(inquiry, a_demand_has_its_part_and_a_silent_one_the_least)
{
	char leaf[16];

	for (int n = 0; n < 20; n++) {
		(void)snprintf(leaf, sizeof(leaf), "%d", n);
		hear("a.example", leaf);
	}
	hear("b.example", "leaf");
	inquiry_turn(q, &snapshot, now_ms());
	freeze();
	cr_expect_eq(running(), INQUIRY_PER_DEMAND_MAX + 1, "whoever came first");
	cr_expect_eq(q->waiting_len, 20 - INQUIRY_PER_DEMAND_MAX);
	/* Too late for all of them. */
	inquiry_turn(q, &snapshot, now_ms() + snapshot.options.ocsp_timeout_ms + 1);
	cr_expect_eq(running(), 1);
	cr_expect_eq(told_len, INQUIRY_PER_DEMAND_MAX + 1);
	cr_expect(inquiry_due_ms(q) <= now_ms() + 2UL * snapshot.options.ocsp_timeout_ms + 1);
	settle();
	cr_expect_eq(told_len, 21);
}

Test(inquiry, nobody_is_asked_for_a_host_that_has_changed)
{
	hear("a.example", "leaf");
	hosts[0].ca_pem = text_other_ca;
	inquiry_turn(q, &snapshot, now_ms());
	cr_expect_eq(running(), 0);
	cr_expect_eq(told_len, 0);
	cr_expect_eq(q->waiting_len, 0);
	hear("a.example", "leaf");
	cr_expect_eq(q->waiting_len, 1);
}

/* One is derived of the other. */
Test(inquiry, hosts_of_one_name_are_told_apart)
{
	hosts[1].names = names[0];
	hear_of(&hosts[0], text_a, "leaf");
	hear_of(&hosts[1], text_a, "leaf");
	cr_expect_eq(q->waiting_len, 2);
	cr_expect(memcmp(q->waiting->id, q->waiting->next->id, OCSP_ID_BYTES) != 0);
	hosts[1].ca_pem = text_other_ca;
	inquiry_turn(q, &snapshot, now_ms());
	cr_expect_eq(running(), 1, "of the other nobody wants to know any more");
}
