/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snapshot_json.h - private to store/: parts shared by the two directions.
 */
#pragma once

#include <jansson.h>

#include "base/must.h"
#include "conf/policy.h"
#include "conf/ticket_key.h"
#include "proto/ip.h"

/**
 * cleansing_json - make jansson wipe whatever it frees
 *
 * Its strings hold private keys. Process-wide, may be called again.
 */
void cleansing_json(void);

/** str_cleanse_free - wipe and free a string; NULL is fine */
void str_cleanse_free(char *s);

struct snapshot;
struct snapshot_host;

/** host_to_json - NULL is out of memory */
json_t *host_to_json(const struct snapshot_host *h);

/** host_from_json - the caller's, also on failure: host_fini(). Return: 0; -EINVAL; -ENOMEM. */
MUST_USE int host_from_json(const json_t *from, struct snapshot_host *out);

/** host_fini - keys are cleansed */
void host_fini(struct snapshot_host *h);

/** zones_to_json - NULL is out of memory */
json_t *zones_to_json(const struct snapshot *s);

/** zones_from_json - into @s. Return: 0; -EINVAL; -ENOMEM. */
MUST_USE int zones_from_json(const json_t *all, struct snapshot *s);

/** zones_check - NULL, or what is wrong with them */
const char *zones_check(const struct snapshot *s);

/** allow_to_json - NULL is out of memory */
json_t *allow_to_json(const struct allow_list *a);

/** allow_from_json - the caller's, also on failure: allow_list_fini(). Return: 0; -EINVAL; -ENOMEM. */
MUST_USE int allow_from_json(const json_t *from, struct allow_list *out);

/** allow_list_check - NULL, or what is wrong with it */
const char *allow_list_check(const struct allow_list *a);

void allow_list_fini(struct allow_list *a);

/** proxy_sources_to_json - NULL is out of memory */
json_t *proxy_sources_to_json(const struct ip_range *sources, size_t len);

/**
 * proxy_sources_from_json - and back
 * @out: allocated; the caller's, also on failure
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
MUST_USE int proxy_sources_from_json(const json_t *from, struct ip_range **out, size_t *out_len);

/** proxy_tlvs_to_json - NULL is out of memory */
json_t *proxy_tlvs_to_json(uint32_t tlvs);

/** proxy_tlvs_from_json - words to bits. Return: 0; -EINVAL. */
MUST_USE int proxy_tlvs_from_json(const json_t *from, uint32_t *out);

/** proxy_tlvs_check - NULL, or what is wrong with them */
const char *proxy_tlvs_check(enum proxy_mode mode, uint32_t tlvs);

/** ticket_keys_to_json - a new reference, or NULL when there is no memory */
json_t *ticket_keys_to_json(const struct ticket_keys *keys);

/** ticket_keys_from_json - and back. Return: 0; -EINVAL, then what is in @out is no use. */
MUST_USE int ticket_keys_from_json(const json_t *all, struct ticket_keys *out);
