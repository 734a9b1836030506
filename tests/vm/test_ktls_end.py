# SPDX-License-Identifier: GPL-2.0-only
"""
How connections that the kernel has come to their end: nothing is cut off, whoever ends and whatever is under way. And
that the engines differ in nothing that is said or sent.
"""
import hashlib
import os
import signal
import socket
import threading

import pytest

from client import TLS12, TLS13, Client, Cut, openssl, request
from door import HANG, host, wait_until
from origin import answer
from records import ALERT, CLOSE_NOTIFY, DATA, Records
from tap import Kernel, Tap, handoffs, suite_context

BOTH = pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
OFF, FRAGMENT = 1, 3  # places in handoffs[]: tls/handoff.h


def body_of(size):
    return bytes(i * 5 % 251 for i in range(251)) * (size // 251 + 1)


def sized(r):
    """As many bytes as the target says, and what came."""
    size = int(r.target.partition("?")[2] or 0)
    return answer(body_of(size)[:size], fields=["X-Body: " + hashlib.sha256(r.body).hexdigest()])


def one(world, door, origins, respond=sized, script=None, **options):
    origin = origins(script) if script else origins(respond=respond)
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)], **options)
    d.origin = origin
    return d


def slow(d, world, version):
    return Client(d.port, cert=world.alice, version=version, receive_buffer=2048)


def drained(c, size):
    """The rest of a response, read in small pieces: all of it, then close_notify, then the end."""
    r = c.head()
    got = bytearray(c.rest)
    while data := c.read(1000):
        got += data
    assert r.status == 200
    assert len(got) == size and bytes(got) == body_of(size)[:size]
    assert c.end == "close_notify"


# --- not one byte lost ------------------------------------------------------------------------------
@BOTH
def test_a_slow_reader_gets_all_of_a_last_response(world, door, origins, small_send_buffers, version):
    """All of it is given to the kernel, and logged, before the client reads the first byte."""
    d = one(world, door, origins)
    times = 10
    with Kernel(d, times):
        for n in range(times):
            size = 12000 + 301 * n
            with slow(d, world, version) as c:
                c.send(request(target=f"/?{size}", fields=["Connection: close"]))
                d.logged(n + 1, reason="done")
                drained(c, size)


@BOTH
def test_a_slow_reader_gets_more_than_all_buffers_hold(world, door, origins, small_send_buffers, version):
    d = one(world, door, origins)
    size = 1500000
    with Kernel(d), slow(d, world, version) as c:
        c.send(request(target=f"/?{size}", fields=["Connection: close"]))
        drained(c, size)
    assert d.stats()["bodies_down_splice"] == 1


@BOTH
@pytest.mark.parametrize("size", [100000, 1500000])
def test_a_stop_lets_a_slow_reader_finish(world, door, origins, small_send_buffers, version, size):
    d = one(world, door, origins)
    with slow(d, world, version) as c:
        c.send(request(target=f"/?{size}"))
        wait_until(lambda: d.stats()["bytes_to_clients"] > 8000, "a response on its way")
        d.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not _listens(d.port), "the listener closed")
        drained(c, size)


def _listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


@BOTH
def test_a_reload_leaves_connections_alone(world, door, origins, version):
    d = one(world, door, origins)
    with Kernel(d), Client(d.port, cert=world.alice, version=version, receive_buffer=4096) as c:
        c.send(request(target="/?3000000"))
        wait_until(lambda: d.stats()["bytes_to_clients"] > 8000, "a response on its way")
        assert d.reload()
        assert c.response().body == body_of(3000000)[:3000000]
        assert d.reload()
        assert c.get("/?10").body == body_of(10)[:10]
        assert d.stats()["ktls_conns_open"] == 1
    wait_until(lambda: d.stats()["ktls_conns_open"] == 0, "the end of it")


# --- tunnels ----------------------------------------------------------------------------------------
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"


def tunnel(d, world, version, upto=b"\r\n\r\n"):
    r = Records(d.port, cert=world.alice, version=version)
    r.send(DATA, request(fields=["Connection: upgrade", "Upgrade: x"]))
    assert r.text(upto).startswith(b"HTTP/1.1 101")
    return r


