# SPDX-License-Identifier: GPL-2.0-only
"""
Records that a hostile or a clumsy client sends around the hand-off and behind it. In each test the kernel takes the
connection; what differs between kernels (keys that can be replaced) is asked of the counters, never of a version.
"""
import socket
import struct
import threading

import pytest

from client import TLS12, TLS13, Client, request
from records import ALERT, CLOSE_NOTIFY, DATA, HANDSHAKE, KEY_UPDATE, KEY_UPDATE_ASK, Records, fatal
from door import host, wait_until
from origin import answer
from tap import Kernel, can_rekey, handoffs

GET = request()
OK = b"\r\n\r\nok"
BOTH = pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
CANNOT = 80  # internal_error: what a KeyUpdate gets from a kernel that cannot replace keys


def body_of(size):
    return bytes(i * 3 % 251 for i in range(size))


def post(size):
    return request("POST", "/p", fields=[f"Content-Length: {size}"])


def alive(world, api):
    with Client(api.port, cert=world.alice) as c:
        return c.get().status == 200


def handed(api, world, version=TLS13):
    """A client whose connection the kernel has: it was served once."""
    with Kernel(api):
        r = Records(api.port, cert=world.alice, version=version)
        r.send(DATA, GET)
        assert r.text(OK).startswith(b"HTTP/1.1 200")
    return r


def early(api, world, version=TLS13):
    """A client that has not sent its last flight yet: it is in r.last."""
    return Records(api.port, cert=world.alice, version=version, hold=True)


def served(r):
    assert r.text(OK).startswith(b"HTTP/1.1 200")


def begin(r, version, data):
    """The last flight and @data in one go; then what TLS 1.2 still says of the handshake."""
    r.sock.sendall(r.last + data)
    if version == TLS12:
        r.finished()


# --- the moment of the hand-off ---------------------------------------------------------------------
@BOTH
def test_a_client_that_ends_its_side_right_behind_its_request_is_answered(world, api, version):
    """The ULP may be refused then (ENOTCONN): the answer is whole either way."""
    before = handoffs(api)
    with early(api, world, version) as r:
        r.sock.sendall(r.last + r.seal(DATA, GET))
        r.sock.shutdown(socket.SHUT_WR)
        if version == TLS12:
            r.finished()
        served(r)
        assert r.receive() == (ALERT, CLOSE_NOTIFY)
        assert r.receive() is None
    assert sum(handoffs(api)) == sum(before) + 1


@BOTH
def test_a_body_that_streams_in_during_the_hand_off(world, api, version):
    body = body_of(150000)
    with Kernel(api), early(api, world, version) as r:
        records = [r.seal(DATA, post(len(body)))]
        records += [r.seal(DATA, body[at:at + 5000]) for at in range(0, len(body), 5000)]
        begin(r, version, b"".join(records))
        served(r)
    assert api.origin.requests[0].body == body


@BOTH
@pytest.mark.parametrize("joined", [True, False], ids=["one_record", "two_records"])
def test_one_request_and_a_half_with_finished(world, api, version, joined):
    with Kernel(api), early(api, world, version) as r:
        if joined:
            first, rest = r.seal(DATA, GET + GET[:20]), r.seal(DATA, GET[20:])
        else:
            first, second = r.seal(DATA, GET), r.seal(DATA, GET)
            first, rest = first + second[:21], second[21:]
        begin(r, version, first)
        served(r)
        r.sock.sendall(rest)
        served(r)
        r.send(DATA, GET)
        served(r)
    assert len(api.origin.requests) == 3


@BOTH
@pytest.mark.parametrize("cut", [1, 3, 4])
def test_a_header_of_too_much_that_is_cut_at_the_hand_off(world, api, version, cut):
    """We still read then, to the byte: as much as the header says is not what it may say."""
    header = b"\x17\x03\x03\xff\xff"
    before = handoffs(api)
    with early(api, world, version) as r:
        begin(r, version, r.seal(DATA, GET) + header[:cut])
        served(r)
        r.sock.sendall(header[cut:])
        assert fatal(r) == 22  # record_overflow
    assert handoffs(api) == before
    assert alive(world, api)


