/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"
#include "proto/byte.h"
#include "proto/hostname.h"
#include "proto/known.h"
#include "proto/target.h"

enum { PORT_DIGITS_MAX = 5 };

/* Where the host ends and ":port" or nothing begins; 0 when there is no host. */
static size_t host_end(struct slice in)
{
	const uint8_t *end;

	if (in.len == 0)
		return 0;
	if (in.ptr[0] == '[') {
		end = memchr(in.ptr, ']', in.len);
		return end ? (size_t)(end - in.ptr) + 1 : 0;
	}
	end = memchr(in.ptr, ':', in.len);
	return end ? (size_t)(end - in.ptr) : in.len;
}

/* What stands behind the host: nothing, ":" or ":" and a port. */
static bool port_is_sane(struct slice in)
{
	uint64_t port = 0;

	if (in.len == 0)
		return true;
	if (in.ptr[0] != ':' || in.len - 1 > PORT_DIGITS_MAX)
		return false;
	if (in.len == 1)
		return true;
	return text_parse_u64(slice_sub(in, 1, in.len - 1), &port) == 0 && port >= 1 &&
	       port <= UINT16_MAX;
}

/* uri-host [ ":" port ]. An empty port says no more than none: it is left out. */
static bool parse_authority(struct slice in, struct hostname *out_host, struct slice *out_raw)
{
	size_t end = host_end(in);
	struct slice host = slice_sub(in, 0, end);
	bool is_literal = end > 0 && in.ptr[0] == '[';

	if (end == 0 || !port_is_sane(slice_sub(in, end, in.len - end)))
		return false;
	if (is_literal)
		host = slice_sub(host, 1, end - 2);
	if (is_literal != (memchr(host.ptr, ':', host.len) != NULL))
		return false;
	if (hostname_normal(host, out_host) < 0)
		return false;
	*out_raw = slice_sub(in, 0, end + 1 == in.len ? end : in.len);
	return true;
}

static enum refusal find_host(const struct head *head, const struct field **out)
{
	const struct field *found = NULL;

	for (size_t i = 0; i < head->fields_len; i++) {
		if (known_field(head->fields[i].name) != KNOWN_HOST)
			continue;
		if (found)
			return REFUSAL_HOST_REPEATED;
		found = &head->fields[i];
	}
	*out = found;
	return found || head->minor == 0 ? REFUSAL_NONE : REFUSAL_HOST_MISSING;
}

enum refusal authority_of(const struct head *head, struct hostname *out_host, struct slice *out_raw)
{
	const struct field *field = NULL;
	struct hostname host;
	struct slice raw = { 0 };
	struct target target;
	enum refusal r = find_host(head, &field);

	if (r != REFUSAL_NONE)
		return r;
	host.len = 0;
	if (field && !parse_authority(field->value, &host, &raw))
		return REFUSAL_HOST_INVALID;
	if (!target_split(head->method, head->target, &target))
		return REFUSAL_TARGET;
	if (target.form == TARGET_ABSOLUTE && !parse_authority(target.authority, &host, &raw))
		return REFUSAL_TARGET;
	out_host->len = host.len;
	memcpy(out_host->bytes, host.bytes, host.len);
	*out_raw = raw;
	return REFUSAL_NONE;
}
