# SPDX-License-Identifier: GPL-2.0-only
"""The origin's side: which one is asked, what its faults look like to the client, which connections are used again."""
import os
import socket

import pytest

from client import Client, Cut, request
from door import free_port, host, wait_until
from origin import Origin, answer


def door_for(door, world, origins, verify="require", inject=None, **options):
    more = {"inject": inject} if inject else {}
    return door([host(world.api, ["api.example.com"], origins, verify, world.client_ca, **more)], **options)


def get(d, world, target="/", keep=True):
    with Client(d.port, cert=world.alice) as c:
        return c.get(target, keep=keep)


# --- where they are -------------------------------------------------------------------------------
def test_a_unix_socket(world, door, tmp_path_factory):
    directory = tmp_path_factory.mktemp("sock")
    for up in (directory, directory.parent, directory.parent.parent):
        os.chmod(up, 0o755)  # the worker is nobody in particular
    origin = Origin(path=str(directory / "app.sock"))
    try:
        d = door_for(door, world, [origin])
        assert get(d, world).body == b"ok"
        assert get(d, world).body == b"ok"
    finally:
        origin.close()


def test_ipv6_origins_and_listeners(world, door, origins):
    origin = origins(family=socket.AF_INET6)
    port = free_port(socket.AF_INET6)
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)],
             listen=[f"[::1]:{port}"])
    with Client(port, cert=world.alice, address="::1") as c:
        assert c.get().body == b"ok"


def test_a_name_is_looked_up(world, door, origins):
    origin = origins()
    d = door_for(door, world, [f"localhost:{origin.port}"], origin_max_fails=1)
    # localhost may have two addresses, of which one has no listener: both answers must lead to the origin
    for _ in range(4):
        assert get(d, world).body == b"ok"


@pytest.mark.parametrize("size", [65536, 300_000])
def test_a_connection_that_is_kept_outlives_a_late_event(world, door, origins, size):
    """The poll may tell of bytes that were read before it was looked at: no reason to close."""
    origin = origins(respond=lambda r: answer(b"x" * size))
    d = door_for(door, world, [origin])
    with Client(d.port, cert=world.alice) as c:
        for _ in range(300):
            assert c.get().status == 200
    assert len(origin.conns) == 1


def test_several_listeners(world, door, origin):
    ports = [free_port(), free_port()]
    d = door([host(world.api, ["api.example.com"], [origin])], listen=[f"127.0.0.1:{p}" for p in ports])
    for port in ports:
        with Client(port) as c:
            assert c.get().body == b"ok"


# --- which one is asked -----------------------------------------------------------------------------
@pytest.mark.parametrize("inject", ["first_request", "every_request"])
def test_origins_take_turns(world, door, origins, inject):
    three = [origins() for _ in range(3)]
    d = door_for(door, world, three, inject=inject, origin_idle_conns=0)
    for _ in range(12):
        assert get(d, world).status == 200
    assert [len(o.requests) for o in three] == [4, 4, 4]


def test_an_origin_that_refuses_is_passed_over(world, door, origins):
    good = origins()
    d = door_for(door, world, [f"127.0.0.1:{free_port()}", good], origin_fail_timeout_ms=600000)
    for _ in range(10):
        assert get(d, world).status == 200
    assert len(good.requests) == 10


def test_a_failed_origin_is_asked_again_after_its_time(world, door, origins):
    good = origins()
    port = free_port()
    d = door_for(door, world, [f"127.0.0.1:{port}", good], origin_fail_timeout_ms=100)
    for _ in range(4):
        assert get(d, world).status == 200
    late = origins(port=port)
    wait_until(lambda: get(d, world).status == 200 and late.requests, "the origin that came back")


