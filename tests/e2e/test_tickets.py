# SPDX-License-Identifier: GPL-2.0-only
"""session_tickets: stateless. Any worker resumes, any machine with the same keys, and none without."""
import os
import secrets
import signal
import ssl

import pytest

from client import TLS12, TLS13, Client, Cut, context
from door import Door, free_port, host, wait_until

VERSIONS = pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
STATELESS = {"session_tickets": "stateless"}


def hosts(world, origin, cert=None, ca=None):
    return [host(cert or world.api, ["api.example.com"], [origin], "require", ca or world.client_ca)]


def visit(d, ctx, session=None):
    """(was it resumed, status of a GET or None, the session to come back with)"""
    try:
        with Client(d.port, ctx=ctx, session=session) as c:
            status = c.get().status
            return c.sock.session_reused, status, c.sock.session
    except (ssl.SSLError, OSError, Cut):
        return False, None, None


class Keys:
    """A ticket_keys_file: the newest key first."""

    def __init__(self, directory, name="ticket.keys"):
        self.path = os.path.join(directory, name)
        self.keys = []
        self.turn()

    def turn(self, keep=2):
        self.keys = [secrets.token_hex(80)] + self.keys[:keep - 1]
        self.write("\n".join(["# newest first"] + self.keys) + "\n")

    def write(self, text, mode=0o600):
        fresh = self.path + ".new"
        with open(fresh, "w") as f:
            f.write(text)
        os.chmod(fresh, mode)
        os.rename(fresh, self.path)

    def assert_secret(self, d):
        text = d.errors()
        assert not any(key[at:at + 16] in text for key in self.keys for at in (0, 32, 96))


@pytest.fixture
def keys(world):
    return Keys(world.pki.directory)


def said(d, words, seen=0):
    return wait_until(lambda: words in d.errors()[seen:], words)


@VERSIONS
def test_any_worker_resumes(door, world, origin, version):
    d = door(hosts(world, origin), workers=4, **STATELESS)
    ctx = context(world.alice, version)
    _, _, session = visit(d, ctx)
    count = 0
    for _ in range(40):
        resumed, status, session = visit(d, ctx, session)
        assert status == 200
        count += resumed
    assert count == 40
    assert sum(row["handshakes_resumed"] > 0 for row in d.stats_each()) > 1  # it was not one by chance
    assert all(r.get("cf-client-cert-sha256") == world.alice.sha256 for r in origin.requests)
    assert d.stats()["sessions_stored"] == 0
    print(f"session_tickets: stateless, 4 workers: {count} of 40 returns resumed")


@VERSIONS
def test_the_chain_that_was_verified_comes_back(door, world, origin, version):
    """Of a worker that never saw it."""
    h = host(world.api, ["api.example.com"], [origin], "require", world.client_ca, 2,
             inject="every_request", rfc9440="chain", dialects=["nginx"])
    d = door([h], **STATELESS)
    ctx = context(world.depth2, version)
    _, _, session = visit(d, ctx)
    os.kill(d.worker(), signal.SIGKILL)
    wait_until(lambda: d.stats()["generation"] == 2, "a new worker")
    resumed, status, _ = wait_until(lambda: (lambda v: v if v[1] else None)(visit(d, ctx, session)), "an answer")
    assert (resumed, status) == (True, 200)
    first, last = origin.requests[0], origin.requests[-1]
    names = [n for n, _ in first.fields if n.lower().startswith(("client-cert", "cf-", "ssl-", "x-ssl"))]
    assert "client-cert-chain" in [n.lower() for n in names]
    assert {n: last.get(n) for n in names} == {n: first.get(n) for n in names}


@VERSIONS
def test_a_ticket_survives_reloads_and_a_new_control(door, world, origin, version):
    d = door(hosts(world, origin), **STATELESS)
    ctx = context(world.alice, version)
    _, _, session = visit(d, ctx)
    d.write(hosts(world, origin), idle_timeout_ms=60000, **STATELESS)
    assert d.reload()
    assert visit(d, ctx, session)[:2] == (True, 200)
    seen = len(d.errors())
    control = next(p for p in d.family()[1:] if p not in d.workers())
    os.kill(control, signal.SIGKILL)
    said(d, "snapshot", seen)
    assert visit(d, ctx, session)[:2] == (True, 200)


