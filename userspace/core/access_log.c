/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/access_log.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "core/exchange.h"
#include "core/worker.h"
#include "sys/addr.h"
#include "sys/clock.h"
#include "tls/identity.h"

/* A path may need six characters for each byte, a certificate's name is as long as
 * whoever signed it wanted: with these bounds every line fits, so nobody is left out. */
enum { LOG_LINE_BYTES = 12288, LOG_SUBJECT_MAX = 1024, LOG_SERIAL_MAX = 128 };

static void key(struct sink *out, const char *name)
{
	sink_put(out, out->len == 0 ? SLICE("{\"") : SLICE(",\""));
	sink_put(out, slice_of(name, strlen(name)));
	sink_put(out, SLICE("\":"));
}

static void text(struct sink *out, const char *name, struct slice value)
{
	key(out, name);
	sink_putc(out, '"');
	text_json(out, value);
	sink_putc(out, '"');
}

static void string(struct sink *out, const char *name, const char *value)
{
	text(out, name, slice_of(value, value == NULL ? 0 : strlen(value)));
}

static void number(struct sink *out, const char *name, uint64_t value)
{
	key(out, name);
	text_u64(out, value);
}

/* RFC 3339, UTC, milliseconds. */
static void timestamp(struct sink *out)
{
	int64_t now = clock_wall_ms();
	time_t seconds = (time_t)(now / 1000);
	char digits[40];
	struct tm tm;
	size_t n;

	if (gmtime_r(&seconds, &tm) == NULL)
		return;
	n = strftime(digits, sizeof(digits), "%Y-%m-%dT%H:%M:%S", &tm);
	key(out, "time");
	sink_putc(out, '"');
	sink_put(out, slice_of(digits, n));
	sink_putc(out, '.');
	sink_putc(out, (char)('0' + now % 1000 / 100));
	sink_putc(out, (char)('0' + now % 100 / 10));
	sink_putc(out, (char)('0' + now % 10));
	sink_put(out, SLICE("Z\""));
}

static void client(struct sink *out, const struct conn *c)
{
	key(out, "client");
	sink_putc(out, '"');
	addr_put_mapped(c->peer_ip, c->peer_port, out);
	sink_putc(out, '"');
}

static struct slice cut(struct slice s, size_t max)
{
	return slice_sub(s, 0, s.len < max ? s.len : max);
}

static void identity(struct sink *out, const struct identity *who)
{
	key(out, "cert_sha256");
	sink_putc(out, '"');
	if (who != NULL)
		text_hex(out, slice_of(who->meta.sha256, sizeof(who->meta.sha256)));
	sink_putc(out, '"');
	text(out, "cert_serial", who == NULL ? SLICE("") : cut(who->meta.serial, LOG_SERIAL_MAX));
	text(out, "cert_subject",
	     who == NULL ? SLICE("") : cut(who->meta.subject, LOG_SUBJECT_MAX));
}

static void tls(struct sink *out, const struct conn *c)
{
	text(out, "sni", hostname_slice(&c->sni));
	string(out, "tls_version", c->tls_version);
	string(out, "cipher", c->cipher);
	key(out, "resumed");
	sink_put(out, c->is_resumed ? SLICE("true") : SLICE("false"));
	identity(out, c->identity);
}

static void add_line(struct worker *w, struct sink *line)
{
	struct access_log *log = &w->log;
	struct sink to = sink_of(log->lines[log->filling], LOG_BYTES);

	sink_put(line, SLICE("}\n"));
	to.len = log->len[log->filling];
	sink_put(&to, sink_slice(line));
	if (to.overflow || line->overflow)
		w->stats->log_lines_dropped++;
	else
		log->len[log->filling] = to.len;
}

/* The word for how a request ended: what was refused, what broke, or "done". */
static const char *reason_of(const struct conn *c, const struct exchange *x)
{
	if (x->refusal != REFUSAL_NONE)
		return refusal_label((enum refusal)x->refusal);
	return conn_reason_label((enum conn_reason)c->reason);
}

void log_request(struct worker *w, struct conn *c)
{
	const struct exchange *x = c->exchange;
	uint8_t bytes[LOG_LINE_BYTES];
	struct sink line = sink_of(bytes, sizeof(bytes));

	timestamp(&line);
	client(&line, c);
	text(&line, "host", hostname_slice(&x->name));
	tls(&line, c);
	string(&line, "tls_engine", c->engine == ENGINE_KERNEL ? "kernel" : "user");
	text(&line, "method", slice_of(x->method, x->method_len));
	text(&line, "path", slice_of(x->path, x->path_len));
	number(&line, "status", x->status);
	number(&line, "bytes_in", x->bytes_in);
	number(&line, "bytes_out", x->bytes_out);
	number(&line, "ms_total", (w->now_us - x->begun_us) / 1000);
	number(&line, "ms_origin", x->answered_us > 0 ? (x->answered_us - x->sent_us) / 1000 : 0);
	string(&line, "origin", x->origin == NULL ? "" : x->origin->label);
	string(&line, "reason", reason_of(c, x));
	add_line(w, &line);
}

void log_handshake(struct worker *w, struct conn *c, const char *reason, struct slice words)
{
	uint8_t bytes[LOG_LINE_BYTES];
	struct sink line = sink_of(bytes, sizeof(bytes));

	if (w->policy == NULL || !w->policy->snapshot->access_log)
		return;
	timestamp(&line);
	client(&line, c);
	text(&line, "host", SLICE(""));
	tls(&line, c);
	number(&line, "status", 0);
	number(&line, "ms_total", (w->now_us - c->since_us) / 1000);
	string(&line, "reason", reason);
	text(&line, "text", words);
	add_line(w, &line);
}

static void write_on(struct worker *w)
{
	const struct token t = { .op = OP_LOG };
	struct access_log *log = &w->log;
	unsigned int full = log->filling ^ 1U;

	log->is_writing = true;
	ring_write(&w->ring, STDOUT_FILENO, log->lines[full] + log->written,
	           log->len[full] - log->written, t);
}

void log_flush(struct worker *w)
{
	struct access_log *log = &w->log;

	if (log->is_writing || log->len[log->filling] == 0)
		return;
	log->filling ^= 1U;
	log->len[log->filling] = 0;
	log->written = 0;
	write_on(w);
}

void log_written(struct worker *w, int res)
{
	struct access_log *log = &w->log;
	unsigned int full = log->filling ^ 1U;

	log->is_writing = false;
	if (res == -EINTR || res == -EAGAIN)
		res = 0;
	else if (res <= 0)
		/* Nobody reads it any more: what was to be written is lost. */
		res = (int)(log->len[full] - log->written);
	log->written += (size_t)res;
	if (log->written < log->len[full])
		write_on(w);
	else
		log->len[full] = 0;
}

bool log_is_empty(const struct worker *w)
{
	return !w->log.is_writing && w->log.len[w->log.filling] == 0;
}
