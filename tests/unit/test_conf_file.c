/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf/file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define HOST "hosts:\n  - {names: [a.example], certificate: c, key: k, origins: ['1.2.3.4:80']}\n"

struct heard {
	char text[4096];
};

static void hear(void *arg, const char *line)
{
	struct heard *h = arg;
	size_t n = strlen(h->text);

	(void)snprintf(h->text + n, sizeof(h->text) - n, "%s|", line);
}

static struct mistakes mistakes;
static struct positions *positions;

static void start(void)
{
	positions = positions_new();
	cr_assert(positions);
}

static void stop(void)
{
	mistakes_fini(&mistakes);
	positions_free(positions);
}

TestSuite(conf_file, .init = start, .fini = stop);

/* Parse and look at all that conf/ looks at; what was said, joined by '|'. */
static struct heard read_all(const char *text)
{
	struct heard h = { .text = "" };
	struct conf_file *f = NULL;
	struct options o;

	stop();
	start();
	if (conf_file_parse(slice_of(text, strlen(text)), positions, &mistakes, &f) == 0) {
		conf_options(f, positions, &mistakes, &o);
		for (unsigned int i = 0; i < f->hosts_count; i++) {
			char path[32];

			(void)snprintf(path, sizeof(path), "hosts[%u]", i);
			(void)conf_verify(&f->hosts[i], path, positions, &mistakes);
			(void)conf_depth(&f->hosts[i], path, positions, &mistakes);
			(void)conf_inject(&f->hosts[i], path, positions, &mistakes);
			(void)conf_rfc9440(&f->hosts[i], path, positions, &mistakes);
			(void)conf_on_revoked(&f->hosts[i], path, positions, &mistakes);
			(void)conf_on_expired(&f->hosts[i], path, positions, &mistakes);
			(void)conf_ocsp(&f->hosts[i], path, positions, &mistakes);
			(void)conf_proxy_tlvs(&f->hosts[i],
			                      conf_proxy(&f->hosts[i], path, positions, &mistakes),
			                      path, positions, &mistakes);
		}
	}
	mistakes_report(&mistakes, "f", hear, &h);
	conf_file_free(f);
	return h;
}

Test(conf_file, a_full_file_is_read_as_it_is_written)
{
	static const char text[] =
		"listen: ['0.0.0.0:8443', '[::]:8443']\n"
		"access_log: false\n"
		"options: { idle_timeout_ms: 100, workers: 2 }\n"
		"hosts:\n"
		"  - names: [api.example.com, \"*.api.example.com\"]\n"
		"    default: true\n"
		"    certificate: api.pem\n"
		"    key: api.key\n"
		"    client_auth: { verify: request, ca: clients.pem, depth: 3 }\n"
		"    identity:\n"
		"      inject: every_request\n"
		"      der_header: X-Der\n"
		"      sha256_header: \"\"\n"
		"      rfc9440: off\n"
		"    proxy_protocol: v2\n"
		"    proxy_tlvs: [ssl, crc32c]\n"
		"    origins: [\"127.0.0.1:8080\", \"app.internal:8080\"]\n";
	struct conf_file *f = NULL;
	const struct conf_host *h;
	struct options o;

	cr_assert_eq(conf_file_parse(slice_of(text, sizeof(text) - 1), positions, &mistakes, &f),
	             0);
	cr_assert_eq(f->listen_count, 2);
	cr_expect_str_eq(f->listen[1], "[::]:8443");
	cr_assert(f->access_log);
	cr_expect_not(*f->access_log);
	conf_options(f, positions, &mistakes, &o);
	cr_expect_eq(o.idle_timeout_ms, 100);
	cr_expect_eq(o.workers, 2);
	cr_expect_eq(o.head_fields, 100, "a default");
	cr_assert_eq(f->hosts_count, 1);
	h = &f->hosts[0];
	cr_expect_str_eq(h->names[1], "*.api.example.com");
	cr_expect(h->is_default);
	cr_expect_str_eq(h->client_auth->ca, "clients.pem");
	cr_expect_eq(conf_verify(h, "hosts[0]", positions, &mistakes), VERIFY_REQUEST);
	cr_expect_eq(conf_depth(h, "hosts[0]", positions, &mistakes), 3);
	cr_expect_eq(conf_inject(h, "hosts[0]", positions, &mistakes), INJECT_EVERY_REQUEST);
	cr_expect_eq(conf_rfc9440(h, "hosts[0]", positions, &mistakes), RFC9440_OFF);
	cr_expect_eq(conf_proxy(h, "hosts[0]", positions, &mistakes), PROXY_V2);
	cr_expect_eq(conf_proxy_tlvs(h, PROXY_V2, "hosts[0]", positions, &mistakes),
	             1U << PROXY_TLV_SSL | 1U << PROXY_TLV_CRC32C);
	cr_expect_str_eq(h->identity->sha256_header, "");
	cr_expect_null(h->identity->verdict_header);
	cr_expect_eq(mistakes.total, 0);
	conf_file_free(f);
}

