/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * api_socket.h - the settings API's listener: opened by the master, which keeps it,
 * accepted from by control, which could not open it.
 *
 * Who may use the API is who may connect: a socket file has its permissions from the
 * moment it is there.
 */
#pragma once

#include <sys/types.h>

#include "sys/channel.h"

enum { API_BACKLOG = 64 };

struct api_socket {
	int fd; /* -1: none */
	dev_t device;
	ino_t inode; /* of the file it made */
};

#define API_SOCKET_NONE ((struct api_socket){ .fd = -1 })

/**
 * api_socket_open - open what @want says
 * @want:    addr_len is not 0
 * @out_err: MSG_TEXT_MAX bytes: which one and why, on failure
 *
 * A socket file that nobody listens on any more is removed first; any other file, and a
 * socket that somebody listens on, stays. The directory of a default one is made.
 *
 * Return: 0; -EADDRINUSE somebody listens there; -EEXIST a file that is no socket; -errno.
 * Source: unix(7), umask(2).
 */
MUST_USE int api_socket_open(const struct msg_api *want, struct api_socket *out, char *out_err);

/** api_socket_close - close it and remove its file, if it is still the one we made */
void api_socket_close(struct api_socket *s, const struct msg_api *want);
