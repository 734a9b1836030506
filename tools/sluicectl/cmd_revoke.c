/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cmd_revoke.c - revoke a certificate, and take that back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "print.h"

enum { CERT_FILE_BYTES_MAX = 1024 * 1024 };

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END   "-----END CERTIFICATE-----"

/* What stands behind the command: options anywhere, and the rest in its order. */
struct words {
	const char *reason, *cert;
	bool is_durable;
	const char *rest[2];
	int rest_len;
};

static enum exit_code misuse(const char *what)
{
	(void)fprintf(stderr, "sluicectl: %s (sluicectl --help)\n", what);
	return EXIT_USAGE;
}

static bool is_utf8(const char *text)
{
	json_t *s = json_string(text);

	json_decref(s);
	return s != NULL;
}

static enum exit_code read_words(const struct context *ctx, bool has_options, struct words *out)
{
	*out = (struct words){ .is_durable = true };
	for (int i = 0; i < ctx->argc; i++) {
		const char *word = ctx->argv[i];
		bool has_value = i + 1 < ctx->argc;

		if (has_options && strcmp(word, "--reason") == 0 && has_value)
			out->reason = ctx->argv[++i];
		else if (has_options && strcmp(word, "--not-durable") == 0)
			out->is_durable = false;
		else if (strcmp(word, "--cert") == 0 && has_value)
			out->cert = ctx->argv[++i];
		else if (strncmp(word, "--", 2) == 0)
			return misuse("no such option, or its value is missing");
		else if (out->rest_len == 2)
			return misuse("one argument too many");
		else
			out->rest[out->rest_len++] = word;
	}
	if ((out->rest_len == 0) == (out->cert == NULL))
		return misuse("name one certificate: its SHA-256, or serial number and issuer, or "
		              "--cert FILE");
	if (out->reason && !is_utf8(out->reason))
		return misuse("the reason is not UTF-8");
	return EXIT_DONE;
}

/* --- a certificate's file ------------------------------------------------------------------ */

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = f ? calloc(1, CERT_FILE_BYTES_MAX + 1) : NULL;
	size_t len = text ? fread(text, 1, CERT_FILE_BYTES_MAX + 1, f) : 0;

	if (!text || ferror(f) || len > CERT_FILE_BYTES_MAX) {
		(void)fprintf(stderr, "sluicectl: %s: %s\n", path,
		              len > CERT_FILE_BYTES_MAX ? "too long" : strerror(errno));
		free(text);
		text = NULL;
	}
	if (f)
		(void)fclose(f);
	return text;
}

/* The first certificate of a file and nothing else of it: a private key is often beside it. */
static json_t *certificate_of(const char *path)
{
	char *text = read_file(path);
	char *begin = text ? strstr(text, PEM_BEGIN) : NULL;
	char *end = begin ? strstr(begin, PEM_END) : NULL;
	json_t *out = NULL;

	if (end)
		out = json_stringn(begin, (size_t)(end - begin) + strlen(PEM_END));
	if (text && !out)
		(void)fprintf(stderr, "sluicectl: %s: no certificate in PEM\n", path);
	free(text);
	return out;
}

/* --- revoke -------------------------------------------------------------------------------- */

static json_t *body_of(const struct words *w)
{
	json_t *body = json_object();
	json_t *certificate;

	if (w->reason)
		(void)json_object_set_new(body, "reason", json_string(w->reason));
	if (w->cert) {
		certificate = certificate_of(w->cert);
		if (!certificate) {
			json_decref(body);
			return NULL;
		}
		(void)json_object_set_new(body, "certificate", certificate);
	} else if (w->rest_len == 1) {
		(void)json_object_set_new(body, "sha256", json_string(w->rest[0]));
	} else {
		(void)json_object_set_new(body, "serial", json_string(w->rest[0]));
		(void)json_object_set_new(body, "issuer", json_string(w->rest[1]));
	}
	return body;
}

static const char *member(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "?";
}

