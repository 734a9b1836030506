/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/echo.h"

#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "sys/addr.h"

enum {
	CONN_BYTES_MAX = 512 * 1024, /* head and buffers of one connection */
	IDLE_SECONDS = 120,
	BACKLOG = 1024,
	JSON_GROWTH = 6, /* one byte becomes \u00XX at most */
};

/* One request on its way in. */
struct heard {
	char *target; /* as sent, with the query */
	uint64_t body_bytes;
};

static struct slice str(const char *s)
{
	return slice_of(s ? s : "", s ? strlen(s) : 0);
}

/* The answer under construction. */
struct reply {
	struct sink out;
	size_t fields;
};

static void put_string(struct sink *out, struct slice text)
{
	sink_putc(out, '"');
	text_json(out, text);
	sink_putc(out, '"');
}

static enum MHD_Result put_field(void *arg, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
	struct reply *r = arg;

	(void)kind;
	sink_put(&r->out, r->fields++ ? SLICE(",\n    [") : SLICE("\n    ["));
	put_string(&r->out, str(name));
	sink_put(&r->out, SLICE(", "));
	put_string(&r->out, str(value));
	sink_putc(&r->out, ']');
	return MHD_YES;
}

static enum MHD_Result count_field(void *arg, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
	size_t *bytes = arg;

	(void)kind;
	*bytes += (str(name).len + str(value).len) * JSON_GROWTH + 16;
	return MHD_YES;
}

static void put_all(struct reply *r, struct MHD_Connection *conn, const char *method,
                    const struct heard *h)
{
	sink_put(&r->out, SLICE("{\n  \"method\": "));
	put_string(&r->out, str(method));
	sink_put(&r->out, SLICE(",\n  \"path\": "));
	put_string(&r->out, str(h->target));
	sink_put(&r->out, SLICE(",\n  \"headers\": ["));
	(void)MHD_get_connection_values(conn, MHD_HEADER_KIND, put_field, r);
	sink_put(&r->out, SLICE("\n  ],\n  \"body_bytes\": "));
	text_u64(&r->out, h->body_bytes);
	sink_put(&r->out, SLICE("\n}\n"));
}

static enum MHD_Result send_reply(struct MHD_Connection *conn, const char *method,
                                  const struct heard *h)
{
	size_t bytes = (str(method).len + str(h->target).len) * JSON_GROWTH + 256;
	struct MHD_Response *response;
	enum MHD_Result result;
	struct reply r = { 0 };
	void *text;

	(void)MHD_get_connection_values(conn, MHD_HEADER_KIND, count_field, &bytes);
	text = malloc(bytes);
	if (!text)
		return MHD_NO;
	r.out = sink_of(text, bytes);
	put_all(&r, conn, method, h);
	must(!r.out.overflow);
	response = MHD_create_response_from_buffer(r.out.len, text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	result = MHD_queue_response(conn, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

/* Called once with the head, then with each piece of the body, then with none. */
/* NOLINTNEXTLINE(readability-function-size): MHD_AccessHandlerCallback has eight */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *conn, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **state)
{
	struct heard *h = *state;

	(void)arg;
	(void)url;
	(void)version;
	(void)upload;
	if (!h)
		return MHD_NO;
	if (h->body_bytes == UINT64_MAX) {
		h->body_bytes = 0; /* the head alone: wait for the rest */
		return MHD_YES;
	}
	if (*upload_len > 0) {
		h->body_bytes += *upload_len;
		*upload_len = 0;
		return MHD_YES;
	}
	return send_reply(conn, method, h);
}

/* The target before anything is unescaped; what it returns comes to on_request(). */
static void *on_target(void *arg, const char *target, struct MHD_Connection *conn)
{
	struct heard *h = calloc(1, sizeof(*h));

	(void)arg;
	(void)conn;
	if (!h)
		return NULL;
	h->target = strdup(target);
	h->body_bytes = UINT64_MAX;
	return h;
}

static void on_end(void *arg, struct MHD_Connection *conn, void **state,
                   enum MHD_RequestTerminationCode why)
{
	struct heard *h = *state;

	(void)arg;
	(void)conn;
	(void)why;
	if (h)
		free(h->target);
	free(h);
	*state = NULL;
}

/* An old socket is in the way; anything else there is not ours to remove. */
static void remove_old(const struct sockaddr_storage *addr)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)addr;
	struct stat st;

	if (addr->ss_family == AF_UNIX && lstat(un->sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(un->sun_path);
}

static int open_listener(const char *address, int *out_fd)
{
	struct sockaddr_storage addr;
	CLEAN_FD int fd = -1;
	const int on = 1;
	socklen_t len;

	if (addr_parse(str(address), &addr, &len) < 0)
		return -EINVAL;
	remove_old(&addr);
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (addr.ss_family != AF_UNIX &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&addr, len) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	*out_fd = fd_take(&fd);
	return 0;
}

static struct MHD_Daemon *start(int fd)
{
	return MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL,
	                        on_request, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
	                        MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL,
	                        MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
	                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONN_BYTES_MAX,
	                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_SECONDS,
	                        MHD_OPTION_END);
}

int echo_main(const char *address)
{
	struct MHD_Daemon *daemon;
	sigset_t ends;
	int fd = -1;
	int got = 0;
	int r;

	log_open("echo", LOG_LEVEL_INFO);
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	r = open_listener(address, &fd);
	if (r < 0) {
		log_error("%s: %s", address, strerror(-r));
		return 1;
	}
	daemon = start(fd);
	if (!daemon) {
		log_error("%s: the HTTP server does not start", address);
		(void)close(fd);
		return 1;
	}
	log_info("ready: echoing on %s", address);
	(void)sigwait(&ends, &got);
	MHD_stop_daemon(daemon); /* closes fd */
	return 0;
}
