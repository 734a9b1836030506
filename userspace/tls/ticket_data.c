/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/ticket_data.h"

#include <errno.h>

#include "tls/suite.h"

enum {
	AT_IDENTITY = 1,
	AT_VERDICT = 2,
	AT_EXPIRES = 10,
	AT_FROM = 18,
	AT_UNTIL = 26,
	AT_KEY = 34,
};
static_assert(AT_KEY + 32 == TICKET_DATA_HEAD, "one behind the other");

void ticket_data_put(const struct ticket_data *d, struct sink *out)
{
	uint8_t head[TICKET_DATA_HEAD] = { TICKET_DATA_VERSION };

	head[AT_IDENTITY] = d->has_identity;
	put_be64(head + AT_VERDICT, (uint64_t)d->verdict);
	put_be64(head + AT_EXPIRES, (uint64_t)d->expires);
	put_be64(head + AT_FROM, (uint64_t)d->good_from);
	put_be64(head + AT_UNTIL, (uint64_t)d->good_until);
	memcpy(head + AT_KEY, d->identity_key, sizeof(d->identity_key));
	sink_put(out, slice_of(head, sizeof(head)));
	sink_put(out, d->certs);
}

int ticket_data_get(struct slice in, struct ticket_data *out)
{
	if (in.len < TICKET_DATA_HEAD || in.ptr[0] != TICKET_DATA_VERSION ||
	    in.ptr[AT_IDENTITY] > 1)
		return -EBADMSG;
	out->has_identity = in.ptr[AT_IDENTITY];
	out->verdict = (int64_t)get_be64(in.ptr + AT_VERDICT);
	out->expires = (int64_t)get_be64(in.ptr + AT_EXPIRES);
	out->good_from = (int64_t)get_be64(in.ptr + AT_FROM);
	out->good_until = (int64_t)get_be64(in.ptr + AT_UNTIL);
	memcpy(out->identity_key, in.ptr + AT_KEY, sizeof(out->identity_key));
	out->certs = slice_sub(in, TICKET_DATA_HEAD, in.len - TICKET_DATA_HEAD);
	return 0;
}
