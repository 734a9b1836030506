#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# check.sh KERNEL...: tests/vm and what of tests/e2e depends on the kernel, in a guest for each KERNEL (6.1, 6.12, next).
#
# SLUICED, SLUICE_FRONT  the program, tests/bpf/front; ONLY  pytest's -k; VM_SECONDS  the most a guest may take;
# VM_OUT  where logs go; VM_SUITE  the Debian release whose packages the guest has; not set: this machine's.
# The guests run at the same time. Fails when any of them does, or when one of them ran no test.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
cache=${XDG_CACHE_HOME:-${HOME:-$PWD/build}/.cache}/sluice/vm
mkdir -p "$cache" 2>/dev/null || cache=$PWD/build/vm/cache
out=${VM_OUT:-build/vm}
mkdir -p "$out"

files="tests/vm"
for f in ktls_start engine handshake records resumption attack_tunnel bodies http limits; do
	files="$files tests/e2e/test_$f.py"
done
# too much for an emulated CPU, or nothing that could depend on the kernel
leave="not 64_mib and not 1000_idle and not each_mode and not more_connections and not no_descriptor and not heads_have"

# guest KERNEL: one run, into $out/KERNEL.log
guest() {
	case $1 in
	6.1) set -- "$1" bookworm-security linux-image-cloud-amd64 ;;
	6.12) set -- "$1" bookworm-security linux-image-6.12-cloud-amd64 ;;
	next) set -- "$1" forky linux-image-cloud-amd64 ;;
	*)
		echo "check.sh: no kernel $1" >&2
		return 64
		;;
	esac
	kernel=$("$here/fetch-kernel.sh" "$2" "$3" "$cache") || return 1
	exec "$here/run.sh" -k "$kernel" -r "$root" -o "$out/$1.console" -t "${VM_SECONDS:-1200}" \
		-a "$SLUICED:sluiced" -a "$SLUICE_FRONT:front" -a tests/bpf/verifier.txt:tests/bpf/verifier.txt \
		-a tests/e2e:tests/e2e -a tests/vm:tests/vm -a userspace/sys:userspace/sys "$cache" "
		modprobe tls || exit 1
		export SLUICED=/src/sluiced SLUICE_FRONT=/src/front SLUICE_SLOW=4 PYTHONPATH=tests/vm
		exec python3 -m pytest -p guest -p no:cacheprovider -v -k '($leave) and (${ONLY:-test})' $files"
}

root=$("$here/root.sh" "$cache" "${VM_SUITE:-}")
running=
for k in "$@"; do rm -f "$out/$k.status"; done
trap 'kill $running 2>/dev/null; exit 130' INT TERM
for k in "$@"; do
	(
		begun=$(date +%s)
		guest "$k" &
		child=$!
		trap 'kill $child 2>/dev/null' TERM
		status=0
		wait "$child" || status=$?
		echo "$status $(($(date +%s) - begun))" >"$out/$k.status"
	) >"$out/$k.log" 2>&1 &
	running="$running $!"
done
wait

bad=
for k in "$@"; do
	read -r status seconds <"$out/$k.status" || { status=1 seconds=0; }
	passed=$(sed -nE 's/^=* ?([0-9]+) passed.* in .*/\1/p' "$out/$k.log" | tail -1)
	if [ "$status" -ne 0 ] || [ -z "$passed" ]; then
		bad="$bad $k"
		echo "-- guest $k:"
		cat "$out/$k.log"
		echo "  vm      $k FAILED (status $status, $seconds s)"
	else
		echo "  vm      $k: $passed passed, $seconds s"
	fi
done
if [ -n "$bad" ]; then
	echo "  FAILED  in the guest:$bad"
	exit 1
fi
echo "  ok      in the guest: $*"
