/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "control/inquiry_priv.h"
#include "sys/clock.h"

int inquiry_new(inquiry_told *told, void *arg, struct inquiry **out)
{
	struct inquiry *q = calloc(1, sizeof(*q));

	if (q)
		q->entries = calloc(INQUIRY_ENTRIES_MAX, sizeof(*q->entries));
	if (!q || !q->entries) {
		free(q);
		return -ENOMEM;
	}
	q->told = told;
	q->arg = arg;
	q->waiting_end = &q->waiting;
	*out = q;
	return 0;
}

static void job_free(struct job *j)
{
	if (!j)
		return;
	inquiry_child_stop(&j->child);
	j->entry->job = NULL;
	free(j);
}

void inquiry_free(struct inquiry *q)
{
	if (!q)
		return;
	for (size_t n = 0; n < INQUIRY_CHILDREN_MAX; n++)
		job_free(q->running[n]);
	while (q->waiting) {
		struct job *next = q->waiting->next;

		job_free(q->waiting);
		q->waiting = next;
	}
	free(q->entries);
	free(q);
}

static struct slice text(const char *s)
{
	return slice_of(s ? s : "", s ? strlen(s) : 0);
}

static bool demands(const struct snapshot_host *h, const uint8_t *id)
{
	uint8_t own[OCSP_ID_BYTES];

	return h->ocsp != OCSP_MODE_OFF &&
	       ocsp_id(text(h->ca_pem), text(h->ocsp_responder), own) == 0 &&
	       memcmp(own, id, sizeof(own)) == 0;
}

/* Hosts may have a name in common, where one is derived of the other. */
static const struct snapshot_host *host_of(const struct snapshot *s, struct slice name,
                                           const uint8_t *id)
{
	for (size_t n = 0; n < s->hosts_len; n++)
		if (slice_eq(text(s->hosts[n].names[0]), name) && demands(&s->hosts[n], id))
			return &s->hosts[n];
	return NULL;
}

static uint32_t ms_left(uint64_t until_ms, uint64_t now_ms)
{
	uint64_t left = until_ms > now_ms ? until_ms - now_ms : 0;

	return left < INQUIRY_HOLDS_MS_MAX ? (uint32_t)left : INQUIRY_HOLDS_MS_MAX;
}

static void tell(const struct inquiry *q, const struct entry *e, uint32_t worker, uint64_t now_ms)
{
	struct msg_ocsp_answer a = { .worker = worker,
		                     .status = e->what,
		                     .holds_ms = ms_left(e->until_ms, now_ms),
		                     .ask_ms = ms_left(e->ask_ms, now_ms) };

	memcpy(a.key, e->key, sizeof(a.key));
	/* Who asks what is being found out already need not ask again at once. */
	if (a.ask_ms == 0)
		a.ask_ms = INQUIRY_BACKOFF_MS_MIN;
	q->told(q->arg, &a);
}

static void enqueue(struct inquiry *q, struct entry *e, const uint8_t *id, struct slice bytes,
                    size_t host_len)
{
	struct job *j;

	if (e->job || q->waiting_len >= INQUIRY_WAITING_MAX)
		return;
	j = malloc(sizeof(*j) + bytes.len);
	if (!j)
		return;
	*j = (struct job){
		.entry = e, .child = INQUIRY_CHILD_NONE, .host_len = host_len, .len = bytes.len
	};
	memcpy(j->id, id, sizeof(j->id));
	memcpy(j->bytes, bytes.ptr, bytes.len);
	e->job = j;
	*q->waiting_end = j;
	q->waiting_end = &j->next;
	q->waiting_len++;
	q->is_new = true;
}

void inquiry_hear(struct inquiry *q, const struct snapshot *s, const struct msg *m, uint64_t now_ms)
{
	const struct slice all = slice_of(m->payload, m->len);
	uint8_t key[OCSP_ID_BYTES];
	struct msg_ocsp_ask ask;
	struct slice bytes;
	struct entry *e;

	if (all.len < sizeof(ask))
		return;
	memcpy(&ask, all.ptr, sizeof(ask));
	bytes = slice_sub(all, sizeof(ask), all.len - sizeof(ask));
	if (ask.host_len > bytes.len || ask.leaf_len > bytes.len - ask.host_len)
		return;
	if (!host_of(s, slice_sub(bytes, 0, ask.host_len), ask.id) ||
	    ocsp_leaf_key(ask.id, slice_sub(bytes, ask.host_len, ask.leaf_len), key) < 0)
		return;
	e = entry_at(q, key);
	if (entry_holds(e, now_ms))
		tell(q, e, ask.worker, now_ms);
	if (now_ms >= e->ask_ms)
		enqueue(q, e, ask.id, bytes, ask.host_len);
}

/* --- responders that do not answer -------------------------------------------------------- */

static struct silent *silent_find(struct inquiry *q, const uint8_t *id)
{
	for (size_t n = 0; n < INQUIRY_DEMANDS_MAX; n++)
		if (q->silent[n].since > 0 &&
		    memcmp(q->silent[n].id, id, sizeof(q->silent[n].id)) == 0)
			return &q->silent[n];
	return NULL;
}

