/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/snapshot.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/un.h>

#include "proto/dialect.h"

static char err[SNAPSHOT_ERROR_MAX];

/* A good one, as control would have built it, changed by each test. */
static const char good[] =
	"{\"version\":3,\"access_log\":true,\"store\":\"/s.db\",\"options\":{},\"ticket_keys\":[],\"zones\":[],"
	"\"proxy_sources\":[\"192.0.2.0/24\",\"2001:db8::1/128\"],\"hosts\":["
	"{\"names\":[\"api.example.com\",\"*.api.example.com\"],\"default\":true,"
	"\"certificate\":\"C\",\"key\":\"K\",\"ca\":\"A\",\"crl\":\"R\",\"crl_soft_fail\":true,"
	"\"allow\":{\"sha256\":[],\"spki_sha256\":[],\"san\":[\"dns:a.example\",\"spiffe://td/*\"]},"
	"\"verify\":\"require\",\"depth\":1,"
	"\"inject\":\"first_request\",\"rfc9440\":\"off\",\"xfcc\":\"forward_only\",\"der_header\":\"X-Der\","
	"\"on_revoked\":\"forbid\",\"on_expired\":\"keep\",\"is_forwarding_fixed\":true,\"is_derived\":false,"
	"\"ocsp\":\"hard\",\"ocsp_responder\":\"http://r\","
	"\"sha256_header\":\"X-Sha\",\"verdict_header\":null,\"dialects\":[\"nginx\",\"gcp\"],"
	"\"templates\":[{\"header\":\"X-T\",\"value\":\"${certSerial}\"}],\"origins\":["
	"{\"label\":\"app:80\",\"ip4\":\"192.0.2.1\",\"port\":80},"
	"{\"label\":\"six\",\"ip6\":\"fe80::1\",\"port\":81,\"scope\":2},"
	"{\"label\":\"unix:/s\",\"unix\":\"/s\"}],"
	"\"proxy\":\"v2\",\"proxy_tlvs\":[\"authority\",\"ssl\",\"client_cert\"]},"
	"{\"names\":[\"b.example.com\"],\"default\":false,"
	"\"certificate\":\"C\",\"key\":\"K\",\"ca\":null,\"crl\":null,\"crl_soft_fail\":false,"
	"\"allow\":{\"sha256\":[],\"spki_sha256\":[],\"san\":[]},"
	"\"verify\":\"none\",\"depth\":0,"
	"\"inject\":\"every_request\",\"rfc9440\":\"chain\",\"xfcc\":\"sanitize\",\"der_header\":null,"
	"\"on_revoked\":\"close\",\"on_expired\":\"close\",\"is_forwarding_fixed\":false,\"is_derived\":false,"
	"\"ocsp\":\"off\",\"ocsp_responder\":null,"
	"\"sha256_header\":null,\"verdict_header\":null,\"dialects\":[],\"templates\":[],\"origins\":["
	"{\"label\":\"unix:/t\",\"unix\":\"/t\"}],"
	"\"proxy\":\"off\",\"proxy_tlvs\":[]}]}";

static json_t *good_doc(void)
{
	json_t *doc = json_loads(good, 0, NULL);
	const struct option_info *info;
	const struct option_word *words;
	json_t *options = json_object_get(doc, "options");

	cr_assert(doc);
	for (size_t i = 0; (info = options_info(i)); i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "%.*s", (int)info->name.len, info->name.ptr);
		words = options_words(info->name);
		(void)json_object_set_new(options, name,
		                          words ? json_string(words[info->def].word)
		                                : json_integer(info->def));
	}
	return doc;
}

static int decode_doc(json_t *doc, struct snapshot **out)
{
	char *text = json_dumps(doc, 0);
	int r = snapshot_decode(slice_of(text, strlen(text)), out, err);

	free(text);
	json_decref(doc);
	return r;
}

static struct snapshot *decoded(void)
{
	struct snapshot *s = NULL;

	cr_assert_eq(decode_doc(good_doc(), &s), 0, "%s", err);
	return s;
}

