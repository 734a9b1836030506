/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/watch.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/load.h"
#include "pki.h"
#include "tls/handshake.h"

/* Two hosts of one CA; what is told of a file is told of its inode, size and times. */
static char dir[] = "/tmp/sluice-watch-XXXXXX";
static struct pki ca, other_ca, a, b;
static struct loader loader;
static struct loaded loaded;
static int denied; /* what opening clients.pem gives; 0: it opens */

static int open_some(void *arg, const char *path, int *out_fd)
{
	(void)arg;
	if (denied < 0 && strstr(path, "clients.pem"))
		return denied;
	return source_direct.open(source_direct.arg, path, out_fd);
}

static const struct source source = { .open = open_some };

static const char *path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* As a careful program does it: beside it, then renamed. */
static void put(const char *name, char *text)
{
	char fresh[128];
	FILE *f;

	(void)snprintf(fresh, sizeof(fresh), "%s.new", path_of(name));
	f = fopen(fresh, "w");
	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
	cr_assert_eq(rename(fresh, path_of(name)), 0);
	free(text);
}

static void setup(void)
{
	static struct mistakes mistakes;
	static char file[128];

	cr_assert_not_null(mkdtemp(dir));
	ca = pki_make(&(struct pki_spec){ .cn = "CA", .is_ca = true });
	other_ca = pki_make(&(struct pki_spec){ .cn = "Other CA", .is_ca = true });
	a = pki_make(&(struct pki_spec){ .cn = "a", .issuer = &ca });
	b = pki_make(&(struct pki_spec){ .cn = "b", .issuer = &ca });
	put("a.pem", pki_cert_pem(NULL, &a));
	put("a.key", pki_key_pem(&a));
	put("clients.pem", pki_cert_pem(NULL, &ca));
	put("ca.crl", pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &ca }));
	put("other.crl", pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &other_ca }));
	put("sluice.yaml", strdup("listen: ['127.0.0.1:1']\nhosts:\n"
	                          "  - names: [a.example]\n    certificate: a.pem\n    key: a.key\n"
	                          "    client_auth: { ca: clients.pem, crl: [ca.crl, other.crl] }\n"
	                          "    origins: ['127.0.0.1:1']\n"
	                          "  - names: [b.example]\n    certificate: a.pem\n    key: a.key\n"
	                          "    client_auth: { ca: clients.pem }\n"
	                          "    origins: ['127.0.0.1:1']\n"));
	(void)snprintf(file, sizeof(file), "%s", path_of("sluice.yaml"));
	cr_assert_eq(load_tls(&loader.tls), 0);
	loader.source = &source;
	loader.file = file;
	cr_assert_eq(load(&loader, &mistakes, &loaded), 0);
}

static void teardown(void)
{
	static const char *const names[] = { "a.pem",  "a.key",     "clients.pem",
		                             "ca.crl", "other.crl", "sluice.yaml" };

	for (size_t n = 0; n < ARRAY_LEN(names); n++)
		(void)unlink(path_of(names[n]));
	(void)rmdir(dir);
	snapshot_free(loaded.snapshot);
	watch_free(loaded.watch);
	tls_worker_free(loader.tls);
	pki_free(&ca);
	pki_free(&other_ca);
	pki_free(&a);
	pki_free(&b);
}

TestSuite(watch, .init = setup, .fini = teardown);

/* One whole round: is there something new? */
static bool look(void)
{
	const struct watch_job job = { .source = &source,
		                       .tls = loader.tls,
		                       .snapshot = loaded.snapshot };
	bool changed = false;
	int r = watch_step(loaded.watch, &job, &changed);

	while (r == 0) {
		cr_expect(watch_is_busy(loaded.watch));
		r = watch_step(loaded.watch, &job, &changed);
	}
	cr_assert_eq(r, 1);
	cr_expect_not(watch_is_busy(loaded.watch));
	return changed;
}

/* It takes two: what is new must rest. */
static bool look_twice(void)
{
	cr_expect_not(look(), "at first sight");
	return look();
}

static void expect_ca(size_t host, const struct pki *want)
{
	char *text = pki_cert_pem(NULL, want);

	cr_expect_str_eq(loaded.snapshot->hosts[host].ca_pem, text);
	free(text);
}

Test(watch, what_does_not_change_is_not_read_again)
{
	for (int n = 0; n < 3; n++)
		cr_expect_not(look());
}

Test(watch, a_changed_file_reaches_all_its_hosts)
{
	put("clients.pem", pki_cert_pem(NULL, &other_ca));
	cr_expect(look_twice());
	expect_ca(0, &other_ca);
	expect_ca(1, &other_ca);
	cr_expect_not(look_twice(), "once is enough");
}

