/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * load - an mTLS client of many connections in one process, and the cost of whoever serves it.
 *
 * usage: load MODE -p PORT -n UNITS [-c CONNS] [-s SNI] [-C CERT -K KEY] [-t TARGET] [-b BODY]
 *             [-u UPLOAD] [-P PID] [-w WARM] [-m THINK_MS]
 *
 *   keepalive  UNITS requests over CONNS connections
 *   handshake  UNITS connections with a full handshake and one request, CONNS at a time
 *   resume     the same, resumed
 *   idle       CONNS connections with one request each, held until SIGTERM
 *   held       the same; one that the server ends is not replaced. When all have been ended, or at
 *              SIGTERM: how many were, and when the first and the last (microseconds since 1970)
 *   churn      until SIGTERM: CONNS connections, one request each THINK_MS, a new connection
 *              after each hundred
 *
 * -u: a POST with that many bytes. -P: print the CPU time of process PID for each unit (all
 * its threads, user and system), or for idle the growth of its memory for each connection. TLS 1.3.
 */
#include "load.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"
#include "base/text.h"

enum { EVENTS_MAX = 512, FAILURES_MAX = 1000, IDLE_WARM = 64 };

static volatile sig_atomic_t stopped;

static void on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static uint64_t cpu_ns(pid_t pid)
{
	struct timespec t = { 0 };
	clockid_t clock;

	if (pid == 0 || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* Bytes of /proc/PID/smaps_rollup's line @word, 0 when there is none. */
static int64_t memory_of(pid_t pid, const char *word)
{
	char path[64];
	char line[256];
	uint64_t kib = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		const char *digits = line + strcspn(line, "0123456789");

		if (strncmp(line, word, strlen(word)) != 0)
			continue;
		if (text_parse_u64(slice_of(digits, strspn(digits, "0123456789")), &kib) < 0)
			kib = 0;
	}
	(void)fclose(f);
	return (int64_t)kib * 1024;
}

/* OpenSSL hands each new session over; the connection's next life resumes it. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct conn *c = SSL_get_app_data(ssl);

	SSL_SESSION_free(c->session);
	c->session = session;
	return 1;
}

static SSL_CTX *context_new(const struct job *j)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1)
		return NULL;
	if (j->cert != NULL && (SSL_CTX_use_certificate_chain_file(ctx, j->cert) != 1 ||
	                        SSL_CTX_use_PrivateKey_file(ctx, j->key, SSL_FILETYPE_PEM) != 1))
		return NULL;
	(void)SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256");
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY |
	                                    SSL_MODE_ENABLE_PARTIAL_WRITE);
	if (j->mode == MODE_RESUME) {
		(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
		                                                  SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(ctx, on_session);
	}
	return ctx;
}

static bool number(const char *text, uint64_t max, uint64_t *out)
{
	return text_parse_u64(slice_of(text, strlen(text)), out) == 0 && *out <= max;
}

static bool job_options(struct job *j, int argc, char **argv)
{
	uint64_t v = 0;
	int opt;

	while ((opt = getopt(argc, argv, "p:n:c:s:C:K:t:b:u:P:w:m:")) != -1) {
		bool is_text = strchr("sCKt", opt) != NULL;

		if (opt == '?' || (!is_text && !number(optarg, UINT32_MAX, &v)))
			return false;
		switch (opt) {
		case 'p':
			j->port = (uint16_t)v;
			break;
		case 'n':
			j->units = v;
			break;
		case 'c':
			j->conns_len = (uint32_t)v;
			break;
		case 'b':
			j->body = v;
			break;
		case 'u':
			j->upload = v;
			break;
		case 'P':
			j->pid = (pid_t)v;
			break;
		case 'w':
			j->warm = v;
			break;
		case 'm':
			j->think_ns = v * 1000000;
			break;
		case 's':
			j->sni = optarg;
			break;
		case 'C':
			j->cert = optarg;
			break;
		case 'K':
			j->key = optarg;
			break;
		default:
			j->target = optarg;
			break;
		}
	}
	return j->port != 0 && j->conns_len > 0 && j->body <= PATTERN_BYTES_MAX &&
	       j->upload <= PATTERN_BYTES_MAX && (j->cert == NULL) == (j->key == NULL);
}

static void request_init(struct job *j)
{
	char length[48] = "";

	if (j->upload > 0)
		(void)snprintf(length, sizeof(length), "Content-Length: %zu\r\n", j->upload);
	j->request_len = (size_t)snprintf(j->request, sizeof(j->request),
	                                  "%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n",
	                                  j->upload > 0 ? "POST" : "GET", j->target, j->sni,
	                                  length);
}

static bool job_init(struct job *j, int argc, char **argv)
{
	static const char *const modes[MODE_MAX] = { "keepalive", "handshake", "resume",
		                                     "idle",      "held",      "churn" };
	static char localhost[] = "localhost";

	*j = (struct job){
		.mode = MODE_MAX, .conns_len = 64, .sni = localhost, .target = "/", .body = 1024
	};
	for (int i = 0; argc > 1 && i < MODE_MAX; i++)
		if (strcmp(argv[1], modes[i]) == 0)
			j->mode = (enum mode)i;
	if (j->mode == MODE_MAX || !job_options(j, argc - 1, argv + 1))
		return false;
	request_init(j);
	j->ctx = context_new(j);
	j->epoll = epoll_create1(EPOLL_CLOEXEC);
	j->pattern = malloc(PATTERN_BYTES_MAX);
	j->conns = calloc(j->conns_len, sizeof(*j->conns));
	if (j->ctx == NULL || j->epoll < 0 || j->pattern == NULL || j->conns == NULL ||
	    j->request_len >= sizeof(j->request))
		return false;
	pattern_fill(j->pattern, PATTERN_BYTES_MAX);
	return true;
}

static void measure_begin(struct job *j)
{
	j->cpu_begin_ns = cpu_ns(j->pid);
	j->wall_begin_ns = now_ns();
	j->memory_begin = memory_of(j->pid, "Rss:");
}

/* Connections wanted now: idle opens a few first, so that what is there once is not counted. */
static void open_wanted(struct job *j)
{
	uint64_t now = now_ns();
	uint32_t wanted = j->conns_len;

	if (j->mode == MODE_IDLE && j->wall_begin_ns == 0 && wanted > IDLE_WARM)
		wanted = IDLE_WARM;
	/* Not all at once: a queue of half-open handshakes is not what is measured. */
	if ((j->mode == MODE_IDLE || j->mode == MODE_HELD) &&
	    wanted > j->idle + j->ended + IDLE_WARM)
		wanted = (uint32_t)(j->idle + j->ended) + IDLE_WARM;
	for (uint32_t i = 0; i < wanted; i++) {
		struct conn *c = &j->conns[i];

		if (c->in == NULL)
			c->in = malloc(RESPONSE_HEAD_MAX + j->body);
		must(c->in != NULL);
		if (c->state == CONN_CLOSED && c->wake_ns <= now)
			conn_open(j, c);
		if (c->state != CONN_IDLE || j->mode != MODE_CHURN || c->wake_ns > now)
			continue;
		/* Like any client that keeps connections: look first whether it is still one. */
		conn_step(j, c);
		if (c->state == CONN_IDLE) {
			c->state = CONN_SEND;
			conn_step(j, c);
		}
	}
}

static int64_t now_us(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void held_ended(struct job *j, struct conn *c)
{
	j->last_end_us = now_us();
	if (j->ended++ == 0)
		j->first_end_us = j->last_end_us;
	j->idle--;
	c->state = CONN_GONE;
}

/* Seen by its FIN alone: what the client does about it is not what is measured. */
static bool is_ended(struct job *j, const struct epoll_event *e)
{
	struct conn *c = e->data.ptr;

	if (j->mode != MODE_HELD || c->state != CONN_IDLE || !(e->events & EPOLLRDHUP))
		return false;
	held_ended(j, c);
	return true;
}

static bool is_over(const struct job *j)
{
	if (j->mode == MODE_HELD && j->ended == j->conns_len)
		return true;
	if (stopped || (j->mode != MODE_CHURN && j->lost + j->refused > FAILURES_MAX))
		return true;
	return j->mode < MODE_IDLE && j->done >= j->warm + j->units;
}

static void run(struct job *j)
{
	struct epoll_event events[EVENTS_MAX];
	bool is_held = false;

	if (j->warm == 0 && j->mode < MODE_IDLE)
		measure_begin(j);
	while (!is_over(j)) {
		int n;

		if (j->mode >= MODE_IDLE || j->handshakes == 0)
			open_wanted(j);
		n = epoll_wait(j->epoll, events, EVENTS_MAX, j->mode == MODE_CHURN ? 1 : 100);
		for (int i = 0; i < n; i++) {
			if (!is_ended(j, &events[i]))
				conn_step(j, events[i].data.ptr);
		}
		if (j->mode == MODE_IDLE && j->wall_begin_ns == 0 &&
		    j->idle >= (j->conns_len < IDLE_WARM ? j->conns_len : IDLE_WARM))
			measure_begin(j);
		if (j->mode == MODE_HELD && j->idle == j->conns_len && !is_held) {
			is_held = true;
			(void)printf("held %llu\n", (unsigned long long)j->idle);
			(void)fflush(stdout);
		}
		if (j->mode == MODE_IDLE && j->idle == j->conns_len && !is_held) {
			is_held = true;
			(void)printf("held %llu bytes_each %lld\n", (unsigned long long)j->idle,
			             (long long)((memory_of(j->pid, "Rss:") - j->memory_begin) /
			                         (int64_t)(j->conns_len - IDLE_WARM)));
			(void)fflush(stdout);
		}
	}
}

void unit_done(struct job *j)
{
	if (j->mode < MODE_IDLE && j->done == j->warm)
		measure_begin(j);
}

static void report(const struct job *j)
{
	uint64_t measured = j->done > j->warm ? j->done - j->warm : 1;
	double cpu_us = (double)(cpu_ns(j->pid) - j->cpu_begin_ns) / 1e3;
	double wall_s = (double)(now_ns() - j->wall_begin_ns) / 1e9;

	if (j->mode < MODE_IDLE)
		(void)printf("cpu_us_per_unit %.2f seconds %.2f ", cpu_us / (double)measured,
		             wall_s);
	if (j->mode == MODE_HELD)
		(void)printf("ended %llu first_us %lld last_us %lld ", (unsigned long long)j->ended,
		             (long long)j->first_end_us, (long long)j->last_end_us);
	(void)printf("done %llu wrong %llu lost %llu refused %llu handshakes %llu resumed %llu\n",
	             (unsigned long long)j->done, (unsigned long long)j->wrong,
	             (unsigned long long)j->lost, (unsigned long long)j->refused,
	             (unsigned long long)j->handshakes, (unsigned long long)j->reused);
}

int main(int argc, char **argv)
{
	static struct job j;
	struct sigaction stop = { .sa_handler = on_stop };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	if (!job_init(&j, argc, argv)) {
		(void)fprintf(
			stderr,
			"usage: load keepalive|handshake|resume|idle|held|churn -p PORT -n UNITS ... "
			"(see the head of bench/load.c)\n");
		return 2;
	}
	run(&j);
	report(&j);
	for (uint32_t i = 0; i < j.conns_len; i++)
		conn_close(&j.conns[i]);
	return j.wrong > 0 || (j.mode < MODE_IDLE && j.done < j.warm + j.units) ? 1 : 0;
}
