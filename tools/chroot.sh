#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# chroot.sh SUITE COMMAND...: run a command of this tree with the packages of another Debian release, on this kernel.
#
#   tools/chroot.sh trixie bench/figures.sh      # beside nginx 1.26, both on OpenSSL 3.5
#
# As root. The packages are those of tools/vm/root.sh SUITE, unpacked beside its image; the tree is mounted at /src in a
# mount namespace of its own, so nothing is left behind.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
suite=$1
shift
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/sluice/vm
mkdir -p "$cache"
image=$("$here/vm/root.sh" "$cache" "$suite")
tree=$cache/tree/$suite
if [ ! -e "$tree" ] || [ "$image" -nt "$tree" ]; then
	mkdir -p "$cache/tree"
	rm -rf "$tree" "$tree.new"
	unsquashfs -quiet -no-progress -dest "$tree.new" "$image" >/dev/null
	mkdir -p "$tree.new/src"
	touch "$tree.new"
	mv "$tree.new" "$tree"
fi
export tree source="$here/.."
# shellcheck disable=SC2016 # expanded in the namespace
exec unshare --mount sh -c '
	mount --bind "$source" "$tree/src"
	mount -t proc proc "$tree/proc"
	mount --rbind /dev "$tree/dev"
	mount --rbind /sys "$tree/sys"
	exec chroot "$tree" sh -c '\''cd /src && exec "$@"'\'' sh "$@"' sh "$@"
