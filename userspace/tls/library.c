/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/library.h"

#include <openssl/crypto.h>
#include <openssl/opensslv.h>

const char *tls_library_built(void)
{
	return OPENSSL_VERSION_TEXT;
}

const char *tls_library_running(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}
