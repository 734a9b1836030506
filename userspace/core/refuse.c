/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"
#include "core/client.h"
#include "core/exchange.h"
#include "core/session.h"
#include "core/worker.h"

static struct slice reason_phrase(int status)
{
	switch (status) {
	case 400:
		return SLICE("Bad Request");
	case 403:
		return SLICE("Forbidden");
	case 408:
		return SLICE("Request Timeout");
	case 413:
		return SLICE("Content Too Large");
	case 414:
		return SLICE("URI Too Long");
	case 417:
		return SLICE("Expectation Failed");
	case 421:
		return SLICE("Misdirected Request");
	case 431:
		return SLICE("Request Header Fields Too Large");
	case 501:
		return SLICE("Not Implemented");
	case 502:
		return SLICE("Bad Gateway");
	case 503:
		return SLICE("Service Unavailable");
	case 504:
		return SLICE("Gateway Timeout");
	case 505:
		return SLICE("HTTP Version Not Supported");
	default:
		return SLICE("Error");
	}
}

/* The label tells the client no more than its own message did, so it may be said. */
static void render(struct sink *out, int status, const char *label, bool is_head)
{
	struct slice word = slice_of(label, strlen(label));

	sink_put(out, SLICE("HTTP/1.1 "));
	text_u64(out, (uint64_t)status);
	sink_putc(out, ' ');
	sink_put(out, reason_phrase(status));
	sink_put(out, SLICE("\r\nContent-Type: text/plain\r\nContent-Length: "));
	text_u64(out, word.len + 1);
	sink_put(out, SLICE("\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"));
	if (is_head)
		return;
	sink_put(out, word);
	sink_putc(out, '\n');
}

enum step refuse(struct worker *w, struct conn *c, enum refusal why)
{
	struct exchange *x = c->exchange;
	uint8_t bytes[512];
	struct sink out = sink_of(bytes, sizeof(bytes));

	must(why != REFUSAL_NONE);
	x->refusal = (uint8_t)why;
	if (x->is_answering) {
		conn_end(w, c,
		         why == REFUSAL_ORIGIN_BROKEN ? CONN_REASON_ORIGIN_BROKEN
		                                      : CONN_REASON_REFUSED);
		return STEP_GONE;
	}
	if (c->link != NULL)
		link_close(w, c->link);
	x->status = (uint16_t)refusal_status(why);
	render(&out, x->status, refusal_label(why), x->is_head);
	must(!out.overflow);
	x->bytes_out = out.len;
	if (!client_send(w, c, sink_slice(&out)))
		return STEP_GONE;
	conn_finish(w, c, CONN_REASON_REFUSED);
	return STEP_GONE;
}

enum step refuse_bytes(struct worker *w, struct conn *c, enum refusal why)
{
	if (exchange_begin(w, c) == NULL) {
		w->stats->buffers_exhausted++;
		conn_end(w, c, CONN_REASON_NO_BUFFER);
		return STEP_GONE;
	}
	c->exchange->policy = policy_ref(w->policy);
	return refuse(w, c, why);
}