def test_no_origin_at_all_is_502(world, door):
    d = door_for(door, world, [f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"])
    with Client(d.port, cert=world.alice) as c:
        r = c.get("/gone")
        assert r.status == 502
    row = d.logged(path="/gone")[0]
    assert row["reason"] == "origin_unreachable"
    assert row["status"] == 502


# --- faults -----------------------------------------------------------------------------------------
CUTS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 50000,
    "chunked, in a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n" + b"x" * 5000,
    "chunked, between chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "chunked, before the last line": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
}


@pytest.mark.parametrize("how", ["fin", "reset"])
@pytest.mark.parametrize("where", CUTS)
def test_an_origin_that_dies_in_mid_response_is_seen_as_such(world, door, origins, where, how):
    def script(o, conn):
        o.requests.append(conn.request())
        conn.send(CUTS[where])
        if how == "reset":
            # everything is on its way before the reset
            wait_until(lambda: o.go, "the client to have the first part")
            conn.reset()
    origin = origins(script)
    origin.go = False
    d = door_for(door, world, [origin])
    with Client(d.port, cert=world.alice) as c:
        c.send(request())
        r = c.head()
        assert r.status == 200
        origin.go = True
        rest = c.to_end()
        assert c.end != "close_notify", "a clean end"
        assert not rest.endswith(b"0\r\n\r\n")
        assert len(rest) < 100000
    assert d.logged(path="/")[0]["reason"] == "origin_ended"


def test_a_reset_ends_a_close_delimited_response_uncleanly(world, door, origins):
    def script(o, conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000)
        wait_until(lambda: o.go, "the client to have the first part")
        conn.reset()
    origin = origins(script)
    origin.go = False
    d = door_for(door, world, [origin])
    with Client(d.port, cert=world.alice) as c:
        c.send(request())
        c.head()
        origin.go = True
        with pytest.raises(Cut):
            while True:
                c._more()
        ended = c.end
    # HTTP/1.1 clients get such a body in chunks, cut short; or the TLS end is missing
    assert ended != "close_notify" or b"0\r\n\r\n" not in c.rest[-7:]


NONE = [
    ("nothing", b""),
    ("half a head", b"HTTP/1.1 200 OK\r\nContent-Le"),
    ("not HTTP", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
    ("length and coding", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nab"),
    ("status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nab"),
    ("HTTP/2", b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nab"),
    ("bare LF", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nab"),
    ("header split by CR", b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 2\r\n\r\nab"),
    ("NUL", b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nab"),
    ("fold", b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nab"),
    ("101 nobody asked for", b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
    ("head without end", b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70000),
    ("too many fields", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"),
    ("informational without end", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5000),
]


@pytest.mark.parametrize("name, raw", NONE, ids=[n[0] for n in NONE])
def test_a_response_that_is_none_is_502(world, door, origins, name, raw):
    def script(o, conn):
        o.requests.append(conn.request())
        try:
            conn.send(raw)
            if name == "nothing" or name == "half a head":
                return
            conn.wait_end()
        except OSError:
            pass
    d = door_for(door, world, [origins(script)], origin_max_fails=0)
    with Client(d.port, cert=world.alice) as c:
        c.send(request("POST", body=b"x"))
        try:
            while (r := c.head()).status == 103:
                pass
            assert r.status == 502
        except Cut:
            assert name == "informational without end"
    assert d.logged(path="/")[0]["status"] in (502, 103)


def test_a_broken_chunk_in_a_response_cuts_the_client_off(world, door, origins):
    def script(_, conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\nevil\r\n0\r\n\r\n")
        conn.wait_end()
    d = door_for(door, world, [origins(script)])
    with Client(d.port, cert=world.alice) as c:
        c.send(request())
        with pytest.raises(Cut):
            c.response()
        assert c.end != "close_notify"
        assert b"evil" not in c.rest


# --- which connections are used again ---------------------------------------------------------------
def test_every_request_mode_shares_connections(world, door, origins):
    origin = origins()
    d = door_for(door, world, [origin], inject="every_request")
    for n in range(6):
        assert get(d, world, f"/{n}").status == 200
    assert len({r.conn for r in origin.requests}) == 1


def test_first_request_mode_never_shares_one(world, door, origins):
    origin = origins()
    d = door_for(door, world, [origin])
    for n in range(6):
        assert get(d, world, f"/{n}").status == 200
    assert len({r.conn for r in origin.requests}) == 6
    wait_until(lambda: all(c.ended for c in origin.conns), "the origin's connections to end with the clients'")


@pytest.mark.parametrize("tail", [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", b"x"])
def test_bytes_behind_a_response_are_nobodys(world, door, origins, tail):
    origin = origins(respond=lambda r: answer(r.target.encode()) + (tail if r.target == "/0" else b""))
    d = door_for(door, world, [origin], inject="every_request")
    for n in range(4):
        assert get(d, world, f"/{n}").body == f"/{n}".encode()
    assert origin.requests[0].conn is not origin.requests[1].conn


def test_a_response_with_its_request_unread_ends_the_connection_to_the_origin(world, door, origins):
    """Pingora CVE-2025-4366: what is left of a body must not become the next client's request."""
    def script(o, conn):
        while True:
            r = conn.request_head()
            o.requests.append(r)
            conn.send(answer(r.target.encode()))
    origin = origins(script)
    d = door_for(door, world, [origin], inject="every_request")
    inner = request("GET", "/smuggled")
    with Client(d.port, cert=world.alice) as c:
        c.send(request("POST", "/first", fields=[f"Content-Length: {len(inner) + 10}"]) + inner)
        assert c.response().body == b"/first"
    assert get(d, world, "/second").body == b"/second"
    assert origin.requests[-1].target == "/second"
    assert origin.requests[-1].conn is not origin.requests[0].conn


def test_a_pooled_connection_the_origin_closed_is_not_used(world, door, origins):
    def script(o, conn):
        r = conn.request()
        o.requests.append(r)
        conn.send(answer(r.target.encode()))
    origin = origins(script)
    d = door_for(door, world, [origin], inject="every_request")
    for n in range(8):
        assert get(d, world, f"/{n}").body == f"/{n}".encode()
        wait_until(lambda: len(origin.conns) == n + 1, "the connection")
