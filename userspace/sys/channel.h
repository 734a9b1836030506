/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * channel.h - messages between master, control and workers.
 *
 * A SOCK_SEQPACKET socketpair between the master and each child: one message,
 * one packet, at most one descriptor. Same binary on both ends, so structs
 * travel as they are. The master forwards what it does not understand unread.
 *
 * A child finds its end at CHANNEL_FD, the stats page at STATS_FD and who is connected
 * (sys/conns.h) at CONNS_FD, which control has for reading only; control may have the BPF map
 * for that (sys/conns_map.h) at CONNS_MAP_FD.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/must.h"

enum { CHANNEL_FD = 3, STATS_FD = 4, CONNS_FD = 5, CONNS_MAP_FD = 6, CHILD_FDS_END = 7 };
enum { MSG_PAYLOAD_MAX = 24576, LISTENERS_MAX = 16, MSG_TEXT_MAX = 512, WORKERS_MAX = 256 };
enum { XDP_INTERFACES_MAX = 8, XDP_NAME_MAX = 16 /* IFNAMSIZ */ };

enum msg_type {
	MSG_NONE,
	/* control -> master: struct msg_start. The master opens the listeners and the
	 * API's socket, starts the workers, and answers MSG_STARTED. Sent again (a reload,
	 * a restarted control), only drain_timeout_ms may differ from what is in force. */
	MSG_START,
	/* control -> master, no payload: what MSG_START was answered, once more. For a
	 * restarted control that has no good configuration to start with. */
	MSG_RUNNING,
	/* master -> control: struct msg_result; worker is how many of them there are. With
	 * the API's listener, if there is one: the master keeps it open, so that a
	 * restarted control gets the same. */
	MSG_STARTED,
	/* control -> master -> every worker, one fd: a sealed memfd with the snapshot's
	 * JSON; struct msg_version. The master keeps the newest for workers it restarts, and
	 * gives it to a restarted control before anything else. */
	MSG_SNAPSHOT,
	/* worker -> master -> control: struct msg_result. version = the snapshot's. */
	MSG_APPLIED,
	/* control -> master -> every worker, one fd: a sealed memfd with the digests of what is
	 * revoked (proto/revoked.h); struct msg_version, of its own count. Kept and given again
	 * like a snapshot, and before it: who serves has it. */
	MSG_REVOKED,
	/* worker -> master -> control: struct msg_result; version = the list's. It is in force,
	 * and every connection was looked at. For a worker that dies the master says so: the next
	 * one begins with the list. */
	MSG_REVOKED_DONE,
	/* worker -> master -> control: struct msg_ocsp_ask. Lost where control has no room for it:
	 * who wants to know asks again. */
	MSG_OCSP_ASK,
	/* control -> master -> one worker or all of them: struct msg_ocsp_answer. Lost where a
	 * worker has no room for it. */
	MSG_OCSP_ANSWER,
	/* master -> worker, one fd: struct msg_listener */
	MSG_LISTENER,
	/* master -> worker, no payload: stop accepting, finish, exit 0
	 * master -> control, no payload: that is what the workers were told */
	MSG_DRAIN,
	/* master -> control, no payload: read the configuration again */
	MSG_RELOAD,
	/* control -> master: struct msg_path; open this file for reading */
	MSG_OPEN,
	/* master -> control: struct msg_result, with one fd when error is 0 */
	MSG_OPENED,
	/* control -> master: struct msg_version, which is an enum xdp_map: a descriptor of
	 * that map. -ENOENT: nothing is loaded, and nothing will be */
	MSG_XDP_MAP,
	/* control -> master, no payload: the maps say what they shall, the programs may be
	 * attached. error < 0: one of them could not be, and that was required */
	MSG_XDP_ATTACH,
	/* master -> control: struct msg_result, with one fd after MSG_XDP_MAP */
	MSG_XDP_ANSWER,
	MSG_TYPE_MAX
};

struct msg_listener {
	struct sockaddr_storage addr;
	socklen_t addr_len;
	uint32_t id; /* index in msg_start.listeners */
};

