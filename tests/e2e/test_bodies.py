# SPDX-License-Identifier: GPL-2.0-only
"""Large bodies both ways, every one hashed; slow readers on either side, and what they cost in memory."""
import hashlib
import os
import select
import ssl
import subprocess
import threading
import time

import pytest

from client import TLS12, TLS13, Client, Cut, request
from door import children, host, memory, wait_until
from origin import answer

MIB = 1 << 20
BIG = 64 * MIB


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """A file of 64 MiB that no two pieces of are alike, and its SHA-256."""
    path = tmp_path_factory.mktemp("big") / "big"
    data = os.urandom(BIG)
    path.write_bytes(data)
    return str(path), data, hashlib.sha256(data).hexdigest()


def door_for(door, world, origin, **options):
    options.setdefault("body_kib", 0)
    return door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)], **options)


def hashing_origin(origins, script=None):
    """Answers each upload with the SHA-256 of its body."""
    def serve(o, conn):
        while True:
            r = conn.request_head()
            digest = hashlib.sha256()
            if r.get("transfer-encoding"):
                while size := int(conn.until(b"\r\n").split(b";")[0], 16):
                    conn.skip(size, digest)
                    assert conn.exactly(2) == b"\r\n"
                assert conn.until(b"\r\n") == b"\r\n"
            else:
                conn.skip(int(r.get("content-length")), digest)
            o.requests.append(r)
            conn.send(answer(digest.hexdigest().encode()))
    return origins(script or serve)


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
def test_64_mib_down_from_nginx(world, nginx, door, big, version):
    path, _, digest = big
    n = nginx("")
    os.symlink(path, n.www + "/big")
    d = door_for(door, world, n)
    with Client(d.port, cert=world.alice, version=version) as c:
        for _ in range(2):
            r = c.get("/big", keep=False)
            assert (r.size, r.sha256) == (BIG, digest)


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_64_mib_down_in_the_other_suites(world, nginx, door, big, suite):
    path, _, digest = big
    n = nginx("")
    os.symlink(path, n.www + "/big")
    d = door_for(door, world, n)
    with Client(d.port, cert=world.alice, version=TLS12, ciphers=suite) as c:
        assert c.get("/big", keep=False).sha256 == digest


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_64_mib_up(world, origins, door, big, chunked):
    path, _, digest = big
    d = door_for(door, world, hashing_origin(origins))
    out = subprocess.run(
        ["curl", "-sS", "--resolve", f"api.example.com:{d.port}:127.0.0.1", "--cacert", world.server_ca.pem,
         "--cert", world.alice.pem, "--key", world.alice.key, "-T", path, "-H", "Expect:",
         *(["-H", "Transfer-Encoding: chunked"] if chunked else []), f"https://api.example.com:{d.port}/up"],
        stdout=subprocess.PIPE, check=True, timeout=300).stdout
    assert out.decode() == digest


def test_64_mib_down_chunked_and_until_close(world, origins, door, big):
    _, data, digest = big

    def script(o, conn):
        r = conn.request()
        o.requests.append(r)
        if r.target == "/close":
            conn.send(b"HTTP/1.1 200 OK\r\n\r\n")
            conn.send(data)
            return
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        step = 123457
        for at in range(0, BIG, step):
            piece = data[at:at + step]
            conn.send(b"%x\r\n" % len(piece) + piece + b"\r\n")
        conn.send(b"0\r\n\r\n")
        conn.wait_end()
    d = door_for(door, world, origins(script))
    for target in ("/chunked", "/close"):
        with Client(d.port, cert=world.alice) as c:
            r = c.get(target, keep=False)
            assert (r.size, r.sha256) == (BIG, digest)


def test_both_directions_at_once_through_a_tunnel(world, origins, door, big):
    _, data, digest = big

    def script(o, conn):
        conn.request_head()
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
        got = hashlib.sha256()
        t = threading.Thread(target=conn.sock.sendall, args=(data,))
        t.start()
        conn.skip(BIG, got)
        t.join()
        o.requests.append(got.hexdigest())
        conn.wait_end()
    origin = origins(script)
    d = door_for(door, world, origin)
    with Client(d.port, cert=world.alice) as c:
        c.send(request(fields=["Connection: upgrade", "Upgrade: x"]))
        assert c.response().status == 101
        # Python's ssl object takes one thread at a time: send in slices, read what is there
        got = hashlib.sha256(c.rest)
        seen, at = len(c.rest), 0
        c.sock.setblocking(False)
        while seen < BIG or at < BIG:
            select.select([c.sock], [c.sock] if at < BIG else [], [], 60)
            try:
                while piece := c.sock.recv(262144):
                    got.update(piece)
                    seen += len(piece)
                assert seen == BIG
                break
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            try:
                while at < BIG:
                    at += c.sock.send(data[at:at + 16384])
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
        assert got.hexdigest() == digest
        assert origin.wait()[0] == digest


