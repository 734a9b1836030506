/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "store/snapshot.h"
#include "store/snapshot_json.h"

json_t *proxy_tlvs_to_json(uint32_t tlvs)
{
	json_t *all = json_array();

	for (enum proxy_tlv tlv = 0; tlv < PROXY_TLV_MAX; tlv++)
		if (tlvs & 1U << tlv &&
		    json_array_append_new(all, json_string(proxy_tlv_words[tlv])) < 0) {
			json_decref(all);
			return NULL;
		}
	return all;
}

int proxy_tlvs_from_json(const json_t *from, uint32_t *out)
{
	uint32_t tlvs = 0;

	if (!json_is_array(from))
		return -EINVAL;
	for (size_t i = 0; i < json_array_size(from); i++) {
		const char *word = json_string_value(json_array_get(from, i));
		enum proxy_tlv tlv = 0;

		while (word && tlv < PROXY_TLV_MAX && strcmp(word, proxy_tlv_words[tlv]) != 0)
			tlv++;
		if (!word || tlv == PROXY_TLV_MAX)
			return -EINVAL;
		tlvs |= 1U << tlv;
	}
	*out = tlvs;
	return 0;
}

const char *proxy_tlvs_check(enum proxy_mode mode, uint32_t tlvs)
{
	if (tlvs >> PROXY_TLV_MAX != 0)
		return "unknown";
	if (mode != PROXY_V2 && tlvs != 0)
		return "without a header to be in";
	if (tlvs & PROXY_TLVS_IN_SSL && !(tlvs & 1U << PROXY_TLV_SSL))
		return "parts of ssl without it";
	return NULL;
}

json_t *proxy_sources_to_json(const struct ip_range *sources, size_t len)
{
	json_t *all = json_array();

	for (size_t i = 0; i < len; i++) {
		char text[IP_RANGE_TEXT_MAX];
		struct sink out = sink_of(text, sizeof(text));

		ip_range_format(&sources[i], &out);
		must(!out.overflow);
		if (json_array_append_new(all, json_stringn(text, out.len)) < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

int proxy_sources_from_json(const json_t *from, struct ip_range **out, size_t *out_len)
{
	size_t len = json_array_size(from);

	if (!json_is_array(from) || len > SNAPSHOT_PROXY_SOURCES_MAX)
		return -EINVAL;
	*out = calloc(len ? len : 1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		const json_t *one = json_array_get(from, i);

		if (!json_is_string(one) ||
		    ip_range_parse(slice_of(json_string_value(one), json_string_length(one)),
		                   &(*out)[i]) != NULL)
			return -EINVAL;
	}
	*out_len = len;
	return 0;
}
