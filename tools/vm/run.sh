#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh -k KERNEL -r ROOT -o CONSOLE [-t SECONDS] [-m MIB] [-c CPUS] [-a SOURCE:NAME]... CACHE COMMAND
#
# Runs a shell command in a guest that QEMU emulates (no KVM, no network, no rights needed) and takes over its exit
# status. KERNEL is a directory of fetch-kernel.sh, ROOT an image of root.sh. The command runs as root in /src, where
# each SOURCE is found as NAME. Its output comes out here, the kernel's console goes to the file CONSOLE.
#
# Also a failure: a kernel that complains (WARN, BUG, Oops, a call trace: in the console, or by its taint), 70; a guest
# that dies or hangs, 99; a guest that cannot mount its root, 125. Booting is tried again only when user space was never
# reached, so that no failure of what is tested is hidden.
#
# As many guests run at a time as there are CPUs, of all users of CACHE; others wait, for half an hour at most: an
# emulated CPU that shares a real one with others only runs into its tests' time limits.
#
# One CPU by default: multi-threaded emulation has once been seen to trip over the kernel patching its own code.
# VM_QEMU holds more options for QEMU, VM_APPEND for the kernel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kernel='' root='' console='' seconds=300 mib=1536 cpus=1 adds=()
while getopts k:r:o:t:m:c:a: option; do
	case $option in
	k) kernel=$OPTARG ;;
	r) root=$OPTARG ;;
	o) console=$OPTARG ;;
	t) seconds=$OPTARG ;;
	m) mib=$OPTARG ;;
	c) cpus=$OPTARG ;;
	a) adds+=("$OPTARG") ;;
	*) exit 64 ;;
	esac
done
shift $((OPTIND - 1))
if [ $# -ne 2 ] || [ -z "$kernel" ] || [ -z "$root" ] || [ -z "$console" ]; then
	sed -n '3p' "$0" >&2
	exit 64
fi
cache=$1 command=$2

# What is loaded at boot and by tests; all of the kernel's crypto beside them, for it asks for that by itself.
modules="tls virtio_pci virtio_blk squashfs overlay tcp_diag inet_diag veth dummy sch_fq sch_netem sch_ingress"
boots=3
wait_seconds=1800
complaints='BUG:|WARNING:|Oops|general protection|Call Trace|KASAN|UBSAN|Kernel panic'
taints=$((1 << 7 | 1 << 9)) # died; warned

work=$(mktemp -d)
qemu=
trap '[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# base FILE: busybox, init and modules, as an initramfs
base() {
	local release source file tree=$work/base
	release=$(ls "$kernel/lib/modules")
	mkdir -p "$tree"/{bin,sbin,dev,proc,sys,run,root,etc,vm,payload}
	cp /bin/busybox "$tree/bin/"
	/bin/busybox --list | grep -vx busybox | while read -r name; do ln -s busybox "$tree/bin/$name"; done
	ln -s ../bin/busybox "$tree/sbin/modprobe" # what the kernel calls
	install "$here/init.sh" "$tree/init"
	source=$kernel/lib/modules/$release
	# a name that is built in is no module, and a crypto module of another kernel may not be there: no failure
	# shellcheck disable=SC2046,SC2086 # lists of names
	/sbin/modprobe -d "$kernel" -S "$release" -a --show-depends $modules \
		$(cd "$source/kernel" && find crypto lib/crypto arch/x86/crypto -name '*.ko*' 2>/dev/null | sed 's#.*/##; s#\.ko.*##') \
		2>/dev/null | awk '$1 == "insmod" { print $2 }' | sort -u | while read -r file; do
		file=${file#"$source/"}
		mkdir -p "$tree/lib/modules/$release/$(dirname "$file")"
		case $file in # the initramfs is unpacked in the guest: cheaper here
		*.xz) xz -dc "$source/$file" >"$tree/lib/modules/$release/${file%.xz}" ;;
		*) cp "$source/$file" "$tree/lib/modules/$release/$file" ;;
		esac
	done
	cp "$source"/modules.{builtin,builtin.modinfo,order} "$tree/lib/modules/$release/"
	/sbin/depmod -b "$tree" "$release"
	[ -n "$(find "$tree" -name tls.ko)" ] || { echo "run.sh: no tls module in $kernel" >&2; return 1; }
	pack "$tree" "$1"
}

