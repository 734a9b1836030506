/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pipe.h - pipes to splice bodies through, a bounded pool of them.
 *
 * A pipe is lent while a body's bytes are in it. Pages are never copied: what
 * lies in a pipe are references to what the sockets received.
 *
 * Bounds: fs.pipe-user-pages-soft (16384 pages for one user, root excepted) holds for all
 * workers together; past it the kernel gives a pipe of one or two pages, which the
 * pool does not take. Source: pipe(7), splice(2).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/must.h"

enum {
	PIPE_BYTES = 524288, /* asked for; a smaller one is taken down to PIPE_BYTES_MIN */
	PIPE_BYTES_MIN = 65536,
	/* One TLS record takes at most this many of a pipe's slots. Linux 6.1 and 6.12 lose bytes of
	 * a record for which the free slots do not suffice (tls_sw_splice_read). They decrypt into a
	 * buffer of whole pages, five of them for the longest record (tls_alloc_clrtxt_skb). */
	PIPE_SLOTS_PER_RECORD = 8,
};

struct pipe {
	int fds[2];        /* read end, write end; both non-blocking; -1: not made yet */
	uint32_t slots;    /* pages it can reference */
	uint32_t used;     /* slots that records took at most, since it was last empty */
	uint64_t len;      /* bytes in it */
	struct pipe *next; /* in the pool */
};

struct pipe_pool {
	struct pipe *all;
	struct pipe *free; /* open ones first, mostly: the last given back is the first taken */
	uint32_t cap;      /* all */
	uint32_t lent;     /* of them */
	uint32_t made;     /* open now, lent or free */
	int error;         /* negative errno of the last pipe that could not be made; 0: none */
};

/** pipe_pool_init - room for @cap pipes (0 is fine), none made yet. Return: 0 or -ENOMEM. */
MUST_USE int pipe_pool_init(struct pipe_pool *p, uint32_t cap);

/** pipe_take - an empty pipe, made when none is free; NULL: all are lent, or none can be made (p->error) */
struct pipe *pipe_take(struct pipe_pool *p);

/** pipe_give - give it back; one that is not empty is closed, its bytes are lost. NULL is fine. */
void pipe_give(struct pipe_pool *p, struct pipe *pipe);

/** pipe_pool_free - close all. None may be lent. */
void pipe_pool_free(struct pipe_pool *p);

/**
 * pipe_fill - move bytes from a socket into the pipe, without waiting
 * @fd:  O_NONBLOCK
 * @len: at most
 * @is_records: @fd delivers TLS records: one for each call, and only while the slots suffice
 *
 * Less than @len may be moved although more is there: the pipe's slots are used up by small pieces.
 *
 * Return: bytes; 0 @fd says the end (a kTLS socket also says so for an empty record: ask it by
 *         ktls_recv()); -EAGAIN nothing there; -ENOBUFS the pipe is full; -EINVAL a kTLS
 *         socket: the next record is not data; -EBADMSG; -errno.
 */
MUST_USE ssize_t pipe_fill(struct pipe *p, int fd, size_t len, bool is_records);

/**
 * pipe_drain - move the pipe's bytes, one at least, to a socket, without waiting
 * @fd: O_NONBLOCK; splice(2) waits on the socket's own flag, not on its argument
 *
 * All that is in it is offered at once: a TLS record that the kernel leaves open is one whose rest
 * is still in the pipe.
 *
 * Return: bytes, > 0; -EAGAIN the socket takes nothing; -errno.
 */
MUST_USE ssize_t pipe_drain(struct pipe *p, int fd);
