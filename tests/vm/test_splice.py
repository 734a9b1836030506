# SPDX-License-Identifier: GPL-2.0-only
"""Bodies through pipes, where the kernel has the client's records: whole at both ends, and who carried them."""
import contextlib
import hashlib
import itertools
import os

import pytest

from client import Client, request
from door import wait_until
from spliced import BODIES, MIB, SUITES, THRESHOLD, Wire, body_origin, carried, door_for, exchange, noise, sha

WAYS = {"up": [("length", None), ("chunk", None), ("chunks", None)],
        "down": [(None, "length"), (None, "chunk"), (None, "chunks"), (None, "until_close")],
        "both": [("length", "length"), ("chunk", "length"), ("chunks", "until_close"), ("length", "chunks")]}
SHAPES = [shape for shapes in WAYS.values() for shape in shapes]
SIZES = [THRESHOLD - 1, THRESHOLD, MIB + 1]
LARGE = 16 * MIB + 1  # an emulated CPU takes seconds for it
MODES = ["first_request", "every_request"]


def cells():
    """Every pair of shape, size, suite and mode, once at least."""
    suites = list(SUITES)
    for i, (shape, size) in enumerate(itertools.product(SHAPES, SIZES)):
        yield shape, size, suites[(SHAPES.index(shape) + SIZES.index(size)) % len(suites)], MODES[i % len(MODES)]


def test_the_cells_cover_every_pair():
    rows = list(cells())
    columns = [SHAPES, SIZES, list(SUITES), MODES]
    for a, b in itertools.combinations(range(4), 2):
        assert {(r[a], r[b]) for r in rows} == set(itertools.product(columns[a], columns[b])), (a, b)


def expected(how, size):
    if how == "chunks" and size < 200000:
        return "kernel"  # thirds of it
    return "splice" if size >= THRESHOLD or how == "until_close" else "kernel"


@pytest.mark.parametrize("mode", MODES)
def test_bodies_of_every_shape_arrive_whole(door, world, origins, mode):
    o = body_origin(origins)
    d = door_for(door, world, o, mode)
    for (up, down), size, suite, _ in (cell for cell in cells() if cell[3] == mode):
        what = (up, down, size, suite)
        before = d.stats()
        with Client(d.port, ctx=SUITES[suite](world.alice)) as c:
            version, name = suite.split()
            assert c.sock.version() == version and name in c.sock.cipher()[0], c.sock.cipher()
            exchange(c, o, up and (up, size), down and (down, size))
            wanted = {}
            if up:
                wanted["up_" + expected(up, size)] = 1
            if down:
                wanted["down_" + expected(down, size)] = 1
            got = carried(d, before, **wanted)
            for way, how in (("up", up), ("down", down)):
                if how and how != "chunks":
                    assert got["bytes_spliced_" + way] == (size if expected(how, size) == "splice" else 0), what
            assert got["pipes_exhausted"] == 0
            if down != "until_close":  # and the connection goes on
                before = d.stats()
                exchange(c, o, ("length", 10), ("length", 10))
                carried(d, before, up_kernel=1, down_kernel=1)
    assert d.stats()["handoffs"][0] == d.stats()["conns_accepted"], "all in the kernel"


@pytest.mark.parametrize("up, down", [("length", None), (None, "chunk")])
def test_a_large_body(door, world, origins, up, down):
    o = body_origin(origins)
    d = door_for(door, world, o)
    with Client(d.port, cert=world.alice) as c:
        exchange(c, o, up and (up, LARGE), down and (down, LARGE))
    wait_until(lambda: (s := d.stats())["bytes_spliced_up"] + s["bytes_spliced_down"] == LARGE, "all of it spliced")


def test_nothing_is_spliced_below_the_threshold_that_was_set(door, world, origins):
    o = body_origin(origins)
    d = door_for(door, world, o, splice_bytes=2 * MIB)
    before = d.stats()
    with Client(d.port, cert=world.alice) as c:
        exchange(c, o, ("length", MIB), ("length", MIB))
        carried(d, before, up_kernel=1, down_kernel=1)


