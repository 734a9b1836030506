# SPDX-License-Identifier: GPL-2.0-only
"""Connections to origins that are used again: nothing of one request or client may be taken for another's."""
import os
import socket
import tempfile
import threading
import time

import pytest

from client import Client, request
from door import HANG, host, wait_until
from origin import Origin, answer

SHA = "Cf-Client-Cert-Sha256"


def one(door, world, origins, verify="require", inject="first_request", **options):
    return door([host(world.api, ["api.example.com"], origins, verify, world.client_ca, inject=inject)], **options)


# --- a response before the request was sent whole ----------------------------------------------------
class Hasty:
    """On a unix socket: answers its first request at once and reads the body only when told to."""

    def __init__(self):
        self.directory = tempfile.mkdtemp()
        os.chmod(self.directory, 0o755)  # the worker is nobody in particular
        self.was_whole = True
        self.may_answer = threading.Event()
        self.may_read = threading.Event()
        self.origin = Origin(path=self.directory + "/app.sock", script=self.script)

    def script(self, origin, conn):
        if conn.number > 0:
            origin.serve(conn)
            return
        head = conn.request_head()
        assert self.may_answer.wait(HANG)
        conn.send(answer(b"hasty"))
        assert self.may_read.wait(HANG)
        conn.body(head)
        self.was_whole = set(head.body) == {ord("x")}
        origin.serve(conn)


PIECE = 4000


def unread_pieces():
    """How many pieces a unix socket takes behind a head while nobody reads."""
    a, b = socket.socketpair(socket.AF_UNIX)
    with a, b:
        a.setblocking(False)
        a.send(b"x" * 2000)
        for n in range(10000):
            try:
                a.send(b"x" * PIECE)
            except BlockingIOError:
                return n


@pytest.mark.parametrize("inject", ["first_request", "every_request"])
@pytest.mark.parametrize("more", [0, 1, 2])
def test_a_body_that_waits_for_the_origin_is_not_forgotten_behind_an_early_answer(world, door, inject, more):
    """
    The worker has all of the body but the origin's socket takes no more; then comes the answer. The next request on
    that connection would be read as the body's rest, and what the client puts behind it as a request of its own.
    """
    hasty = Hasty()
    pieces = unread_pieces() + more
    forged = b"GET /forged HTTP/1.1\r\nHost: api.example.com\r\n" + SHA.encode() + b": 00\r\n\r\n"
    try:
        d = one(door, world, [hasty.origin], inject=inject)
        with Client(d.port, cert=world.alice) as c:
            c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            c.send(request("POST", "/first", fields=[f"Content-Length: {pieces * PIECE}"]))
            wait_until(lambda: hasty.origin.conns, "a connection")
            for _ in range(pieces):
                time.sleep(0.005)
                c.send(b"x" * PIECE)
            time.sleep(0.2)
            hasty.may_answer.set()
            assert c.response().body == b"hasty"
            if inject == "first_request":
                hasty.may_read.set()
                try:
                    c.send(request("POST", "/second", body=forged * 400))
                except OSError:
                    pass
            else:
                with Client(d.port, cert=world.bob) as other:
                    other.send(request(target="/second"))
                    time.sleep(0.2)
                    hasty.may_read.set()
                    assert other.response().body == b"ok"
        if inject == "first_request":
            wait_until(lambda: hasty.origin.conns[0].ended, "the end of the first connection")
        assert hasty.was_whole
        assert "/forged" not in [r.target for r in hasty.origin.requests]
    finally:
        hasty.may_answer.set()
        hasty.may_read.set()
        hasty.origin.close()
        hasty.origin.check()
        os.rmdir(hasty.directory)


# --- who is known on a connection -----------------------------------------------------------------
def test_a_host_with_other_headers_tells_on_a_kept_connection_too(world, door, origin):
    """One client, one kept connection, two hosts at one origin: each host's own headers must be there once."""
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca),
              host(world.shop, ["shop.example.com"], [origin], "require", world.client_ca,
                   sha256_header="X-Shop-Sha", der_header="")])
    with Client(d.port, cert=world.alice) as c:
        for name in ("api", "shop", "api", "shop"):
            assert c.get("/" + name, host=name + ".example.com").status == 200
    told = {}
    for r in origin.requests:
        for name in (SHA, "X-Shop-Sha"):
            if r.get(name) is not None:
                told.setdefault((r.conn.number, name), r.get(name))
        needs = SHA if r.target == "/api" else "X-Shop-Sha"
        assert told.get((r.conn.number, needs)) == world.alice.sha256, r.head


