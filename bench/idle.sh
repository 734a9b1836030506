#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# idle.sh CONNECTIONS: what each idle connection costs, by engine: memory of the worker, and the kernel's.
#
# Runs in a guest (tools/vm/bench.sh idle). One request on each connection, then silence. The client's end of each lies
# in the same kernel and is in the slab's figures, the same for all engines: the difference between two is what counts.
# Origin connections are shared and few.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
connections=$1
dir=$(mktemp -d)
# shellcheck disable=SC2034 # servers.sh uses them
pids='' on0='' on1='' verified=4096
finish() {
	status=$?
	for p in $pids; do
		kill "$p" 2>/dev/null || true
	done
	wait
	rm -rf "$dir"
	exit "$status"
}
trap finish EXIT
ulimit -n $((connections + 1000)) # of the client; the server raises its own
# shellcheck source=bench/servers.sh
. "$here/bench/servers.sh"

# kib WORD FILE
kib() {
	awk -v w="$1:" '$1 == w { print $2 }' "$2"
}

# of WHO KEYED: holds the connections, of which the kernel must have the keys of KEYED; a line of bytes for each of them
of() {
	drive keepalive -c 64 -n 640 >/dev/null || fail "$1: no request went through"
	slab=$(kib Slab /proc/meminfo)
	unreclaimable=$(kib SUnreclaim /proc/meminfo)
	# shellcheck disable=SC2154 # servers.sh sets it
	rss=$(kib Rss "/proc/$worker/smaps_rollup")
	: >"$dir/idle.out" # not the last engine's word
	# shellcheck disable=SC2154 # servers.sh sets them; and no function: its shell would be killed, not the client
	"$load" idle -p "$port" -C "$dir/client.pem" -K "$dir/client.key" -c "$connections" -P "$worker" >>"$dir/idle.out" &
	held=$!
	pids="$pids $held"
	until grep -q held "$dir/idle.out"; do
		kill -0 "$held" || fail "$1: the client ended"
		sleep 1
	done
	sleep 2 # what is freed after a grace period is gone
	keyed=$(awk '$1 == "TlsCurrTxSw" { print $2 }' /proc/net/tls_stat)
	[ "$keyed" -eq "$2" ] || fail "$1: the kernel has the keys of $keyed connections"
	printf '%-8s %10d %10d %10d\n' "$1" $((($(kib Rss "/proc/$worker/smaps_rollup") - rss) * 1024 / connections)) \
		$((($(kib Slab /proc/meminfo) - slab) * 1024 / connections)) \
		$((($(kib SUnreclaim /proc/meminfo) - unreclaimable) * 1024 / connections))
	kill "$held"
	wait "$held" || true
	server_down
}

modprobe tls
origin_up
printf 'bytes for each of %s idle connections\n%-8s %10s %10s %10s\n' "$connections" engine RSS Slab SUnreclaim
sluiced_up every_request 1 "ktls: off, idle_timeout_ms: 3600000"
of user 0
sluiced_up every_request 1 "ktls: require, idle_timeout_ms: 3600000"
of kernel "$connections"
