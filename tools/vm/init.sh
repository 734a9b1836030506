#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The first process of a guest (run.sh): mount the root image, run /vm/command in it, say how it went, end.
#
# ttyS0 is the kernel's console, ttyS1 the command's output, ttyS2 the status: "up", then "STATUS TAINT".
# Nothing else is started here. What runs is busybox, until the chroot.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup /sys/fs/cgroup
ln -s /proc/self/fd /dev/fd
stty -F /dev/ttyS1 -onlcr
stty -F /dev/ttyS2 -onlcr
ip link set lo up
read -r up _ </proc/uptime

# whatever goes wrong down to here and before the command is no result: 125 is run.sh's own status for it
give_up() {
	echo "guest: $1" >/dev/ttyS1
	echo "125 0" >/dev/ttyS2
	reboot -f
}

modprobe -a virtio_pci virtio_blk squashfs overlay
mkdir -p /run/image /run/top
mount -t squashfs -o ro /dev/vda /run/image || give_up "no root image"
mount -t tmpfs -o mode=755 top /run/top
mkdir /run/top/files /run/top/work
mount -t overlay -o lowerdir=/run/image,upperdir=/run/top/files,workdir=/run/top/work root /root || give_up "no root"
for d in dev proc sys run; do
	mkdir -p "/root/$d"
	mount --rbind "/$d" "/root/$d"
done
mkdir -p /root/tmp /root/vm /root/src /root/root /root/usr/lib/modules /root/var/log /root/var/lib
chmod 1777 /root/tmp
mount --bind /vm /root/vm
mount --bind /payload /root/src
mount --bind /lib/modules /root/usr/lib/modules

cat >/root/etc/passwd <<-END
	root:x:0:0:root:/root:/bin/sh
	www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
	nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
END
cat >/root/etc/group <<-END
	root:x:0:
	www-data:x:33:
	nogroup:x:65534:
END
printf '127.0.0.1 localhost\n::1 localhost\n' >/root/etc/hosts
printf 'hosts: files\npasswd: files\ngroup: files\n' >/root/etc/nsswitch.conf

# shellcheck disable=SC3045 # busybox has it
ulimit -n 65536
echo up >/dev/ttyS2
echo "guest: Linux $(uname -r), user space after $up s" >/dev/ttyS1
chroot /root /bin/sh -c 'cd /src && . /vm/command' </dev/null >/dev/ttyS1 2>&1
status=$?
taint=$(cat /proc/sys/kernel/tainted) # not read: it takes a byte at a time, and the kernel gives only the first
echo "$status $taint" >/dev/ttyS2
reboot -f