def rss(d):
    return sum(memory(p) for p in [d.process.pid] + children(d.process.pid))


@pytest.mark.parametrize("direction", ["down", "up"])
def test_slow_readers_cost_a_bounded_memory(world, origins, door, asan, direction):
    """16 connections, each with 64 MiB on its way to somebody who does not read."""
    stop = threading.Event()
    sent = [0] * 16

    def script(_, conn):
        conn.request_head()
        if direction == "up":
            stop.wait(300)  # accepts, never reads
            return
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
        conn.sock.settimeout(300)
        piece = b"z" * 65536
        for _ in range(BIG // len(piece)):
            conn.sock.sendall(piece)
            sent[conn.number] += len(piece)

    d = door_for(door, world, origins(script, receive_buffer=65536))
    before = rss(d)
    clients = [Client(d.port, cert=world.alice, receive_buffer=65536) for _ in range(16)]
    for n, c in enumerate(clients):
        if direction == "down":
            c.send(request())
        else:
            c.sock.settimeout(300)

            def push(c=c, n=n):
                try:
                    c.send(request("POST", "/", fields=[f"Content-Length: {BIG}"]))
                    for _ in range(BIG // 65536):
                        c.send(b"z" * 65536)
                        sent[n] += 65536
                except OSError:
                    pass
            threading.Thread(target=push, daemon=True).start()

    # all of them stand still: nothing more is taken from whoever sends
    last, since = None, time.monotonic()
    while time.monotonic() - since < 1.0:
        if sent != last or min(sent) == 0:
            last, since = list(sent), time.monotonic()
        time.sleep(0.05)
    assert max(sent) < BIG
    if not asan:
        assert rss(d) - before < 16 * 2 * MIB
    stop.set()
    for c in clients:
        c.close()


def test_a_slow_reader_gets_every_byte(world, origins, door):
    data = os.urandom(8 * MIB)
    d = door_for(door, world, origins(respond=lambda r: answer(data)))
    with Client(d.port, cert=world.alice, receive_buffer=16384) as c:
        c.send(request())
        head = c.head()
        got = bytearray(c.rest)
        while len(got) < len(data):
            piece = c.read(997)
            assert piece, c.end
            got += piece
        assert head.get("content-length") == str(len(data))
        assert bytes(got) == data


def test_many_downloads_at_once_are_all_right(world, nginx, door, big):
    path, data, _ = big
    n = nginx("")
    want = {}
    for k in range(8):
        piece = data[k * MIB:(k + 1) * MIB + k * 1000]
        n.file(f"piece{k}", piece)
        want[k] = hashlib.sha256(piece).hexdigest()
    d = door_for(door, world, n)
    bad = []

    def run(k):
        try:
            with Client(d.port, cert=world.alice) as c:
                for i in range(6):
                    which = (k + i) % 8
                    if c.get(f"/piece{which}", keep=False).sha256 != want[which]:
                        bad.append((k, which))
        except (OSError, Cut) as e:
            bad.append((k, e))
    threads = [threading.Thread(target=run, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert bad == []


def test_buffers_come_back_after_aborted_downloads(world, origins, door):
    """Clients that leave in mid-body must not use up the buffers: the next ones are served."""
    d = door_for(door, world, origins(respond=lambda r: answer(b"q" * 4 * MIB)), small_buffers=64, bulk_buffers=4)
    for _ in range(40):
        with Client(d.port, cert=world.alice) as c:
            c.send(request())
            c.head()
    with Client(d.port, cert=world.alice) as c:
        for _ in range(5):
            assert c.get(keep=False).sha256 == hashlib.sha256(b"q" * 4 * MIB).hexdigest()
    wait_until(lambda: len(d.log()) >= 45, "45 requests in the log")
