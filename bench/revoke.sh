#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How long a revocation takes: make revoke-figures.
#
# WORKERS (1) have CONNS (5000) idle connections of one certificate (and in the second job as many of another, and 64 that send a
# request each 50 ms beside them). From the start of `sluicectl revoke` to the moment at which the client sees the last of
# the first ones end, and to sluicectl's end, which says that it is durable and in force; and the workers' CPU time for it.
# With one worker it, master, control and sluicectl share CPU 0, the clients and the origin CPU 1; several run where they
# like. Each connection has one to the origin, which ends as well. Medians of ROUNDS (7) on one server. The others must
# have lost nothing.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
rounds=${ROUNDS:-7}
conns=${CONNS:-5000}
workers=${WORKERS:-1}
ctl=$here/build/release/sluicectl

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
on0="taskset -c 0" on1="taskset -c 1"
if [ "$(nproc)" -lt 2 ]; then
	on0='' on1=''
	echo "one CPU only: nothing is pinned, the figures mean little" >&2
fi
# shellcheck disable=SC2034 # servers.sh uses it
verified=4096

# shellcheck source=bench/servers.sh
. "$here/bench/servers.sh"
origin_up
"$here/tools/pki.sh" "$dir/other" localhost
cat "$dir/other/client-ca.pem" >>"$dir/client-ca.pem"

# The store's directory belongs to control's user.
chmod 755 "$dir"
mkdir -m 700 "$dir/state"
if [ "$(id -u)" -eq 0 ]; then
	for user in sluice-control sluice nobody; do
		if id "$user" >/dev/null 2>&1; then
			chown "$user" "$dir/state"
			break
		fi
	done
fi
export SLUICE_SOCKET=$dir/api.sock
more="api: { listen: $SLUICE_SOCKET }
store: $dir/state/sluice.db"
fingerprint=$(openssl x509 -in "$dir/client.pem" -noout -fingerprint -sha256 | cut -d= -f2)

# held FILE CERTIFICATE: $conns idle connections; sets held
held() {
	: >"$1"
	$on1 "$load" held -p "$port" -C "$2.pem" -K "$2.key" -c "$conns" >"$1" &
	held=$!
	pids="$pids $held"
	until grep -q held "$1"; do
		kill -0 "$held" || fail "connections: $(cat "$1")"
		sleep 0.1
	done
}

# ends FILE PID: sets line to what a load process says at its end
ends() {
	wait "$2" || true
	line=$(tail -n 1 "$1")
}

# cpu_ns: of all workers so far
cpu_ns() {
	for p in $(pgrep -P "$server" -f role=worker); do
		cut -d' ' -f1 "/proc/$p/schedstat"
	done | awk '{ n += $1 } END { printf "%.0f\n", n }'
}

us() {
	echo "${EPOCHREALTIME/[.,]/}"
}

# job NAME: rounds of it, with the server that is up
job() {
	rm -f "$dir"/f.*
	for _ in $(seq "$rounds"); do
		held "$dir/revoked.out" "$dir/client"
		victim=$held
		cpu=$(cpu_ns)
		begin=$(us)
		$pin "$ctl" revoke "$fingerprint" >/dev/null
		answered=$(us)
		ends "$dir/revoked.out" "$victim"
		[ "$(word ended "$line")" = "$conns" ] || fail "not all were ended: $line"
		echo "$(($(cpu_ns) - cpu))" | awk '{ print $1 / 1e6 }' >>"$dir/f.cpu"
		echo "$begin $(word first_us "$line")" | awk '{ print ($2 - $1) / 1e3 }' >>"$dir/f.first"
		echo "$begin $(word last_us "$line")" | awk '{ print ($2 - $1) / 1e3 }' >>"$dir/f.last"
		echo "$begin $answered" | awk '{ print ($2 - $1) / 1e3 }' >>"$dir/f.answer"
		"$ctl" unrevoke "$fingerprint" >/dev/null
	done
	printf '%-44s %9s %9s %9s %9s   (last: %s)\n' "$1" "$(median "$dir/f.first")" "$(median "$dir/f.last")" \
		"$(median "$dir/f.answer")" "$(median "$dir/f.cpu")" "$(sort -n "$dir/f.last" | tr '\n' ' ')"
}

echo "$(openssl version), Linux $(uname -r), $(nproc) CPUs, $(git -C "$here" rev-parse --short HEAD 2>/dev/null || echo no commit)"
printf '%-44s %9s %9s %9s %9s   ms; medians of %s\n' "from sluicectl's start to" "first" "last end" "answer" "CPU" "$rounds"
sluiced_up first_request "$workers" "conns_per_worker: 16384, idle_timeout_ms: 3600000"
job "$conns connections revoked"
held "$dir/others.out" "$dir/other/client"
others=$held
$on1 "$load" churn -p "$port" -C "$dir/other/client.pem" -K "$dir/other/client.key" -c 64 -m 50 >"$dir/churn.out" &
churn=$!
pids="$pids $churn"
job "the same, $conns of others beside them"
kill "$others" "$churn"
ends "$dir/others.out" "$others"
[ "$(word ended "$line")" = 0 ] || fail "others were ended: $line"
echo "idle ones of others: $line"
ends "$dir/churn.out" "$churn"
[ "$(word lost "$line")$(word refused "$line")$(word wrong "$line")" = 000 ] || fail "others noticed: $line"
echo "busy ones of others: $line"
server_down