@pytest.mark.parametrize("ask", [False, True], ids=["unasked", "asked"])
@pytest.mark.parametrize("halves", [False, True], ids=["whole", "in_halves"])
def test_a_key_update_with_finished_is_ours_on_any_kernel(world, api, ask, halves):
    """The connection is handed over behind it, with the keys that came next."""
    message = KEY_UPDATE_ASK if ask else KEY_UPDATE
    with Kernel(api), early(api, world) as r:
        first = r.seal(HANDSHAKE, message[:2] if halves else message)
        if halves:
            r.sock.sendall(r.last + first + r.seal(HANDSHAKE, message[2:]))
        else:
            r.sock.sendall(r.last + first)
        r.tx.update()
        r.send(DATA, GET)
        served(r)
        assert r.others == ([(HANDSHAKE, KEY_UPDATE)] if ask else [])
        r.send(DATA, GET)
        served(r)


# --- KeyUpdate behind it ----------------------------------------------------------------------------
@pytest.mark.parametrize("ask", [False, True], ids=["unasked", "asked"])
@pytest.mark.parametrize("where", ["before", "between", "in_mid_body"])
def test_a_key_update(world, api, where, ask):
    before = api.stats()
    body = body_of(3000)
    with Kernel(api):
        r = Records(api.port, cert=world.alice)
    with r:
        if where == "between":
            r.send(DATA, GET)
            served(r)
        rest = body
        if where == "in_mid_body":
            r.send(DATA, post(len(body)) + body[:1000])
            rest = body[1000:]
            wait_until(lambda: api.origin.conns and api.origin.conns[-1].raw.endswith(body[900:1000]), "half a body")
        r.update(ask)
        if can_rekey(api):
            r.send(DATA, (b"" if where == "in_mid_body" else post(len(body))) + rest)
            served(r)
            assert r.others == ([(HANDSHAKE, KEY_UPDATE)] if ask else [])
            r.send(DATA, GET)
            served(r)
            assert api.origin.requests[-2].body == body
        else:
            assert fatal(r) == CANNOT
    after = api.stats()
    assert after["key_updates"] == before["key_updates"] + 1
    assert after["key_updates_refused"] == before["key_updates_refused"] + (not can_rekey(api))
    if where == "in_mid_body" and not can_rekey(api):
        api.logged(path="/p", reason="rekey_unsupported")
        assert len(api.origin.requests) == 0


def test_a_storm_of_key_updates_ends_the_connection(world, api):
    with handed(api, world) as r:
        storm = b""
        for _ in range(70):
            storm += r.seal(HANDSHAKE, KEY_UPDATE_ASK)
            r.tx.update()
        r.sock.sendall(storm)
        while (got := r.receive()) == (HANDSHAKE, KEY_UPDATE):
            pass
        assert got == (ALERT, bytes([2, 10 if can_rekey(api) else CANNOT]))
        assert r.receive() is None
    assert alive(world, api)


def test_a_key_update_that_is_asked_for_while_nothing_can_be_sent(world, door, origins, small_send_buffers):
    """Its answer waits its turn: whatever is read in the end opens under the key its place has."""
    body = body_of(700000)

    def script(_, conn):
        conn.request_head()
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" + body)
        conn.wait_end()
    d = door([host(world.api, ["api.example.com"], [origins(script)], "require", world.client_ca)])
    with Kernel(d), Records(d.port, cert=world.alice) as r:
        r.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        r.send(DATA, request(fields=["Connection: upgrade", "Upgrade: x"]))
        wait_until(lambda: d.stats()["bytes_to_clients"] > 8000, "a tunnel that fills")
        r.update(ask=True)
        wait_until(lambda: d.stats()["key_updates"] == 1, "the KeyUpdate read")
        got, others = bytearray(), []
        while (len(got) < len(body) or not others or not got.endswith(body[-10:])) and (record := r.receive()):
            if record[0] == DATA:
                got += record[1]
            else:
                others.append(record)
        got = bytes(got).partition(b"\r\n\r\n")[2]
        if can_rekey(d):
            assert got == body
            assert others == [(HANDSHAKE, KEY_UPDATE)]
            return
        assert body.startswith(got)
        assert others in ([], [(ALERT, bytes([2, CANNOT]))])
    d.logged(reason="rekey_unsupported")


# --- other records ----------------------------------------------------------------------------------
@BOTH
def test_a_fatal_alert_in_mid_body(world, api, version):
    with handed(api, world, version) as r:
        r.sock.sendall(r.seal(DATA, post(10) + b"12345") + r.seal(ALERT, b"\x02\x50"))
        assert r.receive() is None
    api.logged(path="/p", reason="tls_alert")
    assert len(api.origin.requests) == 1  # the GET


