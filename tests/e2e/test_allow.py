# SPDX-License-Identifier: GPL-2.0-only
"""Allow-lists: of those that verify, who is let in."""
import hashlib
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from client import TLS12, TLS13, Client, Cut, context
from door import host

VERSIONS = pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])


@pytest.fixture(scope="module")
def service(world):
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier("spiffe://td/ns/a"),
                                         x509.DNSName("svc.example.com"), x509.RFC822Name("svc@example.org")])
    return world.pki.client("service", world.client_ca, extra=[names])


def api(world, origin, allow, verify="require", **identity):
    return [host(world.api, ["api.example.com"], [origin], verify, world.client_ca, auth={"allow": allow}, **identity)]


def visit(port, ctx, session=None):
    """(status of a GET, or None when the handshake failed; was it resumed; the session)"""
    try:
        with Client(port, ctx=ctx, session=session) as c:
            return c.get().status, c.sock.session_reused, c.sock.session
    except (ssl.SSLError, OSError, Cut):
        return None, False, None


def spki(cert):
    der = cert.cert.public_key().public_bytes(serialization.Encoding.DER,
                                              serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


LISTS = {
    "certificate": lambda s: {"sha256": [s.sha256.upper()]},
    "key": lambda s: {"spki_sha256": [spki(s)]},
    "uri": lambda s: {"san": ["spiffe://td/ns/*"]},
    "dns": lambda s: {"san": ["dns:*.example.com"]},
    "email": lambda s: {"san": ["email:*@example.org"]},
    "any-of-them": lambda s: {"sha256": ["00" * 32], "san": ["dns:other.example.com", "uri:spiffe://td/ns/a"]},
}


@VERSIONS
@pytest.mark.parametrize("name", LISTS)
def test_only_who_is_meant_is_let_in(world, door, origin, service, name, version):
    d = door(api(world, origin, LISTS[name](service)))
    for _ in range(2):
        assert visit(d.port, context(service, version))[0] == 200
        assert visit(d.port, context(world.alice, version))[0] is None
    assert "no allow-list" in d.logged(2, reason="cert_not_allowed")[0]["text"]
    assert visit(d.port, context(world.other, version))[0] is None
    assert d.logged(1, reason="cert_rejected")


def test_optional_and_request(world, door, origin, service):
    allow = {"san": ["dns:svc.example.com"]}
    d = door(api(world, origin, allow, "optional"))
    assert visit(d.port, context())[0] == 200
    assert visit(d.port, context(service))[0] == 200
    assert visit(d.port, context(world.alice))[0] is None
    d.write(api(world, origin, allow, "request"))
    assert d.reload()
    for who, verdict in ((service, "SUCCESS"), (world.alice, "FAILED:certificate on no allow-list")):
        assert visit(d.port, context(who))[0] == 200
        assert origin.requests[-1].get("cf-client-cert-verified") == verdict


@VERSIONS
def test_a_reloaded_list_ends_sessions_and_what_was_known(world, door, origin, service, version):
    d = door(api(world, origin, {"sha256": [service.sha256, world.alice.sha256]}))
    alice = context(world.alice, version)
    _, _, session = visit(d.port, alice)
    assert visit(d.port, alice, session)[:2] == (200, True)
    with Client(d.port, ctx=alice) as live:
        assert live.get().status == 200
        d.write(api(world, origin, {"sha256": [service.sha256]}))
        assert d.reload()
        assert live.get().status == 421
    assert visit(d.port, alice, session)[0] is None
    assert visit(d.port, alice)[0] is None
    assert visit(d.port, context(service, version))[0] == 200
