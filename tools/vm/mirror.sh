#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# mirror.sh SUITE: the archive that carries a Debian suite, out of those this machine's apt is configured with.
set -eu
case $1 in
*-security) label=Debian-Security ;;
*) label=Debian ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# find OPTION...
find_it() {
	# shellcheck disable=SC2016 # apt's own variables
	apt-get "$@" indextargets --format '$(LABEL) $(REPO_URI)' | awk -v l="$label" '$1 == l { print $2; exit }'
}

found=$(find_it)
if [ -z "$found" ]; then # labels come from package lists, and this machine has none: read them, privately
	mkdir -p "$work/lists/partial"
	apt-get -o Dir::State::Lists="$work/lists" -o APT::Sandbox::User=root -qq update >&2
	found=$(find_it -o Dir::State::Lists="$work/lists")
fi
if [ -z "$found" ]; then
	echo "mirror.sh: apt is configured with no archive for $1" >&2
	exit 1
fi
echo "$found"