@pytest.mark.parametrize("version, alert", [(TLS12, b"\x01\x5a"), (TLS12, b"\x01\x29"), (TLS13, b"\x01\x5a")],
                         ids=["user_canceled", "no_certificate", "user_canceled_tls13"])
def test_a_warning_changes_nothing(world, api, version, alert):
    body = body_of(3000)
    with handed(api, world, version) as r:
        r.sock.sendall(r.seal(ALERT, alert) + r.seal(DATA, post(3000) + body[:1000]) + r.seal(ALERT, alert) +
                       r.seal(DATA, body[1000:]) + r.seal(ALERT, alert))
        served(r)
    assert api.origin.requests[-1].body == body


@BOTH
def test_alerts_of_a_wrong_size_are_fatal(world, api, version):
    for alert in (b"\x01", b"\x01\x00\x01"):
        with handed(api, world, version) as r:
            r.send(ALERT, alert)
            assert fatal(r) == 50  # decode_error


@BOTH
@pytest.mark.parametrize("kind", [20, 24, 99, 255])
def test_a_record_of_another_type_is_fatal(world, api, version, kind):
    with handed(api, world, version) as r:
        r.send(kind, b"\x01")
        assert fatal(r) in (10, 20)
    assert alive(world, api)


@BOTH
@pytest.mark.parametrize("wire, alerts", [
    (b"\x14\x03\x03\x00\x01\x01", (10, 20)),            # change_cipher_spec, in the clear
    (b"\x15\x03\x03\x00\x02\x01\x00", (10, 20)),        # close_notify, in the clear
    (b"\x17\x03\x03\xff\xff" + b"x" * 100, (22,)),      # more than any record may be
    (b"\x17\x03\x03\x00\x00", (20, 22, 50)),            # less than a tag
    (b"\x17\x02\x02\x00\x20" + b"x" * 32, (70, 20)),    # no version of ours
    (b"GET / HTTP/1.1\r\n\r\n", (70, 20, 22, 10)),
], ids=["ccs", "alert", "huge", "tiny", "version", "http"])
def test_bytes_that_are_no_record_of_this_connection(world, api, version, wire, alerts):
    bad = api.stats()["ktls_bad_records"]
    with handed(api, world, version) as r:
        # behind it, as the kernel looks at nothing in front of TLS 1.2's explicit nonce
        r.sock.sendall(wire + bytes(8))
        assert fatal(r) in alerts
    assert api.stats()["ktls_bad_records"] == bad + 1
    assert alive(world, api)


@BOTH
def test_empty_records_are_no_end(world, api, version):
    body = body_of(100000)
    with handed(api, world, version) as r:
        for _ in range(3):
            r.send(DATA, b"")
        r.send(DATA, GET)
        served(r)
        # and where a body is spliced, for which 0 bytes look like the end
        r.send(DATA, post(len(body)))
        for at in range(0, len(body), 20000):
            r.sock.sendall(r.seal(DATA, b"") + r.seal(DATA, body[at:at + 10000]) + r.seal(DATA, b"") +
                           r.seal(DATA, b"") + r.seal(DATA, body[at + 10000:at + 20000]))
        served(r)
        r.send(DATA, b"")
        r.send(ALERT, CLOSE_NOTIFY)
        assert r.receive() == (ALERT, CLOSE_NOTIFY)
    assert api.origin.requests[-1].body == body


@BOTH
def test_a_flood_of_empty_records_harms_nobody(world, api, version):
    """The kernel passes over them without a word, so there is no limit of ours; others are served meanwhile."""
    with handed(api, world, version) as r:
        flood = b"".join(r.seal(DATA, b"") for _ in range(2000))
        t = threading.Thread(target=r.sock.sendall, args=(flood,))
        t.start()
        assert alive(world, api)
        t.join()
        r.send(DATA, GET)
        served(r)


@BOTH
def test_a_request_in_records_of_one_byte(world, api, version):
    text = post(200) + body_of(200)
    with handed(api, world, version) as r:
        r.sock.sendall(b"".join(r.seal(DATA, text[i:i + 1]) for i in range(len(text))))
        served(r)
    assert api.origin.requests[-1].body == body_of(200)


def test_padding_is_taken_off(world, api):
    with handed(api, world) as r:
        for padding in (1, 255, 16384 - len(GET)):
            r.send(DATA, GET, padding)
            served(r)
        r.send(ALERT, CLOSE_NOTIFY, 1000)
        assert r.receive() == (ALERT, CLOSE_NOTIFY)


