# SPDX-License-Identifier: GPL-2.0-only
"""Spliced bodies and those who take them late: nothing is lost, nothing deadlocks, pipes are shared."""
import contextlib
import hashlib
import select
import ssl
import threading

import pytest

from client import Client, request
from door import HANG, wait_until
from spliced import MIB, SUITES, Wire, body_origin, carried, door_for, framed, noise, settled, sha


@pytest.mark.parametrize("make", SUITES.values(), ids=SUITES)
def test_a_client_that_reads_late_and_little_gets_all_of_it(door, world, origins, make):
    size = 6 * MIB
    o = body_origin(origins)
    d = door_for(door, world, o)
    before = d.stats()
    with Client(d.port, ctx=make(world.alice), receive_buffer=8192) as c:
        o.plan = (Wire(), Wire(), *framed("length", size))
        o.may_answer.set()
        c.send(request())
        taken = settled(lambda: d.stats()["bytes_to_clients"])
        assert taken < size
        r = c.head()
        got, seen = hashlib.sha256(c.rest), len(c.rest)
        while seen < size:
            data = c.read(4096)
            assert data, (c.end, seen)
            got.update(data)
            seen += len(data)
        assert r.status == 200 and got.hexdigest() == sha(noise(size))
        carried(d, before, down_splice=1)


def test_an_origin_that_reads_late_stops_the_client_and_gets_all_of_it(door, world, origins):
    size = 12 * MIB
    may_read = threading.Event()
    got = hashlib.sha256()

    def script(o, conn):
        o.requests.append(conn.request_head())
        may_read.wait(HANG)
        conn.skip(size, got)
        conn.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        conn.wait_end()
    d = door_for(door, world, origins(script, receive_buffer=8192))
    with Client(d.port, cert=world.alice) as c:
        c.send(request("POST", "/", fields=[f"Content-Length: {size}"]))
        sender = threading.Thread(target=lambda: c.send(noise(size)))
        sender.start()
        taken = settled(lambda: d.stats()["bytes_from_clients"])
        assert taken < size
        may_read.set()
        sender.join()
        assert c.head().status == 204
    assert got.hexdigest() == sha(noise(size))
    assert d.stats()["bodies_up_splice"] == 1


def test_both_directions_at_once(door, world, origins):
    """The answer's body flows while the request's still does; neither waits for the other."""
    size = 8 * MIB
    got = hashlib.sha256()

    def script(o, conn):
        conn.request_head()
        conn.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        t = threading.Thread(target=conn.sock.sendall, args=(noise(size),))
        t.start()
        conn.skip(size, got)
        t.join()
        o.requests.append(got.hexdigest())
        conn.wait_end()
    o = origins(script)
    d = door_for(door, world, o)
    before = d.stats()
    with Client(d.port, cert=world.alice) as c:
        c.send(request("POST", "/", fields=[f"Content-Length: {size}"]))
        assert c.head().status == 200
        back = hashlib.sha256(c.rest)
        seen, at = len(c.rest), 0
        c.sock.setblocking(False)
        while seen < size or at < size:
            select.select([c.sock], [c.sock] if at < size else [], [], HANG)
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                while seen < size:
                    data = c.sock.recv(65536)
                    assert data
                    back.update(data)
                    seen += len(data)
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                while at < size:
                    at += c.sock.send(noise(size)[at:at + 65536])
        assert back.hexdigest() == sha(noise(size))
        assert o.wait()[0] == sha(noise(size))
        carried(d, before, up_splice=1, down_splice=1)


def test_bodies_that_find_no_pipe_are_copied(door, world, origins):
    """One pipe: a client that does not read has it; the others get theirs all the same, and then so does it."""
    size = 6 * MIB

    def script(o, conn):
        o.requests.append(conn.request_head())
        conn.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        conn.send(noise(size))
        conn.wait_end()
    d = door_for(door, world, origins(script), pipes=1)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(d.port, cert=world.alice, receive_buffer=8192 if i == 0 else None))
                   for i in range(4)]
        clients[0].send(request())
        settled(lambda: d.stats()["bytes_to_clients"])
        for c in clients[1:]:
            c.send(request())
        for c in clients[1:] + clients[:1]:
            r = c.response(keep=False)
            assert (r.size, r.sha256) == (size, sha(noise(size)))
        wait_until(lambda: (s := d.stats())["bodies_down_kernel"] + s["bodies_down_splice"] == 4, "four bodies")
        stats = d.stats()
        assert stats["pipes_exhausted"] == 3
        assert stats["bodies_down_kernel"] == 3
