/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snapshot.h - everything a worker needs to serve, immutable and whole.
 *
 * Control builds one from the configuration, writes it as JSON into a sealed
 * memfd; each worker reads it back, builds its own objects and swaps. It holds
 * private keys: it is never written to a file, and freed memory is cleansed.
 */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/slice.h"
#include "conf/options.h"
#include "conf/policy.h"
#include "conf/ticket_key.h"
#include "proto/ip.h"

enum {
	SNAPSHOT_HOSTS_MAX = 131072, /* half of it of the file, see conf/file.h */
	SNAPSHOT_ZONES_MAX = 1024,
	SNAPSHOT_ID_BYTES = 32,    /* of zones and accounts: hexadecimal digits */
	SNAPSHOT_NAMES_MAX = 256,  /* for each host */
	SNAPSHOT_ORIGINS_MAX = 64, /* addresses for each host */
	SNAPSHOT_ERROR_MAX = 512,
	SNAPSHOT_HEADER_NAME_MAX = 128,
	SNAPSHOT_STORE_MAX = 4096, /* bytes of its path, with the NUL */
	SNAPSHOT_PROXY_SOURCES_MAX = 256,
};

struct snapshot_origin {
	char *label;                  /* as configured: "app.internal:8080", "unix:/run/app.sock" */
	struct sockaddr_storage addr; /* AF_INET, AF_INET6 or AF_UNIX */
	socklen_t addr_len;
};

struct snapshot_template {
	char *header; /* name */
	char *value;  /* see proto/template.h */
};

struct snapshot_host {
	char **names;          /* normalised (hostname.h); "*.example.com" covers one label */
	size_t names_len;      /* >= 1 */
	char *certificate_pem; /* leaf, then intermediates */
	char *key_pem;
	char *ca_pem;            /* client CAs; NULL only when verify is VERIFY_NONE */
	char *crl_pem;           /* NULL: revocation is not looked at */
	struct allow_list allow; /* owned */
	enum verify_mode verify;
	uint32_t verify_depth; /* intermediates allowed, 0..VERIFY_DEPTH_MAX */
	enum inject_mode inject;
	enum rfc9440_mode rfc9440;
	enum xfcc_mode xfcc;
	enum revoked_mode on_revoked;
	enum expired_mode on_expired;
	enum ocsp_mode ocsp; /* OCSP_MODE_OFF unless verify is optional or require */
	enum proxy_mode proxy;
	uint32_t proxy_tlvs; /* bits: 1 << enum proxy_tlv; 0 with PROXY_OFF */
	uint32_t dialects;   /* bits: 1 << enum dialect_id */
	bool is_default;     /* at most one host: takes no SNI and unknown SNI */
	bool crl_soft_fail;  /* see crl_pem */
	/* What der_header and sha256_header are stands in the file in so many words. */
	bool is_forwarding_fixed;
	/* Made of one before it for names that the API was told something of (overlay.h): what has
	 * its names is served by it, also where another has them too. */
	bool is_derived;
	char *ocsp_responder; /* URL; NULL: the one that a certificate names */
	char *der_header;     /* header name, or NULL: not sent */
	char *sha256_header;
	char *verdict_header;
	struct snapshot_template *templates;
	size_t templates_len; /* <= TEMPLATES_MAX */
	struct snapshot_origin *origins;
	size_t origins_len; /* >= 1 */
};

/* For control: a domain whose hostnames Cloudflare's API may name. */
struct snapshot_zone {
	char id[SNAPSHOT_ID_BYTES + 1];
	char account[SNAPSHOT_ID_BYTES + 1];
	char *name; /* normalised */
};

struct snapshot {
	uint64_t version; /* grows with each one control makes; never 0 */
	bool access_log;
	char *store; /* absolute path of control's database, NULL: none. For a restarted control */
	struct ip_range *proxy_sources; /* who may say, and must, for whom it connects */
	size_t proxy_sources_len;
	struct options options;
	struct ticket_keys ticket_keys; /* none with options.session_tickets: stateful */
	struct snapshot_host *hosts;    /* those of the file, then the derived */
	size_t hosts_len;
	struct snapshot_zone *zones; /* of the file */
	size_t zones_len;
};

/** snapshot_configured - how many of the hosts are of the file */
size_t snapshot_configured(const struct snapshot *s);

/** snapshot_drop_derived - only those of the file stay */
void snapshot_drop_derived(struct snapshot *s);

/** snapshot_host_copy - @out is the caller's, also on failure. Return: 0; -ENOMEM. */
MUST_USE int snapshot_host_copy(const struct snapshot_host *h, struct snapshot_host *out);

/** snapshot_header_twice - a header's name that the host would send twice. Return: it; NULL: there is none. */
const char *snapshot_header_twice(const struct snapshot_host *h);

/**
 * snapshot_encode - as JSON
 * @out_json: malloc'ed, NUL-terminated; the caller cleanses and frees it
 *
 * Return: 0 or -ENOMEM.
 */
MUST_USE int snapshot_encode(const struct snapshot *s, char **out_json, size_t *out_len);

/**
 * snapshot_decode - and back
 * @json: whole document
 * @out:  the caller's, snapshot_free()
 * @err:  SNAPSHOT_ERROR_MAX bytes: what is wrong and where, when it fails
 *
 * Checks what a worker relies on (the bounds above, one default host, no name
 * twice, options within their table).
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
MUST_USE int snapshot_decode(struct slice json, struct snapshot **out, char *err);

/** snapshot_validate - the checks of snapshot_decode() on one built in memory */
MUST_USE int snapshot_validate(const struct snapshot *s, char *err);

/**
 * snapshot_header_name - may identity travel under this header name?
 *
 * Return: NULL, or why not: not a token, too long, or a name that says how the
 *         message is framed or which hop it is for (RFC 9110 section 7.6.1).
 */
const char *snapshot_header_name(struct slice name);

/** snapshot_free - NULL is fine; keys are cleansed */
void snapshot_free(struct snapshot *s);
