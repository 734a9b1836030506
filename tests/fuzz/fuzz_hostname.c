/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Oracles: normalising twice is normalising once; a normal name holds only what
 * names hold; Host and an absolute target are read alike.
 */
#include "fuzz.h"
#include "proto/hostname.h"

static bool same(const struct hostname *a, const struct hostname *b)
{
	return slice_eq(hostname_slice(a), hostname_slice(b));
}

static void check_bytes(struct slice name)
{
	must(name.len > 0);
	must(name.ptr[name.len - 1] != '.');
	for (size_t i = 0; i < name.len; i++)
		must(strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.:", name.ptr[i]) &&
		     name.ptr[i] != '\0');
}

/* What is accepted has no byte that was only skipped. */
static void check_input(struct slice in)
{
	for (size_t i = 0; i < in.len; i++)
		must(in.ptr[i] != '\0' &&
		     strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.:*", slow_lower(in.ptr[i])));
}

static void check_name(struct slice in)
{
	struct hostname once;
	struct hostname twice;
	struct hostname parent;

	if (hostname_normal(in, &once) == 0) {
		check_input(in);
		check_bytes(hostname_slice(&once));
		must(hostname_normal(hostname_slice(&once), &twice) == 0);
		must(same(&once, &twice));
		if (hostname_parent(&once, &parent) == 0) {
			must(hostname_pattern(hostname_slice(&parent), &twice) == 0);
			must(same(&parent, &twice));
			must(hostname_normal(hostname_slice(&parent), &twice) < 0);
		}
	}
	if (hostname_pattern(in, &once) == 0) {
		bool is_wild = once.bytes[0] == '*';

		check_input(in);
		must(hostname_pattern(hostname_slice(&once), &twice) == 0);
		must(same(&once, &twice));
		must(is_wild == (hostname_normal(in, &twice) < 0));
		if (is_wild)
			check_bytes(slice_of(once.bytes + 2, once.len - 2U));
	}
}

/* A request with @in as its Host, and one with it in an absolute target. */
static void check_authority(struct slice in)
{
	static uint8_t text[HEAD_BYTES_MAX];
	struct head h = {
		.method = SLICE("GET"), .target = SLICE("/"), .minor = 1, .fields_len = 1
	};
	struct head absolute = h;
	struct hostname host;
	struct hostname host2;
	struct slice raw = { 0 };
	struct slice raw2 = { 0 };
	const struct slice scheme = SLICE("http://");
	enum refusal r;

	if (in.len > sizeof(text) - scheme.len - 1)
		return;
	memcpy(text, scheme.ptr, scheme.len);
	memcpy(text + scheme.len, in.ptr, in.len);
	text[scheme.len + in.len] = '/';
	h.fields[0] = (struct field){ SLICE("Host"), in };
	absolute.fields[0] = (struct field){ SLICE("Host"), SLICE("other.example") };
	absolute.target = slice_of(text, scheme.len + in.len + 1);
	r = authority_of(&h, &host, &raw);
	must(r == REFUSAL_NONE || r == REFUSAL_HOST_INVALID);
	if (r != REFUSAL_NONE)
		return;
	check_bytes(hostname_slice(&host));
	must(slow_inside(in, raw));
	must(in.len - raw.len <= 1);
	must(authority_of(&absolute, &host2, &raw2) == REFUSAL_NONE);
	must(same(&host, &host2));
	must(slice_eq(raw, raw2));

	h.fields[0].value = raw; /* what the origin gets is read alike again */
	must(authority_of(&h, &host2, &raw2) == REFUSAL_NONE);
	must(same(&host, &host2));
	must(slice_eq(raw, raw2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	check_name(slice_of(data, len));
	check_authority(slice_of(data, len));
	return 0;
}
