/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy_id.h - a host's demands on clients, as digests. Private to this room.
 */
#pragma once

#include <openssl/x509.h>

#include "conf/policy.h"
#include "tls/host.h"

/**
 * policy_client_auth_id - digest of verify mode, depth and CA set
 * @cas: order and repetition do not matter; not read with VERIFY_NONE, nor is @depth
 *
 * Return: 0; -EIO; -ENOMEM.
 */
MUST_USE int policy_client_auth_id(enum verify_mode mode, uint32_t depth, STACK_OF(X509) * cas,
                                   uint8_t out[TLS_ID_BYTES]);

/** policy_session_context - what a session is bound to. Return: 0 or -EIO. */
MUST_USE int policy_session_context(struct slice name, const uint8_t client_auth_id[TLS_ID_BYTES],
                                    uint8_t out[TLS_ID_BYTES]);