Test(snapshot, decoded_fields_are_what_was_written)
{
	struct snapshot *s = decoded();
	const struct snapshot_host *h = &s->hosts[0];

	cr_expect_eq(s->version, 3);
	cr_expect(s->access_log);
	cr_expect_str_eq(s->store, "/s.db");
	cr_expect_eq(s->options.head_fields, 100);
	cr_assert_eq(s->proxy_sources_len, 2);
	cr_expect_eq(s->proxy_sources[0].bits, 96 + 24);
	cr_expect_eq(s->proxy_sources[1].ip[0], 0x20);
	cr_assert_eq(s->hosts_len, 2);
	cr_assert_eq(h->names_len, 2);
	cr_expect_str_eq(h->names[1], "*.api.example.com");
	cr_expect(h->is_default);
	cr_expect_str_eq(h->key_pem, "K");
	cr_expect_eq(h->verify, VERIFY_REQUIRE);
	cr_expect_str_eq(h->crl_pem, "R");
	cr_expect(h->crl_soft_fail);
	cr_expect_eq(h->allow.sha256.len, 0);
	cr_assert_eq(h->allow.san.len, 2);
	cr_expect_str_eq(h->allow.san.rows[1], "spiffe://td/*");
	cr_expect_eq(h->verify_depth, 1);
	cr_expect_str_eq(h->der_header, "X-Der");
	cr_expect_eq(h->dialects, 1U << DIALECT_NGINX | 1U << DIALECT_GCP);
	cr_expect_eq(h->xfcc, XFCC_FORWARD_ONLY);
	cr_expect_eq(h->on_revoked, ON_REVOKED_FORBID);
	cr_expect_eq(h->on_expired, ON_EXPIRED_KEEP);
	cr_expect_eq(h->ocsp, OCSP_MODE_HARD);
	cr_expect_str_eq(h->ocsp_responder, "http://r");
	cr_assert_eq(h->templates_len, 1);
	cr_expect_str_eq(h->templates[0].header, "X-T");
	cr_expect_str_eq(h->templates[0].value, "${certSerial}");
	cr_expect_null(h->verdict_header);
	cr_assert_eq(h->origins_len, 3);
	cr_expect_eq(ntohs(((struct sockaddr_in *)&h->origins[0].addr)->sin_port), 80);
	cr_expect_eq(((struct sockaddr_in6 *)&h->origins[1].addr)->sin6_scope_id, 2);
	cr_expect_str_eq(((struct sockaddr_un *)&h->origins[2].addr)->sun_path, "/s");
	cr_expect_eq(h->proxy, PROXY_V2);
	cr_expect_eq(h->proxy_tlvs,
	             1U << PROXY_TLV_AUTHORITY | 1U << PROXY_TLV_SSL | 1U << PROXY_TLV_CLIENT_CERT);
	cr_expect_eq(s->hosts[1].proxy, PROXY_OFF);
	cr_expect_null(s->hosts[1].ca_pem);
	cr_expect_eq(s->hosts[1].rfc9440, RFC9440_CHAIN);
	snapshot_free(s);
}

Test(snapshot, encoding_what_was_decoded_changes_nothing)
{
	struct snapshot *s = decoded();
	char *text = NULL;
	size_t len = 0;
	json_t *want = good_doc();
	json_t *have;

	cr_assert_eq(snapshot_encode(s, &text, &len), 0);
	cr_expect_eq(len, strlen(text));
	have = json_loads(text, 0, NULL);
	cr_expect(json_equal(want, have), "%s", text);
	json_decref(want);
	json_decref(have);
	free(text);
	snapshot_free(s);
}

