/* SPDX-License-Identifier: GPL-2.0-only */
#include "client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client {
	CURL *curl;
	const char *socket;
	char *text; /* the answer so far */
	size_t len, cap;
};

enum exit_code client_new(const char *socket, struct client **out)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c && curl_global_init(CURL_GLOBAL_NOTHING) == CURLE_OK)
		c->curl = curl_easy_init();
	if (!c || !c->curl) {
		free(c);
		(void)fputs("sluicectl: libcurl does not start\n", stderr);
		return EXIT_FAILED;
	}
	c->socket = socket;
	*out = c;
	return EXIT_DONE;
}

void client_free(struct client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->curl);
	curl_global_cleanup();
	free(c->text);
	free(c);
}

char *client_escape(struct client *c, const char *text)
{
	return curl_easy_escape(c->curl, text, 0);
}

void client_escape_free(char *text)
{
	curl_free(text);
}

/* libcurl's callback. Return: @n: taken; else libcurl gives up. */
static size_t take(char *data, size_t size, size_t n, void *arg)
{
	struct client *c = arg;
	size_t want = c->len + size * n;
	size_t cap = c->cap ? c->cap : 4096;
	char *text;

	if (want > CLIENT_ANSWER_BYTES_MAX)
		return 0;
	while (cap < want)
		cap *= 2;
	text = cap == c->cap ? c->text : realloc(c->text, cap);
	if (!text)
		return 0;
	c->text = text;
	c->cap = cap;
	memcpy(c->text + c->len, data, size * n);
	c->len = want;
	return size * n;
}

static enum exit_code no_answer(const struct client *c, CURLcode why)
{
	long error = 0;

	(void)curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &error);
	if (why != CURLE_COULDNT_CONNECT)
		error = 0;
	(void)fprintf(stderr, "sluicectl: %s: %s\n", c->socket,
	              error ? strerror((int)error) : curl_easy_strerror(why));
	if (why == CURLE_COULDNT_CONNECT)
		return error == EACCES || error == EPERM ? EXIT_DENIED : EXIT_NOBODY;
	return EXIT_GARBLED;
}

static enum exit_code garbled(const struct client *c)
{
	(void)fprintf(stderr, "sluicectl: %s: what answers is not sluiced's settings API\n",
	              c->socket);
	return EXIT_GARBLED;
}

static void say_errors(const json_t *errors)
{
	const json_t *item;
	size_t i;

	json_array_foreach(errors, i, item)
	{
		const char *text = json_string_value(json_object_get(item, "message"));
		json_int_t code = json_integer_value(json_object_get(item, "code"));

		(void)fprintf(stderr, "sluicectl: %s (%lld)\n", text ? text : "?", (long long)code);
	}
}

static enum exit_code judge(const struct client *c, json_t **out_result, json_t **out_info)
{
	json_t *all = json_loadb(c->text ? c->text : "", c->len, 0, NULL);
	const json_t *success = json_object_get(all, "success");
	enum exit_code r = EXIT_DONE;

	if (!json_is_boolean(success)) {
		r = garbled(c);
	} else if (json_is_false(success)) {
		say_errors(json_object_get(all, "errors"));
		r = EXIT_FAILED;
	} else {
		json_t *result = json_object_get(all, "result");

		*out_result = result ? json_incref(result) : json_null();
		if (out_info)
			*out_info = json_incref(json_object_get(all, "result_info"));
	}
	json_decref(all);
	return r;
}

static enum exit_code ask(struct client *c, const char *method, const char *path,
                          const json_t *body)
{
	struct curl_slist *fields = NULL;
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	char url[4096];
	int n = snprintf(url, sizeof(url), "http://localhost%s", path);
	CURLcode e;

	c->len = 0;
	if (n < 0 || (size_t)n >= sizeof(url) || (body && !text)) {
		free(text);
		(void)fputs("sluicectl: too long\n", stderr);
		return EXIT_FAILED;
	}
	curl_easy_reset(c->curl);
	(void)curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, c->socket);
	(void)curl_easy_setopt(c->curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, (long)CLIENT_SECONDS_MAX);
	(void)curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
	if (text) {
		fields = curl_slist_append(fields, "Content-Type: application/json");
		(void)curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, fields);
		(void)curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, text);
		(void)curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		                       (curl_off_t)strlen(text));
	}
	(void)curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
	e = curl_easy_perform(c->curl);
	curl_slist_free_all(fields);
	free(text);
	return e == CURLE_OK ? EXIT_DONE : no_answer(c, e);
}

enum exit_code client_ask(struct client *c, const char *method, const char *path,
                          const json_t *body, json_t **out_result)
{
	enum exit_code r = ask(c, method, path, body);

	return r == EXIT_DONE ? judge(c, out_result, NULL) : r;
}

enum exit_code client_ask_page(struct client *c, const char *path, struct page *out)
{
	enum exit_code r = ask(c, "GET", path, NULL);

	if (r == EXIT_DONE)
		r = judge(c, &out->rows, &out->info);
	if (r == EXIT_DONE && !json_is_array(out->rows))
		r = garbled(c);
	return r;
}

enum exit_code client_ask_all(struct client *c, const char *path, unsigned int per_page,
                              json_t **out)
{
	json_t *all = json_array();
	size_t had = per_page;
	enum exit_code r = EXIT_DONE;

	for (unsigned int n = 1; had == per_page && r == EXIT_DONE; n++) {
		struct page page = { 0 };
		char query[256];

		(void)snprintf(query, sizeof(query), "%s?page=%u&per_page=%u", path, n, per_page);
		r = client_ask_page(c, query, &page);
		had = json_array_size(page.rows);
		(void)json_array_extend(all, page.rows);
		json_decref(page.rows);
		json_decref(page.info);
	}
	if (r == EXIT_DONE)
		*out = all;
	else
		json_decref(all);
	return r;
}
