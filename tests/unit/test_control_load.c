/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/load.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "pki.h"
#include "sys/memfd.h"
#include "tls/handshake.h"

/* The files of a machine that does not exist. */
static struct {
	const char *path;
	char *text;
} disk[8];
static char *config;

static int open_fake(void *arg, const char *path, int *out_fd)
{
	(void)arg;
	if (strcmp(path, "/conf/sluice.yaml") == 0)
		return memfd_seal("f", slice_of(config, strlen(config)), out_fd);
	if (strcmp(path, "/conf/denied.pem") == 0)
		return -EACCES;
	if (strcmp(path, "/conf/nul.pem") == 0)
		return memfd_seal("f", SLICE("a\0b"), out_fd);
	for (size_t i = 0; i < ARRAY_LEN(disk) && disk[i].path; i++)
		if (strcmp(path, disk[i].path) == 0)
			return memfd_seal("f", pki_text(disk[i].text), out_fd);
	return -ENOENT;
}

static const struct source fake = { .open = open_fake };
static struct loader loader = { .source = &fake, .file = "/conf/sluice.yaml" };
static struct mistakes mistakes;

static void start(void)
{
	struct pki ca = pki_make(&(struct pki_spec){ .cn = "CA", .is_ca = true });
	struct pki a = pki_make(&(struct pki_spec){ .cn = "a.example.com", .issuer = &ca });
	struct pki b = pki_make(&(struct pki_spec){ .cn = "b.example.com", .issuer = &ca });

	disk[0].path = "/conf/a.pem";
	disk[0].text = pki_cert_pem(NULL, &a);
	disk[1].path = "/conf/a.key";
	disk[1].text = pki_key_pem(&a);
	disk[2].path = "/conf/b.key";
	disk[2].text = pki_key_pem(&b);
	disk[3].path = "/else/ca.pem";
	disk[3].text = pki_cert_pem(NULL, &ca);
	disk[4].path = "/conf/junk.pem";
	disk[4].text = strdup("-----BEGIN CERTIFICATE-----\njunk\n");
	disk[5].path = "/conf/ca.crl";
	disk[5].text = pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &ca });
	disk[6].path = "/conf/a.crl";
	disk[6].text = pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &a });
	pki_free(&ca);
	pki_free(&a);
	pki_free(&b);
	/* Whatever the machine's resolver is, it shall not hold the test up. */
	(void)setenv("RES_OPTIONS", "attempts:1 timeout:1", 1);
	cr_assert_eq(load_tls(&loader.tls), 0);
}

static void stop(void)
{
	for (size_t i = 0; i < ARRAY_LEN(disk); i++)
		free(disk[i].text);
	free(config);
	mistakes_fini(&mistakes);
	tls_worker_free(loader.tls);
}

TestSuite(load, .init = start, .fini = stop);

static const char *const good[] = {
	"listen:",                                                               /* 1 */
	"  - 0.0.0.0:8443",                                                      /* 2 */
	"  - '[::]:8443'",                                                       /* 3 */
	"access_log: false",                                                     /* 4 */
	"options: { head_fields: 50 }",                                          /* 5 */
	"hosts:",                                                                /* 6 */
	"  - names: [A.Example.COM., '*.x.yz']",                                 /* 7 */
	"    default: true",                                                     /* 8 */
	"    certificate: a.pem",                                                /* 9 */
	"    key: a.key",                                                        /* 10 */
	"    client_auth:",                                                      /* 11 */
	"      verify: request",                                                 /* 12 */
	"      ca: /else/ca.pem",                                                /* 13 */
	"    identity:",                                                         /* 14 */
	"      sha256_header: ''",                                               /* 15 */
	"      der_header: X-Der",                                               /* 16 */
	"    origins: ['192.0.2.1:80', '[2001:db8::1]:81', 'unix:/run/a.sock']", /* 17 */
	"  - names: [b.example.com]",                                            /* 18 */
	"    certificate: /conf/a.pem",                                          /* 19 */
	"    key: a.key",                                                        /* 20 */
	"    origins: ['127.0.0.1:80']",                                         /* 21 */
};