@VERSIONS
def test_keys_that_are_made_here_turn(door, world, origin, version):
    """One generation back is opened, and what it sealed is sealed anew; two back is not."""
    d = door(hosts(world, origin), ticket_rotation_s=1, **STATELESS)
    ctx = context(world.alice, version)
    _, _, session = visit(d, ctx)
    seen = len(d.errors())
    wait_until(lambda: d.errors()[seen:].count("new ticket key in force") >= 2, "two new keys")
    assert visit(d, ctx, session)[:2] == (False, 200)


@VERSIONS
def test_machines_with_the_same_keys_are_one_fleet(door, world, origin, keys, tmp_path, version):
    here = door(hosts(world, origin), ticket_keys_file=keys.path, files_refresh_s=1, **STATELESS)
    os.mkdir(tmp_path / "there")
    there = Door(here.binary, tmp_path / "there", free_port(), world.pki.directory)
    there.write(hosts(world, origin), ticket_keys_file=keys.path, files_refresh_s=1, **STATELESS)
    there.start()
    try:
        ctx = context(world.alice, version)
        _, _, first = visit(here, ctx)
        assert visit(there, ctx, first)[:2] == (True, 200)
        seen = [len(d.errors()) for d in (here, there)]
        keys.turn()
        for d, n in zip((here, there), seen):
            said(d, "changed files in force", n)
        resumed, status, second = visit(there, ctx, first)
        assert (resumed, status) == (True, 200)
        seen = [len(d.errors()) for d in (here, there)]
        keys.turn()
        for d, n in zip((here, there), seen):
            said(d, "changed files in force", n)
        assert visit(here, ctx, first)[:2] == (False, 200)
        if version == TLS13:  # Python's TLS 1.2 keeps the ticket it has
            assert visit(here, ctx, second)[:2] == (True, 200)
        for d in (here, there):
            keys.assert_secret(d)
        there.stop()
    finally:
        there.kill()


def test_machines_with_keys_of_their_own_are_not(door, world, origin, tmp_path):
    here = door(hosts(world, origin), **STATELESS)
    os.mkdir(tmp_path / "there")
    there = Door(here.binary, tmp_path / "there", free_port(), world.pki.directory)
    there.write(hosts(world, origin), **STATELESS)
    there.start()
    try:
        ctx = context(world.alice, TLS13)
        _, _, session = visit(here, ctx)
        assert visit(there, ctx, session)[:2] == (False, 200)
        assert visit(here, ctx, session)[:2] == (True, 200)
        there.stop()
    finally:
        there.kill()


@pytest.mark.parametrize("text, mode, why", [
    ("junk\n", 0o600, "not 160 hexadecimal digits"),
    ("", 0o600, "no key in it"),
    ("a" * 160 + "\n", 0o644, "others may read or write it"),
])
def test_a_broken_file_of_keys_leaves_those_in_force(door, world, origin, keys, text, mode, why):
    d = door(hosts(world, origin), ticket_keys_file=keys.path, files_refresh_s=1, **STATELESS)
    ctx = context(world.alice, TLS13)
    _, _, session = visit(d, ctx)
    keys.write(text, mode)
    said(d, f"{why}")
    assert "the keys that were read before stay in force" in d.errors()
    assert visit(d, ctx, session)[:2] == (True, 200)
    assert not d.reload()
    assert visit(d, ctx, session)[:2] == (True, 200)


def test_a_file_of_keys_without_stateless_is_a_mistake(door, world, origin, keys):
    d = door(hosts(world, origin))
    d.write(hosts(world, origin), ticket_keys_file=keys.path)
    assert not d.reload()
    assert "ticket_keys_file: means nothing without options.session_tickets: stateless" in d.errors()


@VERSIONS
def test_a_changed_authority_ends_them(door, world, origin, version):
    d = door(hosts(world, origin), **STATELESS)
    ctx = context(world.alice, version)
    _, _, session = visit(d, ctx)
    d.write(hosts(world, origin, ca=world.other_ca), **STATELESS)
    assert d.reload()
    assert visit(d, ctx, session)[:2] == (False, None)


@VERSIONS
def test_12_kib_fit_no_ticket(door, world, origin, version):
    """Counted; TLS 1.3 has a session in the worker instead."""
    d = door(hosts(world, origin), **STATELESS)
    ctx = context(world.big, version)
    _, status, session = visit(d, ctx)
    assert status == 200
    assert d.stats()["tickets_too_large"] == 1 and d.stats()["tickets_sealed"] == 0
    if session is not None:
        assert visit(d, ctx, session)[:2] == (version == TLS13, 200)
