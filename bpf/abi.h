/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * abi.h - everything the BPF programs and user space say to each other.
 *
 * Included by bpf/, by what loads the programs, and by their tests; by nothing else.
 * Rules: fixed-width types only; no bool, enum, pointer or bit-field in a map key or
 * value; padding is written out and zeroed; every size is asserted; a changed layout
 * changes ABI_VERSION and so the path of the pins.
 * Field suffix _be: network byte order, as on the wire. No suffix: host order.
 * Addresses are 16 bytes, IPv4 mapped into IPv6 (::ffff:a.b.c.d).
 * Times are bpf_ktime_get_ns(), CLOCK_MONOTONIC.
 *
 * Nothing in these maps decides what a client may have: they say which worker should
 * take a connection and which are not worth a socket. The policy is the worker's.
 */
#ifndef ABI_H
#define ABI_H

#include <linux/types.h>

#define ABI_VERSION 1
#define ABI_PIN_DIR "/sys/fs/bpf/sluice/v1"

#define ABI_NAME_SHORT        64    /* names of up to 63 bytes, and at least one zero behind */
#define ABI_NAME_LONG         256   /* names of up to 255 */
#define ABI_NAMES_MAX         65536 /* entries of "sluice_names" */
#define ABI_NAMES_LONG_MAX    4096  /* entries of "sluice_lnames" */
#define ABI_HOSTS_MAX         16384 /* host_id is below it */
#define ABI_CLASSES_MAX       64    /* class_id is below it */
#define ABI_WORKERS_MAX       64    /* worker is below it */
#define ABI_CLASS_WORKERS_MAX 64    /* workers of one class; a worker may be in several */
#define ABI_PORTS_MAX         16    /* ports that are looked at */
#define ABI_GROUPS_MAX        16    /* sets of listeners that share address and port */
#define ABI_VIPS_MAX          1024
#define ABI_FLOWS_MAX         262144
#define ABI_SOURCES_MAX       65536
#define ABI_EVENTS_BYTES      (1 << 18)
#define ABI_CONNS_MAX         65536 /* entries of "sluice_conns" */

#define ABI_HOST_NONE   0xffffffff
#define ABI_CLASS_NONE  0xffffffff
#define ABI_WORKER_NONE 0xffffffff

/* The workers that take new connections: what no other class is for goes to one of them. The
 * class is the master's to write. Empty: the kernel's hash chooses among all listeners. */
#define ABI_CLASS_ALL (ABI_CLASSES_MAX - 1)

/* Of a ClientHello, this much is looked at; what lies behind is admitted unsteered. */
#define ABI_HELLO_WINDOW     4032
#define ABI_HELLO_EXTENSIONS 64

/* Index of "sluice_workers": a socket can be there once, so listeners of both families are one group. */
#define ABI_WORKER_INDEX(group, worker) ((group)*ABI_WORKERS_MAX + (worker))

/* abi_config.flags */
#define ABI_COOKIES                                                                                \
	0x1 /* tcp_syncookies is 2: SYNs leave no state, the ClientHello makes the socket */
#define ABI_STRICT     0x2 /* with neither cookie nor socket a segment is dropped */
#define ABI_FLOOD      0x4 /* SYNs above the rate of syn_* are answered here; needs ABI_COOKIES */
#define ABI_TIMESTAMPS 0x8 /* tcp_timestamps is 2: our SYN-ACKs may carry TCP options in them */

/* abi_config.unknown: a name that nobody has, or none */
#define ABI_UNKNOWN_RESET   0
#define ABI_UNKNOWN_DROP    1
#define ABI_UNKNOWN_DEFAULT 2 /* goes to abi_config.default_host */

/* abi_port.group4, group6 */
#define ABI_GROUP_LOOKUP 0xff /* "sluice_vips" says on which addresses */

/* abi_flow.state */
#define ABI_FLOW_DECIDED 0 /* admitted; host_id and class_id say where to */
#define ABI_FLOW_PARTIAL 1 /* admitted; the name was not in the first segment */
#define ABI_FLOW_AWAITING                                                                          \
	2 /* handshake complete, first data not seen yet; without ABI_COOKIES only */

/* Sets of listeners are numbered by user space. A set has one address and port, or all addresses. */
struct abi_port {
	__u16 port_be; /* 0: end of the list */
	__u8 group4;   /* set that IPv4 connections to any address go to, or ABI_GROUP_LOOKUP */
	__u8 group6;
};

