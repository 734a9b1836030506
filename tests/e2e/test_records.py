# SPDX-License-Identifier: GPL-2.0-only
"""The record layer after the handshake: what a peer may send, and what ends the connection."""
import socket
import subprocess
import threading

import pytest

from client import TLS12, TLS13, Client, request
from door import HANG, host, wait_until
from origin import answer
from records import ALERT, CLOSE_NOTIFY, DATA, HANDSHAKE, KEY_UPDATE, Records, fatal

GET = request()
OK = b"\r\n\r\nok"


def alive(world, api):
    with Client(api.port, cert=world.alice) as c:
        return c.get().status == 200


def handed(r):
    """After an answer the kernel has the records, if it takes any: what comes with Finished is still opened by us."""
    r.send(DATA, GET)
    assert r.text(OK).startswith(b"HTTP/1.1 200")


# --- KeyUpdate --------------------------------------------------------------------------------------
def refused(world, api):
    """Where the kernel has the records and cannot replace keys, the first KeyUpdate is the end, and is said to be."""
    before = api.stats()["key_updates_refused"]
    with Records(api.port, cert=world.alice) as r:
        handed(r)
        r.update()
        assert fatal(r) == 80  # internal_error
    assert api.stats()["key_updates_refused"] == before + 1
    assert alive(world, api)


def test_key_updates_are_followed(world, api):
    if not api.rekeys():
        refused(world, api)
        return
    with Records(api.port, cert=world.alice) as r:
        for _ in range(5):
            r.update()
            r.send(DATA, GET)
            assert r.text(OK).startswith(b"HTTP/1.1 200")
            assert r.others == []


def test_a_key_update_that_asks_for_one_is_answered(world, api):
    if not api.rekeys():
        refused(world, api)
        return
    with Records(api.port, cert=world.alice) as r:
        for _ in range(3):
            r.update(ask=True)
            r.send(DATA, GET)
            assert r.text(OK).startswith(b"HTTP/1.1 200")
            assert r.others == [(HANDSHAKE, KEY_UPDATE)]


def test_a_key_update_in_mid_body_changes_nothing_but_the_key(world, api):
    body = bytes(i % 251 for i in range(40000))
    with Records(api.port, cert=world.alice) as r:
        handed(r)
        r.send(DATA, request("POST", "/p", fields=["Content-Length: 40000"]))
        for at in range(0, 40000, 8000):
            r.send(DATA, body[at:at + 8000])
            if not api.rekeys():
                r.update()
                assert fatal(r) == 80
                api.logged(path="/p", reason="rekey_unsupported")
                return
            r.update(ask=at == 8000)
        assert r.text(OK).startswith(b"HTTP/1.1 200")
    assert api.origin.requests[1].body == body


def test_a_flood_of_key_updates_ends_the_connection(world, api):
    with Records(api.port, cert=world.alice) as r:
        handed(r)
        try:
            for _ in range(70):
                r.update()
        except ConnectionError:
            pass
        assert fatal(r) == (10 if api.rekeys() else 80)  # unexpected_message; or the first was one too many
    assert alive(world, api)


@pytest.mark.parametrize("content", [b"\x18\x00\x00\x01\x02", b"\x18\x00\x00\x00", b"\x18\x00\x00\x02\x00\x00",
                                     b"\x01\x00\x00\x00", b"\x0b\x00\x00\x04\x00\x00\x00\x00"])
def test_any_other_handshake_message_is_fatal(world, api, content):
    with Records(api.port, cert=world.alice) as r:
        r.send(HANDSHAKE, content)
        assert fatal(r) in (10, 47, 50)


@pytest.mark.parametrize("letter", [b"K", b"k"])
def test_openssls_own_key_update(world, api, letter):
    with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{api.port}", "-servername",
                           "api.example.com", "-tls1_3", "-cert", world.alice.pem, "-key", world.alice.key],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as p:
        seen = bytearray()

        def pump():
            while data := p.stdout.read1(65536):
                seen.extend(data)
        t = threading.Thread(target=pump)
        t.start()

        def say(data, until, count):
            p.stdin.write(data)
            p.stdin.flush()
            wait_until(lambda: seen.count(until) >= count, f"{until} from s_client")

        say(GET, OK, 1)
        if not api.rekeys():
            say(letter + b"\n", b"alert internal error", 1)
            t.join(HANG)
            return
        for n in range(3):
            say(letter + b"\n", b"KEYUPDATE", n + 1)
            say(GET, OK, n + 2)
        p.stdin.close()
        t.join(HANG)
    assert len(api.origin.requests) == 4


