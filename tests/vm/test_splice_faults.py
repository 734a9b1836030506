# SPDX-License-Identifier: GPL-2.0-only
"""What comes in the middle of a spliced body and is no part of it: records that are not data, ends, resets."""
import hashlib
import platform
import socket
import struct

import pytest

from client import Client, Cut, request
from door import wait_until
from records import ALERT, CLOSE_NOTIFY, DATA, HANDSHAKE, Records
from spliced import MIB, Wire, body_origin, carried, door_for, exchange, framed, noise, settled, sha

CAN_REKEY = tuple(int(n) for n in platform.release().split(".")[:2]) >= (6, 14)


# --- records that are not data, in the middle of a spliced upload -----------------------------------
SIZE = 2 * MIB


@pytest.fixture
def upload(door, world, origins):
    """upload() begins one by hand: half of the body is at the origin. (door, origin, client, the rest)."""
    made = []

    def script(o, conn):
        o.requests.append(conn.request_head())
        o.got = hashlib.sha256()
        o.conn = conn
        o.seen = 0
        while o.seen < SIZE:
            data = conn._rest or conn.sock.recv(65536)
            conn._rest = b""
            if not data:
                break
            o.got.update(data)
            o.seen += len(data)
        o.ended = True
        if o.seen == SIZE:
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        conn.wait_end()

    def begin():
        o = origins(script)
        o.seen = o.ended = 0
        d = door_for(door, world, o)
        r = Records(d.port, cert=world.alice)
        made.append(r)
        r.send(DATA, request("POST", "/up", fields=[f"Content-Length: {SIZE}"]))
        o.wait()
        for at in range(0, SIZE // 2, 16384):
            r.send(DATA, noise(SIZE)[at:at + 16384])
        wait_until(lambda: o.seen == SIZE // 2, "half of the body")
        assert d.stats()["bytes_spliced_up"] == SIZE // 2
        return d, o, r
    yield begin
    for r in made:
        r.sock.close()


def finish(d, o, r):
    for at in range(SIZE // 2, SIZE, 16384):
        r.send(DATA, noise(SIZE)[at:at + 16384])
    assert r.text(b"\r\n\r\nok").startswith(b"HTTP/1.1 200")
    assert o.got.hexdigest() == sha(noise(SIZE))
    wait_until(lambda: d.stats()["bodies_up_splice"] == 1, "the body counted")


def fatal(r):
    kind, content = r.receive()
    assert kind == ALERT and content[0] == 2, (kind, content)
    return content[1]


def test_empty_and_padded_records_are_no_end(upload):
    d, o, r = upload()
    for _ in range(5):
        r.send(DATA, b"")
        r.send(DATA, b"", padding=100)
    finish(d, o, r)
    assert d.stats()["bytes_spliced_up"] > SIZE // 2 + SIZE // 4


def test_padded_and_tiny_records_are_data(upload):
    d, o, r = upload()
    middle = noise(SIZE)[SIZE // 2:]
    at = 0
    for n in [1, 2, 3, 4095, 4096, 4097, 16384, 1] * 3:
        r.send(DATA, middle[at:at + n], padding=min(n, 16384 - n))
        at += n
    while at < len(middle):
        r.send(DATA, middle[at:at + 16000], padding=300)
        at += 16000
    assert r.text(b"\r\n\r\nok").startswith(b"HTTP/1.1 200")
    assert o.got.hexdigest() == sha(noise(SIZE))
    wait_until(lambda: d.stats()["bodies_up_splice"] == 1, "the body counted")
    assert d.stats()["bytes_spliced_up"] == SIZE


def test_a_key_update_is_followed_where_the_kernel_can(upload):
    d, o, r = upload()
    r.update(ask=True)
    if CAN_REKEY:
        finish(d, o, r)
        assert (HANDSHAKE, b"\x18\x00\x00\x01\x00") in r.others
        assert d.stats()["key_updates"] == 1
        r.update()
        wait_until(lambda: d.stats()["key_updates"] == 2, "one on a connection at rest followed too")
        return
    assert fatal(r) == 80
    assert d.logged(path="/up")[0]["reason"] == "rekey_unsupported"
    wait_until(lambda: o.ended, "the origin's connection cut")
    assert o.seen == SIZE // 2


def test_close_notify_cuts_the_upload(upload):
    d, o, r = upload()
    r.send(ALERT, CLOSE_NOTIFY)
    assert d.logged(path="/up")[0]["reason"] == "client_aborted"
    wait_until(lambda: o.ended, "the origin's connection cut")
    assert o.seen == SIZE // 2


def test_a_fin_cuts_the_upload(upload):
    d, o, r = upload()
    r.sock.shutdown(socket.SHUT_WR)
    assert d.logged(path="/up")[0]["reason"] == "client_aborted"
    wait_until(lambda: o.ended, "the origin's connection cut")
    assert d.stats()["truncations"] == 1


def test_a_record_that_does_not_authenticate_cuts_the_upload(upload):
    d, o, r = upload()
    record = bytearray(r.seal(DATA, b"x" * 1000))
    record[100] ^= 1
    r.sock.sendall(record)
    assert fatal(r) == 20
    assert d.logged(path="/up")[0]["reason"] == "tls_record"
    wait_until(lambda: o.ended, "the origin's connection cut")
    assert o.seen == SIZE // 2
    assert d.stats()["ktls_bad_records"] == 1


def test_a_record_that_is_too_long_cuts_the_upload(upload):
    d, o, r = upload()
    r.sock.sendall(b"\x17\x03\x03\x48\x00" + bytes(0x4800))
    assert fatal(r) == 22
    assert d.logged(path="/up")[0]["reason"] == "tls_record"
    wait_until(lambda: o.ended, "the origin's connection cut")
    assert o.seen == SIZE // 2
    assert d.stats()["ktls_bad_records"] == 1


def test_a_fatal_alert_cuts_the_upload(upload):
    d, o, r = upload()
    r.send(ALERT, b"\x02\x50")
    assert d.logged(path="/up")[0]["reason"] == "tls_alert"
    wait_until(lambda: o.ended, "the origin's connection cut")


# --- who goes away in the middle --------------------------------------------------------------------
def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def alive(d, o, world):
    """Still serves, and its pipes are clean."""
    before = d.stats()
    with Client(d.port, cert=world.alice) as c:
        exchange(c, o, ("length", MIB), ("length", MIB))
        carried(d, before, up_splice=1, down_splice=1)


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_client_that_resets_in_the_middle(door, world, origins, way):
    o = body_origin(origins)
    d = door_for(door, world, o, pipes=1)
    for _ in range(3):
        c = Client(d.port, cert=world.alice, receive_buffer=8192)
        o.plan = (Wire(), Wire(), *framed("length", 8 * MIB))
        o.up_size = 8 * MIB if way == "up" else 0
        o.may_answer.set()
        seen = len(d.log())
        if way == "up":
            c.send(request("POST", "/r", fields=[f"Content-Length: {8 * MIB}"]))
            c.send(noise(3 * MIB))
        else:
            c.send(request("GET", "/r"))
        settled(lambda: (s := d.stats())["bytes_to_clients"] + s["bytes_from_clients"])
        reset(c.sock)
        line = d.logged(seen + 1, path="/r")[-1]
        assert line["reason"] in ("client_reset", "client_aborted"), line
    alive(d, o, world)


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("how", ["fin", "reset"])
def test_an_origin_that_ends_in_the_middle(door, world, origins, way, how):
    """An upload is answered 502; a download is cut without close_notify."""
    o = body_origin(origins)
    ordinary = o.script
    state = {"left": 3}

    def script(o, conn):
        if state["left"] == 0:
            ordinary(o, conn)
            return
        state["left"] -= 1
        conn.request_head()
        if way == "up":
            conn.exactly(MIB)
        else:
            conn.send(f"HTTP/1.1 200 OK\r\nContent-Length: {8 * MIB}\r\n\r\n".encode() + noise(MIB))
        if how == "reset":
            conn.reset()
    o.script = script
    d = door_for(door, world, o, pipes=1, origin_max_fails=0)
    for i in range(3):
        with Client(d.port, cert=world.alice) as c:
            if way == "up":
                c.send(request("POST", "/r", fields=[f"Content-Length: {4 * MIB}"]))
                c.send(noise(4 * MIB))
                assert c.response().status == 502
            else:
                c.send(request("GET", "/r"))
                with pytest.raises(Cut) as cut:
                    c.response()
                assert cut.value.end != "close_notify"
                assert d.logged(i + 1, path="/r")[-1]["reason"] == "origin_ended"
    alive(d, o, world)


def test_an_early_answer_is_passed_on_and_the_connection_ended(door, world, origins):
    def script(o, conn):
        o.requests.append(conn.request_head())
        conn.exactly(MIB)
        conn.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno\n")
        conn.wait_end()
    d = door_for(door, world, origins(script))
    with Client(d.port, cert=world.alice) as c:
        c.send(request("POST", "/", fields=[f"Content-Length: {64 * MIB}"]))
        c.send(noise(MIB))
        r = c.response()
        assert (r.status, r.body) == (413, b"no\n")
        assert c.read() == b"" and c.end == "close_notify"
    assert d.stats()["bytes_spliced_up"] > 0
