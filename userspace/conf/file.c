/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/file.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "conf/schema.h"

/*
 * Every key is optional and every list of any length for libcyaml, which would stop at
 * the first that is not; check_host() and check_file() say what must be there.
 */
enum { TEXT_MAX = 4096, TEXT = CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER };

static const cyaml_schema_value_t text_entry = { CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0,
	                                                            TEXT_MAX) };

#define TEXT_FIELD(type, member) CYAML_FIELD_STRING_PTR(#member, TEXT, type, member, 0, TEXT_MAX)
#define LIST_FIELD(type, member, entry)                                                            \
	CYAML_FIELD_SEQUENCE(#member, TEXT, type, member, entry, 0, CYAML_UNLIMITED)

static const cyaml_schema_field_t allow_fields[] = {
	LIST_FIELD(struct conf_allow, sha256, &text_entry),
	LIST_FIELD(struct conf_allow, spki_sha256, &text_entry),
	LIST_FIELD(struct conf_allow, san, &text_entry),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t client_auth_fields[] = {
	TEXT_FIELD(struct conf_client_auth, verify),
	TEXT_FIELD(struct conf_client_auth, ca),
	TEXT_FIELD(struct conf_client_auth, depth),
	LIST_FIELD(struct conf_client_auth, crl, &text_entry),
	CYAML_FIELD_BOOL("crl_soft_fail", CYAML_FLAG_OPTIONAL, struct conf_client_auth,
	                 crl_soft_fail),
	CYAML_FIELD_MAPPING_PTR("allow", TEXT, struct conf_client_auth, allow, allow_fields),
	TEXT_FIELD(struct conf_client_auth, on_revoked),
	TEXT_FIELD(struct conf_client_auth, on_expired),
	TEXT_FIELD(struct conf_client_auth, ocsp),
	TEXT_FIELD(struct conf_client_auth, ocsp_responder),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t template_fields[] = {
	TEXT_FIELD(struct conf_template, header),
	TEXT_FIELD(struct conf_template, value),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t template_entry = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_DEFAULT, struct conf_template, template_fields) };

static const cyaml_schema_field_t identity_fields[] = {
	TEXT_FIELD(struct conf_identity, inject),
	TEXT_FIELD(struct conf_identity, rfc9440),
	TEXT_FIELD(struct conf_identity, xfcc),
	TEXT_FIELD(struct conf_identity, der_header),
	TEXT_FIELD(struct conf_identity, sha256_header),
	TEXT_FIELD(struct conf_identity, verdict_header),
	LIST_FIELD(struct conf_identity, dialects, &text_entry),
	LIST_FIELD(struct conf_identity, templates, &template_entry),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t host_fields[] = {
	LIST_FIELD(struct conf_host, names, &text_entry),
	CYAML_FIELD_BOOL("default", CYAML_FLAG_OPTIONAL, struct conf_host, is_default),
	TEXT_FIELD(struct conf_host, certificate),
	TEXT_FIELD(struct conf_host, key),
	CYAML_FIELD_MAPPING_PTR("client_auth", TEXT, struct conf_host, client_auth,
	                        client_auth_fields),
	CYAML_FIELD_MAPPING_PTR("identity", TEXT, struct conf_host, identity, identity_fields),
	LIST_FIELD(struct conf_host, origins, &text_entry),
	TEXT_FIELD(struct conf_host, proxy_protocol),
	LIST_FIELD(struct conf_host, proxy_tlvs, &text_entry),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t host_entry = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_DEFAULT, struct conf_host, host_fields) };

static const cyaml_schema_field_t api_fields[] = {
	TEXT_FIELD(struct conf_api, listen),
	TEXT_FIELD(struct conf_api, mode),
	TEXT_FIELD(struct conf_api, owner),
	TEXT_FIELD(struct conf_api, group),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t zone_fields[] = {
	TEXT_FIELD(struct conf_zone, id),
	TEXT_FIELD(struct conf_zone, name),
	TEXT_FIELD(struct conf_zone, account),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t zone_entry = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_DEFAULT, struct conf_zone, zone_fields) };

static const cyaml_schema_field_t xdp_fields[] = {
	LIST_FIELD(struct conf_xdp, interfaces, &text_entry),
	TEXT_FIELD(struct conf_xdp, mode),
	TEXT_FIELD(struct conf_xdp, unknown_name),
	CYAML_FIELD_BOOL("strict", CYAML_FLAG_OPTIONAL, struct conf_xdp, strict),
	CYAML_FIELD_BOOL("require", CYAML_FLAG_OPTIONAL, struct conf_xdp, require),
	CYAML_FIELD_BOOL("set_syncookies", CYAML_FLAG_OPTIONAL, struct conf_xdp, set_syncookies),
	TEXT_FIELD(struct conf_xdp, source_rate),
	TEXT_FIELD(struct conf_xdp, source_burst),
	TEXT_FIELD(struct conf_xdp, partial_rate),
	TEXT_FIELD(struct conf_xdp, partial_burst),
	TEXT_FIELD(struct conf_xdp, host_rate),
	TEXT_FIELD(struct conf_xdp, host_burst),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t options_fields[] = {
#define X(name, def, min, max, unit, when, help) TEXT_FIELD(struct conf_options, name),
	OPTIONS(X)
#undef X
		CYAML_FIELD_END,
};

static const cyaml_schema_field_t file_fields[] = {
	LIST_FIELD(struct conf_file, listen, &text_entry),
	CYAML_FIELD_BOOL_PTR("access_log", TEXT, struct conf_file, access_log),
	CYAML_FIELD_MAPPING_PTR("api", TEXT, struct conf_file, api, api_fields),
	TEXT_FIELD(struct conf_file, store),
	LIST_FIELD(struct conf_file, proxy_sources, &text_entry),
	TEXT_FIELD(struct conf_file, ticket_keys_file),
	TEXT_FIELD(struct conf_file, revoked),
	LIST_FIELD(struct conf_file, zones, &zone_entry),
	CYAML_FIELD_MAPPING_PTR("xdp", TEXT, struct conf_file, xdp, xdp_fields),
	CYAML_FIELD_MAPPING_PTR("options", TEXT, struct conf_file, options, options_fields),
	LIST_FIELD(struct conf_file, hosts, &host_entry),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t file_schema = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_POINTER, struct conf_file, file_fields) };

/* What libcyaml refuses although schema_check() let it pass; its first line says it. */
struct refusal_text {
	char text[256];
};

__attribute__((format(printf, 3, 0))) static void keep_first(cyaml_log_t level, void *ctx,
                                                             const char *format, va_list args)
{
	struct refusal_text *r = ctx;

	if (level == CYAML_LOG_ERROR && r->text[0] == '\0')
		(void)vsnprintf(r->text, sizeof(r->text), format, args);
}

static cyaml_config_t config(struct refusal_text *why)
{
	return (cyaml_config_t){
		.log_fn = keep_first,
		.log_ctx = why,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_IGNORE_UNKNOWN_KEYS | CYAML_CFG_NO_ALIAS,
	};
}

void mistake_at(struct mistakes *m, struct positions *p, const char *path, const char *key,
                const char *format, ...)
{
	char where[SCHEMA_PATH_MAX];
	char why[MISTAKE_TEXT_MAX / 2];
	va_list args;

	(void)snprintf(where, sizeof(where), "%s%s%s", path, path[0] && key[0] ? "." : "", key);
	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	mistakes_add(m, positions_line(p, where), "%s: %s", where, why);
}

static void check_count(struct mistakes *m, struct positions *p, const char *path, const char *key,
                        unsigned int have, unsigned int max)
{
	if (have < 1 || have > max)
		mistake_at(m, p, path, key, "%u given, 1 to %u needed", have, max);
}

static void check_host(const struct conf_host *h, const char *path, struct positions *p,
                       struct mistakes *m)
{
	check_count(m, p, path, "names", h->names_count, CONF_NAMES_MAX);
	check_count(m, p, path, "origins", h->origins_count, CONF_ORIGINS_MAX);
	if (!h->certificate)
		mistake_at(m, p, path, "certificate", "missing");
	if (!h->key)
		mistake_at(m, p, path, "key", "missing");
}

static void check_file(const struct conf_file *f, struct positions *p, struct mistakes *m)
{
	char path[32];

	check_count(m, p, "", "listen", f->listen_count, CONF_LISTEN_MAX);
	check_count(m, p, "", "hosts", f->hosts_count, CONF_HOSTS_MAX);
	for (unsigned int i = 0; i < f->hosts_count; i++) {
		(void)snprintf(path, sizeof(path), "hosts[%u]", i);
		check_host(&f->hosts[i], path, p, m);
	}
}

int conf_file_parse(struct slice text, struct positions *positions, struct mistakes *mistakes,
                    struct conf_file **out)
{
	struct refusal_text why = { 0 };
	const cyaml_config_t conf = config(&why);
	cyaml_data_t *data = NULL;
	cyaml_err_t e;
	int r;

	if (text.len > CONF_FILE_BYTES_MAX) {
		mistakes_add(mistakes, 1, "longer than %d bytes", CONF_FILE_BYTES_MAX);
		return -EINVAL;
	}
	r = schema_check(text, &file_schema, positions, mistakes);
	if (r < 0)
		return r;
	e = cyaml_load_data(text.ptr, text.len, &conf, &file_schema, &data, NULL);
	if (e == CYAML_ERR_OOM)
		return -ENOMEM;
	if (e != CYAML_OK) {
		mistakes_add(mistakes, 1, "%s", why.text[0] ? why.text : cyaml_strerror(e));
		return -EINVAL;
	}
	check_file(data, positions, mistakes);
	*out = data;
	return 0;
}

void conf_file_free(struct conf_file *f)
{
	struct refusal_text why = { 0 };
	const cyaml_config_t conf = config(&why);

	if (f)
		(void)cyaml_free(&conf, &file_schema, f, 0);
}