# --- size and form ----------------------------------------------------------------------------------
def test_a_request_in_records_of_one_byte(world, api):
    with Records(api.port, cert=world.alice) as r:
        r.sock.sendall(b"".join(r.seal(DATA, GET[i:i + 1]) for i in range(len(GET))))
        assert r.text(OK).startswith(b"HTTP/1.1 200")


def test_padding_is_taken_off(world, api):
    with Records(api.port, cert=world.alice) as r:
        for padding in (0, 1, 255, 16384 - len(GET)):
            r.send(DATA, GET, padding)
            assert r.text(OK).startswith(b"HTTP/1.1 200")


def test_the_largest_record_is_taken_and_a_larger_one_is_not(world, api):
    body = b"b" * 16384
    with Records(api.port, cert=world.alice) as r:
        r.send(DATA, request("POST", "/p", fields=["Content-Length: 16384"]))
        r.send(DATA, body)
        assert r.text(OK).startswith(b"HTTP/1.1 200")
        r.send(DATA, b"c" * 16385)
        assert fatal(r) == 22  # record_overflow
    assert api.origin.requests[0].body == body


def test_a_header_that_announces_too_much_is_fatal(world, api):
    with Records(api.port, cert=world.alice) as r:
        r.sock.sendall(b"\x17\x03\x03\xff\xff" + b"x" * 100)
        assert fatal(r) == 22


def test_some_empty_records_pass_and_a_flood_of_them_does_not(world, api):
    with Records(api.port, cert=world.alice) as r:
        for _ in range(3):
            r.send(DATA, b"")
        r.send(DATA, GET)
        assert r.text(OK).startswith(b"HTTP/1.1 200")
    with Records(api.port, cert=world.alice) as r:
        handed(r)
        try:
            for _ in range(300):
                r.send(DATA, b"")
        except ConnectionError:
            pass
        if api.engine() == "kernel":
            # it passes over them and tells nobody; they gain nothing: head_timeout goes on
            r.send(DATA, GET)
            assert r.text(OK).startswith(b"HTTP/1.1 200")
        else:
            assert fatal(r) == 10


@pytest.mark.parametrize("where", [5, 20, -1])
def test_a_changed_byte_ends_the_connection(world, api, where):
    with Records(api.port, cert=world.alice) as r:
        record = bytearray(r.seal(DATA, GET))
        record[where] ^= 1
        r.sock.sendall(record)
        assert fatal(r) == 20  # bad_record_mac
    assert api.origin.requests == []


def test_a_record_sent_twice_ends_the_connection(world, api):
    with Records(api.port, cert=world.alice) as r:
        record = r.seal(DATA, GET)
        r.sock.sendall(record + record)
        # the first may or may not have been answered before the second was looked at
        while (got := r.receive())[0] == DATA:
            pass
        assert got == (ALERT, b"\x02\x14")  # bad_record_mac
        assert r.receive() is None
    assert len(api.origin.requests) <= 1


def test_plaintext_after_the_handshake_is_fatal(world, api):
    with Records(api.port, cert=world.alice) as r:
        r.sock.sendall(b"\x15\x03\x03\x00\x02\x01\x00")
        kind_and_content = r.receive()
        assert kind_and_content is None or kind_and_content[0] == ALERT
    assert alive(world, api)


def test_a_record_of_no_type_is_fatal(world, api):
    with Records(api.port, cert=world.alice) as r:
        handed(r)
        r.send(0, b"", 10)
        # a kernel says of it what it says of one that it cannot open
        assert fatal(r) in ((20,) if api.engine() == "kernel" else (10, 47))