/* The good file with line @at (from 1) replaced; 0: as it is. */
static void write_config(size_t at, const char *instead)
{
	size_t n = 0;

	free(config);
	config = calloc(1, 8192);
	cr_assert(config);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		n += (size_t)snprintf(config + n, 8192 - n, "%s\n",
		                      i + 1 == at ? instead : good[i]);
}

static char said[4096];

static void hear(void *arg, const char *line)
{
	size_t n = strlen(said);

	(void)arg;
	(void)snprintf(said + n, sizeof(said) - n, "%s|", line);
}

static int load_config(struct loaded *out)
{
	int r;

	mistakes_fini(&mistakes);
	said[0] = '\0';
	r = load(&loader, &mistakes, out);
	mistakes_report(&mistakes, "f", hear, NULL);
	return r;
}

Test(load, a_good_file_becomes_a_whole_snapshot)
{
	struct loaded l = { 0 };
	const struct snapshot_host *h;

	write_config(0, NULL);
	cr_assert_eq(load_config(&l), 0, "%s", said);
	cr_expect_eq(l.start.listeners_len, 2);
	cr_expect_eq(l.start.listeners[1].id, 1);
	cr_expect_eq(l.start.listeners[1].addr.ss_family, AF_INET6);
	cr_expect_eq(l.start.drain_timeout_ms, 30000);
	cr_expect_not(l.snapshot->access_log);
	cr_expect_eq(l.snapshot->options.head_fields, 50);
	cr_assert_eq(l.snapshot->hosts_len, 2);
	h = &l.snapshot->hosts[0];
	cr_expect_str_eq(h->names[0], "a.example.com");
	cr_expect_str_eq(h->names[1], "*.x.yz");
	cr_expect(h->is_default);
	cr_expect_eq(h->verify, VERIFY_REQUEST);
	cr_expect_str_eq(h->certificate_pem, disk[0].text);
	cr_expect_str_eq(h->key_pem, disk[1].text);
	cr_expect_str_eq(h->ca_pem, disk[3].text);
	cr_expect_str_eq(h->der_header, "X-Der");
	cr_expect_null(h->sha256_header, "empty: not sent");
	cr_expect_str_eq(h->verdict_header, "Cf-Client-Cert-Verified", "request: sent");
	cr_assert_eq(h->origins_len, 3);
	cr_expect_str_eq(h->origins[2].label, "unix:/run/a.sock");
	cr_expect_eq(h->proxy, PROXY_OFF);
	cr_expect_eq(h->proxy_tlvs, 0);
	h = &l.snapshot->hosts[1];
	cr_expect_eq(h->verify, VERIFY_NONE);
	cr_expect_null(h->ca_pem);
	cr_expect_str_eq(h->sha256_header, "Cf-Client-Cert-Sha256");
	cr_expect_null(h->verdict_header);
	snapshot_free(l.snapshot);
	watch_free(l.watch);
}

