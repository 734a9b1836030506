/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * refusal.h - every reason to refuse a message, with the status that says so.
 *
 * X(CONSTANT, status, "label"). A parser returns the constant; the worker sends
 * the status, closes, counts and logs the label. REFUSAL_NONE is 0: all is well.
 */
#pragma once

/* clang-format off */
#define REFUSALS(X)                                                                                \
	X(NONE,               200, "none")                                                         \
	X(BARE_LF,            400, "bare_lf")                                                      \
	X(BARE_CR,            400, "bare_cr")                                                      \
	X(NUL,                400, "nul")                                                          \
	X(REQUEST_LINE,       400, "request_line")                                                 \
	X(METHOD,             400, "method")                                                       \
	X(METHOD_UNSUPPORTED, 501, "method_unsupported")                                           \
	X(TARGET,             400, "target")                                                       \
	X(TARGET_TOO_LONG,    414, "target_too_long")                                              \
	X(VERSION,            505, "version")                                                      \
	X(OBS_FOLD,           400, "obs_fold")                                                     \
	X(NAME_EMPTY,         400, "name_empty")                                                   \
	X(NAME_INVALID,       400, "name_invalid")                                                 \
	X(SPACE_BEFORE_COLON, 400, "space_before_colon")                                           \
	X(VALUE_INVALID,      400, "value_invalid")                                                \
	X(HEAD_TOO_LARGE,     431, "head_too_large")                                               \
	X(TOO_MANY_FIELDS,    431, "too_many_fields")                                              \
	X(ORIGIN_HEAD_LIMIT,  431, "origin_head_limit")                                            \
	X(HOST_MISSING,       400, "host_missing")                                                 \
	X(HOST_REPEATED,      400, "host_repeated")                                                \
	X(HOST_INVALID,       400, "host_invalid")                                                 \
	X(HOST_MISDIRECTED,   421, "host_misdirected")                                             \
	X(LENGTH_INVALID,     400, "length_invalid")                                               \
	X(LENGTH_DIFFERS,     400, "length_differs")                                               \
	X(LENGTH_AND_CODING,  400, "length_and_coding")                                            \
	X(CODING_UNSUPPORTED, 501, "coding_unsupported")                                           \
	X(CODING_NOT_FINAL,   400, "coding_not_final")                                             \
	X(CODING_HTTP10,      400, "coding_http10")                                                \
	X(CHUNK_SIZE,         400, "chunk_size")                                                   \
	X(CHUNK_OVERFLOW,     400, "chunk_overflow")                                               \
	X(CHUNK_EXTENSION,    400, "chunk_extension")                                              \
	X(CHUNK_END,          400, "chunk_end")                                                    \
	X(TRAILER,            400, "trailer")                                                      \
	X(CERT_REVOKED,       403, "cert_revoked")                                                 \
	X(BODY_TOO_LARGE,     413, "body_too_large")                                               \
	X(EXPECTATION,        417, "expectation")                                                  \
	X(UPGRADE,            400, "upgrade")                                                      \
	X(STATUS_LINE,        502, "status_line")                                                  \
	X(HEAD_TIMEOUT,       408, "head_timeout")                                                 \
	X(BODY_TIMEOUT,       408, "body_timeout")                                                 \
	X(ORIGIN_BROKEN,      502, "origin_broken")                                                \
	X(ORIGIN_UNREACHABLE, 502, "origin_unreachable")                                           \
	X(OVERLOAD,           503, "overload")                                                     \
	X(ORIGIN_TIMEOUT,     504, "origin_timeout")
/* clang-format on */

#define X(name, status, label) REFUSAL_##name,
enum refusal { REFUSALS(X) REFUSAL_MAX };
#undef X

/** refusal_status - the HTTP status that tells a client, 200 for REFUSAL_NONE */
int refusal_status(enum refusal r);

/** refusal_label - the word in logs and counters */
const char *refusal_label(enum refusal r);
