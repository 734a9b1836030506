/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api_answer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "control/api_world.h"

enum { STATUS_CONFLICT = 409, STATUS_INTERNAL = 500, MESSAGE_BYTES_MAX = 1024 };

json_t *api_string(const char *text)
{
	json_t *s = json_string(text);
	char *copy;

	if (s)
		return s;
	copy = strdup(text);
	for (char *c = copy; c && *c; c++)
		if (*c & 0x80)
			*c = '?';
	s = json_string(copy); /* of NULL: NULL */
	free(copy);
	return s;
}

__attribute__((format(printf, 3, 0))) static json_t *new_item(int code, const char *pointer,
                                                              const char *format, va_list args)
{
	char text[MESSAGE_BYTES_MAX];
	json_t *item;

	(void)vsnprintf(text, sizeof(text), format, args);
	item = json_pack("{s:i, s:o}", "code", code, "message", api_string(text));
	if (pointer)
		(void)json_object_set_new(item, "source", json_pack("{s:s}", "pointer", pointer));
	return item;
}

static void append(json_t **list, json_t *item)
{
	if (!*list)
		*list = json_array();
	/* Without memory the list is shorter; the status says enough. */
	(void)json_array_append_new(*list, item);
}

void api_result(struct api_call *call, unsigned int status, json_t *result)
{
	must(call->status == 0);
	if (!result) {
		api_fail(call, STATUS_INTERNAL, API_CODE_INTERNAL, NULL, "not enough memory");
		return;
	}
	call->status = status;
	call->result = result;
}

void api_page(struct api_call *call, json_t *info)
{
	must(!call->result_info);
	call->result_info = info;
}

void api_message(struct api_call *call, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append(&call->messages, new_item(code, NULL, format, args));
	va_end(args);
}

void api_fail(struct api_call *call, unsigned int status, enum api_code code, const char *pointer,
              const char *format, ...)
{
	va_list args;

	must(!call->result && !call->text);
	must(status >= 400 && status <= 599);
	if (call->status == 0)
		call->status = status;
	va_start(args, format);
	append(&call->errors, new_item((int)code, pointer, format, args));
	va_end(args);
}

void api_chain(struct api_call *call, enum api_code code, const char *message)
{
	size_t len = json_array_size(call->errors);
	json_t *last = len > 0 ? json_array_get(call->errors, len - 1) : NULL;

	(void)json_object_set_new(last, "error_chain",
	                          json_pack("[{s:i, s:s}]", "code", (int)code, "message", message));
}

void api_text(struct api_call *call, const char *type, char *text, size_t len)
{
	must(call->status == 0);
	if (!text) {
		api_fail(call, STATUS_INTERNAL, API_CODE_INTERNAL, NULL, "not enough memory");
		return;
	}
	call->status = 200;
	call->text = text;
	call->text_len = len;
	call->text_type = type;
}

void api_wait(struct api_call *call, api_handler *again, uint32_t ms)
{
	must(call->status == 0 && again);
	call->again = again;
	call->wait_until_ms = call->world->now_ms + ms;
}

static json_t *list_or_empty(json_t *list)
{
	return list ? json_incref(list) : json_array();
}

static char *render_envelope(const struct api_call *call)
{
	json_t *all = json_pack("{s:b, s:o, s:o, s:o}", "success", call->status < 300, "errors",
	                        list_or_empty(call->errors), "messages",
	                        list_or_empty(call->messages), "result",
	                        call->result ? json_incref(call->result) : json_null());
	char *text = NULL;

	if (all && call->result_info)
		(void)json_object_set(all, "result_info", call->result_info);
	if (all)
		text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	return text;
}

int api_answer_render(struct api_call *call, char **out, size_t *out_len, const char **out_type)
{
	char *text = call->text;

	must(call->status > 0);
	if (text) {
		*out = text;
		*out_len = call->text_len;
		*out_type = call->text_type;
		call->text = NULL;
		return 0;
	}
	text = render_envelope(call);
	if (!text)
		return -ENOMEM;
	*out = text;
	*out_len = strlen(text);
	*out_type = "application/json";
	return 0;
}

void api_call_fini(struct api_call *call)
{
	json_decref(call->body);
	json_decref(call->result);
	json_decref(call->result_info);
	json_decref(call->errors);
	json_decref(call->messages);
	json_decref(call->kept);
	free(call->text);
	*call = (struct api_call){ 0 };
}