@BOTH
def test_the_largest_record_is_taken_and_a_larger_one_is_not(world, api, version):
    body = body_of(16384)
    with handed(api, world, version) as r:
        r.send(DATA, post(16384))
        r.send(DATA, body)
        served(r)
        r.send(DATA, b"c" * (16384 + (1 if version == TLS13 else 300)))
        assert fatal(r) == 22  # record_overflow
    assert api.origin.requests[-1].body == body


# --- what does not authenticate ---------------------------------------------------------------------
def broken(record, at=-1):
    record = bytearray(record)
    record[at] ^= 1
    return bytes(record)


@BOTH
@pytest.mark.parametrize("served_before", [0, 1, 3])
def test_a_changed_byte_ends_the_connection(world, api, version, served_before):
    bad = api.stats()["ktls_bad_records"]
    with Kernel(api):
        r = Records(api.port, cert=world.alice, version=version)
    with r:
        for _ in range(served_before):
            r.send(DATA, GET)
            served(r)
        r.sock.sendall(broken(r.seal(DATA, GET)))
        assert fatal(r) == 20  # bad_record_mac
    assert len(api.origin.requests) == served_before
    assert api.stats()["ktls_bad_records"] == bad + 1


@BOTH
def test_a_changed_byte_in_mid_splice(world, api, version):
    body = body_of(200000)
    with handed(api, world, version) as r:
        records = [r.seal(DATA, post(len(body)))]
        records += [r.seal(DATA, body[at:at + 10000]) for at in range(0, len(body), 10000)]
        records[12] = broken(records[12], 100)
        r.sock.sendall(b"".join(records))
        assert fatal(r) == 20
    api.logged(path="/p", reason="tls_record")
    wait_until(lambda: api.origin.conns[0].ended, "the origin told")
    got = api.origin.conns[0].raw.rpartition(b"\r\n\r\n")[2]
    assert body.startswith(got) and len(got) <= 110000
    assert len(api.origin.requests) == 1


@BOTH
def test_a_record_sent_twice_ends_the_connection(world, api, version):
    with handed(api, world, version) as r:
        record = r.seal(DATA, GET)
        r.sock.sendall(record + record)
        while (got := r.receive())[0] == DATA:
            pass
        assert got == (ALERT, b"\x02\x14")
        assert r.receive() is None
    assert len(api.origin.requests) <= 2


# --- ends -------------------------------------------------------------------------------------------
@BOTH
@pytest.mark.parametrize("half", [0, 3, 40])
def test_a_fin_without_close_notify_is_counted(world, api, version, half):
    """Behind a record or in the middle of one."""
    before = api.stats()
    with handed(api, world, version) as r:
        r.sock.sendall(r.seal(DATA, GET)[:half])
        r.sock.shutdown(socket.SHUT_WR)
        assert r.receive() == (ALERT, CLOSE_NOTIFY)
        assert r.receive() is None
    assert api.stats()["truncations"] == before["truncations"] + 1
    wait_until(lambda: api.stats()["ktls_conns_open"] == before["ktls_conns_open"], "a slot given back")
    assert len(api.origin.requests) == 1


@BOTH
@pytest.mark.parametrize("size", [10, 200000])
def test_a_body_cut_off_by_a_fin_never_becomes_one(world, api, version, size):
    with handed(api, world, version) as r:
        half = body_of(size // 2)
        r.sock.sendall(r.seal(DATA, post(size)) +
                       b"".join(r.seal(DATA, half[at:at + 10000]) for at in range(0, len(half), 10000)))
        r.sock.shutdown(socket.SHUT_WR)
        while r.receive() is not None:
            pass
    api.logged(path="/p", reason="client_aborted")
    assert len(api.origin.requests) == 1


@BOTH
def test_a_reset_frees_everything(world, api, version):
    before = api.stats()
    r = handed(api, world, version)
    r.send(DATA, post(1000) + b"x" * 500)
    wait_until(lambda: len(api.origin.conns[-1].raw) > 1000 or api.origin.conns[-1].raw.endswith(b"xx"), "half a body")
    r.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    r.sock.close()
    api.logged(path="/p", reason="client_reset")
    wait_until(lambda: api.stats()["ktls_conns_open"] == before["ktls_conns_open"], "a slot given back")


def test_renegotiation_is_refused(world, api):
    with handed(api, world, TLS12) as r:
        r.send(HANDSHAKE, b"\x01\x00\x00\x00")
        assert fatal(r) == 100  # no_renegotiation
    assert alive(world, api)