static enum exit_code run_revoke(const struct context *ctx)
{
	json_t *result = NULL;
	struct words w;
	enum exit_code r = read_words(ctx, true, &w);
	json_t *body = r == EXIT_DONE ? body_of(&w) : NULL;

	if (r != EXIT_DONE)
		return r;
	if (!body)
		return EXIT_FAILED;
	r = client_ask(ctx->client, "POST",
	               w.is_durable ? "/sluice/v1/revocations"
	                            : "/sluice/v1/revocations?durable=false",
	               body, &result);
	json_decref(body);
	if (r != EXIT_DONE)
		return r;
	if (json_is_false(json_object_get(result, "is_durable")))
		(void)fputs("sluicectl: not durable: it is forgotten when sluiced ends\n", stderr);
	if (ctx->json)
		print_json(result);
	else
		(void)printf("revoked in every worker: %s\n", member(result, "id"));
	json_decref(result);
	return EXIT_DONE;
}

const struct command command_revoke = {
	.name = "revoke",
	.args = "SHA256 | SERIAL ISSUER | --cert FILE [--reason TEXT] [--not-durable]",
	.help = "revoke a certificate, and wait until its connections have ended",
	.args_min = 1,
	.args_max = 7,
	.run = run_revoke,
};

/* --- take it back -------------------------------------------------------------------------- */

/* The id under which a certificate is revoked, as the API knows it. */
static enum exit_code find(const struct context *ctx, const struct words *w, char *out, size_t cap)
{
	char *first = client_escape(ctx->client, w->rest[0]);
	char *second = w->rest_len == 2 ? client_escape(ctx->client, w->rest[1]) : NULL;
	json_t *rows = NULL;
	char path[3072] = "";
	int n = -1;
	enum exit_code r = EXIT_FAILED;

	if (first && second)
		n = snprintf(path, sizeof(path), "/sluice/v1/revocations?serial=%s&issuer=%s",
		             first, second);
	else if (first && w->rest_len == 1)
		n = snprintf(path, sizeof(path), "/sluice/v1/revocations?sha256=%s", first);
	if (n < 0 || (size_t)n >= sizeof(path))
		(void)fputs("sluicectl: too long\n", stderr);
	else
		r = client_ask(ctx->client, "GET", path, NULL, &rows);
	client_escape_free(first);
	client_escape_free(second);
	if (r == EXIT_DONE && json_array_size(rows) == 0) {
		(void)fputs("sluicectl: it is not revoked\n", stderr);
		r = EXIT_FAILED;
	}
	if (r == EXIT_DONE)
		(void)snprintf(out, cap, "%s", member(json_array_get(rows, 0), "id"));
	json_decref(rows);
	return r;
}

static enum exit_code remove_one(const struct context *ctx, const char *id)
{
	json_t *result = NULL;
	char path[256];
	int n = snprintf(path, sizeof(path), "/sluice/v1/revocations/%s", id);
	enum exit_code r;

	if (n < 0 || (size_t)n >= sizeof(path))
		return EXIT_GARBLED;
	r = client_ask(ctx->client, "DELETE", path, NULL, &result);
	if (r != EXIT_DONE)
		return r;
	if (ctx->json)
		print_json(result);
	else
		(void)printf("no longer revoked in any worker: %s\n", id);
	json_decref(result);
	return EXIT_DONE;
}

static enum exit_code run_unrevoke(const struct context *ctx)
{
	struct words w;
	char id[128];
	enum exit_code r = read_words(ctx, false, &w);

	if (r != EXIT_DONE)
		return r;
	if (w.cert)
		return misuse("take it back by its SHA-256, or serial number and issuer");
	r = find(ctx, &w, id, sizeof(id));
	return r == EXIT_DONE ? remove_one(ctx, id) : r;
}

const struct command command_unrevoke = {
	.name = "unrevoke",
	.args = "SHA256 | SERIAL ISSUER | ID",
	.help = "take that back",
	.args_min = 1,
	.args_max = 2,
	.run = run_unrevoke,
};
