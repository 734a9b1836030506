#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Lines covered by units and e2e together: make cover.
# Counters live in mapped files (%c), so that a worker needs no open(2) at its end and one that is killed counts too.
# Roles run as users of their own: the files are made in a directory that all may write to.
set -eu
cd "$(dirname "$0")/.."

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -m 1777 "$dir/raw"
chmod 755 "$dir"

make --no-print-directory FLAVOUR=cov all
LLVM_PROFILE_FILE="$dir/raw/%p%c.profraw" make --no-print-directory FLAVOUR=cov unit e2e
find "$dir/raw" -name '*.profraw' -size +0 >"$dir/list"
llvm-profdata-14 merge -sparse --failure-mode=all -f "$dir/list" -o build/cov/profdata

objects=
for t in build/cov/tests/test_*; do
	if [ -x "$t" ] && [ ! -d "$t" ]; then
		objects="$objects -object $t"
	fi
done
# shellcheck disable=SC2086 # a list of words
llvm-cov-14 report build/cov/sluiced $objects -instr-profile=build/cov/profdata -ignore-filename-regex=tests/ \
	>build/cov/report
awk '/\.[ch] |^TOTAL/ { printf "%-40s %6d lines %8s\n", $1, $8, $10 }' build/cov/report
