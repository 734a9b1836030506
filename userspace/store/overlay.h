/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * overlay.h - what the settings API was told of hosts, laid over what the file says of them.
 *
 * A configured host stays as the file has it. For names that the API was told something of
 * there are derived hosts behind the configured ones: copies with these names alone, more
 * client CAs, other headers. A worker takes a derived host before the one it was made of, so
 * a name that was not named is served, and trusts, as the file says and not otherwise.
 *
 *   - A name the file has is the one meant, and no other: "api.example.com" does not mean
 *     "*.example.com", nor the other names of its host, nor the default host.
 *   - "*.example.com" means what that entry of the file serves: every name under it that
 *     has no entry of its own.
 *   - A name without an entry, which a wildcard or the default host serves, is told apart
 *     from the others that it serves. Under a wildcard it has what the wildcard was told as
 *     well; what it is told itself goes before.
 */
#pragma once

#include "store/snapshot.h"

enum {
	OVERLAY_CAS_MAX = 4096,      /* certificates, of all accounts */
	OVERLAY_CA_TEXTS_MAX = 1000, /* certificates in the CAs of one host: tls/pem.h */
};

enum overlay_forward { FORWARD_AS_CONFIGURED, FORWARD_OFF, FORWARD_ON };

/* One thing the API was told of one name. */
struct overlay_fact {
	char *name;                   /* normalised; owned */
	int32_t ca;                   /* index in overlay.cas; -1: it is about forwarding */
	enum overlay_forward forward; /* of several the one with the highest rank counts */
	uint8_t rank;
};

/* A domain. The longest one that a name is in counts. */
struct overlay_zone {
	char id[SNAPSHOT_ID_BYTES + 1];
	char account[SNAPSHOT_ID_BYTES + 1];
	char *name;      /* normalised; owned */
	bool is_file;    /* of the configuration */
	bool is_managed; /* its hosts send Cloudflare's Managed Transform */
};

struct overlay {
	char **cas; /* PEM; owned */
	size_t cas_len;
	struct overlay_fact *facts; /* by name, ca and rank: overlay_sort() */
	size_t facts_len, facts_cap;
	struct overlay_zone *zones; /* sorted by name */
	size_t zones_len;
};

void overlay_fini(struct overlay *o);

/** overlay_add - one more fact; its name is copied. Return: 0; -ENOMEM. */
MUST_USE int overlay_add(struct overlay *o, const struct overlay_fact *fact);

/** overlay_sort - to be called when all is in it */
void overlay_sort(struct overlay *o);

/** overlay_zone - the zone of @id. Return: NULL: none. */
const struct overlay_zone *overlay_zone(const struct overlay *o, const char *id);

/** overlay_zone_of - the longest zone that @name, normalised, is in: its domain, or under it. Return: NULL: none. */
const struct overlay_zone *overlay_zone_of(const struct overlay *o, const char *name);

/**
 * overlay_apply - replace the derived hosts of @s by those that @o makes
 * @err: SNAPSHOT_ERROR_MAX bytes: what is wrong, on -EINVAL
 *
 * On failure @s has no derived hosts.
 *
 * Return: 0; -EINVAL two headers of one name, too many hosts or CAs; -ENOMEM.
 */
MUST_USE int overlay_apply(struct snapshot *s, const struct overlay *o, char *err);