/* The API's socket. All zero: none. */
struct msg_api {
	struct sockaddr_storage addr; /* AF_UNIX, or an address of the loopback */
	socklen_t addr_len;           /* 0: there shall be none */
	uint32_t mode;                /* of an AF_UNIX one's file: permission bits */
	uint32_t uid, gid;            /* its owner; UINT32_MAX: the master's own */
	uint32_t is_default;          /* 1: nobody asked for it, without it is fine too */
};

/* Where XDP is wanted. All zero: nowhere. */
struct msg_xdp {
	uint32_t len;             /* interfaces */
	uint32_t mode;            /* enum xdp_mode, not XDP_MODE_OFF when there are interfaces */
	uint32_t is_required;     /* 1: do not start without */
	uint32_t sets_syncookies; /* 1: net.ipv4.tcp_syncookies is set to 2 */
	char interfaces[XDP_INTERFACES_MAX][XDP_NAME_MAX]; /* NUL-terminated, none twice */
};

struct msg_start {
	uint32_t workers; /* 1..WORKERS_MAX; 0: one for each CPU */
	uint32_t drain_timeout_ms;
	uint32_t listeners_len; /* 1..LISTENERS_MAX */
	uint32_t by_source;     /* 1: a client's address alone says which worker; 0: and its port */
	struct msg_api api;
	struct msg_xdp xdp;
	struct msg_listener listeners[LISTENERS_MAX];
};

struct msg_version {
	uint64_t version;
};

struct msg_result {
	uint64_t version;        /* 0 where there is none */
	uint32_t worker;         /* who answers; 0 from the master */
	int32_t error;           /* 0 or -errno */
	char text[MSG_TEXT_MAX]; /* NUL-terminated; empty when error is 0 */
};

/* What is the status of this certificate? Followed by the host's first name, the client's
 * certificate and those above it that are not the host's CAs, all DER. */
struct msg_ocsp_ask {
	uint32_t worker;
	uint32_t host_len; /* bytes */
	uint32_t leaf_len; /* bytes */
	uint8_t id[32];    /* of the host: ocsp_id() */
};

struct msg_ocsp_answer {
	uint32_t worker;   /* UINT32_MAX: all of them */
	uint32_t status;   /* enum ocsp_status */
	uint32_t holds_ms; /* so long it stands */
	uint32_t ask_ms;   /* and then it is to be asked for again */
	uint8_t key[32];   /* ocsp_key() */
};

struct msg_path {
	char path[4096]; /* NUL-terminated */
};

struct msg {
	uint32_t type; /* enum msg_type */
	uint32_t len;  /* payload bytes */
	uint8_t payload[MSG_PAYLOAD_MAX];
};

static_assert(sizeof(struct msg_start) <= MSG_PAYLOAD_MAX, "fits one message");
static_assert(sizeof(struct msg_path) <= MSG_PAYLOAD_MAX, "fits one message");

/**
 * channel_pair - a connected pair, close-on-exec, non-blocking
 *
 * Return: 0 or -errno.
 */
MUST_USE int channel_pair(int out_fds[2]);

/**
 * channel_send - send one message
 * @fd:      a channel
 * @type:    enum msg_type
 * @payload: @len bytes, 0..MSG_PAYLOAD_MAX; may be NULL when len is 0
 * @pass_fd: sent along, stays the caller's; -1 for none
 *
 * Return: 0; -EAGAIN the other side does not read; -errno.
 * Source: unix(7), SCM_RIGHTS.
 */
MUST_USE int channel_send(int fd, enum msg_type type, const void *payload, size_t len, int pass_fd);

/**
 * channel_is_unread - has the other side still to read something we sent?
 * Source: unix(7), SIOCOUTQ.
 */
bool channel_is_unread(int fd);

/**
 * channel_recv - receive one message
 * @out:    written on success
 * @out_fd: a descriptor the caller now owns (close-on-exec), or -1
 *
 * Return: 1 received; 0 the other side is gone; -EAGAIN nothing there; -EBADMSG a
 *         packet that is not a message (its descriptors are closed); -errno.
 */
MUST_USE int channel_recv(int fd, struct msg *out, int *out_fd);

/**
 * msg_body - the payload as a struct of exactly @size bytes
 *
 * Return: 0; -EBADMSG the message has another length.
 */
MUST_USE int msg_body(const struct msg *m, void *out, size_t size);