def test_without_pipes_bodies_are_copied(door, world, origins):
    o = body_origin(origins)
    d = door_for(door, world, o, pipes=0)
    before = d.stats()
    with Client(d.port, cert=world.alice) as c:
        exchange(c, o, ("length", MIB), ("length", MIB))
        assert carried(d, before, up_kernel=1, down_kernel=1)["pipes_exhausted"] == 0


def test_an_origin_behind_a_unix_socket(door, world, origins, tmp_path):
    os.chmod(tmp_path, 0o755)
    with _short_directory() as directory:
        o = body_origin(origins, path=os.path.join(directory, "o"))
        d = door_for(door, world, o)
        before = d.stats()
        with Client(d.port, cert=world.alice) as c:
            exchange(c, o, ("length", 3 * MIB), ("chunk", 3 * MIB))
            carried(d, before, up_splice=1, down_splice=1)


@contextlib.contextmanager
def _short_directory():
    path = f"/tmp/splice.{os.getpid()}"
    os.mkdir(path, 0o755)
    os.chmod(path, 0o755)
    try:
        yield path
    finally:
        for name in os.listdir(path):
            os.unlink(os.path.join(path, name))
        os.rmdir(path)


def test_the_next_request_right_behind_a_spliced_body(door, world, origins):
    """The body ends in the middle of a record whose rest is the next request's head."""
    o = body_origin(origins)
    d = door_for(door, world, o)
    size = MIB + 12345
    before = d.stats()
    with Client(d.port, cert=world.alice) as c:
        o.up_size, o.plan = size, (Wire(), Wire(), None, None)
        c.send(request("POST", "/1", fields=[f"Content-Length: {size}"]))
        wait_until(lambda: o.heads, "the first head")
        rest = noise(size) + request("POST", "/2", fields=[f"Content-Length: {size}"]) + noise(size)
        for at in range(0, len(rest), 16384):
            c.send(rest[at:at + 16384])
        assert [c.head().status for _ in range(2)] == [204, 204]
        got = carried(d, before, up_splice=2)
        assert size < got["bytes_spliced_up"] <= 2 * size
    assert [r.target for r in o.requests] == ["/1", "/2"]
    assert o.up.digest.hexdigest() == sha(noise(size) * 2)


def test_expect_continue_and_then_a_spliced_body(door, world, origins):
    size = MIB
    got = hashlib.sha256()

    def script(o, conn):
        o.requests.append(conn.request_head())
        conn.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        conn.skip(size, got)
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        conn.wait_end()
    d = door_for(door, world, origins(script))
    with Client(d.port, cert=world.alice) as c:
        c.send(request("PUT", "/", fields=[f"Content-Length: {size}", "Expect: 100-continue"]))
        assert c.head().status == 100
        c.send(noise(size))
        assert c.response().body == b"ok"
    assert got.hexdigest() == sha(noise(size))
    assert d.stats()["bytes_spliced_up"] == size


def test_heads_that_name_a_length_and_have_no_body(door, world, origins):
    def script(o, conn):
        while True:
            o.requests.append(conn.request_head())
            status = b"304 Not Modified" if o.requests[-1].target == "/304" else b"200 OK"
            conn.send(b"HTTP/1.1 " + status + b"\r\nContent-Length: 1048576\r\n\r\n")
    d = door_for(door, world, origins(script))
    with Client(d.port, cert=world.alice) as c:
        for method, target in (("HEAD", "/"), ("GET", "/304"), ("HEAD", "/")):
            c.send(request(method, target))
            assert c.response("HEAD").get("content-length") == "1048576"
    stats = d.stats()
    assert stats["bytes_spliced_down"] == 0
    assert [stats[k] for k in BODIES] == [0] * len(BODIES)
