# SPDX-License-Identifier: GPL-2.0-only
"""Time-outs are about progress: trickling elsewhere does not put one off, and slow progress is progress."""
import contextlib
import resource
import socket
import threading
import time

from client import Client, Cut, request
from door import HANG, host, wait_until
from origin import answer

NEVER = 600000


def one(door, world, origin, **options):
    for name in ("handshake_timeout_ms", "head_timeout_ms", "body_timeout_ms", "idle_timeout_ms", "send_timeout_ms",
                 "origin_response_timeout_ms"):
        options.setdefault(name, NEVER)
    return door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)], **options)


def trickle(c, stop):
    """Bytes of a next request, one at a time, for as long as they are taken."""
    with contextlib.suppress(OSError):
        while not stop.wait(0.05):
            c.send(b"\r")


def test_a_client_that_takes_nothing_does_not_gain_time_by_sending(world, door, origins):
    big = answer(b"x" * (32 << 20))
    d = one(door, world, origins(respond=lambda r: big), send_timeout_ms=500)
    stop = threading.Event()
    with Client(d.port, cert=world.alice, receive_buffer=4096) as c:
        c.send(request())
        t = threading.Thread(target=trickle, args=(c, stop))
        t.start()
        try:
            assert d.logged(reason="send_timeout")[0]["status"] == 200
        finally:
            stop.set()
            t.join()


def test_a_silent_origin_does_not_gain_time_by_the_clients_sending(world, door, origins):
    over = threading.Event()

    def script(o, conn):
        conn.request()
        over.wait(HANG)

    d = one(door, world, origins(script), origin_response_timeout_ms=500)
    stop = threading.Event()
    with Client(d.port, cert=world.alice) as c:
        c.send(request())
        t = threading.Thread(target=trickle, args=(c, stop))
        t.start()
        try:
            assert d.logged(status=504)
        finally:
            stop.set()
            over.set()
            t.join()


def slowly(c, size, step, pause):
    """The response's body, @step bytes at a time."""
    r = c.head()
    got = len(c.rest)
    c.rest = b""
    while got < size:
        time.sleep(pause)
        data = c.read(step)
        if not data:
            raise Cut(c.end, r)
        got += len(data)
    return got


def test_a_client_that_takes_little_but_steadily_gets_all(world, door, origins):
    """The socket says that it takes more only when a third of it is free: that may be long after the time-out."""
    size = 12 << 20
    big = answer(b"x" * size, fields=["Connection: close"])
    d = one(door, world, origins(respond=lambda r: big), send_timeout_ms=300)
    with Client(d.port, cert=world.alice, receive_buffer=65536) as c:
        c.send(request(fields=["Connection: close"]))
        assert slowly(c, size, 16384, 0.008) == size
        assert c.to_end() == b"" and c.end == "close_notify"


def test_a_lack_of_our_own_is_not_the_origins_fault(world, door, origin):
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)], descriptors=64,
             origin_max_fails=1)
    with contextlib.ExitStack() as stack:
        c = stack.enter_context(Client(d.port, cert=world.alice))
        for _ in range(100):  # more than there are descriptors
            stack.enter_context(socket.create_connection(("127.0.0.1", d.port)))
        wait_until(lambda: "accept:" in d.errors(), "no descriptor left")
        c.send(request())
        assert c.response().status == 503
    with Client(d.port, cert=world.alice) as c:
        assert c.get().status == 200
    assert "passed over" not in d.errors()


def test_slow_strangers_leave_buffers_for_others(world, door, origin):
    """Connections are counted by conns_per_worker; each may have sent a first byte and still cost the others nothing."""
    count = 2500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * count + 500)), hard))
    d = one(door, world, origin)
    strangers = []
    try:
        for _ in range(count):
            s = socket.create_connection(("127.0.0.1", d.port))
            s.sendall(b"\x16\x03\x01\x02\x00\x01")
            strangers.append(s)
        time.sleep(1)
        with Client(d.port, cert=world.alice) as c:
            assert c.get().status == 200
        strangers[0].setblocking(False)
        for s in (strangers[0], strangers[-1]):
            s.setblocking(False)
            try:
                assert s.recv(1) is None, "ended"
            except BlockingIOError:
                pass
    finally:
        for s in strangers:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wait_until(lambda: d.worker(), "a worker")