/* Value of "sluice_config", one entry. Written by user space alone. */
struct abi_config {
	__u32 flags;        /* ABI_COOKIES ... */
	__u32 unknown;      /* ABI_UNKNOWN_* */
	__u32 default_host; /* host_id; ABI_HOST_NONE: unsteered */
	__u16 mss4;         /* announced in our SYN-ACKs */
	__u16 mss6;
	__u16 window; /* announced in our SYN-ACKs, unscaled */
	__u8 wscale;  /* what the kernel will choose: 0..14 */
	__u8 pad0;
	__u32 pad1;
	__u64 events;              /* bit by enum abi_reason: which ones go to "sluice_events" */
	__u64 source_interval_ns;  /* per source: 1 s / handshakes a second; 0 no limit */
	__u64 source_burst_ns;     /* (handshakes at once - 1) * interval */
	__u64 partial_interval_ns; /* per source, for those admitted unsteered */
	__u64 partial_burst_ns;
	__u64 syn_interval_ns; /* ABI_FLOOD: per group, SYNs let through to the kernel */
	__u64 syn_burst_ns;    /* must be one a minute at least, or it takes no cookie */
	__u64 source_mask4[2]; /* what of a source address is one source, as on the wire */
	__u64 source_mask6[2];
	struct abi_port ports[ABI_PORTS_MAX];
};

/* Key of "sluice_vips". */
struct abi_vip_key {
	__u8 addr[16];
	__u16 port_be;
	__u16 pad0;
};

struct abi_vip {
	__u32 group;
};

/* Keys of "sluice_names" and "sluice_lnames": lower case, no dot at the end, zeroes behind.
 * A wildcard is there as it is written, "*.example.com". */
struct abi_name_key {
	char name[ABI_NAME_SHORT];
};

struct abi_lname_key {
	char name[ABI_NAME_LONG];
};

struct abi_name {
	__u32 host_id;
};

/* Value of "sluice_hosts", by host_id. Written by user space alone. */
struct abi_host {
	__u32 class_id; /* ABI_CLASS_NONE: any worker, as ABI_CLASS_ALL */
	__u32 pad0;
	__u64 interval_ns; /* 1 s / handshakes a second; 0 no limit */
	__u64 burst_ns;
};

/* Value of "sluice_hlimit", by host_id: the state of a limit. Written by BPF alone. */
struct abi_limit {
	__u64 tat_ns; /* when the next one would be due at an even rate */
};

/* Value of per-CPU "sluice_hstats", by host_id. */
struct abi_host_stats {
	__u64 admitted;
	__u64 limited;
};

/* Value of "sluice_classes", by class_id. Written by user space alone. */
struct abi_class {
	__u32 workers_len; /* 0: any worker */
	__u32 workers[ABI_CLASS_WORKERS_MAX];
};

/* Value of "sluice_groups", by group. Written by BPF alone. */
struct abi_group {
	__u64 syn_tat_ns;
};

/* Key of "sluice_flows". */
struct abi_flow_key {
	__u8 saddr[16];
	__u8 daddr[16];
	__u16 sport_be;
	__u16 dport_be;
};

/* Value of "sluice_flows". */
struct abi_flow {
	__u64 since_ns;
	__u32 state; /* ABI_FLOW_* */
	__u32 host_id;
	__u32 class_id;
	__u32 worker; /* that took it; ABI_WORKER_NONE until then, or the kernel chose */
	__u32 seq;    /* ABI_FLOW_AWAITING: where its first data begins */
	__u32 pad0;
	char name[ABI_NAME_SHORT]; /* first 63 bytes; empty: none known */
};

/* Key of "sluice_sources": an address under abi_config.source_mask*. */
struct abi_source_key {
	__u64 prefix[2]; /* as on the wire */
};

struct abi_source {
	__u64 tat_ns;         /* handshakes */
	__u64 partial_tat_ns; /* those admitted unsteered */
};

/* What became of a segment for a managed port: X(NAME, field). The field is the counter. */
/* clang-format off */
#define ABI_REASONS(X)                                                                             \
	X(SYN,           syn)           /* passed: the kernel answers */                           \
	X(SYN_ANSWERED,  syn_answered)  /* answered here with a cookie */                          \
	X(FLOW,          flow)          /* passed: of a connection already admitted */             \
	X(SOCKET,        socket)        /* passed: has a socket */                                 \
	X(UNPROVEN,      unproven)      /* passed: no cookie, and nobody asks for one */           \
	X(STRANGER,      stranger)      /* dropped: neither cookie nor socket */                   \
	X(HANDSHAKE_ACK, handshake_ack) /* dropped: the ClientHello completes the handshake */     \
	X(AWAITING,      awaiting)      /* passed: handshake complete, its first data is awaited */ \
	X(ADMITTED,      admitted)      /* passed: a name we have */                               \
	X(DEFAULTED,     defaulted)     /* passed: to the default host */                          \
	X(PARTIAL,       partial)       /* passed: ClientHello not whole, any worker */            \
	X(PARTIAL_LIMIT, partial_limit) /* dropped: too many of those from this source */          \
	X(SOURCE_LIMIT,  source_limit)  /* dropped: too many handshakes from this source */        \
	X(HOST_LIMIT,    host_limit)    /* dropped: too many handshakes for this host */           \
	X(UNKNOWN_NAME,  unknown_name)  /* reset or dropped */                                     \
	X(NO_NAME,       no_name)       /* reset or dropped: no server_name */                     \
	X(BAD_NAME,      bad_name)      /* reset or dropped: no host can have that name */         \
	X(BAD_HELLO,     bad_hello)     /* reset or dropped: a length field is wrong, a name too many */ \
	X(NOT_TLS,       not_tls)       /* reset or dropped */                                     \
	X(NO_HELLO,      no_hello)      /* reset or dropped: closed before it said anything */     \
	X(BAD_SEGMENT,   bad_segment)   /* dropped: lengths or flags that no TCP has */            \
	X(FRAGMENT,      fragment)      /* dropped: first fragment of a datagram */                \
	X(BROKEN,        broken)        /* passed: a map was missing or full */
