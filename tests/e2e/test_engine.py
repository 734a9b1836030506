# SPDX-License-Identifier: GPL-2.0-only
"""
Who has the records: the kernel where it can, our own engine else, and nobody else sees a difference. On a kernel
without TLS these tests are of the one engine, in the guest (make check-vm) of the other and of the way there.
"""
import os
import socket
import struct
import threading

import pytest

from client import TLS12, TLS13, Client, openssl, request
from door import HANG, host, wait_until
from origin import answer
from records import ALERT, CLOSE_NOTIFY, DATA, HANDSHAKE, KEY_UPDATE, Records

GET = request()
OK = b"\r\n\r\nok"
DONE, OFF, UNSUPPORTED, FRAGMENT = range(4)  # tls/handoff.h


def door_for(door, world, origin, **options):
    return door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)], **options)


def arrive(world, d, early):
    """A client whose Finished and early(r) come in one piece."""
    r = Records(d.port, cert=world.alice, hold=True)
    r.sock.sendall(r.last + early(r))
    return r


def all_gone(d):
    wait_until(lambda: d.stats()["conns_open"] == 0, "every connection closed")
    assert d.stats()["ktls_conns_open"] == 0


# --- the way there --------------------------------------------------------------------------------
@pytest.mark.parametrize("version, suite", [
    ("-tls1_2", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ("-tls1_2", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ("-tls1_2", "ECDHE-ECDSA-CHACHA20-POLY1305"),
    ("-tls1_3", "TLS_AES_128_GCM_SHA256"),
    ("-tls1_3", "TLS_AES_256_GCM_SHA384"),
    ("-tls1_3", "TLS_CHACHA20_POLY1305_SHA256"),
])
def test_every_suite_goes_to_the_kernel_that_can(world, api, version, suite):
    before = api.stats()["handoffs"]
    option = "-cipher" if version == "-tls1_2" else "-ciphersuites"
    code, text = openssl("s_client", "-connect", f"127.0.0.1:{api.port}", "-servername", "api.example.com", version,
                         option, suite, "-cert", world.alice.pem, "-key", world.alice.key, "-ign_eof", "-nocommands",
                         stdin=request(fields=["Connection: close"]))
    assert code == 0, text
    assert "HTTP/1.1 200" in text
    assert api.logged(path="/")[0]["tls_engine"] == api.engine()
    after = api.stats()["handoffs"]
    outcome = DONE if api.engine() == "kernel" else UNSUPPORTED
    assert after[outcome] == before[outcome] + 1
    assert sum(after) == sum(before) + 1


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
def test_one_connection_is_counted_once_and_serves_on(world, api, version):
    before = api.stats()["handoffs"]
    with Client(api.port, cert=world.alice, version=version) as c:
        for n in range(20):
            assert c.get(f"/{n}").body == b"ok"
    assert {api.logged(path=f"/{n}")[0]["tls_engine"] for n in range(20)} == {api.engine()}
    assert sum(api.stats()["handoffs"]) == sum(before) + 1


def test_what_comes_with_finished_is_served(world, api):
    for _ in range(3):
        with arrive(world, api, lambda r: r.seal(DATA, GET)) as r:
            assert r.text(OK).startswith(b"HTTP/1.1 200")
            r.send(DATA, GET)
            assert r.text(OK).startswith(b"HTTP/1.1 200")
    assert {row["tls_engine"] for row in api.logged(6, path="/")} == {api.engine()}


@pytest.mark.parametrize("whole", [0, 1, 3])
@pytest.mark.parametrize("cut", [1, 4, 5, 6, -1])
def test_part_of_a_record_comes_with_finished(world, api, whole, cut):
    """Finished, @whole requests and the beginning of one more arrive together, the rest when they were looked at."""
    rest = b""

    def early(r):
        nonlocal rest
        last = r.seal(DATA, GET)
        rest = last[cut:]
        return last[:cut]

    def all_of_it(r):
        return b"".join(r.seal(DATA, GET) for _ in range(whole)) + early(r)

    before = api.stats()["handshakes_full"] + api.stats()["handshakes_resumed"]
    with arrive(world, api, all_of_it) as r:
        for _ in range(whole):
            assert r.text(OK).startswith(b"HTTP/1.1 200")
        wait_until(lambda: api.stats()["handshakes_full"] + api.stats()["handshakes_resumed"] > before, "handshake")
        r.sock.sendall(rest)
        assert r.text(OK).startswith(b"HTTP/1.1 200")
        r.send(DATA, GET)
        assert r.text(OK).startswith(b"HTTP/1.1 200")
    assert api.logged(whole + 2, path="/")[-1]["tls_engine"] == api.engine()


@pytest.mark.parametrize("size", [1, 100, 5000, 16384])
def test_an_upload_that_streams_over_the_boundary(world, api, size):
    """Finished, a head and half of the body's records, the last of them cut, arrive together, and the rest behind."""
    body = os.urandom(300000 if size > 1 else 3000)
    rest = b""

    def early(r):
        nonlocal rest
        records = [r.seal(DATA, request("POST", "/up", fields=[f"Content-Length: {len(body)}"]))]
        records += [r.seal(DATA, body[at:at + size]) for at in range(0, len(body), size)]
        wire = b"".join(records)
        half = len(wire) // 2 + 3
        rest = wire[half:]
        return wire[:half]

    with arrive(world, api, early) as r:
        r.sock.sendall(rest)
        assert r.text(OK).startswith(b"HTTP/1.1 200")
    assert api.origin.requests[0].body == body
    assert api.logged(path="/up")[0]["tls_engine"] == api.engine()


def test_a_client_that_has_ended_its_side_by_then_is_served_all_the_same(world, api):
    for _ in range(5):
        with arrive(world, api, lambda r: r.seal(DATA, GET) + r.seal(ALERT, CLOSE_NOTIFY)) as r:
            r.sock.shutdown(socket.SHUT_WR)
            assert r.text(OK).startswith(b"HTTP/1.1 200")
            assert r.receive() == (ALERT, CLOSE_NOTIFY)
            assert r.receive() is None


def test_small_records_on_demand_stay_with_us(world, api):
    before = api.stats()["handoffs"][FRAGMENT]
    _, text = openssl("s_client", "-connect", f"127.0.0.1:{api.port}", "-servername", "api.example.com", "-quiet",
                      "-maxfraglen", "512", "-cert", world.alice.pem, "-key", world.alice.key,
                      stdin=request(fields=["Connection: close"]))
    assert "HTTP/1.1 200" in text
    assert api.logged(path="/")[0]["tls_engine"] == "user"
    if api.engine() == "kernel":
        assert api.stats()["handoffs"][FRAGMENT] == before + 1


def test_off_is_off(world, door, origins):
    d = door_for(door, world, origins(respond=lambda r: answer(b"ok")), ktls="off")
    with Client(d.port, cert=world.alice) as c:
        assert c.get().body == b"ok"
    assert d.logged(path="/")[0]["tls_engine"] == "user"
    handoffs = d.stats()["handoffs"]
    assert handoffs[OFF] == sum(handoffs) == 1


# --- the end ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
@pytest.mark.parametrize("size", [300000, 1000000, 3000001, 6000000])
def test_a_slow_reader_gets_the_last_byte_and_a_clean_end(world, door, origins, version, size):
    """What the kernel has encrypted and TCP has not taken is lost in a close and overtaken by a FIN."""
    body = os.urandom(size)
    d = door_for(door, world, origins(respond=lambda r: answer(body)))
    with Client(d.port, cert=world.alice, version=version, receive_buffer=4096) as c:
        c.send(request("GET", "/slow", fields=["Connection: close"]))
        head = c.head()
        assert head.status == 200
        got = c.to_end()
        assert c.end == "close_notify"
    assert got == body
    assert d.logged(path="/slow")[0]["reason"] == "done"
    all_gone(d)


def test_a_reset_ends_the_wait_for_a_slow_reader(world, door, origins):
    d = door_for(door, world, origins(respond=lambda r: answer(b"x" * 8000000)), send_timeout_ms=3600000)
    for _ in range(3):
        with Client(d.port, cert=world.alice, receive_buffer=4096) as c:
            c.send(request(fields=["Connection: close"]))
            c.head()
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    all_gone(d)


def test_an_end_without_close_notify_is_counted(world, api):
    before = api.stats()["truncations"]
    with Records(api.port, cert=world.alice) as r:
        r.send(DATA, GET)
        r.text(OK)
        r.sock.shutdown(socket.SHUT_WR)
        assert r.receive() == (ALERT, CLOSE_NOTIFY)
    assert api.stats()["truncations"] == before + 1


def test_a_tunnel_ends_one_way_behind_all_its_bytes(world, door, origins):
    body = os.urandom(5000000)
    over = threading.Event()

    def script(_, conn):
        conn.request_head()
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" + body)
        conn.sock.shutdown(socket.SHUT_WR)
        assert conn.exactly(4) == b"back"
        over.set()
    d = door_for(door, world, origins(script))
    with Client(d.port, cert=world.alice, version=TLS13, receive_buffer=4096) as c:
        c.send(request(fields=["Connection: upgrade", "Upgrade: x"]))
        assert c.head().status == 101
        got = c.to_end()
        assert c.end == "close_notify"
        assert got == body
        c.sock.sendall(b"back")
        assert over.wait(HANG)
    all_gone(d)


# --- what the kernel leaves to us -------------------------------------------------------------------
def test_a_key_update_is_answered_when_there_is_room_for_the_answer(world, door, origins):
    """The client asks for new keys and takes nothing: the answer waits, and not a byte is out of place."""
    head = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    body = os.urandom(8000000)
    heard = threading.Event()

    def script(_, conn):
        conn.request_head()
        t = threading.Thread(target=conn.send, args=(head + body,))
        t.start()
        conn.exactly(1)
        heard.set()
        t.join(HANG)
        conn.wait_end()

    d = door_for(door, world, origins(script))
    sent = 0

    def is_stuck():
        nonlocal sent
        before, sent = sent, d.stats()["bytes_to_clients"]
        return sent == before > 0

    with Records(d.port, cert=world.alice) as r:
        r.send(DATA, request(fields=["Connection: upgrade", "Upgrade: x"]))
        wait_until(is_stuck, "a full send buffer")
        r.update(ask=True)
        if not d.rekeys():
            d.logged(reason="rekey_unsupported")
            return
        r.update(ask=True)
        r.send(DATA, b"!")
        assert heard.wait(HANG)
        got, others = bytearray(), []
        while not got.endswith(body[-100:]):
            kind, content = r.receive()
            if kind == DATA:
                got += content
            else:
                others.append((kind, content))
    assert got.partition(b"\r\n\r\n")[2] == body
    # one that is owed already is the answer to both
    assert others in ([(HANDSHAKE, KEY_UPDATE)], [(HANDSHAKE, KEY_UPDATE)] * 2)


def test_keys_change_both_ways_amid_bulk(world, door, origins):
    """Uploads and answers of a MiB with KeyUpdates between their records."""
    body = os.urandom(1 << 20)
    d = door_for(door, world, origins(respond=lambda r: answer(r.body)), key_updates=1000)
    if not d.rekeys():
        with Records(d.port, cert=world.alice) as r:
            r.send(DATA, request("POST", "/0", fields=["Content-Length: 1"]) + b"!")
            r.text(b"\r\n\r\n!")  # the kernel has the records now: what comes with Finished is still opened by us
            r.update()
            assert r.receive() == (ALERT, b"\x02\x50")
        return
    with Records(d.port, cert=world.alice) as r:
        for n in range(3):
            r.send(DATA, request("POST", f"/{n}", fields=[f"Content-Length: {len(body)}"]))
            for at in range(0, len(body), 65536):
                for part in range(at, at + 65536, 16384):
                    r.send(DATA, body[part:part + 16384])
                r.update(ask=at % 131072 == 0)
            assert r.text(body[-100:]).partition(b"\r\n\r\n")[2] == body
            assert set(r.others) <= {(HANDSHAKE, KEY_UPDATE)}
    assert [d.logged(path=f"/{n}")[0]["reason"] for n in range(3)] == ["done"] * 3


def test_a_record_that_is_too_long_ends_even_a_connection_that_is_not_read(world, door, origins):
    asked, go = threading.Event(), threading.Event()

    def script(_, conn):
        conn.request()
        asked.set()
        go.wait(HANG)
        conn.send(answer(b"ok"))

    d = door_for(door, world, origins(script))
    with Records(d.port, cert=world.alice) as r:
        r.send(DATA, request("GET", "/long"))
        assert asked.wait(HANG)
        r.sock.sendall(b"\x17\x03\x03\xff\xff" + b"x" * 100)
        if d.engine() == "kernel":
            # it looks at a header as soon as it is there
            assert r.receive() == (ALERT, b"\x02\x16")  # record_overflow
            assert d.logged(path="/long")[0]["reason"] == "tls_record"
            go.set()
        else:
            go.set()
            assert r.text(OK).startswith(b"HTTP/1.1 200")
            assert r.receive() == (ALERT, b"\x02\x16")
        assert r.receive() is None
    all_gone(d)


@pytest.mark.parametrize("kind", [ALERT, HANDSHAKE])
def test_an_empty_record_that_is_not_data_is_no_end(world, api, kind):
    with Records(api.port, cert=world.alice) as r:
        r.send(kind, b"")
        assert r.receive() == (ALERT, b"\x02\x0a")  # unexpected_message
        assert r.receive() is None


def test_warnings_in_a_row_are_a_flood(world, api):
    """user_canceled is no end, and forty of them bring nothing either."""
    with Records(api.port, cert=world.alice) as r:
        try:
            for _ in range(40):
                r.send(ALERT, b"\x01\x5a")
        except ConnectionError:
            pass
        assert r.receive() == (ALERT, b"\x02\x0a")
        assert r.receive() is None