/* One change of the good document, and the words the refusal must hold. */
Test(snapshot, each_bad_field_is_refused_by_name)
{
	static const struct {
		int host; /* -1: top */
		const char *key, *json, *want;
	} rows[] = {
		{ -1, "version", "0", "version" },
		{ -1, "version", "-1", "version" },
		{ -1, "version", "\"1\"", "version" },
		{ -1, "access_log", "1", "access_log" },
		{ -1, "store", "1", "store" },
		{ -1, "options", "{}", "workers" },
		{ -1, "hosts", "[]", "hosts" },
		{ -1, "proxy_sources", "null", "proxy_sources" },
		{ -1, "proxy_sources", "[1]", "proxy_sources" },
		{ -1, "proxy_sources", "[\"192.0.2.1/24\"]", "proxy_sources" },
		{ -1, "ticket_keys", "null", "ticket_keys" },
		{ -1, "ticket_keys", "[{\"key\":\"00\",\"made\":0}]", "ticket_keys" },
		{ -1, "hosts", "{}", "hosts" },
		{ 0, "names", "[]", "hosts[0].names" },
		{ 1, "names", "[7]", "hosts[1].names" },
		{ 1, "names", "[\"\"]", "hosts[1].names[0]" },
		{ 1, "names", "[\"Upper.example\"]", "hosts[1].names[0]" },
		{ 1, "names", "[\"dot.example.\"]", "hosts[1].names[0]" },
		{ 1, "names", "[\"*.com\"]", "hosts[1].names[0]" },
		{ 1, "names", "[\"sp ace\"]", "hosts[1].names[0]" },
		{ 1, "names", "[\"api.example.com\"]", "api.example.com twice" },
		{ 1, "names", "[\"x.example\",\"x.example\"]", "x.example twice" },
		{ 1, "default", "true", "more than one default" },
		{ 0, "default", "0", "hosts[0].default" },
		{ 0, "certificate", "null", "hosts[0].certificate" },
		{ 0, "key", "7", "hosts[0].key" },
		{ 0, "ca", "null", "hosts[0].ca" },
		{ 0, "verify", "\"Require\"", "hosts[0].verify" },
		{ 0, "verify", "null", "hosts[0].verify" },
		{ 0, "depth", "11", "hosts[0].depth" },
		{ 0, "depth", "1.5", "hosts[0].depth" },
		{ 0, "inject", "\"\"", "hosts[0].inject" },
		{ 0, "rfc9440", "\"on\"", "hosts[0].rfc9440" },
		{ 0, "xfcc", "\"forward\"", "hosts[0].xfcc" },
		{ 0, "on_revoked", "\"keep\"", "hosts[0].on_revoked" },
		{ 0, "on_expired", "null", "hosts[0].on_expired" },
		{ 0, "ocsp", "\"on\"", "hosts[0].ocsp" },
		{ 0, "ocsp_responder", "1", "hosts[0].ocsp_responder" },
		{ 0, "verify", "\"request\"", "ocsp where not everybody is verified" },
		{ 0, "der_header", "\"a b\"", "hosts[0].der_header" },
		{ 0, "der_header", "\"\"", "hosts[0].der_header" },
		{ 0, "der_header", "\"x:\"", "hosts[0].der_header" },
		{ 0, "sha256_header", "\"content-LENGTH\"", "hosts[0].sha256_header" },
		{ 0, "sha256_header", "\"x-der\"", "same name as der_header" },
		{ 0, "dialects", "[\"ngnix\"]", "hosts[0].dialects: unknown word" },
		{ 0, "dialects", "[1]", "hosts[0].dialects: unknown word" },
		{ 0, "dialects", "null", "hosts[0].dialects: not an array" },
		{ 0, "templates", "[{\"header\":\"a\"}]", "hosts[0].value" },
		{ 0, "templates", "[{\"header\":\"a b\",\"value\":\"c\"}]",
		  "hosts[0].templates[0]: not a" },
		{ 0, "templates", "[{\"header\":\"a\",\"value\":\"${x}\"}]",
		  "hosts[0].templates[0]: no such" },
		{ 0, "verdict_header", "\"x-sha\"", "same name as sha256_header" },
		{ 0, "proxy", "\"v3\"", "hosts[0].proxy: unknown word" },
		{ 0, "proxy", "null", "hosts[0].proxy: unknown word" },
		{ 0, "proxy", "\"off\"", "hosts[0].proxy_tlvs: without a header" },
		{ 0, "proxy", "\"v1\"", "hosts[0].proxy_tlvs: without a header" },
		{ 0, "proxy_tlvs", "null", "hosts[0].proxy_tlvs: not a list" },
		{ 0, "proxy_tlvs", "[1]", "hosts[0].proxy_tlvs: not a list" },
		{ 0, "proxy_tlvs", "[\"sni\"]", "hosts[0].proxy_tlvs: not a list" },
		{ 0, "proxy_tlvs", "[\"cert_cn\"]",
		  "hosts[0].proxy_tlvs: parts of ssl without it" },
		{ 0, "origins", "[]", "hosts[0].origins" },
		{ 0, "origins", "[{}]", "hosts[0].label" },
		{ 0, "origins", "[{\"label\":\"x\"}]", "hosts[0].unix" },
		{ 0, "origins", "[{\"label\":\"x\",\"unix\":\"rel\"}]", "hosts[0].unix" },
		{ 0, "origins", "[{\"label\":\"x\",\"ip4\":\"1.2.3\",\"port\":1}]",
		  "hosts[0].ip4" },
		{ 0, "origins", "[{\"label\":\"x\",\"ip4\":7,\"port\":1}]", "hosts[0].ip4" },
		{ 0, "origins", "[{\"label\":\"x\",\"ip4\":\"1.2.3.4\"}]", "hosts[0].port" },
		{ 0, "origins", "[{\"label\":\"x\",\"ip4\":\"1.2.3.4\",\"port\":65536}]",
		  "hosts[0].port" },
		{ 0, "origins", "[{\"label\":\"x\",\"ip6\":\"::1\",\"port\":1}]",
		  "hosts[0].scope" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *doc = good_doc();
		json_t *into = rows[i].host < 0 ? doc
		                                : json_array_get(json_object_get(doc, "hosts"),
		                                                 (size_t)rows[i].host);
		json_t *v = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
		struct snapshot *s = NULL;

		cr_assert(v, "%s", rows[i].json);
		(void)json_object_set_new(into, rows[i].key, v);
		cr_expect_eq(decode_doc(doc, &s), -EINVAL, "%s: %s", rows[i].key, rows[i].json);
		cr_expect_null(s);
		cr_expect(strstr(err, rows[i].want), "%s %s: said \"%s\", want \"%s\"", rows[i].key,
		          rows[i].json, err, rows[i].want);
	}
}

Test(snapshot, an_option_out_of_its_bounds_is_refused)
{
	json_t *doc = good_doc();
	struct snapshot *s = NULL;

	(void)json_object_set_new(json_object_get(doc, "options"), "head_fields",
	                          json_integer(129));
	cr_expect_eq(decode_doc(doc, &s), -EINVAL);
	cr_expect(strstr(err, "head_fields"), "%s", err);
}

Test(snapshot, an_option_of_words_is_written_and_read_as_its_word)
{
	static const struct {
		const char *json;
		int want;
	} rows[] = {
		{ "\"off\"", OPTION_KTLS_OFF },
		{ "\"auto\"", OPTION_KTLS_AUTO },
		{ "\"require\"", OPTION_KTLS_REQUIRE },
		{ "\"of\"", -1 },
		{ "1", -1 },
		{ "null", -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *doc = good_doc();
		json_t *v = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
		struct snapshot *s = NULL;
		char *text = NULL;
		size_t len = 0;

		(void)json_object_set_new(json_object_get(doc, "options"), "ktls", v);
		if (rows[i].want < 0) {
			cr_expect_eq(decode_doc(doc, &s), -EINVAL, "%s", rows[i].json);
			cr_expect_str_eq(err, "ktls: unknown word");
			continue;
		}
		cr_assert_eq(decode_doc(doc, &s), 0, "%s: %s", rows[i].json, err);
		cr_expect_eq((int)s->options.ktls, rows[i].want);
		cr_assert_eq(snapshot_encode(s, &text, &len), 0);
		doc = json_loadb(text, len, 0, NULL);
		v = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
		cr_expect(json_equal(json_object_get(json_object_get(doc, "options"), "ktls"), v),
		          "%s", rows[i].json);
		json_decref(v);
		json_decref(doc);
		free(text);
		snapshot_free(s);
	}
}

Test(snapshot, what_is_not_json_is_refused_without_quoting_it)
{
	static const char *const rows[] = {
		"", "{", "[]", "7", "{\"version\":1,\"version\":2}", "{\"key\":\"-----BEGIN SECRET"
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot *s = NULL;

		cr_expect_eq(snapshot_decode(slice_of(rows[i], strlen(rows[i])), &s, err), -EINVAL,
		             "%s", rows[i]);
		cr_expect(strlen(err) > 0);
		cr_expect_null(strstr(err, "SECRET"));
	}
}

Test(snapshot, more_names_or_origins_than_the_bound_are_refused)
{
	struct snapshot *s = decoded();
	size_t names_len = s->hosts[0].names_len;
	size_t origins_len = s->hosts[0].origins_len;

	s->hosts[0].names_len = SNAPSHOT_NAMES_MAX + 1;
	cr_expect_eq(snapshot_validate(s, err), -EINVAL);
	s->hosts[0].names_len = names_len;
	s->hosts[0].origins_len = SNAPSHOT_ORIGINS_MAX + 1;
	cr_expect_eq(snapshot_validate(s, err), -EINVAL);
	s->hosts[0].origins_len = origins_len;
	cr_expect_eq(snapshot_validate(s, err), 0, "%s", err);
	s->hosts[0].origins[0].addr.ss_family = AF_UNSPEC;
	cr_expect_eq(snapshot_validate(s, err), -EINVAL);
	snapshot_free(s);
}

Test(snapshot, header_names_that_mean_something_else_are_refused)
{
	static const struct {
		const char *name;
		bool good;
	} rows[] = {
		{ "Cf-Client-Cert-Sha256", true },
		{ "x!#$%&'*+-.^_`|~9", true },
		{ "", false },
		{ "a b", false },
		{ "a:b", false },
		{ "a\r\nb", false },
		{ "\xc3\xa9", false },
		{ "HOST", false },
		{ "te", false },
		{ "transfer-encoding", false },
		{ "cookie", false },
	};
	char longest[SNAPSHOT_HEADER_NAME_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(!snapshot_header_name(slice_of(rows[i].name, strlen(rows[i].name))),
		             rows[i].good, "%s", rows[i].name);
	memset(longest, 'a', sizeof(longest));
	cr_expect_null(snapshot_header_name(slice_of(longest, SNAPSHOT_HEADER_NAME_MAX)));
	cr_expect(snapshot_header_name(slice_of(longest, SNAPSHOT_HEADER_NAME_MAX + 1)));
}

static json_t *with_keys(size_t len)
{
	char digits[2 * TICKET_KEY_BYTES + 1];
	json_t *doc = good_doc();
	json_t *keys = json_array();

	for (size_t n = 0; n < len; n++) {
		memset(digits, 'a' + (int)n, sizeof(digits) - 1);
		digits[sizeof(digits) - 1] = '\0';
		(void)json_array_append_new(keys, json_pack("{s:s, s:i}", "key", digits, "made",
		                                            (int)(7 - n)));
	}
	(void)json_object_set_new(doc, "ticket_keys", keys);
	(void)json_object_set_new(json_object_get(doc, "options"), "session_tickets",
	                          json_string("stateless"));
	return doc;
}

Test(snapshot, ticket_keys_travel_in_order)
{
	struct snapshot *s = NULL;
	struct snapshot *again = NULL;
	char *text = NULL;
	size_t len = 0;

	cr_assert_eq(decode_doc(with_keys(2), &s), 0, "%s", err);
	cr_assert_eq(s->ticket_keys.len, 2);
	cr_expect_eq(s->ticket_keys.rows[0].mac[31], 0xaa);
	cr_expect_eq(s->ticket_keys.rows[1].made, 6);
	cr_assert_eq(snapshot_encode(s, &text, &len), 0);
	cr_assert_eq(snapshot_decode(slice_of(text, len), &again, err), 0, "%s", err);
	cr_expect(ticket_keys_eq(&s->ticket_keys, &again->ticket_keys));
	free(text);
	snapshot_free(s);
	snapshot_free(again);
}

Test(snapshot, stateless_needs_a_key_and_no_more_than_there_is_room_for)
{
	struct snapshot *s = NULL;

	cr_expect_eq(decode_doc(with_keys(0), &s), -EINVAL);
	cr_expect(strstr(err, "ticket_keys"), "%s", err);
	cr_expect_eq(decode_doc(with_keys(TICKET_KEYS_MAX + 1), &s), -EINVAL);
	cr_expect(strstr(err, "ticket_keys"), "%s", err);
	cr_expect_null(s);
}