/* clang-format on */

#define X(name, field) ABI_##name,
enum abi_reason { ABI_REASONS(X) ABI_REASONS_LEN };
#undef X

/* Value of per-CPU "sluice_stats", one entry; as an array it is indexed by enum abi_reason. */
struct abi_stats {
#define X(name, field) __u64 field;
	ABI_REASONS(X)
#undef X
};

/* Value of per-CPU "sluice_lstats", one entry: what the listener program did. */
struct abi_listen_stats {
	__u64 syn;       /* nothing to choose yet */
	__u64 flow;      /* to a worker of the class that the flow is for */
	__u64 reread;    /* the same, by reading the ClientHello once more */
	__u64 unsteered; /* to any worker that takes new connections */
	__u64 refused;   /* a worker was chosen and has no socket there; the kernel chose */
};

/* In "sluice_events". */
struct abi_event {
	__u64 at_ns;
	struct abi_flow_key key;
	__u32 reason; /* enum abi_reason */
	__u32 host_id;
	__u32 name_len;            /* whole length; 0: none read */
	char name[ABI_NAME_SHORT]; /* first 63 bytes, lower case */
};

/* Key of "sluice_conns". */
struct abi_conn_key {
	__u32 worker;
	__u32 slot; /* of its connection table */
};

/* Value of "sluice_conns": who is connected, for people: bpftool prints it. Written by user
 * space alone. Texts are printable ASCII, zeroes behind, and end in "..." where they were cut;
 * for a backslash they have '%'.
 * With what the kernel adds to an entry, 512 bytes, from which it would go to 1024. */
struct abi_conn {
	__u64 since_ns; /* end of the handshake */
	__u64 requests;
	__u64 bytes_in;  /* plaintext from the client */
	__u64 bytes_out; /* plaintext to the client */
	char peer[48];   /* 192.0.2.1:443, [2001:db8::1]:443 */
	char host[64];   /* as the client named it */
	char tls[8];     /* TLSv1.3 */
	char suite[48];
	__u8 ktls;         /* 1: the kernel has the records */
	__u8 resumed;      /* 1: the handshake was */
	__u8 cert;         /* 1: there is a certificate */
	__u8 verified;     /* 1: and it verified */
	char serial[44];   /* of it, upper-case hexadecimal */
	char sha256[72];   /* of it, hexadecimal */
	char subject[128]; /* of it, RFC 2253 */
};

_Static_assert(sizeof(struct abi_config) == 176, "map value layout");
_Static_assert(sizeof(struct abi_vip_key) == 20, "map key layout");
_Static_assert(sizeof(struct abi_vip) == 4, "map value layout");
_Static_assert(sizeof(struct abi_name_key) == 64, "map key layout");
_Static_assert(sizeof(struct abi_lname_key) == 256, "map key layout");
_Static_assert(sizeof(struct abi_name) == 4, "map value layout");
_Static_assert(sizeof(struct abi_host) == 24, "map value layout");
_Static_assert(sizeof(struct abi_host_stats) == 16, "map value layout");
_Static_assert(sizeof(struct abi_class) == 260, "map value layout");
_Static_assert(sizeof(struct abi_flow_key) == 36, "map key layout");
_Static_assert(sizeof(struct abi_flow) == 96, "map value layout");
_Static_assert(sizeof(struct abi_source_key) == 16, "map key layout");
_Static_assert(sizeof(struct abi_source) == 16, "map value layout");
_Static_assert(sizeof(struct abi_stats) == 8UL * ABI_REASONS_LEN, "one counter a reason");
_Static_assert(ABI_REASONS_LEN <= 64, "a bit of abi_config.events each");
_Static_assert(sizeof(struct abi_event) == 120, "event layout");
_Static_assert(sizeof(struct abi_conn_key) == 8, "map key layout");
_Static_assert(sizeof(struct abi_conn) == 448, "map value layout");

#endif
