#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# bench.sh icount|idle KERNEL: bench/icount.sh or bench/idle.sh in a guest with KERNEL (6.1, 6.12, next).
#
# icount  counts instructions and compares sluiced's with bench/icount.txt: more than 5 % off fails. UPDATE=1 writes the
#         file anew. SERVERS: only these. SIZES: bodies of these lengths, for a look; then nothing is compared.
#         VM_SUITE: with that release's packages (and VM_EXPERIMENTAL, see root.sh); then nothing is compared either.
# idle    memory of connections that do nothing. IDLE: how many.
# Programs are taken from BUILD (build/release). Logs and the table go to VM_OUT (build/vm).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
what=$1 kernel=$2
build=${BUILD:-build/release}
out=${VM_OUT:-build/vm}
stored=bench/icount.txt
mkdir -p "$out"
cache=${XDG_CACHE_HOME:-${HOME:-$PWD/build}/.cache}/sluice/vm
mkdir -p "$cache" 2>/dev/null || cache=$PWD/build/vm/cache

case $kernel in
6.1) package=linux-image-cloud-amd64 suite=bookworm-security ;;
6.12) package=linux-image-6.12-cloud-amd64 suite=bookworm-security ;;
next) package=linux-image-cloud-amd64 suite=forky ;;
*)
	echo "bench.sh: no kernel $kernel" >&2
	exit 64
	;;
esac
files=()
for f in "$build/sluiced" "$build/bench/load" "$build/bench/origin" bench/*.sh tools/pki.sh; do
	files+=(-a "$f:${f/#$build/build/release}")
done

# guest SECONDS MIB COMMAND
guest() {
	"$here/run.sh" -k "$("$here/fetch-kernel.sh" "$suite" "$package" "$cache")" -r "$("$here/root.sh" "$cache" "${VM_SUITE:-}")" \
		-o "$out/$what-$kernel.console" -t "${VM_SECONDS:-$1}" -m "$2" "${files[@]}" "$cache" "$3"
}

# table: of the lines of bench/icount.sh; the spread is that of the rounds, in percent of the median. Of nginx with kernel
# TLS the cheaper one counts, buffering or not.
table() {
	awk '
	!($1 in seen) { seen[$1] = 1; jobs[++n] = $1 }
	!($2 in known) { known[$2] = 1; who[++m] = $2 }
	{ median[$1, $2] = $3; spread[$1, $2] = $3 ? 100 * ($5 - $4) / $3 : 0 }
	END {
		printf "%-14s", "instructions"
		for (j = 1; j <= m; j++) printf " %18s", who[j]
		printf "  splice/user kernel/nginx-ktls\n"
		for (i = 1; i <= n; i++) {
			printf "%-14s", jobs[i]
			for (j = 1; j <= m; j++) printf " %11d %5.1f%%", median[jobs[i], who[j]], spread[jobs[i], who[j]]
			u = median[jobs[i], "user"]; s = median[jobs[i], "splice"]
			k = median[jobs[i], "kernel"]; x = median[jobs[i], "nginx-ktls"]; b = median[jobs[i], "nginx-buffers-ktls"]
			if (!x || b && b < x) x = b
			printf "  %11s %17s\n", u && s ? sprintf("%.2f", s / u) : "-", k && x ? sprintf("%.2f", k / x) : "-"
		}
	}' "$1"
}

# compare TABLE: with the stored one; only sluiced's own engines count, nginx is as Debian made it. Without SERVERS all
# that is stored must have been measured.
compare() {
	awk -v kernel="$kernel" -v part="${SERVERS:-}" '
	NR == FNR { if ($1 == kernel) want[$2 " " $3] = $4; next }
	$2 ~ /^nginx/ { next }
	{
		job = $1 " " $2
		if (!(job in want)) { print "  " job ": not stored"; bad++; next }
		off = 100 * ($3 - want[job]) / want[job]
		met[job] = 1
		if (off > 5 || off < -5) { printf "  %s: %d, stored %d: %+.1f %%\n", job, $3, want[job], off; bad++ }
	}
	END {
		for (job in want)
			if (!part && job !~ / nginx/ && !(job in met)) { print "  " job ": stored, not measured"; bad++ }
		if (!length(met)) print "  nothing was compared"
		exit bad || !length(met)
	}' "$stored" "$1"
}

case $what in
icount)
	servers=${SERVERS:-user kernel splice nginx nginx-ktls nginx-buffers-ktls}
	VM_QEMU="${VM_QEMU:-} -accel tcg,thread=single -icount shift=0,sleep=off" guest 1800 1024 \
		"SIZES='${SIZES:-}' ROUNDS='${ROUNDS:-3}' exec bench/icount.sh $servers" >"$out/icount-$kernel.log" ||
		{ status=$?; cat "$out/icount-$kernel.log"; exit "$status"; }
	sed 1d "$out/icount-$kernel.log" >"$out/icount-$kernel.txt"
	echo "Linux $kernel, TLS 1.3 AES-128-GCM; medians of ${ROUNDS:-3} rounds, and their spread"
	table "$out/icount-$kernel.txt"
	[ -z "${SIZES:-}${VM_SUITE:-}" ] || exit 0
	if [ -n "${UPDATE:-}" ]; then
		[ -z "${SERVERS:-}" ] || { echo "bench.sh: UPDATE wants all servers" >&2; exit 64; }
		{
			echo "# make vm-icount UPDATE=1: kernel, job, server, instructions"
			{
				grep -v -e '^#' -e "^$kernel " "$stored" 2>/dev/null || true
				awk -v kernel="$kernel" '{ print kernel, $1, $2, $3 }' "$out/icount-$kernel.txt"
			} | sort -V -k1,1 -s
		} >"$stored.new"
		mv "$stored.new" "$stored"
	elif ! compare "$out/icount-$kernel.txt"; then
		echo "  FAILED  more than 5 % off $stored; when that is meant: make vm-icount KERNEL=$kernel UPDATE=1"
		exit 1
	else
		echo "  ok      within 5 % of $stored"
	fi
	;;
idle)
	guest 3000 3072 "exec bench/idle.sh ${IDLE:-5000}"
	;;
*)
	sed -n '3p' "$0" >&2
	exit 64
	;;
esac
