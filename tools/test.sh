#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Everything, in order of what it costs: `make test`. Ends at the first failure.
set -eu
cd "$(dirname "$0")/.."
jobs=$(nproc)
begun=$(date +%s)

# step NAME COMMAND...
step() {
	name=$1
	shift
	from=$(date +%s)
	echo "== $name"
	if ! "$@"; then
		echo "== $name FAILED after $(($(date +%s) - from)) s" >&2
		exit 1
	fi
	echo "== $name: $(($(date +%s) - from)) s"
}

mk() {
	make --no-print-directory -j"$jobs" WERROR=1 "$@"
}

step "build" mk all
step "check" mk check
step "bpf" mk bpf-test
step "lint" mk lint
step "e2e" mk e2e
step "build asan" mk FLAVOUR=asan all
step "unit asan" mk FLAVOUR=asan unit
step "e2e asan" mk FLAVOUR=asan e2e
step "demo" env SLUICED="$PWD/build/release/sluiced" tools/demo.sh
step "vm" mk check-vm
echo "== all passed: $(($(date +%s) - begun)) s"
