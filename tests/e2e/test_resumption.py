# SPDX-License-Identifier: GPL-2.0-only
"""A session is good under the policy it was made under, and under no other."""
import ssl

import pytest

from client import TLS12, TLS13, Client, Cut, context, openssl
from door import host

VERSIONS = pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])


def two(world, origin, ca=None, depth=None):
    return [
        host(world.api, ["api.example.com"], [origin], "require", ca or world.client_ca, depth),
        host(world.shop, ["shop.example.com"], [origin], "require", world.other_ca),
        host(world.plain, ["plain.example.com"], [origin]),
    ]


def session_of(port, ctx, sni="api.example.com"):
    with Client(port, sni=sni, ctx=ctx) as c:
        assert c.get().status == 200
        return c.sock.session


def resume(port, ctx, session, sni="api.example.com"):
    """(was it resumed, status of a GET or None)"""
    try:
        with Client(port, sni=sni, ctx=ctx, session=session) as c:
            return c.sock.session_reused, c.get().status
    except (ssl.SSLError, OSError, Cut):
        return False, None


@VERSIONS
def test_a_resumed_session_keeps_its_identity(world, door, origin, version):
    d = door(two(world, origin))
    ctx = context(world.alice, version)
    session = session_of(d.port, ctx)
    for _ in range(3):
        with Client(d.port, ctx=ctx, session=session) as c:
            assert c.sock.session_reused
            assert c.get().status == 200
            session = c.sock.session if version == TLS13 else session
        assert origin.requests[-1].get("cf-client-cert-sha256") == world.alice.sha256
        assert origin.requests[-1].get("cf-client-cert-der-base64") is not None
    rows = d.logged(3, resumed=True)
    assert all(r["cert_sha256"] == world.alice.sha256 for r in rows)


@VERSIONS
def test_a_session_without_a_certificate_stays_without_one(world, door, origin, version):
    d = door([host(world.api, ["api.example.com"], [origin], "optional", world.client_ca)])
    ctx = context(None, version)
    session = session_of(d.port, ctx)
    assert resume(d.port, ctx, session) == (True, 200)
    assert all(r.get("cf-client-cert-sha256") is None for r in origin.requests)


def s_client(port, sni, version, *more):
    return openssl("s_client", "-connect", f"127.0.0.1:{port}", "-servername", sni,
                   "-tls1_3" if version == TLS13 else "-tls1_2", "-ign_eof", "-nocommands", *more,
                   stdin=f"GET / HTTP/1.1\r\nHost: {sni}\r\nConnection: close\r\n\r\n".encode())[1]


@VERSIONS
def test_a_session_of_one_host_is_nothing_to_another(world, door, origin, tmp_path, version):
    """The client gives no certificate the second time: only the session could let it in."""
    d = door(two(world, origin))
    kept = str(tmp_path / "session")
    text = s_client(d.port, "api.example.com", version, "-sess_out", kept,
                    "-cert", world.alice.pem, "-key", world.alice.key)
    assert "HTTP/1.1 200" in text
    assert len(origin.requests) == 1
    text = s_client(d.port, "shop.example.com", version, "-sess_in", kept)
    assert "HTTP/1.1 200" not in text
    assert len(origin.requests) == 1
    # and back where it was made it is good, so it was not the file that failed
    text = s_client(d.port, "api.example.com", version, "-sess_in", kept)
    assert "Reused, TLSv1" in text
    assert "HTTP/1.1 200" in text


@VERSIONS
def test_a_session_of_a_host_without_certificates_opens_no_other(world, door, origin, tmp_path, version):
    d = door(two(world, origin))
    kept = str(tmp_path / "session")
    assert "HTTP/1.1 200" in s_client(d.port, "plain.example.com", version, "-sess_out", kept)
    assert "HTTP/1.1 200" not in s_client(d.port, "api.example.com", version, "-sess_in", kept)
    assert len(origin.requests) == 1


@VERSIONS
def test_a_changed_authority_ends_old_sessions(world, door, origin, version):
    d = door(two(world, origin))
    ctx = context(world.alice, version)
    session = session_of(d.port, ctx)
    assert resume(d.port, ctx, session) == (True, 200)
    session = session_of(d.port, ctx)
    d.write(two(world, origin, ca=world.other_ca))
    assert d.reload()
    before = len(origin.requests)
    assert resume(d.port, ctx, session) == (False, None)
    assert len(origin.requests) == before


@VERSIONS
def test_a_changed_depth_ends_old_sessions(world, door, origin, version):
    d = door(two(world, origin, depth=2))
    ctx = context(world.depth2, version)
    session = session_of(d.port, ctx)
    d.write(two(world, origin, depth=1))
    assert d.reload()
    assert resume(d.port, ctx, session) == (False, None)


@VERSIONS
def test_sessions_survive_a_reload_that_leaves_their_policy_alone(world, door, origin, version):
    d = door(two(world, origin))
    ctx = context(world.alice, version)
    session = session_of(d.port, ctx)
    d.write(two(world, origin), idle_timeout_ms=60000)
    assert d.reload()
    assert resume(d.port, ctx, session) == (True, 200)


def test_the_store_of_sessions_is_bounded(world, door, origin):
    d = door(two(world, origin), sessions_per_worker=4)
    ctx = context(world.alice, TLS13)
    oldest = session_of(d.port, ctx)
    for _ in range(8):
        newest = session_of(d.port, ctx)
    assert resume(d.port, ctx, oldest) == (False, 200)
    assert resume(d.port, ctx, newest) == (True, 200)


def test_no_sessions_when_the_store_is_off(world, door, origin):
    d = door(two(world, origin), sessions_per_worker=0)
    for version in (TLS12, TLS13):
        ctx = context(world.alice, version)
        session = session_of(d.port, ctx)
        if session is not None:
            assert resume(d.port, ctx, session) == (False, 200)
