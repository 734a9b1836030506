/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <jansson.h>
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
