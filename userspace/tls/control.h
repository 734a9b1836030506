/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control.h - records that are not application data: alerts, KeyUpdate.
 *
 * One reading for every engine: the userspace engine hands in what it opened,
 * the kernel's what recvmsg(2) brought with its record type.
 */
#pragma once

#include "tls/record.h"

enum { CONTROL_ALERT_BYTES = 2, CONTROL_KEY_UPDATE_BYTES = 5 };

enum control_action {
	CONTROL_NOTHING,      /* go on */
	CONTROL_CLOSE_NOTIFY, /* the peer's clean end */
	CONTROL_REKEYED,      /* rx has the next key; go on */
	CONTROL_REKEY_BOTH,   /* rx has the next key, and the peer wants ours: record_update_tx() */
	CONTROL_PEER_ALERT,   /* fatal alert from the peer: end, send nothing */
	CONTROL_FATAL,        /* *out_alert is to be sent, then end */
};

/**
 * control_record - act on one record
 * @type:    not RECORD_APPLICATION_DATA
 * @payload: its content
 * @out_alert: the alert's description: to send for CONTROL_FATAL, received for
 *             CONTROL_PEER_ALERT; else untouched
 *
 * TLS 1.3: close_notify and user_canceled alerts are not fatal, any other is. KeyUpdate is
 * counted against r->key_updates_max (CONTROL_FATAL, unexpected_message, past it). Anything else is
 * CONTROL_FATAL. TLS 1.2: a warning is CONTROL_NOTHING but close_notify; a
 * ClientHello is CONTROL_FATAL with no_renegotiation.
 *
 * Source: RFC 8446 sections 4.6.3, 5, 6; RFC 5246 section 7.2.
 */
enum control_action control_record(struct record_state *r, enum record_type type,
                                   struct slice payload, uint8_t *out_alert);

/**
 * record_update_tx - send a KeyUpdate and move our sending key on
 * @request: ask the peer to update its key too
 * @out:     gets the KeyUpdate record, sealed under the old key
 *
 * TLS 1.3 only. Return: 0; -ENOTSUP TLS 1.2; -EIO.
 */
MUST_USE int record_update_tx(struct aead_cache *c, struct record_state *r, bool request,
                              struct sink *out);

/**
 * record_next_tx - move our sending key on behind a KeyUpdate that the kernel sealed
 *
 * TLS 1.3 only. Return: 0; -EIO.
 */
MUST_USE int record_next_tx(struct record_state *r);

/** control_key_update - the content of a KeyUpdate record; @request: ask the peer for one too */
void control_key_update(bool request, uint8_t out[CONTROL_KEY_UPDATE_BYTES]);

/** control_alert - the content of an alert record; level is fatal but for close_notify (0) */
void control_alert(uint8_t description, uint8_t out[CONTROL_ALERT_BYTES]);

/** record_alert - seal an alert; level is fatal but for close_notify (0) */
MUST_USE int record_alert(struct aead_cache *c, struct record_state *r, uint8_t description,
                          struct sink *out);
