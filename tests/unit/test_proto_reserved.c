/* SPDX-License-Identifier: GPL-2.0-only */
#include <criterion/criterion.h>

#include "proto/reserved.h"

static const struct {
	const char *why;
	struct slice name;
	bool want;
} rows[] = {
	{ "cloudflare, exact", SLICE("Cf-Client-Cert-Der-Base64"), true },
	{ "cloudflare, exact", SLICE("Cf-Client-Cert-Sha256"), true },
	{ "lower case", SLICE("cf-client-cert-sha256"), true },
	{ "upper case", SLICE("CF-CLIENT-CERT-SHA256"), true },
	{ "underscores", SLICE("cf_client_cert_sha256"), true },
	{ "mixed underscores", SLICE("Cf-Client_Cert-Sha256"), true },
	{ "dots", SLICE("cf.client.cert.sha256"), true },
	{ "plus", SLICE("cf+client+cert+sha256"), true },
	{ "other token bytes", SLICE("cf~client!cert|sha256"), true },
	{ "8-bit",
	  SLICE("cf\xa0"
	        "client\xff"
	        "cert-sha256"),
	  true },
	{ "unknown name under the prefix", SLICE("Cf-Client-Cert-Whatever"), true },
	{ "no separator behind the prefix", SLICE("Cf-Client-Certificate"), true },
	{ "managed transform", SLICE("cf-cert-verified"), true },
	{ "managed transform", SLICE("CF_CERT_SUBJECT_DN_RFC2253"), true },
	{ "rfc 9440", SLICE("Client-Cert"), true },
	{ "rfc 9440", SLICE("Client-Cert-Chain"), true },
	{ "rfc 9440, folded", SLICE("client_cert_chain"), true },
	{ "workers", SLICE("X-CERT-ISSUER-DN"), true },
	{ "workers", SLICE("X-CERT-NOTAF"), true },
	{ "xfcc", SLICE("X-Forwarded-Client-Cert"), true },
	{ "nginx and apache", SLICE("SSL_CLIENT_S_DN"), true },
	{ "ingress-nginx", SLICE("ssl-client-verify"), true },
	{ "by custom", SLICE("X-SSL-Client-Verify"), true },
	{ "by custom", SLICE("X-SSL-Issuer"), true },
	{ "aws", SLICE("X-Amzn-Mtls-Clientcert"), true },
	{ "aws", SLICE("X-Amzn-Mtls-Clientcert-Serial-Number"), true },
	{ "google", SLICE("X-Client-Cert-Present"), true },
	{ "google, azure", SLICE("client_certificate_verification"), true },
	{ "azure app service", SLICE("X-ARR-ClientCert"), true },
	{ "traefik", SLICE("X-Forwarded-Tls-Client-Cert-Info"), true },
	{ "traefik, folded", SLICE("X_Forwarded_Tls_Client_Cert"), true },
	{ "puppet", SLICE("X-Client-DN"), true },
	{ "weblogic", SLICE("WL-Proxy-Client-Cert"), true },
	{ "separator missing", SLICE("cfclientcert"), false },
	{ "separator doubled: another variable for CGI too", SLICE("cf--client-cert"), false },
	{ "shorter than the prefix", SLICE("cf-client-cer"), false },
	{ "in the middle", SLICE("my-client-cert"), false },
	{ "Cloudflare's others", SLICE("CF-Connecting-IP"), false },
	{ "common", SLICE("X-Forwarded-For"), false },
	{ "common", SLICE("Content-Type"), false },
	{ "common", SLICE("Cookie"), false },
	{ "common", SLICE("X-Client-Data"), false },
	{ "empty", SLICE(""), false },
};

Test(reserved, built_in_prefixes_in_every_spelling)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(reserved_has(NULL, rows[i].name), rows[i].want, "%s: %.*s",
		             rows[i].why, (int)rows[i].name.len, (const char *)rows[i].name.ptr);
}

Test(reserved, configured_names_are_prefixes_beside_the_built_in_ones)
{
	const struct reserved more = { .len = 2, .names = { SLICE("X-Who_Are-You"), SLICE("") } };

	cr_expect(reserved_has(&more, SLICE("x-who-are-you")));
	cr_expect(reserved_has(&more, SLICE("X_WHO.ARE_YOU-REALLY")));
	cr_expect(!reserved_has(&more, SLICE("x-who-are")));
	cr_expect(!reserved_has(&more, SLICE("Accept")), "an empty name reserves nothing");
	cr_expect(reserved_has(&more, SLICE("Client-Cert")));
}

Test(reserved, the_first_letter_of_each_row_is_its_prefixes)
{
	/* A row whose letter were wrong would never match: each family has a row above. */
	cr_expect(reserved_has(NULL, SLICE("wl-proxy-client-cert")));
	cr_expect(reserved_has(NULL, SLICE("x-client-verify")));
	cr_expect(reserved_has(NULL, SLICE("x-forwarded-ssl-client-cert")));
}