# pack TREE FILE
pack() {
	(cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0) >"$2.$$"
	mv "$2.$$" "$2"
}

# payload FILE: the command and what it needs, as a second initramfs; the kernel unpacks one after the other
payload() {
	local add tree=$work/payload
	mkdir -p "$tree/vm" "$tree/payload"
	printf '%s\n' "$command" >"$tree/vm/command"
	for add in "${adds[@]}"; do
		mkdir -p "$(dirname "$tree/payload/${add#*:}")"
		cp -aL "${add%%:*}" "$tree/payload/${add#*:}"
	done
	pack "$tree" "$1"
}

# turn: waits for one of the places, which is ours until this script ends
turn() {
	local i place until=$((SECONDS + wait_seconds))
	mkdir -p "$cache/places"
	while [ "$SECONDS" -lt "$until" ]; do
		for ((i = 0; i < $(nproc); i++)); do
			exec {place}>"$cache/places/$i"
			flock -n "$place" && return
			exec {place}>&-
		done
		sleep 1
	done
	echo "run.sh: no place for a guest within $wait_seconds s" >&2
	return 1
}

# boot: QEMU's own exit status
boot() {
	rm -f "$work/status" "$console"
	# shellcheck disable=SC2086 # VM_QEMU is a list of options
	timeout --foreground -k 5 "$seconds" qemu-system-x86_64 -accel tcg -cpu max -M q35 -m "$mib" -smp "$cpus" \
		-nodefaults -no-user-config -display none -no-reboot \
		-kernel "$kernel/vmlinuz" -initrd "$work/initrd" \
		-append "console=ttyS0 loglevel=5 panic=-1 oops=panic net.ifnames=0 mitigations=off tsc=reliable audit=0 ${VM_APPEND:-}" \
		-serial "file:$console" -chardev stdio,id=out,signal=off -serial chardev:out -serial "file:$work/status" \
		-drive "file=$root,format=raw,if=virtio,readonly=on" -device virtio-rng-pci ${VM_QEMU:-} </dev/null &
	qemu=$!
	wait "$qemu" # and not in the foreground: a signal to this script is acted on at once
}

mkdir -p "$cache/base"
initramfs=$cache/base/$(basename "$kernel")-$(cat "$0" "$here/init.sh" /bin/busybox | sha256sum | cut -c1-16).cpio
[ -e "$initramfs" ] || base "$initramfs"
payload "$work/payload.cpio"
cat "$initramfs" "$work/payload.cpio" >"$work/initrd"
turn

for ((i = 1; ; i++)); do
	ended=0
	boot || ended=$?
	if grep -qsx up "$work/status" || [ "$ended" -ge 124 ] || [ "$i" -ge "$boots" ]; then
		break
	fi
	echo "run.sh: boot $i ended before user space (QEMU $ended), once more" >&2
done

read -r status taint < <(sed -nE 's/^([0-9]+ [0-9]+)$/\1/p' "$work/status" 2>/dev/null) || status=
if [ "$ended" -ne 0 ] || [ -z "$status" ]; then
	echo "run.sh: the guest died or hung (QEMU $ended; 124 is $seconds s gone). The end of its console:" >&2
	tail -40 "$console" >&2 || true
	exit 99
fi
if grep -E "$complaints" "$console" >&2 || [ $((taint & taints)) -ne 0 ]; then
	echo "run.sh: the kernel complained (taint $taint). The end of its console:" >&2
	tail -60 "$console" >&2
	exit 70
fi
exit "$status"