# --- the end ----------------------------------------------------------------------------------------
def test_close_notify_is_answered_by_close_notify(world, api):
    with Records(api.port, cert=world.alice) as r:
        r.send(DATA, GET)
        r.text(OK)
        r.send(ALERT, CLOSE_NOTIFY)
        assert r.receive() == (ALERT, CLOSE_NOTIFY)
        assert r.receive() is None


def test_a_request_before_close_notify_is_answered(world, api):
    with Records(api.port, cert=world.alice) as r:
        r.sock.sendall(r.seal(DATA, GET) + r.seal(ALERT, CLOSE_NOTIFY))
        assert r.text(OK).startswith(b"HTTP/1.1 200")
        assert r.receive() == (ALERT, CLOSE_NOTIFY)


def slow(world, door, origins, then):
    """A door before an origin that answers when it is told to: (door, asked, go)."""
    asked, go = threading.Event(), threading.Event()

    def script(_, conn):
        conn.request()
        asked.set()
        go.wait(HANG)
        then(conn)
    d = door([host(world.api, ["api.example.com"], [origins(script)], "require", world.client_ca)])
    return d, asked, go


def test_a_client_that_ends_its_side_still_gets_its_answer(world, door, origins):
    body = b"z" * 200000
    d, asked, go = slow(world, door, origins, lambda conn: conn.send(answer(body)))
    with Records(d.port, cert=world.alice) as r:
        r.sock.sendall(r.seal(DATA, GET) + r.seal(ALERT, CLOSE_NOTIFY))
        r.sock.shutdown(socket.SHUT_WR)
        assert asked.wait(HANG)
        go.set()
        assert r.text(b"z" * 10).startswith(b"HTTP/1.1 200")
        got = 0
        while (record := r.receive())[0] == DATA:
            got += len(record[1])
        assert got < len(body)
        assert record == (ALERT, CLOSE_NOTIFY)
    assert d.logged(path="/")[0]["reason"] == "done"


def test_a_tunnel_goes_on_one_way_when_the_client_ends_its_side(world, door, origins):
    def script(_, conn):
        conn.request_head()
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        conn.wait_end()
        conn.send(b"all of it came: " + conn.raw[-4:])
    d = door([host(world.api, ["api.example.com"], [origins(script)], "require", world.client_ca)])
    with Records(d.port, cert=world.alice) as r:
        r.send(DATA, request(fields=["Connection: upgrade", "Upgrade: x"]))
        r.text(b"\r\n\r\n")
        r.sock.sendall(r.seal(DATA, b"last") + r.seal(ALERT, CLOSE_NOTIFY))
        assert r.text(b"came: last") == b"all of it came: last"
        assert r.receive() == (ALERT, CLOSE_NOTIFY)


def test_a_request_cut_off_by_a_fin_never_becomes_one(world, api):
    """Truncation: the bytes so far look like a whole body only to whoever ignores the length."""
    with Records(api.port, cert=world.alice) as r:
        r.send(DATA, request("POST", "/p", fields=["Content-Length: 10"]) + b"12345")
        r.sock.shutdown(1)
        while r.receive() is not None:
            pass
    for conn in api.origin.conns:
        conn.wait_end()
    assert api.origin.requests == []
    api.logged(path="/p", reason="client_aborted")


def test_a_fatal_alert_ends_the_connection(world, api):
    with Records(api.port, cert=world.alice) as r:
        r.send(ALERT, b"\x02\x50")
        assert r.receive() is None
    assert alive(world, api)


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
def test_our_own_end_is_announced(world, api, version):
    with Client(api.port, cert=world.alice, version=version) as c:
        c.get(fields=["Connection: close"])
        assert c.to_end() == b""
        assert c.end == "close_notify"


def test_renegotiation_is_refused(world, api):
    with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{api.port}", "-servername",
                           "api.example.com", "-tls1_2", "-cert", world.alice.pem, "-key", world.alice.key],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as p:
        p.stdin.write(b"R\n")
        p.stdin.flush()
        text = p.communicate(timeout=HANG)[0]
    assert b"RENEGOTIATING" in text
    assert b"no renegotiation" in text or b"alert" in text
    assert p.returncode != 0
    assert alive(world, api)
