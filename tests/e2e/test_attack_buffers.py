# SPDX-License-Identifier: GPL-2.0-only
"""Bodies of every framing with hardly a buffer to spare, in pieces of every size: the bytes must be the same."""
import hashlib
import os
import random
import socket
import threading
import time

import pytest

from client import TLS12, TLS13, Client, openssl, request
from door import host, wait_until
from origin import answer
from records import DATA, HANDSHAKE, Records


def one(door, world, origin, **options):
    options.setdefault("body_kib", 0)
    return door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca,
                      inject=options.pop("inject", "first_request"))], **options)


def chunked(data, rng):
    """In chunks of odd sizes, with an extension here and there, and a trailer."""
    out, at = [], 0
    while at < len(data):
        n = rng.choice([1, 7, 1000, 16384, 70000])
        piece = data[at:at + n]
        out.append(b"%x%s\r\n%s\r\n" % (len(piece), rng.choice([b"", b";a=b", b';q="x y"']), piece))
        at += n
    return b"".join(out) + b"0\r\nX-Sum: " + hashlib.sha256(data).hexdigest().encode() + b"\r\n\r\n"


class Echo:
    """Answers each upload with its own body, chunked back when it came so."""

    def respond(self, r):
        if r.get("transfer-encoding"):
            return (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                    chunked(r.body, random.Random(len(r.body))))
        return answer(r.body)


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize("bulk", [0, 1])
@pytest.mark.parametrize("inject", ["first_request", "every_request"])
def test_bodies_pass_unharmed_with_few_buffers(world, door, origins, version, bulk, inject):
    d = one(door, world, origins(respond=Echo().respond), inject=inject, bulk_buffers=bulk, small_buffers=64)
    failures = []

    def run(seed):
        rng = random.Random(seed)
        try:
            with Client(d.port, cert=world.alice, version=version) as c:
                for n in range(6):
                    data = rng.randbytes(rng.choice([0, 1, 16384, 65536, 131072, 700001]))
                    whole = rng.random() < 0.5
                    if whole:
                        raw = request("POST", f"/{n}", fields=[f"Content-Length: {len(data)}"]) + data
                    else:
                        raw = request("POST", f"/{n}", fields=["Transfer-Encoding: chunked"]) + chunked(data, rng)
                    send(c, raw, random.Random(seed + n))  # the origin answers when it has all
                    r = c.response()
                    if r.status != 200 or r.body != data:
                        failures.append((seed, n, r.status, len(data), r.size))
                    if not whole and r.trailers != ["X-Sum: " + hashlib.sha256(data).hexdigest()]:
                        failures.append((seed, n, r.trailers))
        except Exception as e:
            failures.append((seed, repr(e)))

    def send(c, raw, rng):
        at = 0
        while at < len(raw):
            n = rng.choice([10, 1000, 20000, 300000])
            c.send(raw[at:at + n])
            at += n

    threads = [threading.Thread(target=run, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failures == []


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 8])
def test_a_chunked_body_with_trailers_split_anywhere(world, door, origins, cut):
    """A chunk line, a CRLF and a trailer section may be divided between any two records and any two segments."""
    body = b"5;x=y\r\nhello\r\n0\r\nX-A: b\r\nCf-Client-Cert-Sha256: 00\r\nX-C: d\r\n\r\n"
    head = request("POST", "/up", fields=["Transfer-Encoding: chunked"])

    def script(o, conn):
        conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            o.requests.append(conn.request())
            raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
            for at in range(0, len(raw), cut):
                conn.send(raw[at:at + cut])
                time.sleep(0.001)

    o = origins(script)
    d = one(door, world, o)
    with Client(d.port, cert=world.alice) as c:
        c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(2):
            raw = head + body
            for at in range(0, len(raw), cut):
                c.send(raw[at:at + cut])
                time.sleep(0.001)
            r = c.response()
            assert r.body == b"hello"
            assert "X-A: b" in r.trailers and "X-C: d" in r.trailers
    for r in o.requests:
        assert r.body == b"hello"
        assert r.trailers == ["X-A: b", "X-C: d"]


def test_pipelined_requests_behind_a_large_chunked_body(world, door, origins):
    """What came behind the body's end in one large turn is all there: each request once, in order."""
    o = origins(respond=lambda r: answer(b"%d" % len(r.body)))
    d = one(door, world, o)
    data = os.urandom(900000)
    more = [request(target=f"/{n}", fields=["X-Pad: " + "p" * 300]) for n in range(900)]
    raw = (request("POST", "/up", fields=["Transfer-Encoding: chunked"]) + chunked(data, random.Random(1)) +
           b"".join(more))
    with Client(d.port, cert=world.alice) as c:
        c.send(raw)
        assert c.response().body == b"900000"
        for _ in more:
            assert c.response().body == b"0"
    assert [r.target for r in o.requests[1:]] == [f"/{n}" for n in range(900)]
    assert o.requests[0].body == data


@pytest.mark.parametrize("bulk", [0, 4])
def test_key_updates_in_mid_upload_and_download(world, door, origins, bulk):
    """The answer to a KeyUpdate goes between the records of a response that is on its way."""
    down = os.urandom(3 << 20)
    up = os.urandom(60 * 10000)
    got = []

    def script(o, conn):
        r = conn.request_head()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(down))
        t = threading.Thread(target=conn.send, args=(down[:-1],))
        t.start()
        got.append(conn.body(r).body)
        t.join()
        conn.send(down[-1:])
        conn.wait_end()

    d = one(door, world, origins(script), bulk_buffers=bulk)
    with Records(d.port, cert=world.alice) as c:
        c.send(DATA, request("POST", "/", fields=[f"Content-Length: {len(up)}"]))

        def upload():
            for n in range(60):
                c.send(DATA, up[n * 10000:(n + 1) * 10000])
                c.update(ask=True)

        t = threading.Thread(target=upload)
        t.start()
        plain = b""
        pieces, size, updates = [], 0, 0
        while size < len(down) + len(plain):
            kind, content = c.receive()
            updates += kind == HANDSHAKE
            if kind == DATA:
                pieces.append(content)
                size += len(content)
                if not plain and b"\r\n\r\n" in content:
                    plain = content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        t.join()
    wait_until(lambda: got, "the upload")
    assert got[0] == up
    assert b"".join(pieces)[len(plain):] == down
    assert updates >= 59  # the last one may come when the body is whole: it is read with the next request


def test_a_small_max_fragment_length(world, door, origins):
    """openssl s_client -maxfraglen 512: every record we send is that small, in bulk too."""
    body = os.urandom(1 << 20).hex().encode()
    d = one(door, world, origins(respond=lambda r: answer(body)))
    for version in ("-tls1_2", "-tls1_3"):
        _, out = openssl("s_client", "-connect", f"127.0.0.1:{d.port}", "-servername", "api.example.com", "-quiet",
                         "-maxfraglen", "512", version, "-cert", world.alice.pem, "-key", world.alice.key,
                         stdin=request(fields=["Connection: close"]))
        assert body.decode() in out


def test_an_origins_head_byte_by_byte(world, door, origins):
    def script(o, conn):
        conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            conn.request()
            for b in b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: y\r\n\r\n" + answer(b"slow"):
                conn.send(bytes([b]))
                time.sleep(0.0005)

    d = one(door, world, origins(script))
    with Client(d.port, cert=world.alice) as c:
        for _ in range(3):
            assert c.get().body == b"slow"
