/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dialects LEAF.pem ISSUER.pem - what the header lines of each dialect cost: rendered from the
 * taken-apart certificate, and found rendered in the cache, which is what a request pays.
 *
 * Nanoseconds of CPU time, medians of ROUNDS batches. make dialect-figures.
 */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/must.h"
#include "proto/dialect.h"
#include "tls/digest.h"
#include "tls/identity.h"

enum { ROUNDS = 31, BATCH = 500, KEY_BYTES_MAX = 16384, BLOCK_BYTES_MAX = 256 * 1024 };

static uint64_t cpu_ns(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static X509 *read_certificate(const char *path)
{
	FILE *f = fopen(path, "re");
	X509 *x = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	if (f)
		(void)fclose(f);
	if (!x) {
		(void)fprintf(stderr, "dialects: %s: no certificate\n", path);
		exit(2);
	}
	return x;
}

/* Somebody whose certificate has verified. */
static struct identity *somebody(struct identity_cache *cache, char **paths)
{
	X509 *leaf = read_certificate(paths[0]);
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct identity *i = NULL;

	must(chain && sk_X509_push(chain, read_certificate(paths[1])) > 0);
	must(identity_intern(cache, leaf, chain, X509_V_OK, &i) == 0);
	sk_X509_pop_free(chain, X509_free);
	X509_free(leaf);
	return i;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* One of the two ways, BATCH times over. */
typedef void work(const struct identity_headers *headers, struct identity *i);

static struct identity_cache *cache;
static size_t block_bytes;

static void render(const struct identity_headers *headers, struct identity *i)
{
	static uint8_t room[BLOCK_BYTES_MAX];

	for (int n = 0; n < BATCH; n++) {
		struct sink out = sink_of(room, sizeof(room));

		identity_render(headers, &i->meta, &out);
		must(!out.overflow);
		block_bytes = out.len;
	}
}

static void find(const struct identity_headers *headers, struct identity *i)
{
	for (int n = 0; n < BATCH; n++) {
		struct slice block;

		must(identity_block(cache, i, headers, &block) == 0);
		must(block.len == block_bytes);
	}
}

static double median_ns(work *w, const struct identity_headers *headers, struct identity *i)
{
	double ns[ROUNDS];

	w(headers, i); /* not the first time */
	for (int r = 0; r < ROUNDS; r++) {
		uint64_t begin = cpu_ns();

		w(headers, i);
		ns[r] = (double)(cpu_ns() - begin) / BATCH;
	}
	qsort(ns, ROUNDS, sizeof(ns[0]), by_value);
	return ns[ROUNDS / 2];
}

static void measure(enum dialect_id id, struct identity *i)
{
	static uint8_t key[KEY_BYTES_MAX];
	const struct dialect *d = dialect_get(id);
	struct identity_header rows[IDENTITY_HEADERS_MAX];
	struct identity_headers headers = { .len = d->len,
		                            .row = rows,
		                            .limits = { .leaf = 10240, .chain = 16384 } };
	struct sink s = sink_of(key, sizeof(key));
	double cold;
	double kept;

	for (size_t n = 0; n < d->len; n++)
		rows[n] = (struct identity_header){ .name = d->rows[n].name,
			                            .render = d->rows[n].render };
	identity_headers_key(&headers, &s);
	must(!s.overflow);
	headers.key = sink_slice(&s);
	cold = median_ns(render, &headers, i);
	kept = median_ns(find, &headers, i);
	(void)printf("%-22s %8zu %8zu %9.0f %9.1f %7.0f\n", dialect_words[id], d->len, block_bytes,
	             cold, kept, cold / kept);
}

int main(int argc, char **argv)
{
	static struct worker_stats stats;
	struct identity *i;

	if (argc != 3) {
		(void)fputs("usage: dialects LEAF.pem ISSUER.pem\n", stderr);
		return 2;
	}
	must(digest_init() == 0);
	must(identity_cache_new(16, &stats, &cache) == 0);
	i = somebody(cache, argv + 1);
	(void)printf("%-22s %8s %8s %9s %9s %7s\n", "dialect", "headers", "bytes", "rendered",
	             "cached", "ratio");
	for (enum dialect_id id = 0; id < DIALECT_MAX; id++)
		measure(id, i);
	identity_unref(i);
	identity_cache_free(cache);
	return 0;
}
