# SPDX-License-Identifier: GPL-2.0-only
"""
The XDP programs on a real interface: two network namespaces and a veth between them, tests/bpf/front in one of them.
Needs root. Runs in the guest with each kernel (make check-vm) and on this machine (make bpf-test).

The namespaces have no name: they and all in them are gone with this process, however it ends.
"""
import json
import os
import pathlib
import platform
import socket
import ssl
import subprocess

import pytest

import netns
from door import HANG
from netns import CLIENT, CLIENT6, SERVER, SERVER6

FRONT = os.environ.get("SLUICE_FRONT", "")
PORT = 8443
COOKIES, STRICT, FLOOD, TIMESTAMPS = 1, 2, 4, 8
VERIFIED = pathlib.Path(__file__).parent.parent / "bpf" / "verifier.txt"
GROWTH = 1.1  # of what the verifier follows, before it fails


class Namespace(netns.Namespace):
    def front(self, *args):
        """tests/bpf/front, ready; and what it says about itself"""
        process = self.do(lambda: subprocess.Popen([FRONT, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        said = process.stdout.readline()
        assert said, f"front {args} ended with {process.wait(HANG)}"
        return process, json.loads(said)


class Net:
    """Two namespaces, their veths up, addresses set."""

    def __init__(self):
        self.server, self.client = Namespace(), Namespace()
        self.server.ip("link", "add", "vs", "type", "veth", "peer", "name", "vc", "netns", self.client.path)
        for n, interface, four, six in ((self.server, "vs", SERVER, SERVER6), (self.client, "vc", CLIENT, CLIENT6)):
            n.ip("addr", "add", four + "/24", "dev", interface)
            n.ip("addr", "add", six + "/64", "dev", interface, "nodad")
            n.ip("link", "set", interface, "up")
        self.peer, _ = self.client.front("vc", "pass")

    def close(self):
        self.peer.communicate(timeout=HANG)
        for n in (self.server, self.client):
            os.close(n.fd)


class Front:
    """tests/bpf/front; names are a.test for worker 1, *.wild.test for worker 2."""

    def __init__(self, net, mode, flags):
        self.net = net
        self.process, self.verified = net.server.front(
            "vs", mode, str(flags), "a.test=1", "*.wild.test=2", "l" * 70 + ".test=3")

    def connect(self, address=SERVER):
        return self.net.client.do(lambda: socket.create_connection((address, PORT), timeout=HANG))

    def ask(self, *parts, address=SERVER):
        """What a connection got that sent these, one after the other; None when it was reset."""
        with self.connect(address) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for part in parts:
                    s.sendall(part)
                answer = s.recv(1000)
            except ConnectionResetError:
                return None
            return json.loads(answer)

    def close(self):
        """The counters."""
        out, _ = self.process.communicate(timeout=HANG)
        assert self.process.returncode == 0
        return json.loads(out)


def hello(name):
    out = ssl.MemoryBIO()
    with_name = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        with_name.do_handshake()
    return out.read()


@pytest.fixture(scope="module")
def net():
    assert FRONT, "SLUICE_FRONT names the program"
    n = Net()
    yield n
    n.close()


@pytest.fixture(params=["native", "generic"])
def front(net, request):
    started = []

    def start(flags, cookies=2, timestamps=1):
        net.server.sysctl("tcp_syncookies", cookies)
        net.server.sysctl("tcp_timestamps", timestamps)
        started.append(Front(net, request.param, flags))
        return started[-1]

    yield start
    for f in started:
        if f.process.returncode is None:
            f.process.kill()
            f.process.communicate()


@pytest.mark.parametrize("address", [SERVER, SERVER6])
def test_a_known_name_lands_in_its_worker_with_its_hello(front, address):
    f = front(COOKIES | STRICT)
    rows = [("a.test", 1), ("A.Test", 1), ("x.wild.test", 2), ("l" * 63 + ".test", None), ("a.test", 1)]
    for name, worker in rows:
        sent = hello(name)
        got = f.ask(sent, address=address)
        if worker is None:
            assert got is None, name
            continue
        assert got["worker"] == worker, name
        assert got["queued"] == len(sent)
        assert got["sack"] == 1
    counters = f.close()
    assert counters["admitted"] == counters["to_flow"] == 4
    assert counters["unknown_name"] == 1
    assert counters["syn"] == counters["handshake_ack"] == 5
    assert counters["refused"] == counters["broken"] == 0


def test_what_is_not_wanted_is_reset_and_makes_no_socket(front):
    f = front(COOKIES | STRICT)
    assert f.ask(hello("nobody.test")) is None
    assert f.ask(b"GET / HTTP/1.1\r\n\r\n") is None
    with f.connect():
        pass  # says nothing
    counters = f.close()
    assert (counters["unknown_name"], counters["not_tls"], counters["no_hello"]) == (1, 1, 1)
    assert counters["admitted"] == counters["to_flow"] == counters["to_any"] == 0


@pytest.mark.parametrize("cut", [1, 5, 6, 100])
def test_a_hello_in_parts_is_served_by_somebody(front, cut):
    f = front(COOKIES | STRICT)
    sent = hello("a.test")
    assert f.ask(sent[:cut], sent[cut:]) is not None
    counters = f.close()
    assert counters["partial"] == 1
    assert counters["to_reread"] + counters["to_any"] == 1


@pytest.mark.parametrize("cookies", [0, 1])
def test_without_cookies_names_are_admitted_but_not_steered(front, cookies):
    f = front(STRICT, cookies=cookies)
    assert f.ask(hello("a.test")) is not None
    assert f.ask(hello("nobody.test")) is None
    assert f.ask(hello("x.wild.test"), address=SERVER6) is not None
    counters = f.close()
    assert (counters["admitted"], counters["unknown_name"], counters["stranger"]) == (2, 1, 0)
    assert counters["awaiting"] >= 3


def test_a_cookie_made_here_is_taken_by_the_kernel(front):
    f = front(COOKIES | STRICT | FLOOD | TIMESTAMPS, timestamps=2)
    for address in (SERVER, SERVER6, SERVER, SERVER6, SERVER):
        got = f.ask(hello("a.test"), address=address)
        assert got["worker"] == 1
        assert got["sack"] == 1
        assert got["wscale"] > 0  # the client's, which the kernel read from the timestamp
    counters = f.close()
    assert counters["syn"] == 1  # one passes, so that the kernel takes the others' cookies
    assert counters["syn_answered"] == counters["admitted"] - 1 == 4


@pytest.mark.parametrize("front", ["native"], indirect=True)
def test_the_verifier_works_no_harder_than_before(front, capsys):
    got = front(COOKIES).verified
    rows = [line.split() for line in VERIFIED.read_text().splitlines() if not line.startswith("#")]
    for program, count in got.items():
        known = {kernel: int(n) for kernel, name, n in rows if name == program}
        here = ".".join(platform.release().split(".")[:2])
        with capsys.disabled():
            print(f"\nLinux {here}: {program} {count} instructions verified")
        assert count <= known.get(here, known["any"]) * GROWTH, (program, count)
