#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The figures of the main job, sluiced and nginx in turn on this machine: make figures.
#
# CPU time is that of the one worker process (user and system, all threads), on CPU 0; load generator and origin share
# CPU 1. TLS 1.3, AES-128-GCM, ECDSA P-256, client certificate required and told to the origin in every request (the
# job nginx can do), the same OpenSSL. Three rounds, medians. Wall time is printed nowhere: it drifts.
# ROUNDS, REQUESTS, HANDSHAKES, IDLE: smaller numbers for a quick look.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
rounds=${ROUNDS:-3}
requests=${REQUESTS:-30000}
handshakes=${HANDSHAKES:-2000}
idle=${IDLE:-5000}
verified=4096

dir=$(mktemp -d)
pids=
finish() {
	status=$?
	trap - EXIT INT TERM
	for p in $pids; do
		kill "$p" 2>/dev/null || true
	done
	wait
	rm -rf "$dir"
	exit "$status"
}
trap finish EXIT
trap 'exit 1' INT TERM
ulimit -n "$(ulimit -Hn)"

if [ "$(nproc)" -ge 2 ]; then
	on0="taskset -c 0"
	on1="taskset -c 1"
else
	on0=
	on1=
	echo "one CPU only: nothing is pinned, the figures mean little" >&2
fi

# shellcheck source=bench/servers.sh
. "$here/bench/servers.sh"
origin_up

# up NAME: sluiced, sluiced-first (identity in the first request only) or nginx
up() {
	case $1 in
	sluiced) sluiced_up every_request 1 ;;
	sluiced-first) sluiced_up first_request 1 ;;
	nginx) nginx_up '' ;;
	esac
}

# job NAME UNIT LOAD-ARGUMENTS...: CPU per unit of each server, in turn
job() {
	name=$1
	shift
	rm -f "$dir"/r.*
	for _ in $(seq "$rounds"); do
		for who in sluiced sluiced-first nginx; do
			up "$who"
			line=$(drive "$@" -P "$worker") || fail "$who: $line"
			word cpu_us_per_unit "$line" >>"$dir/r.$who"
			server_down
		done
	done
	s=$(median "$dir/r.sluiced")
	f=$(median "$dir/r.sluiced-first")
	n=$(median "$dir/r.nginx")
	printf '%-44s %9s %9s %9s   %.2f   (rounds: %s / %s)\n' "$name, us" "$s" "$f" "$n" "$(echo "$s $n" | awk '{ print $1 / $2 }')" \
		"$(tr '\n' ' ' <"$dir/r.sluiced")" "$(tr '\n' ' ' <"$dir/r.nginx")"
}

# memory: bytes for each of $idle connections that did one request
memory() {
	for who in sluiced sluiced-first nginx; do
		up "$who"
		$on1 "$load" idle -p "$port" -C "$dir/client.pem" -K "$dir/client.key" -c "$idle" -P "$worker" >"$dir/idle.out" &
		held=$!
		pids="$pids $held"
		until grep -q held "$dir/idle.out"; do
			kill -0 "$held" || exit 1
			sleep 0.2
		done
		word bytes_each "$(cat "$dir/idle.out")" >"$dir/m.$who"
		kill "$held"
		wait "$held" || true
		server_down
	done
	printf '%-44s %9s %9s %9s   %.2f\n' "idle connection at $idle, bytes of RSS" "$(cat "$dir/m.sluiced")" \
		"$(cat "$dir/m.sluiced-first")" "$(cat "$dir/m.nginx")" \
		"$(cat "$dir/m.sluiced" "$dir/m.nginx" | tr '\n' ' ' | awk '{ print $1 / $2 }')"
}

# losses WHAT TIMES COMMAND PACE: 8 connections, new and kept ones, a request each PACE ms, while COMMAND happens.
# A killed worker's sockets stay open for about 10 ms: io_uring's polls hold them until the ring is torn down (a process
# with a socket in a multishot poll: 8 to 12 ms from SIGKILL to FIN; without: 0.3). What is sent into that gap is lost.
losses() {
	sluiced_up first_request 2
	$on1 "$load" churn -p "$port" -C "$dir/client.pem" -K "$dir/client.key" -c 8 -m "$4" >"$dir/churn.out" &
	churn=$!
	pids="$pids $churn"
	sleep 1
	for _ in $(seq "$2"); do
		$3
		sleep 1
	done
	kill "$churn"
	wait "$churn" || true
	echo "$1 x$2, a request each $4 ms on each of 8 connections: $(cat "$dir/churn.out")"
	server_down
}

# hits WHAT OPTIONS: of 16 clients that come back again and again to two workers, how many resume
hits() {
	sluiced_up every_request 2 "$2"
	line=$(drive resume -c 16 -n "$handshakes" -w 200) || fail "resumption: $line"
	server_down
	printf '%-44s %9s\n' "$1" \
		"$(echo "$(word resumed "$line") $(word handshakes "$line")" | awk '{ printf "%.1f %%", 100 * $1 / ($2 - 16) }')"
}

reload() {
	kill -HUP "$server"
}

kill_one() {
	kill -9 "$(pgrep -P "$server" -f role=worker | head -n 1)"
}

echo "$(openssl version), Linux $(uname -r), $(nproc) CPUs, $(git -C "$here" rev-parse --short HEAD 2>/dev/null || echo no commit)"
printf '%-44s %9s %9s %9s   ratio\n' "CPU of one worker; medians of $rounds" sluiced "(first)" nginx
job "keep-alive GET 1 KiB, 64 connections" keepalive -c 64 -n "$requests" -w 3200
job "full handshake and one request" handshake -c 16 -n "$handshakes" -w 200
verified=0
job "the same, each chain verified anew" handshake -c 16 -n "$handshakes" -w 200
verified=4096
job "resumed handshake and one request" resume -c 16 -n "$handshakes" -w 200
hits "resumed of returns, placement: connection" "placement: connection"
hits "the same, placement: source" "placement: source"
hits "the same, session_tickets: stateless" "session_tickets: stateless"
memory
losses "reload each second" 10 reload 10
losses "kill -9 of one worker" 5 kill_one 30
kill "$origin_pid"
wait "$origin_pid" || true
echo "origin: $(cat "$dir/origin.out")"