def test_a_connection_that_belongs_to_a_client_is_never_shared(world, door, origin):
    """One origin behind a host that tells once and one that tells every time: the first made a connection alice's."""
    d = door([host(world.api, ["api.example.com"], [origin], "optional", world.client_ca, inject="first_request"),
              host(world.shop, ["shop.example.com"], [origin], "optional", world.client_ca, inject="every_request")])
    with Client(d.port, cert=world.alice) as c:
        assert c.get("/alice").status == 200
        assert c.get("/alice-too", host="shop.example.com").status == 200
        with Client(d.port, sni="shop.example.com") as nobody:
            assert nobody.get("/nobody").status == 200
    alices = {r.conn.number for r in origin.requests if r.target == "/alice"}
    assert [r.conn.number for r in origin.requests if r.target == "/nobody"][0] not in alices


# --- dialling ---------------------------------------------------------------------------------------
def test_a_pooled_connection_takes_over_from_one_that_does_not_come(world, door, origin):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fill = [socket.socket() for _ in range(4)]
        try:
            for s in fill:
                s.setblocking(False)
                s.connect_ex(address)
            time.sleep(0.2)
            d = one(door, world, [origin, "127.0.0.1:%d" % address[1]], inject="every_request",
                    origin_connect_timeout_ms=300, origin_max_fails=0)
            with Client(d.port, cert=world.alice) as c:
                for n in range(4):
                    assert c.get(f"/{n}").status == 200
        finally:
            for s in fill:
                s.close()
    assert [r.target for r in origin.requests] == ["/0", "/1", "/2", "/3"]


def test_pooled_connections_leave_room_for_those_in_need(world, door, origins):
    """Many origins, each with a full pool: the table of connections must still have one for each client."""
    names = [f"o{n}.api.example.com" for n in range(6)]
    gate = threading.Semaphore(0)

    def respond(_):
        gate.acquire()
        return answer()

    d = door([host(world.api, [name], [origins(respond=respond)], "require", world.client_ca, inject="every_request")
              for name in names], conns_per_worker=64, origin_idle_conns=64, origin_max_fails=0)
    clients = [Client(d.port, sni=names[0], cert=world.alice) for _ in range(60)]
    try:
        for name in names:
            for c in clients:
                c.send(request(host=name))
            for c in clients:
                gate.release()
            assert [c.response().status for c in clients] == [200] * len(clients), name
    finally:
        for c in clients:
            c.close()


# --- bytes nobody asked for ---------------------------------------------------------------------------
@pytest.mark.parametrize("inject", ["first_request", "every_request"])
def test_a_body_behind_an_answer_to_head_is_nobodys(world, door, origins, inject):
    """The origin answers HEAD with a body that is a response by itself, in a segment of its own."""
    evil = answer(b"evil")

    def script(o, conn):
        while True:
            r = conn.request()
            if r.method == "HEAD":
                conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                conn.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(evil)}\r\n\r\n".encode())
                time.sleep(0.05)
                conn.send(evil)
            else:
                conn.send(answer(b"good"))

    d = one(door, world, [origins(script)], inject=inject)
    with Client(d.port, cert=world.alice) as c:
        for _ in range(5):
            c.send(request("HEAD"))
            assert c.response("HEAD").status == 200
            time.sleep(0.15)
            assert c.get().body == b"good"


@pytest.mark.parametrize("inject", ["first_request", "every_request"])
@pytest.mark.parametrize("size", [65536, 131072])
def test_a_response_that_ends_where_a_read_ends(world, door, origins, inject, size):
    """The last read was full: whether more is there is not known, and what is there is nobody's."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %07d\r\n\r\n"
    body = size - len(head % 0)
    evil = answer(b"evil")

    def script(o, conn):
        while True:
            r = conn.request()
            if r.target == "/exact":
                conn.send(head % body + b"x" * body + evil)
            else:
                conn.send(answer(b"good"))

    d = one(door, world, [origins(script)], inject=inject)
    for _ in range(10):
        with Client(d.port, cert=world.alice) as c:
            c.send(request(target="/exact") + request(target="/next"))
            assert c.response().size == body
            assert c.response().body == b"good"
