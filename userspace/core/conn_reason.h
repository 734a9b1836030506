/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * conn_reason.h - every way a client connection can end.
 *
 * X(CONSTANT, "label", "help"). There is no other way to end than conn_end() with
 * one of these; the enum, the log's "reason", the counter and docs/reasons.md
 * come from this list.
 */
#pragma once

/* clang-format off */
#define CONN_REASONS(X)                                                                            \
	X(DONE,               "done",               "ended as HTTP has it: the last response was sent") \
	X(CLIENT_CLOSED,      "client_closed",      "the client ended an idle connection properly")  \
	X(CLIENT_TRUNCATED,   "client_truncated",   "the client ended without close_notify")         \
	X(CLIENT_RESET,       "client_reset",       "the client's socket failed")                    \
	X(CLIENT_ABORTED,     "client_aborted",     "the client ended within a request")             \
	X(PROXY_HEADER,       "proxy_header",       "a trusted source sent no PROXY header, or a bad one; which is logged") \
	X(PROXY_TIMEOUT,      "proxy_timeout",      "a trusted source sent no whole PROXY header in time") \
	X(PROXY_CLOSED,       "proxy_closed",       "a trusted source ended before its PROXY header did") \
	X(HANDSHAKE_TIMEOUT,  "handshake_timeout",  "no finished handshake in time")                 \
	X(HANDSHAKE_CLOSED,   "handshake_closed",   "the client ended within the handshake")         \
	X(HANDSHAKE_FAILED,   "handshake_failed",   "the handshake failed; its own reason is logged") \
	X(REFUSED,            "refused",            "a request was refused; its own reason is logged") \
	X(TLS_RECORD,         "tls_record",         "a record that TLS does not allow")              \
	X(TLS_ALERT,          "tls_alert",          "the client sent a fatal alert")                 \
	X(KEY_LIMIT,          "key_limit",          "a key has protected all the records it may")    \
	X(REKEY_UNSUPPORTED,  "rekey_unsupported",  "a KeyUpdate came, and this kernel cannot replace keys") \
	X(KERNEL_TLS,         "kernel_tls",         "the kernel took one direction's keys and refused the other's") \
	X(IDLE_TIMEOUT,       "idle_timeout",       "no request in time")                            \
	X(SEND_TIMEOUT,       "send_timeout",       "the client took nothing in time")               \
	X(TUNNEL_TIMEOUT,     "tunnel_timeout",     "nothing moved through an upgraded connection")  \
	X(ORIGIN_ENDED,       "origin_ended",       "the origin ended or failed within a response")  \
	X(ORIGIN_TIMEOUT,     "origin_timeout",     "the origin fell silent within a response")      \
	X(ORIGIN_BROKEN,      "origin_broken",      "the origin's response is not HTTP")             \
	X(TUNNEL_DONE,        "tunnel_done",        "an upgraded connection ended")                  \
	X(REVOKED,            "revoked",            "the client's certificate has been revoked, by a list, a CRL or OCSP") \
	X(EXPIRED,            "expired",            "the client's certificate, or one above it, has expired")    \
	X(OCSP,               "ocsp",               "no OCSP responder calls the client's certificate good, and its host wants that") \
	X(NO_BUFFER,          "no_buffer",          "no buffer was left")                            \
	X(DRAIN,              "drain",              "the worker stops")                              \
	X(INTERNAL,           "internal",           "our own failure; logged as an error")
/* clang-format on */

#define X(name, label, help) CONN_REASON_##name,
enum conn_reason { CONN_REASONS(X) CONN_REASON_MAX };
#undef X

const char *conn_reason_label(enum conn_reason reason);
