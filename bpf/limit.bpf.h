/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * limit.bpf.h - so many a second, so many at once, in one word (GCRA).
 *
 * The word says when the next one would be due if they came evenly. A race that is lost
 * is one handshake for free.
 */
#ifndef LIMIT_BPF_H
#define LIMIT_BPF_H

#include "maps.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ABI_SOURCES_MAX);
	__type(key, struct abi_source_key);
	__type(value, struct abi_source);
} sluice_sources SEC(".maps");

/**
 * limit_take - one more, if that is within the limit
 * @tat:      the state, zero at first
 * @interval: nanoseconds from one to the next; 0: no limit
 * @burst:    (how many at once - 1) * interval
 *
 * What is refused is not charged.
 */
static __always_inline bool limit_take(__u64 *tat, __u64 now, __u64 interval, __u64 burst)
{
	__u64 due = *(volatile __u64 *)tat;
	__u64 base = due > now ? due : now;

	if (!interval)
		return true;
	if (base - now > burst)
		return false;
	__sync_val_compare_and_swap(tat, due, base + interval);
	return true;
}

/* Handshakes of one source, or those of them that are admitted unsteered. */
static __always_inline bool limit_source(const struct abi_config *c, const struct abi_flow_key *key,
                                         __u64 now, bool v6, bool partial)
{
	__u64 interval = partial ? c->partial_interval_ns : c->source_interval_ns;
	__u64 burst = partial ? c->partial_burst_ns : c->source_burst_ns;
	struct abi_source_key who;
	struct abi_source *known;
	struct scratch *s;

	if (!interval)
		return true;
	__builtin_memcpy(&who, key->saddr, sizeof(who));
	who.prefix[0] &= v6 ? c->source_mask6[0] : c->source_mask4[0];
	who.prefix[1] &= v6 ? c->source_mask6[1] : c->source_mask4[1];
	known = bpf_map_lookup_elem(&sluice_sources, &who);
	if (known)
		return limit_take(partial ? &known->partial_tat_ns : &known->tat_ns, now, interval,
		                  burst);
	s = scratch();
	if (!s)
		return true;
	s->source.tat_ns = partial ? 0 : now + interval;
	s->source.partial_tat_ns = partial ? now + interval : 0;
	bpf_map_update_elem(&sluice_sources, &who, &s->source, BPF_NOEXIST);
	return true;
}

#endif