Test(conf_file, what_is_not_given_has_a_default)
{
	struct conf_file *f = NULL;
	struct options o;
	struct options def;

	cr_assert_eq(conf_file_parse(SLICE("listen: ['1.2.3.4:1']\n" HOST), positions, &mistakes,
	                             &f),
	             0);
	conf_options(f, positions, &mistakes, &o);
	options_default(&def);
	cr_expect_eq(memcmp(&o, &def, sizeof(o)), 0);
	cr_expect_null(f->access_log);
	cr_expect_eq(conf_verify(&f->hosts[0], "hosts[0]", positions, &mistakes), VERIFY_NONE);
	cr_expect_eq(conf_ocsp(&f->hosts[0], "hosts[0]", positions, &mistakes), OCSP_MODE_OFF);
	f->hosts[0].client_auth = &(struct conf_client_auth){ 0 };
	cr_expect_eq(conf_verify(&f->hosts[0], "hosts[0]", positions, &mistakes), VERIFY_REQUIRE);
	f->hosts[0].client_auth = NULL;
	cr_expect_null(f->revoked);
	cr_expect_eq(conf_on_revoked(&f->hosts[0], "hosts[0]", positions, &mistakes),
	             ON_REVOKED_CLOSE);
	cr_expect_eq(conf_on_expired(&f->hosts[0], "hosts[0]", positions, &mistakes),
	             ON_EXPIRED_CLOSE);
	cr_expect_eq(conf_proxy(&f->hosts[0], "hosts[0]", positions, &mistakes), PROXY_OFF);
	cr_expect_eq(conf_proxy_tlvs(&f->hosts[0], PROXY_OFF, "hosts[0]", positions, &mistakes), 0);
	cr_expect_eq(conf_proxy_tlvs(&f->hosts[0], PROXY_V2, "hosts[0]", positions, &mistakes),
	             PROXY_TLVS_DEFAULT);
	cr_expect_eq(mistakes.total, 0);
	conf_file_free(f);
}