@BOTH
def test_a_tunnel_whose_client_ends_first(world, door, origins, version):
    def script(_, conn):
        conn.request_head()
        conn.send(SWITCH)
        conn.wait_end()
        conn.send(b"x" * 100000 + b"all of it came: " + conn.raw[-4:])
    d = one(world, door, origins, script=script)
    with Kernel(d), tunnel(d, world, version) as r:
        r.sock.sendall(r.seal(DATA, b"last") + r.seal(ALERT, CLOSE_NOTIFY))
        assert r.text(b"came: last") == b"x" * 100000 + b"all of it came: last"
        assert r.receive() == (ALERT, CLOSE_NOTIFY)
        assert r.receive() is None
    d.logged(reason="tunnel_done")


@BOTH
def test_a_tunnel_whose_origin_ends_first(world, door, origins, version):
    heard = []

    def script(_, conn):
        conn.request_head()
        conn.send(SWITCH + b"that was all")
        conn.sock.shutdown(socket.SHUT_WR)
        conn.wait_end()
        heard.append(conn.raw.partition(b"\r\n\r\n")[2])
    d = one(world, door, origins, script=script)
    with Kernel(d), tunnel(d, world, version, upto=b"that was all") as r:
        assert r.receive() == (ALERT, CLOSE_NOTIFY)
        for _ in range(9):
            r.send(DATA, b"still here " * 1000)
        r.send(DATA, b"and gone")
        r.send(ALERT, CLOSE_NOTIFY)
        assert r.receive() is None
    wait_until(lambda: heard, "the origin's end")
    assert heard[0] == b"still here " * 9000 + b"and gone"
    d.logged(reason="tunnel_done")


# --- a worker that dies -----------------------------------------------------------------------------
def test_a_killed_worker_leaves_nothing_behind(world, door, origins):
    d = one(world, door, origins)
    for _ in range(2):
        with Kernel(d, 3):
            clients = [Client(d.port, cert=world.alice, version=v) for v in (TLS12, TLS13, TLS13)]
            for c in clients:
                assert c.get().status == 200
            clients[2].send(request("POST", "/", fields=["Content-Length: 100000"]) + b"x" * 50000)
        assert d.stats()["ktls_conns_open"] == 3
        killed = d.worker()
        os.kill(killed, signal.SIGKILL)
        for c in clients:
            with c, pytest.raises(Cut):
                c.response()
        wait_until(lambda: d.workers() and d.workers() != [killed], "another worker")
        with Kernel(d), Client(d.port, cert=world.alice) as c:
            assert c.get().status == 200
            assert d.stats()["ktls_conns_open"] == 1
        wait_until(lambda: d.stats()["ktls_conns_open"] == 0, "the end of it")


# --- what is on the wire ----------------------------------------------------------------------------
class Recorder:
    """A relay between clients and a port that keeps what the port said."""

    def __init__(self, port):
        self.said = bytearray()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self._serve, args=(port,), daemon=True)]
        self.threads[0].start()

    def _serve(self, port):
        client = self.listener.accept()[0]
        server = socket.create_connection(("127.0.0.1", port))
        up = threading.Thread(target=self._pump, args=(client, server, None), daemon=True)
        up.start()
        self._pump(server, client, self.said)
        up.join()
        client.close()
        server.close()

    @staticmethod
    def _pump(source, to, keep):
        try:
            while data := source.recv(65536):
                if keep is not None:
                    keep += data
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def records(self):
        """[(type, content)] of all that was said."""
        self.threads[0].join(HANG)
        self.listener.close()
        out, rest = [], bytes(self.said)
        while rest:
            size = int.from_bytes(rest[3:5], "big")
            out.append((rest[0], rest[5:5 + size]))
            rest = rest[5 + size:]
        return out


@pytest.mark.parametrize("suite", ["tls12-aes128", "tls12-aes256"])
@pytest.mark.parametrize("ktls", ["off", "auto"])
def test_no_nonce_of_ours_comes_twice(world, door, origins, suite, ktls):
    """TLS 1.2 AES-GCM says its nonce on the wire: it counts on from that of Finished, whoever seals."""
    d = one(world, door, origins, ktls=ktls)
    ctx = suite_context(suite, world.alice)
    session = None
    for is_resumed in (False, True):
        recorder = Recorder(d.port)
        with Tap(recorder.port, ctx, session=session) as c:
            assert c.sock.session_reused == is_resumed
            c.open()
            for _ in range(3):
                assert c.get("/?100").status == 200
            assert len(c.get("/?200000").body) == 200000
            assert c.get("/?300", fields=["Connection: close"]).status == 200
            assert c.to_end() == b""
            assert c.end == "close_notify"
            session = c.sock.session
        kinds = recorder.records()
        sealed = kinds[[kind for kind, _ in kinds].index(20) + 1:]  # behind change_cipher_spec
        assert sealed[0][0] == 22 and sealed[-1][0] == 21 and len(sealed) > 15
        nonces = [int.from_bytes(content[:8], "big") for _, content in sealed]
        assert nonces == [(nonces[0] + n) % (1 << 64) for n in range(len(nonces))]
    assert handoffs(d) == ((2, 0) if ktls == "auto" else (0, 2))


