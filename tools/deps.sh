#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# deps.sh [PACKAGE]...: install what building and testing needs, and these, if any of it is missing. Debian 12, apt.
# Does nothing, asks nothing and touches no network when all of it is there.
set -eu

build="clang-14 libclang-rt-14-dev llvm-14 clang-tidy-14 clang-format-14 cppcheck shellcheck make pkg-config
	libssl-dev liburing-dev libcyaml-dev libyaml-dev libjansson-dev libmicrohttpd-dev libsqlite3-dev
	libcurl4-openssl-dev libseccomp-dev libcriterion-dev
	libbpf-dev bpftool linux-libc-dev"
run="openssl curl nginx libnginx-mod-stream haproxy sqlite3 prometheus python3-prometheus-client python3 python3-pytest python3-cryptography procps iproute2 zsh fish"
guest="qemu-system-x86 busybox-static kmod cpio xz-utils squashfs-tools"

# Whoever has them from elsewhere keeps them.
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
	run="$run nodejs npm"
fi

missing=
for p in $build $run $guest "$@"; do
	if [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" != installed ]; then
		missing="$missing $p"
	fi
done
[ -n "$missing" ] || exit 0

as=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "missing:$missing" >&2
		echo "as root: apt-get update && apt-get install --no-install-recommends$missing" >&2
		exit 1
	fi
	as=sudo
fi

# nginx is wanted as a program, not as a service: while packages are unpacked, init scripts are told no.
policy=/usr/sbin/policy-rc.d
ours=
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' | $as tee "$policy" >/dev/null
	$as chmod 755 "$policy"
	ours=1
fi
finish() {
	[ -z "$ours" ] || $as rm -f "$policy"
}
trap finish EXIT

echo "  DEPS   $missing"
log=$(mktemp)
apt() {
	# shellcheck disable=SC2086 # $as is a command or nothing
	$as env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1
}
# shellcheck disable=SC2086 # a list of names
if ! { apt update && apt install -y --no-install-recommends $missing; }; then
	tail -40 "$log" >&2
	echo "installing failed; the whole log is in $log" >&2
	exit 1
fi
rm -f "$log"
