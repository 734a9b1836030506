/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/x509.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>

#include "base/text.h"

int x509_put_der(const X509 *x, struct sink *out)
{
	int len = i2d_X509(x, NULL);
	uint8_t *at = out->ptr + out->len;

	if (len <= 0)
		return -ENOMEM;
	if (out->overflow || (size_t)len > sink_room(out)) {
		out->overflow = true;
		return 0;
	}
	if (i2d_X509(x, &at) != len)
		return -ENOMEM;
	out->len += (size_t)len;
	return 0;
}

void x509_put_name(const X509_NAME *name, struct sink *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const char *text = NULL;
	long len = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0)
		len = BIO_get_mem_data(bio, &text);
	/* The flag escapes all that is not printable. This is the belt. */
	for (long i = 0; i < len; i++)
		sink_putc(out, text[i] >= 0x20 && text[i] < 0x7F ? text[i] : '?');
	BIO_free(bio);
}

void x509_put_serial(const ASN1_INTEGER *serial, struct sink *out)
{
	if (!serial)
		return;
	if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
		sink_putc(out, '-');
	text_hex_upper(out,
	               slice_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
}

int x509_time(const ASN1_TIME *t, int64_t *out)
{
	ASN1_TIME *epoch = ASN1_TIME_new();
	int days = 0;
	int seconds = 0;
	bool ok = epoch && ASN1_TIME_set_string(epoch, "19700101000000Z") == 1 &&
	          ASN1_TIME_diff(&days, &seconds, epoch, t) == 1;

	ASN1_TIME_free(epoch);
	if (!ok)
		return -EINVAL;
	*out = (int64_t)days * 86400 + seconds;
	return 0;
}
