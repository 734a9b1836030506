/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests to the settings API, one behind the other, over a store in memory: "METHOD PATH\nBODY",
 * 0x1e between two. A certificate that begins with "@" is one of ours, which a corpus cannot hold.
 *
 * Oracles: an answer is one envelope of JSON; what was refused has changed neither the store nor
 * the hosts; source.pointer points into the body, or to what lacks there; a list of settings is
 * read back as it was answered; no name trusts a CA that it was not named for.
 */
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "control/api_answer.h"
#include "control/api_router.h"
#include "control/api_world.h"
#include "control/overlay_load.h"
#include "fuzz.h"
#include "store/db_priv.h"
#include "store/snapshot_json.h"

enum { CAS = 2, REQUESTS_MAX = 16 };

#define ZONE    "11111111111111111111111111111111"
#define OTHER   "22222222222222222222222222222222"
#define ACCOUNT "33333333333333333333333333333333"

static char *cas[CAS];
static struct snapshot *hosts;
static struct overlay laid;
static struct overlay next;
static struct api_world world;

static char *make_ca(int number)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "CA:TRUE");
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	char *copy;
	long len;

	must(key && x && e && bio);
	must(X509_set_version(x, 2) == 1 &&
	     ASN1_INTEGER_set(X509_get_serialNumber(x), number) == 1);
	must(X509_gmtime_adj(X509_getm_notBefore(x), 0) &&
	     X509_gmtime_adj(X509_getm_notAfter(x), 1000));
	must(X509_set_pubkey(x, key) == 1 && X509_add_ext(x, e, -1) == 1);
	must(X509_sign(x, key, EVP_sha256()) > 0 && PEM_write_bio_X509(bio, x) == 1);
	len = BIO_get_mem_data(bio, &bytes);
	copy = strndup(bytes, (size_t)len);
	must(copy);
	X509_EXTENSION_free(e);
	X509_free(x);
	EVP_PKEY_free(key);
	BIO_free(bio);
	return copy;
}

/* As it travels: two hosts, one of them the default. */
static const char host_text[] =
	"{\"names\":[\"%s\",\"%s\"],\"default\":%s,\"certificate\":\"C\",\"key\":\"K\",\"ca\":\"FILE\","
	"\"crl\":null,\"crl_soft_fail\":false,\"allow\":{\"sha256\":[],\"spki_sha256\":[],\"san\":[]},"
	"\"verify\":\"require\",\"depth\":1,\"inject\":\"first_request\",\"rfc9440\":\"off\","
	"\"xfcc\":\"sanitize\",\"der_header\":\"X-Der\",\"sha256_header\":\"X-Sha\","
	"\"verdict_header\":null,\"dialects\":[],\"templates\":[],\"on_revoked\":\"close\","
	"\"on_expired\":\"close\",\"ocsp\":\"off\",\"ocsp_responder\":null,\"proxy\":\"off\",\"proxy_tlvs\":[],\"is_forwarding_fixed\":false,"
	"\"is_derived\":false,\"origins\":[{\"label\":\"o\",\"ip4\":\"192.0.2.1\",\"port\":80}]}";

static void make_host(struct snapshot_host *out, const char *a, const char *b, bool is_default)
{
	char text[2048];
	json_t *from;

	must(snprintf(text, sizeof(text), host_text, a, b, is_default ? "true" : "false") > 0);
	from = json_loads(text, 0, NULL);
	must(from && host_from_json(from, out) == 0);
	json_decref(from);
}

static int prepare(void *arg, char *err)
{
	int r = overlay_load(world.db, hosts, &next);

	(void)arg;
	if (r == 0)
		r = overlay_apply(hosts, &next, err);
	if (r < 0) {
		char again[SNAPSHOT_ERROR_MAX];

		overlay_fini(&next);
		must(overlay_apply(hosts, &laid, again) == 0);
	}
	return r;
}

static int publish(void *arg, bool is_kept)
{
	char err[SNAPSHOT_ERROR_MAX];

	(void)arg;
	overlay_fini(is_kept ? &laid : &next);
	if (is_kept)
		laid = next;
	else
		must(overlay_apply(hosts, &laid, err) == 0);
	next = (struct overlay){ 0 };
	return 0;
}

