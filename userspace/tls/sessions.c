/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/sessions.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "tls/session_der.h"
#include "tls/suite.h"

/* Slots are named by number; 0 is none, so that zeroed memory is empty lists. */
struct session {
	struct identity *identity;
	int64_t expires;
	uint64_t id; /* first 8 bytes of the session id, which is random */
	uint32_t hash_next;
	uint32_t newer, older; /* by last use */
	uint16_t der_len;
	uint8_t der[SESSION_DER_MAX];
};

struct sessions {
	struct worker_stats *stats;
	uint32_t max;
	uint32_t touched; /* slots 1..touched were used once */
	uint32_t free;    /* chained by hash_next */
	uint32_t newest, oldest;
	uint32_t mask; /* buckets - 1 */
	uint32_t *buckets;
	struct session *slots; /* [0] is not used */
};

int sessions_new(uint32_t max, struct worker_stats *stats, struct sessions **out)
{
	struct sessions *s = calloc(1, sizeof(*s));
	uint32_t buckets = 16;

	must(max > 0);
	if (!s)
		return -ENOMEM;
	while (buckets < max && buckets < 1U << 30)
		buckets *= 2;
	s->stats = stats;
	s->max = max;
	s->mask = buckets - 1;
	s->buckets = calloc(buckets, sizeof(uint32_t));
	s->slots = calloc((size_t)max + 1, sizeof(struct session));
	if (!s->buckets || !s->slots) {
		sessions_free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

static void lru_remove(struct sessions *s, struct session *e)
{
	*(e->newer ? &s->slots[e->newer].older : &s->newest) = e->older;
	*(e->older ? &s->slots[e->older].newer : &s->oldest) = e->newer;
}

static void lru_add(struct sessions *s, uint32_t n)
{
	struct session *e = &s->slots[n];

	e->newer = 0;
	e->older = s->newest;
	*(s->newest ? &s->slots[s->newest].newer : &s->oldest) = n;
	s->newest = n;
}

static void drop(struct sessions *s, uint32_t n)
{
	struct session *e = &s->slots[n];
	uint32_t *at = &s->buckets[e->id & s->mask];

	while (*at != n)
		at = &s->slots[*at].hash_next;
	*at = e->hash_next;
	lru_remove(s, e);
	identity_unref(e->identity);
	OPENSSL_cleanse(e, sizeof(*e));
	e->hash_next = s->free;
	s->free = n;
}

void sessions_free(struct sessions *s)
{
	if (!s)
		return;
	while (s->oldest)
		drop(s, s->oldest);
	free(s->slots);
	free(s->buckets);
	free(s);
}

static uint32_t find(const struct sessions *s, uint64_t id)
{
	uint32_t n = s->buckets[id & s->mask];

	while (n && s->slots[n].id != id)
		n = s->slots[n].hash_next;
	return n;
}

bool sessions_drop_oldest(struct sessions *s)
{
	if (!s->oldest)
		return false;
	drop(s, s->oldest);
	s->stats->sessions_evicted++;
	return true;
}

static uint32_t slot(struct sessions *s)
{
	uint32_t n;

	if (!s->free && s->touched < s->max)
		return ++s->touched;
	if (!s->free)
		must(sessions_drop_oldest(s));
	n = s->free;
	s->free = s->slots[n].hash_next;
	return n;
}

static int serialise(SSL_SESSION *session, struct sink *out)
{
	unsigned char *der = NULL;
	int len = i2d_SSL_SESSION(session, &der);
	int rc;

	if (len <= 0)
		return -ENOMEM;
	rc = session_der_cut(slice_of(der, (size_t)len), out);
	OPENSSL_clear_free(der, (size_t)len);
	if (rc < 0)
		return rc;
	return out->overflow ? -EMSGSIZE : 0;
}

static void insert(struct sessions *s, uint64_t id, struct slice der,
                   const struct session_bond *bond)
{
	uint32_t n = find(s, id);
	struct session *e;

	if (n)
		drop(s, n);
	n = slot(s);
	e = &s->slots[n];
	*e = (struct session){
		.identity = bond->identity ? identity_ref(bond->identity) : NULL,
		.expires = bond->expires,
		.id = id,
		.der_len = (uint16_t)der.len,
		.hash_next = s->buckets[id & s->mask],
	};
	memcpy(e->der, der.ptr, der.len);
	s->buckets[id & s->mask] = n;
	lru_add(s, n);
	s->stats->sessions_stored++;
}

int sessions_put(struct sessions *s, SSL_SESSION *session, const struct session_bond *bond)
{
	uint8_t bytes[SESSION_DER_MAX];
	struct sink der = sink_of(bytes, sizeof(bytes));
	unsigned int id_len;
	const uint8_t *id = SSL_SESSION_get_id(session, &id_len);
	int rc;

	if (id_len != SESSION_ID_BYTES)
		return -EINVAL;
	rc = serialise(session, &der);
	if (rc == 0)
		insert(s, get_be64(id), sink_slice(&der), bond);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return rc;
}

static bool is_good(const struct session *e, int64_t now)
{
	if (now >= e->expires)
		return false;
	return !e->identity || (now >= e->identity->good_from && now <= e->identity->good_until);
}

/* NULL: not the session of that id; then the slot is of no use to anybody. */
static SSL_SESSION *parse(const struct session *e, struct slice id)
{
	const unsigned char *der = e->der;
	SSL_SESSION *session = d2i_SSL_SESSION(NULL, &der, e->der_len);
	unsigned int len = 0;
	const uint8_t *got = session ? SSL_SESSION_get_id(session, &len) : NULL;

	if (got && slice_eq(slice_of(got, len), id))
		return session;
	SSL_SESSION_free(session);
	return NULL;
}

SSL_SESSION *sessions_get(struct sessions *s, struct slice id, int64_t now,
                          struct session_bond *out_bond)
{
	uint32_t n = id.len == SESSION_ID_BYTES ? find(s, get_be64(id.ptr)) : 0;
	SSL_SESSION *session;

	if (!n)
		return NULL;
	if (!is_good(&s->slots[n], now)) {
		drop(s, n);
		return NULL;
	}
	session = parse(&s->slots[n], id);
	if (!session)
		return NULL;
	lru_remove(s, &s->slots[n]);
	lru_add(s, n);
	out_bond->identity = s->slots[n].identity;
	out_bond->expires = s->slots[n].expires;
	return session;
}

void sessions_remove(struct sessions *s, struct slice id)
{
	uint32_t n = id.len == SESSION_ID_BYTES ? find(s, get_be64(id.ptr)) : 0;

	if (n)
		drop(s, n);
}
