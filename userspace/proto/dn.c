/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto/dn.h"

enum {
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_OID = 0x06,
	TAG_HIGH = 0x1F, /* a tag of more than one byte; no string has one */
	LENGTH_BYTES_MAX = 3,
};

/* Takes one element off @rest; DER's definite lengths only. */
static bool take(struct slice *rest, uint8_t *tag, struct slice *out)
{
	size_t len;
	size_t at = 2;

	if (rest->len < 2 || (rest->ptr[0] & TAG_HIGH) == TAG_HIGH)
		return false;
	*tag = rest->ptr[0];
	len = rest->ptr[1];
	if (len >= 0x80) {
		size_t bytes = len & 0x7F;

		if (bytes < 1 || bytes > LENGTH_BYTES_MAX || bytes > rest->len - 2)
			return false;
		len = 0;
		for (; at < 2 + bytes; at++)
			len = len << 8 | rest->ptr[at];
	}
	if (len > rest->len - at)
		return false;
	*out = slice_sub(*rest, at, len);
	*rest = slice_sub(*rest, at + len, rest->len - at - len);
	return true;
}

struct dn_walk dn_begin(struct slice der)
{
	struct dn_walk w = { 0 };
	uint8_t tag;

	if (!take(&der, &tag, &w.rdns) || tag != TAG_SEQUENCE)
		w.rdns.len = 0;
	return w;
}

bool dn_next(struct dn_walk *w, struct dn_attribute *out)
{
	struct slice pair;
	uint8_t tag;

	if (w->set.len == 0 && (!take(&w->rdns, &tag, &w->set) || tag != TAG_SET))
		return false;
	if (!take(&w->set, &tag, &pair) || tag != TAG_SEQUENCE)
		return false;
	if (!take(&pair, &tag, &out->oid) || tag != TAG_OID)
		return false;
	return take(&pair, &out->type, &out->value);
}