static void begin(void)
{
	char err[DB_ERROR_MAX];

	for (int i = 0; i < CAS; i++)
		cas[i] = make_ca(i + 1);
	hosts = calloc(1, sizeof(*hosts));
	must(hosts);
	hosts->version = 1;
	options_default(&hosts->options);
	hosts->hosts = calloc(2, sizeof(*hosts->hosts));
	hosts->zones = calloc(2, sizeof(*hosts->zones));
	must(hosts->hosts && hosts->zones);
	hosts->hosts_len = hosts->zones_len = 2;
	make_host(&hosts->hosts[0], "a.example.com", "*.example.com", false);
	make_host(&hosts->hosts[1], "b.sub.example.com", "c.example.org", true);
	hosts->zones[0] = (struct snapshot_zone){ ZONE, ACCOUNT, strdup("example.com") };
	hosts->zones[1] = (struct snapshot_zone){ OTHER, ACCOUNT, strdup("sub.example.com") };
	must(db_open(":memory:", &world.db, err) == 0);
	world.snapshot = hosts;
	world.overlay = &laid;
	world.prepare = prepare;
	world.publish = publish;
}

static void forget(void)
{
	char err[SNAPSHOT_ERROR_MAX];

	must(db_run(world.db, "DELETE FROM tokens; DELETE FROM audit; DELETE FROM zones;"
	                      "DELETE FROM certificates; DELETE FROM certificate_hostnames;"
	                      "DELETE FROM hostname_settings; DELETE FROM managed_headers;") == 0);
	overlay_fini(&laid);
	must(overlay_load(world.db, hosts, &laid) == 0);
	must(overlay_apply(hosts, &laid, err) == 0);
}

/* All there is, as bytes. */
struct state {
	unsigned char *store;
	sqlite3_int64 store_len;
	char *hosts;
	size_t hosts_len;
};

static struct state look(void)
{
	struct state s = { 0 };

	s.store = sqlite3_serialize(world.db->handle, "main", &s.store_len, 0);
	must(s.store);
	must(snapshot_encode(hosts, &s.hosts, &s.hosts_len) == 0);
	return s;
}

static void look_away(struct state *s)
{
	sqlite3_free(s->store);
	free(s->hosts);
}

static void check_same(const struct state *a, const struct state *b)
{
	must(a->store_len == b->store_len && a->hosts_len == b->hosts_len);
	must(memcmp(a->store, b->store, (size_t)a->store_len) == 0);
	must(memcmp(a->hosts, b->hosts, a->hosts_len) == 0);
}

static const json_t *step(const json_t *at, const char *word)
{
	char *end = NULL;
	size_t index = strtoul(word, &end, 10);

	if (json_is_array(at) && *end == '\0')
		return json_array_get(at, index);
	return json_object_get(at, word);
}

/* Every word of it but the last leads somewhere; a cut one, of a long key, need not. */
static void check_pointer(const json_t *body, const char *pointer)
{
	const json_t *at = body;

	must(pointer[0] == '\0' || pointer[0] == '/');
	while (*pointer) {
		char word[256];
		size_t n = 0;

		must(at);
		for (pointer++; *pointer && *pointer != '/'; pointer++) {
			must(n + 1 < sizeof(word));
			if (*pointer == '~')
				pointer++;
			must(*pointer);
			word[n++] = pointer[-1] != '~' ? *pointer : *pointer == '0' ? '~' : '/';
		}
		word[n] = '\0';
		at = step(at, word);
	}
}

static void check_answer(const struct api_call *call, const json_t *answer)
{
	const json_t *errors = json_object_get(answer, "errors");
	bool is_good = json_is_true(json_object_get(answer, "success"));

	must(json_is_array(errors) && json_is_array(json_object_get(answer, "messages")));
	must(is_good == (call->status < 300) && is_good == (json_array_size(errors) == 0));
	for (size_t i = 0; i < json_array_size(errors); i++) {
		const json_t *e = json_array_get(errors, i);
		const json_t *source = json_object_get(e, "source");

		must(json_integer_value(json_object_get(e, "code")) >= 1000);
		must(json_string_length(json_object_get(e, "message")) > 0);
		if (source)
			check_pointer(call->body,
			              json_string_value(json_object_get(source, "pointer")));
	}
}

/* Was @name itself, or the wildcard one label above it, named for some CA? */
static bool is_named(const char *name)
{
	const char *dot = strchr(name, '.');

	for (size_t i = 0; i < laid.facts_len; i++) {
		const struct overlay_fact *f = &laid.facts[i];

		if (f->ca < 0)
			continue;
		if (strcmp(f->name, name) == 0)
			return true;
		if (f->name[0] == '*' && dot && strcmp(f->name + 1, dot) == 0)
			return true;
	}
	return false;
}

