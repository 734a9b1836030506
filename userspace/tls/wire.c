/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/wire.h"

#include "tls/suite.h"

enum { EXPLICIT_AT = RECORD_HEADER_BYTES };

static struct slice rest(const struct wire *w)
{
	return slice_sub(w->in, w->taken, w->in.len - w->taken);
}

/* OpenSSL refuses these by the header alone. Waiting for the body would be
 * waiting for a client that does not speak TLS. */
static bool is_hopeless(struct slice in)
{
	return in.ptr[0] < RECORD_CHANGE_CIPHER_SPEC || in.ptr[0] > RECORD_APPLICATION_DATA ||
	       in.ptr[1] != 3 || get_be16(in.ptr + 3) > RECORD_WIRE_MAX - RECORD_HEADER_BYTES;
}

bool wire_has_record(const struct wire *w)
{
	struct slice in = rest(w);

	if (w->left > 0)
		return true;
	if (w->hopeless || in.len < RECORD_HEADER_BYTES)
		return false;
	return is_hopeless(in) || in.len >= RECORD_HEADER_BYTES + get_be16(in.ptr + 3);
}

bool wire_is_between_records(const struct wire *w)
{
	return w->left == 0 && w->head_len == 0;
}

static void begin_record_in(struct wire *w)
{
	struct slice in = rest(w);

	w->left = RECORD_HEADER_BYTES;
	if (is_hopeless(in)) {
		w->hopeless = true;
		return;
	}
	w->left += get_be16(in.ptr + 3);
	w->records_in = in.ptr[0] == RECORD_CHANGE_CIPHER_SPEC ? 0 : w->records_in + 1;
}

static int wire_read(BIO *b, char *out, int room)
{
	struct wire *w = BIO_get_data(b);
	size_t n;

	BIO_clear_retry_flags(b);
	if (room <= 0)
		return 0;
	if (w->left == 0) {
		if (!wire_has_record(w)) {
			if (!w->hopeless)
				BIO_set_retry_read(b);
			return -1;
		}
		begin_record_in(w);
	}
	n = w->left < (size_t)room ? w->left : (size_t)room;
	memcpy(out, rest(w).ptr, n);
	w->taken += n;
	w->left -= n;
	return (int)n;
}

static void end_record_out(struct wire *w)
{
	memcpy(w->last_explicit, w->head + EXPLICIT_AT, sizeof(w->last_explicit));
	w->records_out = w->head[0] == RECORD_CHANGE_CIPHER_SPEC ? 0 : w->records_out + 1;
	w->head_len = 0;
}

/* Walks over what is written, which may be cut anywhere. */
static void count_out(struct wire *w, struct slice s)
{
	while (s.len > 0) {
		if (w->head_len < RECORD_HEADER_BYTES) {
			w->head[w->head_len++] = s.ptr[0];
			s = slice_sub(s, 1, s.len - 1);
			if (w->head_len == RECORD_HEADER_BYTES)
				w->body_left = get_be16(w->head + 3);
		} else {
			size_t n = s.len < w->body_left ? s.len : w->body_left;
			size_t room = sizeof(w->head) - w->head_len;
			size_t kept = n < room ? n : room;

			memcpy(w->head + w->head_len, s.ptr, kept);
			w->head_len += kept;
			w->body_left -= n;
			s = slice_sub(s, n, s.len - n);
		}
		if (w->head_len >= RECORD_HEADER_BYTES && w->body_left == 0)
			end_record_out(w);
	}
}

static int wire_write(BIO *b, const char *in, int len)
{
	struct wire *w = BIO_get_data(b);
	struct slice bytes = slice_of(in, len > 0 ? (size_t)len : 0);

	BIO_clear_retry_flags(b);
	sink_put(w->out, bytes);
	if (w->out->overflow) {
		w->overflow = true;
		return -1;
	}
	count_out(w, bytes);
	return len;
}

/* Only what libssl needs. A BIO that answers 1 to what it does not know is taken
 * for one that does kTLS. */
static long wire_ctrl(BIO *b, int command, long larg, void *parg)
{
	(void)b;
	(void)larg;
	(void)parg;
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int wire_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

BIO_METHOD *wire_method(void)
{
	static BIO_METHOD *method;
	int type;

	if (method)
		return method;
	type = BIO_get_new_index();
	method = type < 0 ? NULL : BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "sluice wire");
	if (!method)
		return NULL;
	if (BIO_meth_set_read(method, wire_read) != 1 ||
	    BIO_meth_set_write(method, wire_write) != 1 ||
	    BIO_meth_set_ctrl(method, wire_ctrl) != 1 ||
	    BIO_meth_set_create(method, wire_create) != 1) {
		BIO_meth_free(method);
		method = NULL;
	}
	return method;
}

BIO *wire_bio(struct wire *w)
{
	BIO *b = BIO_new(wire_method());

	if (b)
		BIO_set_data(b, w);
	return b;
}
