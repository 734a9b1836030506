#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# icount.sh SERVER...: the instructions that a server's one worker executes for a unit of each job, user and kernel.
# SIZES: only bodies of these lengths, both ways.
#
# Runs in a guest that counts instructions (tools/vm/bench.sh icount): its clock is their number, so CPU time is, too.
# What a kernel thread does for the worker is not in it; what it receives while the worker sends over loopback is.
# A line for each job and server: JOB SERVER MEDIAN LEAST MOST THREADS, of ROUNDS (3) rounds, each the mean of its units
# on a new connection; THREADS is what all kernel threads executed for each unit of the last round, its warm-up included.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d)
# As batch jobs none of them takes the CPU from another when it is woken: who runs when, and so who receives what on
# loopback, is left to chance no more than it must be.
# shellcheck disable=SC2034 # servers.sh uses them
pids='' on0='chrt -b 0' on1='chrt -b 0' verified=4096
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
# shellcheck source=bench/servers.sh
. "$here/bench/servers.sh"
mib16=$((16 * 1024 * 1024))

# up SERVER: sluiced's engines by their own names; nginx passing bodies on as they come, as sluiced does
up() {
	unbuffered="proxy_buffering off; proxy_request_buffering off;"
	case $1 in
	user) sluiced_up every_request 1 "ktls: off" ;;
	kernel) sluiced_up every_request 1 "ktls: require, pipes: 0" ;;
	splice) sluiced_up every_request 1 "ktls: require" ;;
	splice-all) sluiced_up every_request 1 "ktls: require, splice_bytes: 4096" ;;
	nginx) nginx_up "$unbuffered" ;;
	nginx-ktls) nginx_up "$unbuffered ssl_conf_command Options KTLS;" ;;
	nginx-buffers) nginx_up '' ;;
	nginx-buffers-ktls) nginx_up "ssl_conf_command Options KTLS;" ;;
	haproxy) haproxy_up ;;
	haproxy-ktls) haproxy_up "ktls on" ;;
	*) fail "no server $1" ;;
	esac
}

threads_ns() {
	ps -o pid= --ppid 2 | awk '{ print "/proc/" $1 "/schedstat" }' | xargs cat 2>/dev/null | # one may have ended
		awk '{ ns += $1 } END { printf "%.0f\n", ns }'
}

# job NAME WARM UNITS MODE ARGUMENTS...
job() {
	job=$1 warm=$2 units=$3 mode=$4
	shift 4
	: >"$dir/rounds"
	for _ in $(seq "${ROUNDS:-3}"); do
		before=$(threads_ns)
		# shellcheck disable=SC2154 # servers.sh sets it
		line=$(drive "$mode" -c 1 -w "$warm" -n "$units" -P "$worker" "$@") || fail "$who, $job: $line"
		threads=$((($(threads_ns) - before) / (warm + units)))
		word cpu_us_per_unit "$line" | awk '{ printf "%.0f\n", $1 * 1000 }' >>"$dir/rounds"
	done
	echo "$job $who $(median "$dir/rounds") $(sort -n "$dir/rounds" | sed -n '1p;$p' | tr '\n' ' ')$threads"
}

# in_kernel: how many sockets were given a key for sending, since boot
in_kernel() {
	awk '$1 ~ /^TlsTx(Sw|Device)$/ { n += $2 } END { print n + 0 }' /proc/net/tls_stat
}

modprobe tls
origin_up
for who in "$@"; do
	up "$who" # sluiced tries the kernel's TLS at start
	keys=$(in_kernel)
	if [ -z "${SIZES:-}" ]; then
		job download-16M 1 1 keepalive -t "/bytes/$mib16" -b "$mib16"
		job upload-16M 1 1 keepalive -t /bytes/100 -b 100 -u "$mib16"
		job request-100 50 500 keepalive -t /bytes/100 -b 100
		job request-4000 50 500 keepalive -t /bytes/4000 -b 4000
		job handshake 2 8 handshake -t /bytes/100 -b 100
	fi
	for bytes in ${SIZES:-}; do
		job "download-$bytes" 4 16 keepalive -t "/bytes/$bytes" -b "$bytes"
		job "upload-$bytes" 4 16 keepalive -t /bytes/100 -b 100 -u "$bytes"
	done
	server_down
	case $who in
	kernel | splice* | *ktls) [ "$(in_kernel)" -gt "$keys" ] || fail "$who: the kernel got no key" ;;
	*) [ "$(in_kernel)" -eq "$keys" ] || fail "$who: the kernel got keys" ;;
	esac
done
