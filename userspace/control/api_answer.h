/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_answer.h - answers, in the envelope that Cloudflare's clients know:
 *
 *   {"success":true,"errors":[],"messages":[],"result":...,"result_info":...}
 *   {"success":false,"errors":[{"code":7003,"message":"...","source":{"pointer":"/settings/0"}}],
 *    "messages":[],"result":null}
 */
#pragma once

#include "control/api_call.h"

/* Codes of errors. Those that Cloudflare has mean what they mean there. X(NAME, code, "meaning") */
#define API_CODES(X)                                                                               \
	X(INTERNAL, 1000, "something here failed, not the request")                                \
	X(HEADERS, 6003, "request headers that cannot be right")                                   \
	X(HEADERS_KEY, 6103, "in its chain: X-Auth-Key, or no X-Auth-Email beside it")             \
	X(HEADERS_BEARER, 6111, "in its chain: Authorization")                                     \
	X(JSON, 6007, "the body is not JSON, or not what is asked for")                            \
	X(NO_ROUTE, 7003, "there is no such path, or nothing of that name")                        \
	X(NOT_ENABLED, 9999, "there is no store to keep it in")                                    \
	X(AUTH, 10000, "not allowed to whoever asks in this way")                                  \
	X(METHOD, 10405, "that path does not know this method")                                    \
	X(HOSTNAME, 12036, "a hostname that is not of the zone")                                   \
	X(INVALID, 12130, "a value that cannot be taken")                                          \
	X(CONFLICT, 12132, "an earlier change is still under way, or another came between")

#define X(name, code, meaning) API_CODE_##name = (code),
enum api_code { API_CODES(X) };
#undef X

/** api_string - @text as JSON; of text that is not UTF-8 what there is of ASCII, "?" for the rest. Return: NULL: no memory */
json_t *api_string(const char *text);

/**
 * api_result - success
 * @status: of HTTP: 200, 201
 * @result: taken; NULL: it could not be made, and the answer is 500 (json_null() for null)
 */
void api_result(struct api_call *call, unsigned int status, json_t *result);

/** api_page - add "result_info" to a result. @info is taken. */
void api_page(struct api_call *call, json_t *info);

/** api_message - add a message to a result or a failure; "message" of the envelope's item type */
__attribute__((format(printf, 3, 4))) void api_message(struct api_call *call, int code,
                                                       const char *format, ...);

/**
 * api_fail - one mistake; again for the next one
 * @status:  of HTTP; that of the first one counts
 * @pointer: RFC 6901, into the request's body; NULL: none
 */
__attribute__((format(printf, 5, 6))) void api_fail(struct api_call *call, unsigned int status,
                                                    enum api_code code, const char *pointer,
                                                    const char *format, ...);

/** api_chain - what is behind the mistake that was said last: its "error_chain" */
void api_chain(struct api_call *call, enum api_code code, const char *message);

/** api_text - not the envelope but @text: malloc'ed, taken; NULL: 500. @type is a literal. */
void api_text(struct api_call *call, const char *type, char *text, size_t len);

/**
 * api_wait - no answer yet
 * @again: is run after each turn of control's loop until it answers. It finds call->notes as
 *         it left them. What it does must be cheap.
 * @ms:    then the answer is 409 with 12132: clients try again
 */
void api_wait(struct api_call *call, api_handler *again, uint32_t ms);

/**
 * api_answer_render - what goes over the wire
 * @out: malloc'ed, the caller's
 *
 * Return: 0; -ENOMEM.
 */
int api_answer_render(struct api_call *call, char **out, size_t *out_len, const char **out_type);

/** api_call_fini - what the call owns */
void api_call_fini(struct api_call *call);