static void check_trust(void)
{
	char err[SNAPSHOT_ERROR_MAX];

	must(snapshot_validate(hosts, err) == 0);
	for (size_t i = 0; i < hosts->hosts_len; i++) {
		const struct snapshot_host *h = &hosts->hosts[i];

		must(strncmp(h->ca_pem, "FILE", 4) == 0);
		must(h->is_derived == (i >= 2) && h->is_default == (i == 1));
		for (size_t n = 0; n < h->names_len; n++)
			must(h->ca_pem[4] == '\0' || is_named(h->names[n]));
	}
}

static bool is_ours(const char *path)
{
	static const char *const starts[] = { "/client/v4/", "/sluice/v1/zones",
		                              "/sluice/v1/tokens", "/sluice/v1/audit" };

	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (strncmp(path, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

static json_t *answer_of(struct api_call *call)
{
	const char *type = NULL;
	char *text = NULL;
	size_t len = 0;
	json_t *answer;

	must(api_answer_render(call, &text, &len, &type) == 0);
	answer = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	must(answer);
	free(text);
	return answer;
}

/* Takes @body. Return: the answer, the caller's; NULL: there is no such route. */
static json_t *ask(const char *method, const char *path, json_t *body)
{
	struct api_call call = { .world = &world, .body = body };
	struct api_match m;
	json_t *answer;
	struct state before;
	struct state after;

	if (api_route_find(method, slice_of(path, strlen(path)), &m) < 0 ||
	    !is_ours(m.route->path)) {
		json_decref(body);
		return NULL;
	}
	call.route = m.route;
	for (size_t i = 0; i < API_ARGS_MAX; i++)
		slice_copy((uint8_t *)call.args[i], m.args[i]);
	before = look();
	m.route->handle(&call);
	if (call.status == 0) {
		must(call.again);
		call.again(&call); /* no workers: all have it */
	}
	must(call.status >= 200);
	after = look();
	if (call.status >= 400 || strcmp(m.route->method, "GET") == 0)
		check_same(&before, &after);
	look_away(&before);
	look_away(&after);
	answer = answer_of(&call);
	check_answer(&call, answer);
	api_call_fini(&call);
	return answer;
}

static void check_settings(const char *method, const char *path, const json_t *answer)
{
	const char *end = "/access/certificates/settings";
	size_t len = strlen(path);
	json_t *back;

	if (strcmp(method, "PUT") != 0 || len < strlen(end) ||
	    strcmp(path + len - strlen(end), end) != 0 ||
	    !json_is_true(json_object_get(answer, "success")))
		return;
	back = ask("GET", path, NULL);
	must(json_equal(json_object_get(back, "result"), json_object_get(answer, "result")));
	json_decref(back);
}

/* "@..." is the first of ours, "@@..." the second. */
static json_t *body_of(struct slice text)
{
	json_t *body = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
	const char *pem = json_string_value(json_object_get(body, "certificate"));

	if (pem && pem[0] == '@')
		(void)json_object_set_new(body, "certificate", json_string(cas[pem[1] == '@']));
	return body;
}

static void run(struct slice request)
{
	char line[1024];
	const uint8_t *end = memchr(request.ptr, '\n', request.len);
	size_t len = end ? (size_t)(end - request.ptr) : request.len;
	char *path;
	json_t *answer;

	if (len >= sizeof(line) || memchr(request.ptr, '\0', len))
		return;
	slice_copy((uint8_t *)line, slice_sub(request, 0, len));
	line[len] = '\0';
	path = strchr(line, ' ');
	if (!path)
		return;
	*path++ = '\0';
	if (end)
		len++;
	answer = ask(line, path, body_of(slice_sub(request, len, request.len - len)));
	check_trust();
	if (answer)
		check_settings(line, path, answer);
	json_decref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = slice_of(data, len);

	if (!hosts)
		begin();
	forget();
	for (int n = 0; n < REQUESTS_MAX && rest.len > 0; n++) {
		const uint8_t *end = memchr(rest.ptr, 0x1e, rest.len);
		size_t size = end ? (size_t)(end - rest.ptr) : rest.len;

		run(slice_sub(rest, 0, size));
		size += end != NULL;
		rest = slice_sub(rest, size, rest.len - size);
	}
	return 0;
}