Test(load, each_mistake_is_said_where_it_stands)
{
	static const struct {
		size_t at;
		const char *instead, *want; /* want: the whole report, or its beginning up to '~' */
	} rows[] = {
		{ 2, "  - nowhere:80",
		  "f:2: listen[0]: \"nowhere:80\" is not an address: 192.0.2.1:443 or "
		  "[2001:db8::1]:443|" },
		{ 2, "  - unix:/run/x", "f:2: listen[0]: \"unix:/run/x\" is not an address~" },
		{ 2, "  - '[0::0]:8443'", "f:3: listen[1]: [::]:8443 is there already|" },
		{ 7, "  - names: [a..example.com, ok.example.com]",
		  "f:7: hosts[0].names[0]: \"a..example.com\" is not a hostname or *.hostname|" },
		{ 7, "  - names: ['*.com']", "f:7: hosts[0].names[0]: \"*.com\" is not~" },
		{ 18, "  - names: [c.example.com, a.EXAMPLE.com]",
		  "f:18: hosts[1].names[1]: a.example.com is in hosts[0] already|" },
		{ 7, "  - names: [x.example, x.example]",
		  "f:7: hosts[0].names[1]: x.example is in hosts[0] already|" },
		{ 18, "  - names: [b.example.com]\n    default: true",
		  "f:19: hosts[1].default: hosts[0] is the default already|" },
		{ 9, "    certificate: none.pem",
		  "f:9: hosts[0].certificate: none.pem cannot be read: No such file or directory|" },
		{ 9, "    certificate: ''",
		  "f:9: hosts[0].certificate:  cannot be read: No such file or directory|" },
		{ 9, "    certificate: denied.pem",
		  "f:9: hosts[0].certificate: denied.pem cannot be read: Permission denied (is its "
		  "directory allowed? --allow-dir)|" },
		{ 9, "    certificate: nul.pem",
		  "f:9: hosts[0].certificate: nul.pem cannot be read: Invalid or incomplete~" },
		{ 9, "    certificate: junk.pem", "f:9: hosts[0].certificate: certificate: ~" },
		{ 10, "    key: b.key",
		  "f:10: hosts[0].key: key: does not belong to the certificate~" },
		{ 10, "    key: a.pem", "f:10: hosts[0].key: key: ~" },
		{ 13, "      ca: junk.pem", "f:13: hosts[0].client_auth.ca: client CAs: ~" },
		{ 13, "      depth: 1",
		  "f:12: hosts[0].client_auth.ca: missing: verify: request needs it|" },
		{ 13, "      ca: /else/ca.pem\n      crl: [ca.crl, none.crl]",
		  "f:14: hosts[0].client_auth.crl[1]: none.crl cannot be read: No such file or "
		  "directory|" },
		{ 13, "      ca: /else/ca.pem\n      crl: [junk.pem]",
		  "f:14: hosts[0].client_auth.crl[0]: junk.pem cannot be read: no CRL that can be "
		  "read, PEM or DER|" },
		{ 13, "      ca: /else/ca.pem\n      crl: []",
		  "f:14: hosts[0].client_auth.crl: 0 given, 1 to 64 needed|" },
		{ 13, "      ca: /else/ca.pem\n      crl: ca.crl",
		  "f:14: hosts[0].client_auth.crl: a list expected|" },
		{ 13, "      ca: /else/ca.pem\n      crl_soft_fail: true",
		  "f:14: hosts[0].client_auth.crl_soft_fail: means nothing without crl|" },
		{ 13, "      ca: /else/ca.pem\n      crl_soft_fail: maybe",
		  "f:14: hosts[0].client_auth.crl_soft_fail: true or false expected~" },
		{ 12, "      verify: none\n      crl: [ca.crl]",
		  "f:13: hosts[0].client_auth.crl: means nothing with verify: none|" },
		{ 13, "      ca: /else/ca.pem\n      allow: { sha256: [] }",
		  "f:14: hosts[0].client_auth.allow.sha256: 0 given, 1 to 4096 needed|" },
		{ 13, "      ca: /else/ca.pem\n      allow: {}",
		  "f:14: hosts[0].client_auth.allow: one of sha256, spki_sha256, san needed|" },
		{ 13, "      ca: /else/ca.pem\n      allow:",
		  "f:14: hosts[0].client_auth.allow: a mapping (key: value) expected|" },
		{ 13, "      ca: /else/ca.pem\n      allow: { sha512: [a] }",
		  "f:14: hosts[0].client_auth.allow.sha512: unknown key|~" },
		{ 13, "      ca: /else/ca.pem\n      allow:\n        sha256: [12:34]",
		  "f:15: hosts[0].client_auth.allow.sha256[0]: \"12:34\": not 64 hexadecimal "
		  "digits|" },
		{ 13, "      ca: /else/ca.pem\n      allow:\n        spki_sha256: [zz]",
		  "f:15: hosts[0].client_auth.allow.spki_sha256[0]: \"zz\": not 64~" },
		{ 13,
		  "      ca: /else/ca.pem\n      allow:\n        san: ['dns:a.example', "
		  "'spiffe://td/a*']",
		  "f:15: hosts[0].client_auth.allow.san[1]: \"spiffe://td/a*\": a * stands for a "
		  "whole segment of the path|" },
		{ 12, "      verify: none\n      allow: { san: ['dns:a.example'] }",
		  "f:13: hosts[0].client_auth.allow: means nothing with verify: none|" },
		{ 12, "      verify: request\n      on_revoked: forbid",
		  "f:13: hosts[0].client_auth.on_revoked: \"forbid\" does not go with verify: "
		  "request, which lets everybody in|" },
		{ 5, "proxy_sources: [192.0.2.0/33, 192.0.2.1/24, lb.example, '::/129', '']",
		  "f:5: proxy_sources[0]: \"192.0.2.0/33\": the prefix is 0 to 32 bits long, of IPv6 "
		  "0 to 128|"
		  "f:5: proxy_sources[1]: \"192.0.2.1/24\": bits are set behind the prefix|"
		  "f:5: proxy_sources[2]: \"lb.example\": not a range of addresses: 192.0.2.0/24 "
		  "or 2001:db8::/32|"
		  "f:5: proxy_sources[3]: \"::/129\": the prefix~" },
		{ 5, "proxy_sources: ['::ffff:10.0.0.0/104', 10.0.0.0/8]",
		  "f:5: proxy_sources[1]: 10.0.0.0/8 is there already|" },
		{ 5, "proxy_sources: 10.0.0.0/8", "f:5: proxy_sources: a list expected|" },
		{ 13, "      ca: /else/ca.pem\n      ocsp: hard",
		  "f:14: hosts[0].client_auth.ocsp: goes with verify: require or optional only|" },
		{ 12, "      verify: none\n      ocsp: soft",
		  "f:13: hosts[0].client_auth.ocsp: goes with verify: require or optional only|" },
		{ 13, "      ca: /else/ca.pem\n      ocsp_responder: http://r",
		  "f:14: hosts[0].client_auth.ocsp_responder: means nothing without ocsp|" },
		{ 12, "      verify: require\n      ocsp: hard\n      ocsp_responder: https://r",
		  "f:14: hosts[0].client_auth.ocsp_responder: \"https://r\" is no http:// URL of at "
		  "most 1024 bytes|~" },
		{ 5, "revoked: none", "f:5: revoked: none cannot be read: No such file~" },
		{ 5, "revoked: /else/ca.pem",
		  "f:5: revoked: /else/ca.pem line 1: neither a SHA-256 nor a serial number and an "
		  "issuer~" },
		{ 15, "      verdict_header: x-der",
		  "f:15: hosts[0].identity.verdict_header: x-der is sent by "
		  "identity.der_header already|" },
		{ 15, "      rfc9440: leaf\n      verdict_header: client-cert",
		  "f:16: hosts[0].identity.verdict_header: client-cert is sent by "
		  "identity.rfc9440 already|" },
		{ 16, "      dialects: [nginx, ngnix, nginx]",
		  "f:16: hosts[0].identity.dialects[1]: \"ngnix\" is no dialect; docs/dialects.md "
		  "lists them|"
		  "f:16: hosts[0].identity.dialects[2]: nginx is given twice|" },
		{ 16, "      dialects: [xfcc, xfcc-cert]",
		  "f:16: hosts[0].identity.dialects[1]: X-Forwarded-Client-Cert is sent by "
		  "identity.dialects[0] already|" },
		{ 16, "      templates:\n        - { header: X-A, value: '${certSerail}' }",
		  "f:17: hosts[0].identity.templates[0]: \"certSerail\": no such field; "
		  "docs/dialects.md lists them|" },
		{ 16, "      templates: [{ header: X-A, value: 'a ${certSerial' }]",
		  "f:16: hosts[0].identity.templates[0]: \"certSerial\": its } is missing|" },
		{ 16, "      templates: [{ header: Host, value: a }, { header: X-B }]",
		  "f:16: hosts[0].identity.templates[0]: \"Host\": this header has a meaning of "
		  "its own|f:16: hosts[0].identity.templates[1]: header and value are needed|" },
		{ 16, "      xfcc: sanitize_set",
		  "f:16: hosts[0].identity.xfcc: sanitize_set needs xfcc or xfcc-cert in "
		  "identity.dialects|" },
		{ 16, "      xfcc: forward_only\n      dialects: [xfcc]",
		  "f:16: hosts[0].identity.xfcc: forward_only goes without xfcc in "
		  "identity.dialects|" },
		{ 16, "      xfcc: append_forward\n      dialects: [xfcc-cert]",
		  "f:16: hosts[0].identity.xfcc: append_forward needs inject: every_request|" },
		{ 16, "      xfcc: forward",
		  "f:16: hosts[0].identity.xfcc: \"forward\" is none of: ~" },
		{ 16, "      templates: [{ header: x-b, value: a }, { header: X-B, value: b }]",
		  "f:16: hosts[0].identity.templates[1]: X-B is sent by identity.templates[0] "
		  "already|" },
		{ 16, "      der_header: Content-Length",
		  "f:16: hosts[0].identity.der_header: \"Content-Length\": this header has a "
		  "meaning of its own|" },
		{ 16, "      der_header: X Der",
		  "f:16: hosts[0].identity.der_header: \"X Der\": not~" },
		{ 20, "    key: a.key\n    proxy_protocol: 2",
		  "f:21: hosts[1].proxy_protocol: \"2\" is none of: off, v1, v2|" },
		{ 20, "    key: a.key\n    proxy_protocol: v2\n    proxy_tlvs: [cert_cn]",
		  "f:22: hosts[1].proxy_tlvs: ssl is missing~" },
		{ 21, "    origins: ['127.0.0.1']",
		  "f:21: hosts[1].origins[0]: \"127.0.0.1\" is not an origin~" },
		{ 21, "    origins: ['127.0.0:80']",
		  "f:21: hosts[1].origins[0]: \"127.0.0:80\" is not an origin~" },
		{ 21, "    origins: ['no-such-name.invalid:80']",
		  "f:21: hosts[1].origins[0]: no-such-name.invalid:80 cannot be looked up: ~" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *cut = strchr(rows[i].want, '~');
		size_t len = cut ? (size_t)(cut - rows[i].want) : strlen(rows[i].want) + 1;
		struct loaded l = { 0 };

		write_config(rows[i].at, rows[i].instead);
		cr_expect_eq(load_config(&l), -EINVAL, "%s", rows[i].instead);
		cr_expect_null(l.snapshot);
		cr_expect_eq(strncmp(said, rows[i].want, len), 0, "%s\nsaid %s\nwant %s",
		             rows[i].instead, said, rows[i].want);
	}
}

Test(load, a_proxy_header_has_its_default_parts_or_those_named)
{
	static const struct {
		const char *lines;
		uint32_t want;
	} rows[] = {
		{ "    key: a.key\n    proxy_protocol: v2", PROXY_TLVS_DEFAULT },
		{ "    key: a.key\n    proxy_protocol: v2\n    proxy_tlvs: []", 0 },
		{ "    key: a.key\n    proxy_protocol: v2\n    proxy_tlvs: [client_cert, ssl]",
		  1U << PROXY_TLV_SSL | 1U << PROXY_TLV_CLIENT_CERT },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct loaded l = { 0 };

		write_config(20, rows[i].lines);
		cr_assert_eq(load_config(&l), 0, "%s", said);
		cr_expect_eq(l.snapshot->hosts[1].proxy, PROXY_V2, "%s", rows[i].lines);
		cr_expect_eq(l.snapshot->hosts[1].proxy_tlvs, rows[i].want, "%s", rows[i].lines);
		snapshot_free(l.snapshot);
		watch_free(l.watch);
	}
}

Test(load, trusted_sources_are_taken_as_ranges_up_to_their_bound)
{
	struct loaded l = { 0 };
	char lines[8000] = "proxy_sources:";
	size_t n = strlen(lines);

	write_config(5, "proxy_sources: [192.0.2.7, '2001:db8::/32']");
	cr_assert_eq(load_config(&l), 0, "%s", said);
	cr_assert_eq(l.snapshot->proxy_sources_len, 2);
	cr_expect_eq(l.snapshot->proxy_sources[0].bits, 128);
	cr_expect_eq(l.snapshot->proxy_sources[1].bits, 32);
	snapshot_free(l.snapshot);
	watch_free(l.watch);

	for (int i = 0; i <= SNAPSHOT_PROXY_SOURCES_MAX; i++)
		n += (size_t)snprintf(lines + n, sizeof(lines) - n, "%s10.0.%d.%d", i ? ", " : " [",
		                      i / 256, i % 256);
	(void)snprintf(lines + n, sizeof(lines) - n, "]");
	write_config(5, lines);
	cr_expect_eq(load_config(&l), -EINVAL);
	cr_expect_str_eq(said, "f:5: proxy_sources: 257 given, up to 256 may be|");
}

Test(load, crls_become_one_text)
{
	struct loaded l = { 0 };
	char *both = strdup(disk[5].text);

	write_config(13, "      ca: /else/ca.pem\n      crl: [ca.crl, /conf/a.crl]\n"
	                 "      crl_soft_fail: true");
	cr_assert_eq(load_config(&l), 0, "%s", said);
	both = realloc(both, strlen(both) + strlen(disk[6].text) + 1);
	memcpy(both + strlen(both), disk[6].text, strlen(disk[6].text) + 1);
	cr_expect_str_eq(l.snapshot->hosts[0].crl_pem, both);
	cr_expect(l.snapshot->hosts[0].crl_soft_fail);
	cr_expect_null(l.snapshot->hosts[1].crl_pem);
	free(both);
	snapshot_free(l.snapshot);
	watch_free(l.watch);
}

Test(load, allow_lists_are_taken_as_written)
{
	static const char digest[] =
		"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff";
	struct loaded l = { 0 };
	const struct allow_list *a;
	char text[400];

	(void)snprintf(text, sizeof(text),
	               "      ca: /else/ca.pem\n      allow:\n        sha256: ['%s']\n"
	               "        spki_sha256: ['%s']\n        san: ['dns:*.x.org', 'email:a@x.org']",
	               digest, digest);
	write_config(13, text);
	cr_assert_eq(load_config(&l), 0, "%s", said);
	a = &l.snapshot->hosts[0].allow;
	cr_assert(a->sha256.len == 1 && a->spki_sha256.len == 1 && a->san.len == 2);
	cr_expect_str_eq(a->sha256.rows[0], digest);
	cr_expect_str_eq(a->san.rows[1], "email:a@x.org");
	cr_expect(allow_list_is_empty(&l.snapshot->hosts[1].allow));
	snapshot_free(l.snapshot);
	watch_free(l.watch);
}

Test(load, a_file_that_is_not_there_is_said)
{
	const struct loader l = { .source = &fake, .file = "/conf/none.yaml", .tls = loader.tls };
	struct loaded out = { 0 };

	cr_expect_eq(load(&l, &mistakes, &out), -EINVAL);
	said[0] = '\0';
	mistakes_report(&mistakes, "f", hear, NULL);
	cr_expect_str_eq(said, "f:1: cannot be read: No such file or directory|");
}

Test(load, what_was_read_at_start_cannot_be_changed_by_a_reload)
{
	struct loaded first = { 0 };
	struct loaded second = { 0 };

	write_config(0, NULL);
	cr_assert_eq(load_config(&first), 0, "%s", said);
	loader.previous = first.snapshot;
	write_config(5, "options: { workers: 3, head_fields: 51 }");
	cr_expect_eq(load_config(&second), -EINVAL);
	cr_expect_str_eq(said, "f:5: options.workers: 0 is in force; changing it needs a restart|");
	write_config(5, "options: { head_fields: 51 }");
	cr_expect_eq(load_config(&second), 0, "%s", said);
	loader.previous = NULL;
	snapshot_free(first.snapshot);
	watch_free(first.watch);
	snapshot_free(second.snapshot);
	watch_free(second.watch);
}

Test(load, kernel_tls_that_is_required_must_be_whole)
{
	enum { ALL = (1 << KTLS_CIPHER_MAX) - 1 };
	static const struct {
		struct ktls_support kernel;
		const char *option, *want;
	} rows[] = {
		{ { { 0 }, { 0 }, false, 0, "" }, "ktls: auto", "" },
		{ { { 0 }, { 0 }, false, 0, "" }, "ktls: off", "" },
		{ { { ALL, ALL }, { ALL, ALL }, false, 0, "" }, "ktls: require", "" },
		{ { { 0 }, { 0 }, false, 0, "" },
		  "ktls: require",
		  "f:5: options.ktls: \"require\", but this kernel has no TLS: it needs CONFIG_TLS, "
		  "and the module tls loaded|" },
		{ { { ALL, ALL & ~(1 << KTLS_AES_256_GCM) }, { ALL, ALL }, true, 0, "" },
		  "ktls: 'require'",
		  "f:5: options.ktls: \"require\", but this kernel lacks TLS 1.3 AES-256-GCM RX|" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct loaded l = { 0 };
		char line[64];

		(void)snprintf(line, sizeof(line), "options: { %s }", rows[i].option);
		write_config(5, line);
		loader.ktls = rows[i].kernel;
		cr_expect_eq(load_config(&l), rows[i].want[0] ? -EINVAL : 0, "row %zu", i);
		cr_expect_str_eq(said, rows[i].want, "row %zu: %s", i, said);
		snapshot_free(l.snapshot);
		watch_free(l.watch);
	}
}

Test(load, kernel_tls_that_is_required_is_looked_for_at_reload_too)
{
	struct loaded first = { 0 };
	struct loaded second = { 0 };

	ktls_unpack((1U << KTLS_PACK_BITS) - 1, &loader.ktls);
	write_config(5, "options: { ktls: require }");
	cr_assert_eq(load_config(&first), 0, "%s", said);
	loader.previous = first.snapshot;
	cr_expect_eq(load_config(&second), 0, "%s", said);
	ktls_unpack((1U << KTLS_PACK_BITS) - 2, &loader.ktls);
	cr_expect_eq(load_config(&second), -EINVAL);
	cr_expect_str_eq(said, "f:5: options.ktls: \"require\", but this kernel lacks TLS 1.2 "
	                       "AES-128-GCM RX|");
	write_config(5, "options: { ktls: off }");
	cr_expect_eq(load_config(&second), -EINVAL);
	cr_expect_str_eq(said,
	                 "f:5: options.ktls: require is in force; changing it needs a restart|");
	loader.previous = NULL;
	snapshot_free(first.snapshot);
	watch_free(first.watch);
	snapshot_free(second.snapshot);
	watch_free(second.watch);
}

Test(load, a_name_that_cannot_be_looked_up_keeps_the_addresses_in_force)
{
	struct loaded first = { 0 };
	struct loaded second = { 0 };
	struct snapshot_origin *o;

	write_config(0, NULL);
	cr_assert_eq(load_config(&first), 0, "%s", said);
	o = &first.snapshot->hosts[1].origins[0];
	free(o->label);
	o->label = strdup("no-such-name.invalid:80");
	loader.previous = first.snapshot;
	write_config(21, "    origins: ['no-such-name.invalid:80']");
	cr_assert_eq(load_config(&second), 0, "%s", said);
	cr_assert_eq(second.snapshot->hosts[1].origins_len, 1);
	cr_expect_eq(memcmp(&second.snapshot->hosts[1].origins[0].addr, &o->addr, o->addr_len), 0);
	loader.previous = NULL;
	snapshot_free(first.snapshot);
	watch_free(first.watch);
	snapshot_free(second.snapshot);
	watch_free(second.watch);
}

Test(load, a_name_is_looked_up_once_and_becomes_its_addresses)
{
	struct loaded l = { 0 };

	write_config(21, "    origins: ['localhost:80', 'localhost:81']");
	cr_assert_eq(load_config(&l), 0, "%s", said);
	cr_assert_geq(l.snapshot->hosts[1].origins_len, 2);
	cr_expect_str_eq(l.snapshot->hosts[1].origins[0].label, "localhost:80");
	snapshot_free(l.snapshot);
	watch_free(l.watch);
}
