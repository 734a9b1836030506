/* SPDX-License-Identifier: GPL-2.0-only */
#include "tls/control.h"

#include <assert.h>
#include <errno.h>

#include "tls/alert.h"
#include "tls/keys.h"
#include "tls/suite.h"

enum {
	ALERT_LEVEL_WARNING = 1,
	ALERT_LEVEL_FATAL = 2,
	HANDSHAKE_CLIENT_HELLO = 1,
	HANDSHAKE_KEY_UPDATE = 24,
};

static enum control_action fatal(uint8_t *out_alert, enum tls_alert description)
{
	*out_alert = (uint8_t)description;
	return CONTROL_FATAL;
}

static enum control_action alert_record(const struct record_state *r, struct slice payload,
                                        uint8_t *out_alert)
{
	uint8_t level;
	uint8_t description;

	if (payload.len != CONTROL_ALERT_BYTES)
		return fatal(out_alert, ALERT_DECODE_ERROR);
	level = payload.ptr[0];
	description = payload.ptr[1];
	if (description == ALERT_CLOSE_NOTIFY)
		return CONTROL_CLOSE_NOTIFY;
	if (record_is_tls13(r) && description == ALERT_USER_CANCELED)
		return CONTROL_NOTHING;
	if (!record_is_tls13(r) && level == ALERT_LEVEL_WARNING)
		return CONTROL_NOTHING;
	*out_alert = description;
	return CONTROL_PEER_ALERT;
}

/* Gathers the message over as many records as it comes in. It must end with a
 * record: what follows is under the next key. */
static enum control_action key_update(struct record_state *r, struct slice payload,
                                      uint8_t *out_alert)
{
	static const uint8_t head[] = { HANDSHAKE_KEY_UPDATE, 0, 0, 1 };
	size_t known;
	uint8_t request;

	static_assert(sizeof(r->partial) == CONTROL_KEY_UPDATE_BYTES, "room for one KeyUpdate");
	must(r->partial_len < CONTROL_KEY_UPDATE_BYTES);
	if (payload.len > CONTROL_KEY_UPDATE_BYTES - r->partial_len)
		return fatal(out_alert, ALERT_UNEXPECTED_MESSAGE);
	memcpy(r->partial + r->partial_len, payload.ptr, payload.len);
	r->partial_len = (uint8_t)(r->partial_len + payload.len);
	known = r->partial_len < sizeof(head) ? r->partial_len : sizeof(head);
	if (r->partial[0] != HANDSHAKE_KEY_UPDATE)
		return fatal(out_alert, ALERT_UNEXPECTED_MESSAGE);
	if (memcmp(r->partial, head, known) != 0)
		return fatal(out_alert, ALERT_DECODE_ERROR);
	if (r->partial_len < CONTROL_KEY_UPDATE_BYTES)
		return CONTROL_NOTHING;

	r->partial_len = 0;
	request = r->partial[4];
	if (request > 1)
		return fatal(out_alert, ALERT_ILLEGAL_PARAMETER);
	if (r->key_updates >= r->key_updates_max)
		return fatal(out_alert, ALERT_UNEXPECTED_MESSAGE);
	r->key_updates++;
	if (keys_next(r, &r->rx) < 0)
		return fatal(out_alert, ALERT_INTERNAL_ERROR);
	return request == 1 ? CONTROL_REKEY_BOTH : CONTROL_REKEYED;
}

enum control_action control_record(struct record_state *r, enum record_type type,
                                   struct slice payload, uint8_t *out_alert)
{
	must(type != RECORD_APPLICATION_DATA);
	if (type == RECORD_ALERT)
		return alert_record(r, payload, out_alert);
	if (type != RECORD_HANDSHAKE || payload.len == 0)
		return fatal(out_alert, ALERT_UNEXPECTED_MESSAGE);
	if (record_is_tls13(r))
		return key_update(r, payload, out_alert);
	if (payload.ptr[0] == HANDSHAKE_CLIENT_HELLO)
		return fatal(out_alert, ALERT_NO_RENEGOTIATION);
	return fatal(out_alert, ALERT_UNEXPECTED_MESSAGE);
}

/* Type, length in three bytes, request. */
void control_key_update(bool request, uint8_t out[CONTROL_KEY_UPDATE_BYTES])
{
	const uint8_t message[CONTROL_KEY_UPDATE_BYTES] = { HANDSHAKE_KEY_UPDATE, 0, 0, 1,
		                                            request };

	memcpy(out, message, sizeof(message));
}

int record_next_tx(struct record_state *r)
{
	must(record_is_tls13(r));
	return keys_next(r, &r->tx);
}

int record_update_tx(struct aead_cache *c, struct record_state *r, bool request, struct sink *out)
{
	uint8_t message[CONTROL_KEY_UPDATE_BYTES];
	int rc;

	if (!record_is_tls13(r))
		return -ENOTSUP;
	control_key_update(request, message);
	rc = record_seal(c, r, RECORD_HANDSHAKE, slice_of(message, sizeof(message)), out);
	return rc < 0 ? rc : record_next_tx(r);
}

void control_alert(uint8_t description, uint8_t out[CONTROL_ALERT_BYTES])
{
	out[0] = description == ALERT_CLOSE_NOTIFY ? ALERT_LEVEL_WARNING : ALERT_LEVEL_FATAL;
	out[1] = description;
}

int record_alert(struct aead_cache *c, struct record_state *r, uint8_t description,
                 struct sink *out)
{
	uint8_t alert[CONTROL_ALERT_BYTES];

	control_alert(description, alert);
	return record_seal(c, r, RECORD_ALERT, slice_of(alert, sizeof(alert)), out);
}