Test(watch, of_several_crls_each_is_watched)
{
	char *first = pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &ca });
	char *second =
		pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &other_ca, .revoked = { &a } });
	const char *now;

	put("other.crl", strdup(second));
	put("ca.crl", strdup(first));
	cr_expect(look_twice());
	now = loaded.snapshot->hosts[0].crl_pem;
	cr_expect_eq(strncmp(now, first, strlen(first)), 0);
	cr_expect_str_eq(now + strlen(first), second);
	cr_expect_null(loaded.snapshot->hosts[1].crl_pem);
	free(first);
	free(second);
}

Test(watch, the_same_contents_are_nothing_new)
{
	put("clients.pem", pki_cert_pem(NULL, &ca));
	cr_expect_not(look_twice());
}

Test(watch, a_broken_file_leaves_what_is_in_force)
{
	char *crl = strdup(loaded.snapshot->hosts[0].crl_pem);

	put("clients.pem", strdup("-----BEGIN CERTIFICATE-----\njunk\n"));
	cr_expect_not(look_twice());
	expect_ca(0, &ca);
	put("clients.pem", strdup(""));
	cr_expect_not(look_twice());
	expect_ca(0, &ca);
	put("ca.crl", strdup("junk"));
	cr_expect_not(look_twice());
	cr_expect_str_eq(loaded.snapshot->hosts[0].crl_pem, crl);
	put("clients.pem", pki_cert_pem(NULL, &other_ca));
	cr_expect(look_twice(), "good for the host without CRLs");
	expect_ca(0, &ca);
	expect_ca(1, &other_ca);
	put("ca.crl", pki_crl_pem(NULL, &(struct pki_crl){ .issuer = &ca }));
	cr_expect(look_twice(), "now for the other, too");
	expect_ca(0, &other_ca);
	free(crl);
}

Test(watch, a_certificate_waits_for_its_key)
{
	char *old = pki_cert_pem(NULL, &a);
	char *fresh = pki_cert_pem(NULL, &b);

	put("a.pem", strdup(fresh));
	cr_expect_not(look_twice());
	cr_expect_str_eq(loaded.snapshot->hosts[0].certificate_pem, old);
	put("a.key", pki_key_pem(&b));
	cr_expect(look_twice());
	for (size_t n = 0; n < 2; n++)
		cr_expect_str_eq(loaded.snapshot->hosts[n].certificate_pem, fresh);
	free(old);
	free(fresh);
}

Test(watch, a_file_that_is_being_written_is_left_alone)
{
	for (int n = 0; n < 4; n++) {
		put("clients.pem", pki_cert_pem(NULL, n % 2 ? &ca : &other_ca));
		cr_expect_not(look());
	}
	put("clients.pem", pki_cert_pem(NULL, &other_ca));
	cr_expect(look_twice());
	expect_ca(0, &other_ca);
}

Test(watch, an_unreadable_file_leaves_what_is_in_force)
{
	cr_assert_eq(unlink(path_of("clients.pem")), 0);
	cr_expect_not(look_twice());
	expect_ca(0, &ca);
	put("clients.pem", pki_cert_pem(NULL, &other_ca));
	cr_expect(look_twice());
	expect_ca(0, &other_ca);
	denied = -EACCES;
	put("clients.pem", pki_cert_pem(NULL, &ca));
	cr_expect_not(look_twice());
	expect_ca(0, &other_ca);
	denied = 0;
	cr_expect(look_twice());
	expect_ca(0, &ca);
}

/* Neither for a file that cannot be read, nor for one that is broken, nor for half a pair. */
Test(watch, a_crl_waits_for_nobody)
{
	static const char *const names[] = { "clients.pem", "a.pem", "a.key" };
	char *junk[] = { NULL, strdup("junk"), pki_key_pem(&b) };

	for (size_t n = 0; n < ARRAY_LEN(names); n++) {
		const struct pki_crl crl = { .issuer = &ca, .revoked = { &b, n ? &a : NULL } };
		char *want = pki_crl_pem(NULL, &crl);
		const char *now;

		if (junk[n])
			put(names[n], junk[n]);
		else
			cr_assert_eq(unlink(path_of(names[n])), 0);
		cr_expect_not(look_twice());
		put("ca.crl", strdup(want));
		cr_expect(look_twice(), "%s", names[n]);
		now = loaded.snapshot->hosts[0].crl_pem;
		cr_expect_eq(strncmp(now, want, strlen(want)), 0, "%s", names[n]);
		expect_ca(0, &ca);
		free(want);
	}
	put("clients.pem", pki_cert_pem(NULL, &other_ca));
	put("a.pem", pki_cert_pem(NULL, &b));
	cr_expect(look_twice(), "and all comes right in the end");
	expect_ca(0, &other_ca);
	expect_ca(1, &other_ca);
}

Test(watch, the_end_of_the_source_is_told)
{
	const struct watch_job job = { .source = &source,
		                       .tls = loader.tls,
		                       .snapshot = loaded.snapshot };
	bool changed = false;

	denied = -EPIPE;
	cr_expect_eq(watch_step(loaded.watch, &job, &changed), -EPIPE);
}
