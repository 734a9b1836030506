#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# fetch-kernel.sh SUITE PACKAGE CACHE: a Debian cloud kernel, unpacked; prints its directory (vmlinuz, lib/modules/VERSION).
#
#   fetch-kernel.sh bookworm-security linux-image-6.12-cloud-amd64 ~/.cache/sluice/vm
#
# From the mirror this machine's apt is configured with, signatures checked by apt, in a private apt state: nothing on
# the host changes and no root is needed. What was fetched is kept by version. The network is asked again after a week
# (VM_KERNEL_DAYS); when it does not answer, what is there is used.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
suite=$1 package=$2 cache=$3
keys=/usr/share/keyrings/debian-archive-keyring.gpg
link=$cache/kernel/$suite-$package

mkdir -p "$cache/kernel"
exec 9>"$link.lock"
flock 9
if [ -e "$link/vmlinuz" ] && [ -n "$(find "$link.asked" -mtime "-${VM_KERNEL_DAYS:-7}" 2>/dev/null)" ]; then
	readlink -f "$link"
	exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/etc/apt.conf.d" "$work/etc/preferences.d" \
	"$work/etc/sources.list.d" "$work/tree"
: >"$work/status"
# apt with a state and a line of sources of its own
private() {
	tool=$1
	shift
	"$tool" -o Dir::State="$work/state" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
		-o Dir::Etc="$work/etc" -o Acquire::Languages=none -o APT::Sandbox::User=root -o APT::Update::Error-Mode=any "$@"
}

fetch() {
	from=$("$here/mirror.sh" "$suite") || return 1
	echo "deb [signed-by=$keys] $from $suite main" >"$work/etc/sources.list"
	private apt-get -qq update || return 1

	image=$(private apt-cache depends "$package" | awk '/Depends: linux-image-[0-9].*-cloud-amd64$/ { print $2; exit }')
	[ -n "$image" ] || { echo "fetch-kernel: no $package in $suite" >&2; return 1; }
	# from 7.x on the image is empty and depends on linux-base-* (lists), linux-binary-* and linux-modules-*
	parts=$(private apt-cache depends "$image" | awk '/Depends: linux-(base|binary|modules)-[0-9]/ { print $2 }')
	version=$(private apt-cache show "$image" | awk '/^Version:/ { print $2; exit }')
	dir=$cache/kernel/$version
	if [ ! -e "$dir/vmlinuz" ]; then
		# shellcheck disable=SC2086 # a list of names
		(cd "$work" && private apt-get -qq download "$image" $parts) || return 1
		for deb in "$work"/*.deb; do
			dpkg-deb -x "$deb" "$work/tree" || return 1
		done
		keep "$dir" || return 1
	fi
	ln -sfn "$version" "$link"
	touch "$link.asked"
}

# keep DIR: kernel and modules of the unpacked tree, complete or not at all
keep() {
	modules=$(find "$work/tree" -path '*/lib/modules/*' -prune -type d)
	release=$(basename "$modules")
	mkdir -p "$work/kept/lib/modules"
	mv "$modules" "$work/kept/lib/modules/" || return 1
	for image in "$work/kept/lib/modules/$release/vmlinuz" "$work/tree/boot/vmlinuz-$release"; do
		[ ! -e "$image" ] || mv "$image" "$work/kept/vmlinuz"
	done
	[ -e "$work/kept/vmlinuz" ] || { echo "fetch-kernel: no kernel in $package" >&2; return 1; }
	/sbin/depmod -b "$work/kept" "$release" || return 1
	rm -rf "$1" "$1.new"
	cp -a "$work/kept" "$1.new" && mv "$1.new" "$1"
}

if ! fetch >&2; then
	[ -e "$link/vmlinuz" ] || exit 1
	echo "fetch-kernel: $suite did not answer, using what was fetched before" >&2
fi
readlink -f "$link"
