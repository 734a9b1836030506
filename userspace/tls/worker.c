/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <time.h>

#include "tls/aead.h"
#include "tls/digest.h"
#include "tls/handshake_priv.h"
#include "tls/kdf.h"
#include "tls/tickets.h"

/*
 * The worker opens no file once it serves. OpenSSL's configuration file is not read:
 * what is allowed is decided here and not by the machine. Time zones are read by the
 * first gmtime(3) otherwise; the random generators seed themselves with getrandom(2).
 */
static int init_libraries(void)
{
	const uint64_t what = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS |
	                      OPENSSL_INIT_LOAD_CRYPTO_STRINGS;
	uint8_t byte;
	int rc;

	tzset();
	if (OPENSSL_init_ssl(what, NULL) != 1 || RAND_bytes(&byte, 1) != 1 ||
	    RAND_priv_bytes(&byte, 1) != 1)
		return -ENOTSUP;
	rc = kdf_init();
	if (rc == 0)
		rc = digest_init();
	if (rc < 0)
		return rc;
	if (!aead_evp())
		return -ENOTSUP;
	return wire_method() ? 0 : -ENOMEM;
}

int tls_worker_new(const struct tls_worker_conf *conf, struct tls_worker **out)
{
	int rc = init_libraries();
	struct tls_worker *w;

	if (rc < 0)
		return rc;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->lookup = conf->lookup;
	w->stats = conf->stats;
	rc = identity_cache_new(conf->identities, conf->stats, &w->identities);
	if (rc == 0 && conf->sessions > 0)
		rc = sessions_new(conf->sessions, conf->stats, &w->sessions);
	if (rc == 0 && conf->tickets)
		rc = tickets_new(&w->tickets);
	if (rc == 0 && conf->verified > 0)
		rc = verified_new(conf->verified, conf->stats, &w->verified);
	if (rc == 0)
		rc = context_new(w, &w->front);
	if (rc < 0) {
		tls_worker_free(w);
		return rc;
	}
	*out = w;
	return 0;
}

void tls_worker_free(struct tls_worker *w)
{
	if (!w)
		return;
	SSL_CTX_free(w->front);
	tickets_free(w->tickets);
	sessions_free(w->sessions); /* its sessions refer to identities */
	identity_cache_free(w->identities);
	verified_free(w->verified);
	free(w);
}

struct identity_cache *tls_worker_identities(struct tls_worker *w)
{
	return w->identities;
}
