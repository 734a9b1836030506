/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/expiry.h"

#include <errno.h>

#include "tls/pem.h"
#include "tls/x509.h"

int expiry_of(struct slice pem, int64_t *out)
{
	STACK_OF(X509) *all = NULL;
	int64_t first = INT64_MAX;
	int r = pem_certificates(pem, &all);

	for (int i = 0; r == 0 && i < sk_X509_num(all); i++) {
		int64_t at = 0;

		r = x509_time(X509_get0_notAfter(sk_X509_value(all, i)), &at);
		if (r == 0 && at < first)
			first = at;
	}
	sk_X509_pop_free(all, X509_free);
	if (r == 0)
		*out = first;
	return r;
}