static void silent_add(struct inquiry *q, const uint8_t *id)
{
	struct silent *at = &q->silent[0];

	for (size_t n = 1; n < INQUIRY_DEMANDS_MAX; n++)
		if (q->silent[n].since < at->since)
			at = &q->silent[n];
	memcpy(at->id, id, sizeof(at->id));
	at->since = ++q->uses;
}

/* Said when it begins and when it ends, not each time. */
static void note(struct inquiry *q, const struct job *j, const struct ocsp_verdict *v)
{
	struct silent *s = silent_find(q, j->id);

	if (v->status == OCSP_FAILED && !s) {
		silent_add(q, j->id);
		log_warn("OCSP for host %.*s: %s", (int)j->host_len, (const char *)j->bytes,
		         v->why);
	} else if (v->status != OCSP_FAILED && s) {
		s->since = 0;
		log_info("OCSP for host %.*s: answered again", (int)j->host_len,
		         (const char *)j->bytes);
	}
}

/* --- asking ------------------------------------------------------------------------------- */

static void done(struct inquiry *q, const struct snapshot *s, struct job *j,
                 const struct ocsp_verdict *v)
{
	uint64_t now_ms = clock_mono_ns() / 1000000;
	struct entry *e = j->entry;

	note(q, j, v);
	entry_take(e, v, clock_wall_ms() / 1000, s->options.ocsp_refresh_s, now_ms);
	job_free(j);
	tell(q, e, UINT32_MAX, now_ms);
}

static bool has_turn(struct inquiry *q, const struct job *j)
{
	size_t most = silent_find(q, j->id) ? 1 : INQUIRY_PER_DEMAND_MAX;
	size_t now = 0;

	for (size_t n = 0; n < INQUIRY_CHILDREN_MAX; n++)
		now += q->running[n] && memcmp(q->running[n]->id, j->id, sizeof(j->id)) == 0;
	return now < most;
}

/* Its host may have changed since. Return: 0 begun; -ENOENT nobody wants to know any more; -errno. */
static int begin(struct job *j, const struct snapshot *s, uint64_t now_ms)
{
	const struct slice name = slice_of(j->bytes, j->host_len);
	const struct snapshot_host *h = host_of(s, name, j->id);
	struct ocsp_question question = {
		.certificates = slice_of(j->bytes + j->host_len, j->len - j->host_len),
		.timeout_ms = s->options.ocsp_timeout_ms,
	};

	if (!h)
		return -ENOENT;
	question.ca_pem = text(h->ca_pem);
	question.responder = text(h->ocsp_responder);
	question.depth = h->verify_depth;
	return inquiry_child_begin(&j->child, &question, now_ms);
}

/* @at is where it stands in the queue. */
static struct job *dequeue(struct inquiry *q, struct job **at)
{
	struct job *j = *at;

	*at = j->next;
	if (!j->next)
		q->waiting_end = at;
	j->next = NULL;
	q->waiting_len--;
	return j;
}

static struct job *next_job(struct inquiry *q)
{
	for (struct job **at = &q->waiting; *at; at = &(*at)->next)
		if (has_turn(q, *at))
			return dequeue(q, at);
	return NULL;
}

/* Return: false: there is nothing more to begin. */
static bool begin_one(struct inquiry *q, const struct snapshot *s, struct job **slot,
                      uint64_t now_ms)
{
	struct ocsp_verdict v = { .status = OCSP_FAILED, .why = "no process can be started" };
	struct job *j = next_job(q);
	int r = j ? begin(j, s, now_ms) : 0;

	if (r == 0)
		*slot = j;
	else if (r == -ENOENT)
		job_free(j);
	else
		done(q, s, j, &v);
	return j != NULL;
}

void inquiry_turn(struct inquiry *q, const struct snapshot *s, uint64_t now_ms)
{
	bool has_more = true;

	q->is_new = false;
	for (size_t n = 0; n < INQUIRY_CHILDREN_MAX; n++) {
		struct job *j = q->running[n];
		struct ocsp_verdict v;

		if (!j || inquiry_child_read(&j->child, now_ms, &v) == 0)
			continue;
		q->running[n] = NULL;
		done(q, s, j, &v);
	}
	for (size_t n = 0; n < INQUIRY_CHILDREN_MAX && has_more; n++)
		while (!q->running[n] && has_more)
			has_more = begin_one(q, s, &q->running[n], now_ms);
}

size_t inquiry_poll(const struct inquiry *q, struct pollfd out[INQUIRY_CHILDREN_MAX])
{
	size_t len = 0;

	for (size_t n = 0; n < INQUIRY_CHILDREN_MAX; n++)
		if (q->running[n])
			out[len++] =
				(struct pollfd){ .fd = q->running[n]->child.fd, .events = POLLIN };
	return len;
}

uint64_t inquiry_due_ms(const struct inquiry *q)
{
	uint64_t at = q->is_new ? 0 : UINT64_MAX;

	for (size_t n = 0; n < INQUIRY_CHILDREN_MAX; n++)
		if (q->running[n] && q->running[n]->child.until_ms < at)
			at = q->running[n]->child.until_ms;
	return at;
}
