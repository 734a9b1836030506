# SPDX-License-Identifier: GPL-2.0-only
"""Two network namespaces and a veth between them, for what needs an interface of its own. Needs root.

The namespaces have no name: they and all in them are gone with this process, however it ends.
"""
import concurrent.futures
import ctypes
import os
import pathlib
import platform
import socket
import struct
import subprocess

from door import HANG

CLONE_NEWNET = 0x40000000
PROG_LOAD, LINK_CREATE = 5, 28  # linux/bpf.h
PROG_TYPE_XDP, ATTACH_XDP, XDP_DRIVER = 6, 37, 4
LICENSE = ctypes.create_string_buffer(b"GPL")
SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
SERVER, CLIENT = "10.77.0.2", "10.77.0.1"
SERVER6, CLIENT6 = "fd77::2", "fd77::1"

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attributes):
    """bpf(2): a descriptor"""
    fd = libc.syscall(SYS_BPF, command, ctypes.create_string_buffer(attributes, len(attributes)), len(attributes))
    assert fd >= 0, os.strerror(ctypes.get_errno())
    return fd


class Namespace:
    def __init__(self):
        def make():
            assert libc.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

        self.fd = self._in_a_thread(make)
        self.path = f"/proc/{os.getpid()}/fd/{self.fd}"
        self.ip("link", "set", "lo", "up")

    @staticmethod
    def _in_a_thread(function):
        """Of its own: what belongs to a thread is which namespace its sockets and children are in."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(function).result()

    def do(self, function):
        def run():
            assert libc.setns(self.fd, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            return function()

        return self._in_a_thread(run)

    def run(self, *args, check=True, **kwargs):
        return self.do(lambda: subprocess.run(args, check=check, timeout=HANG, **kwargs))

    def ip(self, *args):
        self.run("ip", *args)

    def sysctl(self, name, value):
        self.do(lambda: pathlib.Path(f"/proc/sys/net/ipv4/{name}").write_text(str(value)))

    def read_sysctl(self, name):
        return self.do(lambda: pathlib.Path(f"/proc/sys/net/ipv4/{name}").read_text()).strip()

    def pass_all(self, interface):
        """An XDP program that does nothing: only with one a veth takes what XDP on its other end sends back."""
        def attach():
            steps = ctypes.create_string_buffer(bytes.fromhex("b700000002000000" "9500000000000000"))  # return XDP_PASS
            program = bpf(PROG_LOAD, struct.pack("=IIQQ44xI", PROG_TYPE_XDP, 2, ctypes.addressof(steps),
                                                 ctypes.addressof(LICENSE), ATTACH_XDP))
            link = bpf(LINK_CREATE, struct.pack("=IIII", program, socket.if_nametoindex(interface), ATTACH_XDP,
                                                XDP_DRIVER))
            os.close(program)
            return link
        return self.do(attach)

    def close(self):
        os.close(self.fd)


class Net:
    """The server's end is vs, the client's vc; addresses are set, SYN cookies always made."""

    def __init__(self):
        self.server, self.client = Namespace(), Namespace()
        self.plug()
        self.server.sysctl("tcp_syncookies", 2)

    def plug(self):
        self.server.ip("link", "add", "vs", "type", "veth", "peer", "name", "vc", "netns", self.client.path)
        for n, interface, four, six in ((self.server, "vs", SERVER, SERVER6), (self.client, "vc", CLIENT, CLIENT6)):
            n.ip("addr", "add", four + "/24", "dev", interface)
            n.ip("addr", "add", six + "/64", "dev", interface, "nodad")
            n.ip("link", "set", interface, "up")
        self.peer = self.client.pass_all("vc")

    def close(self):
        os.close(self.peer)
        self.server.close()
        self.client.close()
