/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/api.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/api_priv.h"
#include "control/api_world.h"

enum { WATCH_MS = 1000 }; /* how often connections' age is looked at */

static void on_connection(void *arg, struct MHD_Connection *conn, void **state,
                          enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info;
	struct api *a = arg;
	struct api_peer *p = *state;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (p) {
			*p->at = p->next;
			if (p->next)
				p->next->at = p->at;
		}
		free(p);
		*state = NULL;
		return;
	}
	info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	p = calloc(1, sizeof(*p));
	if (!p || !info) {
		free(p);
		return; /* its requests are refused: see api_on_request() */
	}
	p->api = a;
	p->fd = info->connect_fd;
	p->since_ms = a->world->now_ms;
	p->next = a->peers;
	p->at = &a->peers;
	if (p->next)
		p->next->at = &p->next;
	a->peers = p;
	*state = p;
}

/* Only a socket file says who may connect. */
static bool is_unix(int fd)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);

	return getsockname(fd, (struct sockaddr *)&addr, &len) == 0 && addr.ss_family == AF_UNIX;
}

static struct MHD_Daemon *start(struct api *a, int listen_fd)
{
	const unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;

	return MHD_start_daemon(flags, 0, NULL, NULL, api_on_request, a, MHD_OPTION_LISTEN_SOCKET,
	                        listen_fd, MHD_OPTION_URI_LOG_CALLBACK, api_on_uri, a,
	                        MHD_OPTION_NOTIFY_COMPLETED, api_on_end, a,
	                        MHD_OPTION_NOTIFY_CONNECTION, on_connection, a,
	                        MHD_OPTION_CONNECTION_LIMIT, (unsigned int)API_CONNS_MAX,
	                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)API_CONN_BYTES_MAX,
	                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)API_IDLE_S,
	                        MHD_OPTION_END);
}

int api_new(int listen_fd, const struct api_world *world, struct api **out)
{
	const union MHD_DaemonInfo *info;
	struct api *a = calloc(1, sizeof(*a));

	if (!a) {
		(void)close(listen_fd);
		return -ENOMEM;
	}
	a->world = world;
	a->is_trusted = is_unix(listen_fd);
	a->daemon = start(a, listen_fd);
	if (!a->daemon)
		(void)close(listen_fd);
	info = a->daemon ? MHD_get_daemon_info(a->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		api_free(a);
		return -EIO;
	}
	a->fd = info->epoll_fd;
	*out = a;
	return 0;
}

int api_fd(const struct api *a)
{
	return a->fd;
}

int api_patience_ms(const struct api *a)
{
	MHD_UNSIGNED_LONG_LONG ms = WATCH_MS;

	if (MHD_get_timeout(a->daemon, &ms) != MHD_YES)
		ms = WATCH_MS;
	if (!a->peers)
		return -1;
	return ms < WATCH_MS ? (int)ms : WATCH_MS;
}

static void ask_again(struct api *a)
{
	struct api_request *next;

	for (struct api_request *r = a->waiting; r; r = next) {
		next = r->next;
		if (api_request_again(r))
			api_request_resume(r);
	}
}

/* A byte now and then is not idle for libmicrohttpd. */
static void hang_up_on_the_slow(const struct api *a)
{
	for (const struct api_peer *p = a->peers; p; p = p->next)
		if (!p->is_waiting && a->world->now_ms > p->since_ms + API_REQUEST_MS_MAX)
			(void)shutdown(p->fd, SHUT_RDWR);
}

void api_turn(struct api *a)
{
	ask_again(a);
	hang_up_on_the_slow(a);
	(void)MHD_run(a->daemon);
}

void api_free(struct api *a)
{
	if (!a)
		return;
	while (a->waiting)
		api_request_give_up(a->waiting);
	if (a->daemon)
		MHD_stop_daemon(a->daemon);
	free(a);
}
