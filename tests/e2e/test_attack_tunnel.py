# SPDX-License-Identifier: GPL-2.0-only
"""An upgraded connection: each direction ends by itself, and its end is told from a cut."""
import os
import signal
import socket
import time

import pytest

from client import Client, request
from door import host

UPGRADE = request(fields=["Connection: upgrade", "Upgrade: websocket"])
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


def one(door, world, origin, **options):
    return door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)], **options)


def half_close(c):
    """FIN, without what SSLSocket.shutdown() does to the session."""
    socket.socket.shutdown(c.sock, socket.SHUT_WR)


@pytest.mark.parametrize("at_once", [False, True])
def test_the_origin_ends_first_and_gets_the_rest(world, door, origins, at_once):
    """What the client sent before it ended too must arrive, also when all of it is seen in one turn."""
    words = bytes(range(256)) * 4000
    got = []

    def script(o, conn):
        conn.request_head()
        conn.send(SWITCH)
        conn.sock.shutdown(socket.SHUT_WR)
        conn.wait_end()
        got.append(conn.raw.partition(b"\r\n\r\n")[2])

    d = one(door, world, origins(script))
    with Client(d.port, cert=world.alice) as c:
        c.send(UPGRADE)
        assert c.response().status == 101
        assert c.to_end() == b"" and c.end == "close_notify"
        if at_once:
            os.kill(d.worker(), signal.SIGSTOP)
        try:
            c.send(words[:60000] if at_once else words)
            half_close(c)
            if at_once:
                time.sleep(0.1)
        finally:
            if at_once:
                os.kill(d.worker(), signal.SIGCONT)
        d.logged(status=101)
    end = time.monotonic() + 10
    while not got and time.monotonic() < end:
        time.sleep(0.01)
    assert got == [words[:60000] if at_once else words]
    assert d.logged(status=101)[0]["reason"] == "tunnel_done"


def test_the_client_ends_first_and_gets_the_rest_and_a_clean_end(world, door, origins):
    words = b"said behind your end " * 200000

    def script(o, conn):
        conn.request_head()
        conn.send(SWITCH)
        conn.wait_end()
        conn.send(words)

    d = one(door, world, origins(script))
    with Client(d.port, cert=world.alice, receive_buffer=4096) as c:
        c.send(UPGRADE)
        assert c.response().status == 101
        half_close(c)
        assert c.to_end() == words
        assert c.end == "close_notify"
    assert d.logged(status=101)[0]["reason"] == "tunnel_done"


def test_an_origin_that_is_reset_cuts_the_client_off(world, door, origins):
    def script(o, conn):
        conn.request_head()
        conn.send(SWITCH + b"some")
        time.sleep(0.2)
        conn.reset()

    d = one(door, world, origins(script))
    with Client(d.port, cert=world.alice) as c:
        c.send(UPGRADE)
        assert c.response().status == 101
        assert c.to_end() == b"some"
        assert c.end != "close_notify"
