# SPDX-License-Identifier: GPL-2.0-only
"""
Every suite, however the request comes: the kernel has the connection afterwards, and nothing was lost or changed.

The cells of the matrix are the rows of SHAPES for each suite, for a full handshake and a resumed one, and for servers
that keep sessions (TLS 1.3: one ticket) and that do not (none).
"""
import hashlib
import os
import subprocess

import pytest

from client import TLS13, request
from conftest import SLUICED
from door import HANG, Door, free_port, host, wait_until
from origin import Origin, answer
from tap import SUITES, Kernel, Tap, handoffs, suite_context

UP, DOWN = 128 << 10, 256 << 10
HEADER = 5  # bytes of a record's


def pattern(size):
    return bytes(i * 7 % 251 for i in range(256)) * (size // 256)


def respond(r):
    """What came, as fields; a body of as many bytes as the target asks for."""
    sha = r.get("cf-client-cert-sha256") or ""
    size = int(r.target.partition("?")[2] or 0)
    return answer(pattern(size), fields=[f"X-Cert: {sha}", f"X-Body: {hashlib.sha256(r.body).hexdigest()}"])


class Pair:
    """A door that keeps sessions and one that does not, before one origin."""

    def __init__(self, directory, world):
        self.world = world
        self.origin = Origin(respond=respond)
        self.cells = 0  # passed
        self.doors = {}
        for name, options in (("sessions", {}), ("none", {"sessions_per_worker": 0})):
            where = directory / name
            where.mkdir()
            d = self.doors[name] = Door(SLUICED, where, free_port(), world.pki.directory)
            # in every request, so that each response can say who was told to have sent it
            d.write([host(world.api, ["api.example.com"], [self.origin], "require", world.client_ca,
                          inject="every_request")], origin_max_fails=0, **options)
            d.start()

    def close(self):
        try:
            for d in self.doors.values():
                d.stop()
        finally:
            for d in self.doors.values():
                d.kill()
            self.origin.close()
        self.origin.check()


@pytest.fixture(scope="module")
def pair(world, tmp_path_factory):
    p = Pair(tmp_path_factory.mktemp("matrix"), world)
    yield p
    p.close()


def settled(d, send):
    """send(), and wait until the server has finished one handshake more."""
    def done():
        s = d.stats()
        return s["handshakes_full"] + s["handshakes_resumed"]
    before = done()
    send()
    wait_until(lambda: done() > before, "the end of a handshake")


# --- how a request comes. In a full handshake of TLS 1.2 the server has the last word, and c.last is empty. -----------
def first_part(d, c, data):
    """Finished and @data in one segment, and wait until the server has seen it."""
    if c.last:
        settled(d, lambda: c.wire(c.last + data))
    else:
        c.wire(data)


def with_finished(d, c, text):
    c.wire(c.last + c.seal(text))


def behind_finished(d, c, text):
    first_part(d, c, b"")
    c.wire(c.seal(text))


def cut_at(n):
    """Finished and the first n bytes of the request's record; then the rest."""
    def send(d, c, text):
        record = c.seal(text)
        first_part(d, c, record[:n])
        c.wire(record[n:])
    return send


def in_two_records(d, c, text):
    """Finished, one and a half records; then the rest."""
    first, second = c.seal(text[:20]), c.seal(text[20:])
    half = len(second) // 2
    first_part(d, c, first + second[:half])
    c.wire(second[half:])


SHAPES = [("with Finished", with_finished), ("behind it", behind_finished), ("in two records", in_two_records)]
SHAPES += [(f"header cut at {n}", cut_at(n)) for n in range(1, HEADER + 1)] + [("body cut", cut_at(30))]


# door: (resumed, big, shapes)
CELLS = {
    "sessions": [(False, False, SHAPES), (False, True, SHAPES[:2]), (True, False, SHAPES), (True, True, SHAPES[2:3])],
    "none": [(False, False, SHAPES[:3]), (False, True, SHAPES[2:3])],
}


def check(c, world, body, size):
    r = c.response()
    assert r.status == 200
    assert r.get("x-cert") == world.alice.sha256
    assert r.get("x-body") == hashlib.sha256(body).hexdigest()
    assert r.body == pattern(size)


def cell(d, world, ctx, shape, session, big):
    """One connection: a request in its shape, and one more that is only the kernel's."""
    body = pattern(UP) if big else b"small"
    size = DOWN if big else 0
    c = Tap(d.port, ctx, session=session)
    with c:
        assert c.sock.session_reused == (session is not None)
        shape(d, c, request("POST", f"/a?{size}", body=body))
        check(c, world, body, size)
        c.send(request("POST", "/b?256", body=b"again"))
        check(c, world, b"again", 256)
        return c.sock.session


@pytest.mark.parametrize("suite", SUITES)
def test_every_cell_of_the_matrix(pair, world, capsys, suite):
    cells = 0
    for name, d in pair.doors.items():
        ctx = suite_context(suite, world.alice)
        d.mark()
        before = handoffs(d)
        passed = 0
        session = None
        for is_resumed, is_big, shapes in CELLS[name]:
            for label, shape in shapes:
                try:
                    session = cell(d, world, ctx, shape, session if is_resumed else None, is_big)
                except Exception as e:
                    raise AssertionError(f"{suite}, {name}, resumed {is_resumed}, big {is_big}, {label}") from e
                passed += 1
        assert handoffs(d) == (before[0] + passed, before[1]), "some stayed in user space"
        d.logged(2 * passed, tls_engine="kernel", status=200)
        cells += passed
    with capsys.disabled():
        pair.cells += cells
        print(f"\nhand-off matrix, Linux {os.uname().release}: {suite} passed, {pair.cells} cells so far")


def command(*args, stdin=b""):
    return subprocess.run(args, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=HANG,
                          check=False).stdout


@pytest.mark.parametrize("suite", SUITES)
def test_curl_and_s_client(pair, world, suite):
    d = pair.doors["sessions"]
    version, name = SUITES[suite]
    is_13 = version == TLS13
    who = ["--cert", world.alice.pem, "--key", world.alice.key]
    url = f"https://api.example.com:{d.port}/curl?256"
    d.mark()
    with Kernel(d):
        text = command("curl", "-sS", "-i", "--max-time", str(HANG), "--resolve", f"api.example.com:{d.port}:127.0.0.1",
                       "--cacert", world.server_ca.pem, *who, *(["--tlsv1.3", "--tls13-ciphers", name] if is_13 else
                       ["--tls-max", "1.2", "--ciphers", name]), url, url)
    assert text.count(b"HTTP/1.1 200") == text.count(world.alice.sha256.encode()) == 2, text
    assert text.count(pattern(256)) == 2
    with Kernel(d):
        text = command("openssl", "s_client", "-connect", f"127.0.0.1:{d.port}", "-servername", "api.example.com",
                       "-ign_eof", "-nocommands", "-cert", world.alice.pem, "-key", world.alice.key,
                       *(["-tls1_3", "-ciphersuites", name] if is_13 else ["-tls1_2", "-cipher", name]),
                       stdin=request(target="/s_client?256", fields=["Connection: close"]))
    assert b"HTTP/1.1 200" in text and world.alice.sha256.encode() in text and pattern(256) in text, text
    assert {(r["tls_engine"], r["tls_version"]) for r in d.logged(3)} == {("kernel", "TLSv1.3" if is_13 else "TLSv1.2")}