# --- who stays in user space ------------------------------------------------------------------------
@BOTH
def test_a_client_that_wants_small_records_stays_with_us(world, door, origins, version):
    d = one(world, door, origins)
    text = openssl("s_client", "-connect", f"127.0.0.1:{d.port}", "-servername", "api.example.com", "-ign_eof",
                   "-nocommands", "-tls1_3" if version == TLS13 else "-tls1_2", "-maxfraglen", "1024", "-cert",
                   world.alice.pem, "-key", world.alice.key,
                   stdin=request(target="/?3000", fields=["Connection: close"]))[1]
    assert "HTTP/1.1 200" in text
    counts = d.stats()["handoffs"]
    assert counts[FRAGMENT] == sum(counts) == 1
    d.logged(tls_engine="user", status=200)


def test_ktls_off_hands_nothing_over(world, door, origins):
    d = one(world, door, origins, ktls="off")
    with Client(d.port, cert=world.alice) as c:
        assert c.get("/?100000").status == 200
    counts = d.stats()["handoffs"]
    assert counts[OFF] == sum(counts) == 1
    d.logged(tls_engine="user")


def test_ktls_require_starts_where_the_kernel_can(world, door, origins):
    d = one(world, door, origins, ktls="require")
    with Kernel(d), Client(d.port, cert=world.alice) as c:
        assert c.get().status == 200


# --- one behaviour ----------------------------------------------------------------------------------
def conversation(d, world, suite):
    """Requests of many kinds, good and bad; (what came, what is logged but for times and who sealed)."""
    seen = []
    ctx = suite_context(suite, world.alice)

    def talk(data, responses, then=None, method="GET"):
        with Tap(d.port, ctx) as c:
            c.open()
            c.send(data)
            for _ in range(responses):
                r = c.response(method)
                seen.append((r.status, sorted(r.fields), hashlib.sha256(r.body).hexdigest()))
            if then == "end":
                c.to_end()
                seen.append(c.end)
        rows = wait_until(lambda: d.log() if len(d.log()) >= len(lines) + max(responses, 1) else None, "log lines")
        lines[:] = rows

    lines = []
    body = body_of(90000)[:90000]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + 7000]), body[at:at + 7000]) for at in range(0, 90000, 7000))
    talk(request(), 1)
    talk(request("HEAD", "/?500"), 1, method="HEAD")
    talk(request("POST", "/?90000", body=b"small"), 1)
    talk(request("POST", "/?5", body=body), 1)
    talk(request("POST", "/c", fields=["Transfer-Encoding: chunked"]) + chunks + b"0\r\n\r\n", 1)
    talk(request(target="/1?10") + request(target="/2?20000") + request(target="/3?0"), 3)
    talk(request(target="/last?70000", fields=["Connection: close"]), 1, "end")
    talk(request(version="1.0", target="/old?80000"), 1, "end")
    talk(request("POST", "/", fields=["Content-Length: 5", "Transfer-Encoding: chunked"]) + b"12345", 1, "end")
    talk(request("POST", "/big", fields=["Content-Length: 900000000"]), 1, "end")
    talk(request("POST", "/c", fields=["Transfer-Encoding: chunked"]) + b"zz\r\n", 1, "end")
    talk(b"\x00\x01\x02\r\n\r\n", 1, "end")
    leave = ("time", "client", "ms_total", "ms_origin", "tls_engine")
    return seen, [{k: v for k, v in row.items() if k not in leave} for row in lines]


@pytest.mark.parametrize("suite", ["tls12-aes256", "tls13-chacha"])
def test_the_engines_agree(world, door, origins, suite):
    d = one(world, door, origins, ktls="off")
    by_us = conversation(d, world, suite)
    assert {row.get("tls_engine") for row in d.log()} == {"user"}
    d.stop()
    d.write(d.config["hosts"], ktls="auto")
    d.mark()
    d.start()
    wait_until(lambda: _listens(d.port), "the same again")
    by_kernel = conversation(d, world, suite)
    assert handoffs(d) == (12, 0)
    assert {row.get("tls_engine") for row in d.log()} == {"kernel"}
    assert by_us == by_kernel
