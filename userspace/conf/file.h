/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * file.h - the configuration file as it is written: YAML to struct.
 *
 * Nothing is opened or looked up here. Words and numbers that conf/ knows are
 * checked here (conf_verify() and its like); what names, addresses, headers and
 * certificates may be is checked by control.
 */
#pragma once

#include "base/slice.h"
#include "conf/mistakes.h"
#include "conf/options.h"
#include "conf/policy.h"
#include "conf/position.h"

enum {
	CONF_FILE_BYTES_MAX = 16 * 1024 * 1024,
	CONF_LISTEN_MAX = 16,
	CONF_INTERFACES_MAX = 8,
	CONF_HOSTS_MAX = 65536,
	CONF_NAMES_MAX = 256,
	CONF_ORIGINS_MAX = 64,
	CONF_CRLS_MAX = 64, /* files for each host */
	CONF_ZONES_MAX = 1024,
};

struct conf_allow {
	char **sha256;
	unsigned int sha256_count;
	char **spki_sha256;
	unsigned int spki_sha256_count;
	char **san;
	unsigned int san_count;
};

struct conf_client_auth {
	char *verify; /* a word of VERIFY_MODES, or NULL */
	char *ca;     /* path */
	char *depth;
	char **crl; /* paths */
	unsigned int crl_count;
	bool crl_soft_fail;
	struct conf_allow *allow;
	char *on_revoked;
	char *on_expired;
	char *ocsp;
	char *ocsp_responder; /* URL */
};

struct conf_template {
	char *header;
	char *value;
};

struct conf_identity {
	char *inject;
	char *rfc9440;
	char *xfcc;
	char *der_header;
	char *sha256_header;
	char *verdict_header;
	char **dialects;
	unsigned int dialects_count;
	struct conf_template *templates;
	unsigned int templates_count;
};

struct conf_host {
	char **names;
	unsigned int names_count;
	bool is_default;
	char *certificate; /* path */
	char *key;         /* path */
	struct conf_client_auth *client_auth;
	struct conf_identity *identity;
	char **origins;
	unsigned int origins_count;
	char *proxy_protocol; /* a word of PROXY_MODES, or NULL */
	char **proxy_tlvs;    /* words of PROXY_TLVS */
	unsigned int proxy_tlvs_count;
};

/* Where the settings API is served. */
struct conf_api {
	char *listen; /* "off", a path, or an address of the loopback */
	char *mode;   /* of the socket file, in octal */
	char *owner;  /* a user's name, or a number */
	char *group;
};

/* A domain whose hostnames the settings API may name as Cloudflare's does. */
struct conf_zone {
	char *id;
	char *name;
	char *account;
};

/* See conf/xdp.h. */
struct conf_xdp {
	char **interfaces;
	unsigned int interfaces_count;
	char *mode;
	char *unknown_name;
	bool strict;
	bool require;        /* not to start without */
	bool set_syncookies; /* net.ipv4.tcp_syncookies is set to 2 at start */
	char *source_rate;   /* handshakes a second */
	char *source_burst;
	char *partial_rate;
	char *partial_burst;
	char *host_rate;
	char *host_burst;
};

/* Each as text: NULL is not given. */
struct conf_options {
#define X(name, def, min, max, unit, when, help) char *name;
	OPTIONS(X)
#undef X
};

struct conf_file {
	char **listen;
	unsigned int listen_count;
	bool *access_log;       /* NULL: not given */
	char *ticket_keys_file; /* path; NULL: not given */
	char *revoked;          /* the same */
	struct conf_api *api;
	char *store;          /* "off", or a path; NULL: not given */
	char **proxy_sources; /* ranges of addresses */
	unsigned int proxy_sources_count;
	struct conf_zone *zones;
	unsigned int zones_count;
	struct conf_xdp *xdp;
	struct conf_options *options;
	struct conf_host *hosts;
	unsigned int hosts_count;
};

/**
 * conf_file_parse - take a configuration apart
 * @text:      the whole file, at most CONF_FILE_BYTES_MAX
 * @positions: gets where everything stands
 * @mistakes:  gets what is wrong: not YAML, unknown, repeated, missing keys, other kinds
 *             of values, too many or too few of a thing
 * @out:       written on success; conf_file_free()
 *
 * Return: 0 it can be looked at further, though there may be mistakes; -EINVAL the mistakes
 *         found are all there is to say; -ENOMEM.
 */
MUST_USE int conf_file_parse(struct slice text, struct positions *positions,
                             struct mistakes *mistakes, struct conf_file **out);

/** conf_file_free - NULL is fine */
void conf_file_free(struct conf_file *f);

/** conf_options - the options with their defaults filled in; bounds are checked */
void conf_options(const struct conf_file *f, struct positions *positions, struct mistakes *mistakes,
                  struct options *out);

/*
 * Words of a host, with their defaults. @path is the host's, "hosts[2]". An unknown word
 * is a mistake and gives the default.
 */
enum verify_mode conf_verify(const struct conf_host *h, const char *path,
                             struct positions *positions, struct mistakes *mistakes);
uint32_t conf_depth(const struct conf_host *h, const char *path, struct positions *positions,
                    struct mistakes *mistakes);
enum inject_mode conf_inject(const struct conf_host *h, const char *path,
                             struct positions *positions, struct mistakes *mistakes);
enum rfc9440_mode conf_rfc9440(const struct conf_host *h, const char *path,
                               struct positions *positions, struct mistakes *mistakes);
enum xfcc_mode conf_xfcc(const struct conf_host *h, const char *path, struct positions *positions,
                         struct mistakes *mistakes, enum xfcc_mode def);

enum revoked_mode conf_on_revoked(const struct conf_host *h, const char *path,
                                  struct positions *positions, struct mistakes *mistakes);
enum expired_mode conf_on_expired(const struct conf_host *h, const char *path,
                                  struct positions *positions, struct mistakes *mistakes);

enum proxy_mode conf_proxy(const struct conf_host *h, const char *path, struct positions *positions,
                           struct mistakes *mistakes);

/** conf_proxy_tlvs - bits 1 << enum proxy_tlv; the default's where @mode is PROXY_V2 and none are named */
uint32_t conf_proxy_tlvs(const struct conf_host *h, enum proxy_mode mode, const char *path,
                         struct positions *positions, struct mistakes *mistakes);

enum ocsp_mode conf_ocsp(const struct conf_host *h, const char *path, struct positions *positions,
                         struct mistakes *mistakes);

/** mistake_at - a mistake in "PATH.KEY" (either may be empty), where that stands */
__attribute__((format(printf, 5, 6))) void mistake_at(struct mistakes *m, struct positions *p,
                                                      const char *path, const char *key,
                                                      const char *format, ...);
