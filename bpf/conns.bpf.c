// SPDX-License-Identifier: GPL-2.0-only
/*
 * conns.bpf.c - who is connected, as a map and its types. No program uses it.
 *
 * Filled by user space from what the workers write (userspace/sys/conns.h); pinned, so that
 *
 *	bpftool map dump pinned /sys/fs/bpf/sluice/v1/sluice_conns
 *
 * shows it by name.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "abi.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC); /* memory for those who are there */
	__uint(max_entries, ABI_CONNS_MAX);
	__type(key, struct abi_conn_key);
	__type(value, struct abi_conn);
} sluice_conns SEC(".maps");