Test(conf_file, every_mistake_is_said_with_its_line_and_key)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "f:1: the file is empty|" },
		{ "7", "f:1: the file: a mapping (key: value) expected|" },
		{ "listen: [",
		  "f:2: did not find expected node content while parsing a flow node|" },
		{ "listen: ['1.2.3.4:1']\n\tx: 1\n" HOST,
		  "f:2: found character that cannot start any token while scanning for the next "
		  "token|" },
		{ "listen: ['1.2.3.4:1']\n" HOST "lisen: []\nsize: 1\n",
		  "f:4: lisen: unknown key|f:5: size: unknown key|" },
		{ "listen: ['1.2.3.4:1']\n" HOST "listen: ['1.2.3.4:2']\n",
		  "f:4: listen: given twice|" },
		{ HOST, "f:1: listen: 0 given, 1 to 16 needed|" },
		{ "listen: []\n" HOST, "f:1: listen: 0 given, 1 to 16 needed|" },
		{ "listen: 1.2.3.4:1\n" HOST, "f:1: listen: a list expected|" },
		{ "listen:\n" HOST, "f:1: listen: a list expected|" },
		{ "listen: [[a]]\n" HOST, "f:1: listen[0]: a single value expected|" },
		{ "listen: [a]\naccess_log: flase\n" HOST,
		  "f:2: access_log: true or false expected|" },
		{ "listen: [a]\naccess_log: 1\n" HOST, "f:2: access_log: true or false expected|" },
		{ "listen: [a]\noptions:\n  head_fields: 129\n  workers: many\n  wrkers: 1\n"
		  "  target_bytes: -1\n" HOST,
		  "f:3: options.head_fields: 129 is not within 1 to 128 fields|"
		  "f:4: options.workers: \"many\" is not a number|"
		  "f:5: options.wrkers: unknown key|"
		  "f:6: options.target_bytes: \"-1\" is not a number|" },
		{ "listen: [a]\noptions:\n  ktls: of\n" HOST,
		  "f:3: options.ktls: \"of\" is none of: off, auto, require|" },
		{ "listen: [a]\noptions:\n  ktls: 1\n" HOST,
		  "f:3: options.ktls: \"1\" is none of: off, auto, require|" },
		{ "listen: [a]\noptions:\n  ktls: false\n" HOST,
		  "f:3: options.ktls: \"false\" is none of: off, auto, require|" },
		{ "listen: [a]\noptions:\n  ktls: [off]\n" HOST,
		  "f:3: options.ktls: a single value expected|" },
		{ "listen: [a]\nhosts:\n  - names: [a]\n    certificate: c\n"
		  "  - names: []\n    key: k\n    origins: [o]\n",
		  "f:3: hosts[0].origins: 0 given, 1 to 64 needed|f:3: hosts[0].key: missing|"
		  "f:5: hosts[1].names: 0 given, 1 to 256 needed|"
		  "f:5: hosts[1].certificate: missing|" },
		{ "listen: [a]\nhosts:\n  - names: [a]\n    certificate: c\n    key: k\n"
		  "    origins: [o]\n    client_auth:\n      verify: required\n      depth: 11\n"
		  "    identity: { inject: always, rfc9440: on }\n",
		  "f:8: hosts[0].client_auth.verify: \"required\" is none of: none, optional, "
		  "request, require|"
		  "f:9: hosts[0].client_auth.depth: \"11\" is not a number within 0 to 10|"
		  "f:10: hosts[0].identity.inject: \"always\" is none of: first_request, "
		  "every_request|"
		  "f:10: hosts[0].identity.rfc9440: \"on\" is none of: off, leaf, chain|" },
		{ "listen: [a]\nrevoked: [a]\n" HOST, "f:2: revoked: a single value expected|" },
		{ "listen: [a]\nhosts:\n  - names: [a]\n    certificate: c\n    key: k\n"
		  "    origins: [o]\n    client_auth:\n      on_revoked: keep\n      on_expired: forbid\n      ocsp: on\n",
		  "f:8: hosts[0].client_auth.on_revoked: \"keep\" is none of: close, forbid|"
		  "f:9: hosts[0].client_auth.on_expired: \"forbid\" is none of: close, keep|"
		  "f:10: hosts[0].client_auth.ocsp: \"on\" is none of: off, soft, hard|" },
		{ "listen: [a]\nhosts:\n  - names: [a]\n    certificate: c\n    key: k\n"
		  "    origins: [o]\n    proxy_protocol: v3\n",
		  "f:7: hosts[0].proxy_protocol: \"v3\" is none of: off, v1, v2|" },
		{ "listen: [a]\nhosts:\n  - names: [a]\n    certificate: c\n    key: k\n"
		  "    origins: [o]\n    proxy_protocol: v2\n"
		  "    proxy_tlvs: [ssl, sni, alpn, ssl]\n",
		  "f:8: hosts[0].proxy_tlvs[1]: \"sni\" is none of: alpn, authority, crc32c, ssl, "
		  "cert_cn, ssl_cipher, cert_sig, cert_key, ssl_group, ssl_sig_scheme, client_cert|"
		  "f:8: hosts[0].proxy_tlvs[3]: ssl is given twice|" },
		{ "listen: [a]\nhosts:\n  - names: [a]\n    certificate: c\n    key: k\n"
		  "    origins: [o]\n    proxy_protocol: v2\n    proxy_tlvs: [client_cert]\n",
		  "f:8: hosts[0].proxy_tlvs: ssl is missing: what else is said of TLS is a part of "
		  "it|" },
		{ "listen: [a]\nhosts:\n  - names: [a]\n    certificate: c\n    key: k\n"
		  "    origins: [o]\n    proxy_tlvs: []\n",
		  "f:7: hosts[0].proxy_tlvs: means nothing without proxy_protocol: v2|" },
		{ "listen: [a]\nhosts:\n  - names: [a]\n    certificate: c\n    key: k\n"
		  "    origins: [o]\n    proxy_protocol: v1\n    proxy_tlvs: [alpn]\n",
		  "f:8: hosts[0].proxy_tlvs: means nothing without proxy_protocol: v2|" },
		{ "listen: [a]\nhosts:\n  - names: [a]\n    certificate: c\n    key: k\n"
		  "    origins: [o]\n    proxy_protocol: v2\n    proxy_tlvs: ssl\n",
		  "f:8: hosts[0].proxy_tlvs: a list expected|" },
		{ "listen: &a [x]\nhosts: *a\n",
		  "f:2: aliases (*name) are not read here: write the value out|" },
		{ "listen: [x]\n---\nlisten: [y]\n", "f:2: a second document: only one is read|" },
		{ "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "f:1: nested too deep|" },
		{ "listen: [\"a\\0b\"]\n" HOST, "f:1: listen[0]: holds a NUL|" },
		{ "listen: [a]\n[a]: 1\n" HOST, "f:2: the file: a key is a word|" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct heard h = read_all(rows[i].text);

		cr_expect_str_eq(h.text, rows[i].want, "%s\nsaid %s\nwant %s", rows[i].text, h.text,
		                 rows[i].want);
	}
}

Test(conf_file, more_mistakes_than_the_report_holds_are_counted)
{
	struct heard h = { .text = "" };

	for (int i = 0; i < MISTAKES_MAX + 3; i++)
		mistakes_add(&mistakes, 1, "x");
	cr_expect_eq(mistakes.total, MISTAKES_MAX + 3);
	mistakes_report(&mistakes, "f", hear, &h);
	cr_expect(strstr(h.text, "f: and 3 more mistakes|"));
}
