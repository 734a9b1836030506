/* SPDX-License-Identifier: GPL-2.0-only */
#include <openssl/x509v3.h>

#include "proto/identity_text.h"
#include "tls/x509.h"

enum { SAN_BYTES_MAX = 65535 }; /* of one name: its length has two bytes */

void x509_put_name_legacy(const X509_NAME *name, struct sink *out)
{
	char *text = X509_NAME_oneline(name, NULL, 0);

	if (text)
		put_printable(out, slice_of(text, strlen(text)));
	OPENSSL_free(text);
}

void x509_put_name_der(const X509_NAME *name, struct sink *out)
{
	const unsigned char *der;
	size_t len;

	if (X509_NAME_get0_der(name, &der, &len) == 1)
		sink_put(out, slice_of(der, len));
}

void x509_put_octets(const ASN1_STRING *s, struct sink *out)
{
	if (s)
		sink_put(out, slice_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)));
}

static void put_san(struct sink *out, enum san_kind kind, const ASN1_STRING *s)
{
	size_t len = (size_t)ASN1_STRING_length(s);

	if (len > SAN_BYTES_MAX)
		return; /* larger than any certificate that is taken */
	sink_putc(out, (char)kind);
	sink_putc(out, (char)(len >> 8));
	sink_putc(out, (char)(len & 0xFF));
	x509_put_octets(s, out);
}

void x509_put_sans(const X509 *x, struct sink *out)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		const ASN1_STRING *s =
			GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);

		if (type == GEN_DNS)
			put_san(out, SAN_DNS, s);
		else if (type == GEN_URI)
			put_san(out, SAN_URI, s);
		else if (type == GEN_EMAIL)
			put_san(out, SAN_EMAIL, s);
		else if (type == GEN_IPADD)
			put_san(out, SAN_IP, s);
	}
	GENERAL_NAMES_free(names);
}

const char *x509_error_text(long error)
{
	/* Nobody else's: OpenSSL has it for applications. */
	if (error == X509_V_ERR_APPLICATION_VERIFICATION)
		return "certificate on no allow-list";
	return X509_verify_cert_error_string(error);
}

static struct slice long_name(int nid)
{
	const char *name = OBJ_nid2ln(nid);

	return name ? slice_of(name, strlen(name)) : SLICE("undefined");
}

struct slice x509_key_algorithm(const X509 *x)
{
	ASN1_OBJECT *algorithm = NULL;

	if (X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, X509_get_X509_PUBKEY(x)) != 1)
		return SLICE("undefined");
	return long_name(OBJ_obj2nid(algorithm));
}

struct slice x509_signature_algorithm(const X509 *x)
{
	return long_name(X509_get_signature_nid(x));
}
