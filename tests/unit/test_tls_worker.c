/* SPDX-License-Identifier: GPL-2.0-only */
#include <seccomp.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tls_pair.h"

static struct pair_world w;
static struct pair_server *const s = &w.s;

static void setup(void)
{
	pair_world_init(&w, 16);
	pair_add_host(s, &(struct pair_host){ .name = "a.example.com",
	                                      .cert = &w.server,
	                                      .ca = w.client_ca_pem,
	                                      .verify = VERIFY_REQUIRE,
	                                      .depth = 1,
	                                      .timeout_s = 300 });
}

static void teardown(void)
{
	pair_world_fini(&w);
}

TestSuite(tls_worker, .init = setup, .fini = teardown);

/* Opening any file kills the process from here on. */
static void lock_the_cage(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	cr_assert_not_null(filter);
	cr_assert_eq(seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(open), 0), 0);
	cr_assert_eq(seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(openat), 0), 0);
	cr_assert_eq(seccomp_load(filter), 0);
	seccomp_release(filter);
}

static void everything_a_worker_does(int version)
{
	struct pair_host again = { .name = "b.example.com",
		                   .cert = &w.server,
		                   .ca = w.client_ca_pem,
		                   .verify = VERIFY_OPTIONAL,
		                   .depth = 1 };
	struct pair_client c = { .version = version, .sni = "a.example.com", .cert = &w.client };
	struct tls_host *host = pair_make_host(s, &again);
	struct pair *first = pair_run(s, &c);
	struct pair *second;
	struct pair *refused;

	cr_assert_eq(first->step, TLS_STEP_DONE, "%s", pair_text(first));
	pair_talk(s, first);
	c.session = first->session;
	second = pair_run(s, &c);
	cr_assert_eq(second->step, TLS_STEP_DONE, "%s", pair_text(second));
	c.session = NULL;
	c.cert = &w.stranger;
	refused = pair_run(s, &c);
	cr_expect_eq(refused->step, TLS_STEP_FAILED);
	pair_free(first);
	pair_free(second);
	pair_free(refused);
	tls_host_unref(host);
}

/* In a process of its own, which ends without the ways out that open files themselves.
 * The client is OpenSSL's and there too: it must have its files before. */
Test(tls_worker, opens_no_file_once_it_is_made)
{
	struct pair_client none = { .sni = "nowhere.example" };
	pid_t child;
	int status = 0;

	pair_free(pair_run(s, &none));
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		lock_the_cage();
		for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++)
			everything_a_worker_does(pair_versions[v]);
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
}

Test(tls_worker, without_sessions_nothing_is_resumed_and_no_ticket_given)
{
	struct pair_server bare;
	struct pair_client c = { .sni = "a.example.com", .cert = &w.client };

	pair_server_init(&bare, 0);
	pair_add_host(&bare, &(struct pair_host){ .name = "a.example.com",
	                                          .cert = &w.server,
	                                          .ca = w.client_ca_pem,
	                                          .verify = VERIFY_REQUIRE,
	                                          .depth = 1,
	                                          .timeout_s = 300 });
	for (size_t v = 0; v < ARRAY_LEN(pair_versions); v++) {
		struct pair *first;
		struct pair *second;

		c.version = pair_versions[v];
		c.session = NULL;
		first = pair_run(&bare, &c);
		cr_assert_eq(first->step, TLS_STEP_DONE, "%s", pair_text(first));
		cr_expect_eq(first->r.record.tx.seq, c.version == TLS1_2_VERSION);
		pair_talk(&bare, first);
		c.session = first->session;
		second = pair_run(&bare, &c);
		cr_assert_eq(second->step, TLS_STEP_DONE, "%s", pair_text(second));
		cr_expect_not(second->r.resumed);
		pair_free(first);
		pair_free(second);
	}
	pair_server_fini(&bare);
}

Test(tls_worker, a_handshake_may_be_dropped_at_any_point)
{
	struct pair_client c = { .version = TLS1_3_VERSION,
		                 .sni = "a.example.com",
		                 .cert = &w.client };

	for (size_t cut = 0; cut < 6; cut++) {
		struct pair *p = calloc(1, sizeof(*p));

		p->in = malloc(PAIR_BUF);
		p->wire = malloc(PAIR_BUF);
		pair_client_new(p, &c);
		cr_assert_eq(tls_handshake_new(s->w, s, &p->h), 0);
		for (size_t n = 0; n < cut && p->step == TLS_STEP_MORE; n++) {
			if (n % 2 == 0) {
				(void)SSL_do_handshake(p->client);
				pair_collect(p);
				p->in_len -= cut == 5 ? 1 : 0;
			} else {
				pair_serve(p, 0);
			}
		}
		pair_free(p);
	}
	cr_expect_eq(s->stats.sessions_hit, 0);
}
