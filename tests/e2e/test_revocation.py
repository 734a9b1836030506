# SPDX-License-Identifier: GPL-2.0-only
"""CRLs: what they list is out, and without them nobody is in."""
import ssl

import pytest

from client import TLS12, TLS13, Client, Cut, context
from door import host

VERSIONS = pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])


def api(world, origin, verify="require", **auth):
    return [host(world.api, ["api.example.com"], [origin], verify, world.client_ca, 2, auth=auth)]


def visit(port, ctx, session=None):
    """(status of a GET, or None when the handshake failed; was it resumed; the session)"""
    try:
        with Client(port, ctx=ctx, session=session) as c:
            status = c.get().status
            return status, c.sock.session_reused, c.sock.session
    except (ssl.SSLError, OSError, Cut):
        return None, False, None


# (what the CRL is like, what alice gets: hard, soft; what the log says)
STATES = {
    "fresh": ({}, 200, 200, None),
    "listed": ({"revoked": ["alice"]}, None, None, "certificate revoked"),
    "expired": ({"begins": -2, "ends": -1}, None, 200, "CRL has expired"),
    "expired-and-listed": ({"begins": -2, "ends": -1, "revoked": ["alice"]}, None, None, ""),
    "not-yet": ({"begins": 1, "ends": 2}, None, None, "CRL is not yet valid"),
    "of-another-ca": ({"issuer": "other_ca"}, None, 200, "unable to get certificate CRL"),
    "signed-by-another": ({"signer": "other_ca"}, None, None, "CRL signature failure"),
}


@pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
@pytest.mark.parametrize("state", STATES)
def test_what_a_crl_is_like_decides(world, door, origin, state, soft):
    how, hard_status, soft_status, says = STATES[state]
    how = {k: [getattr(world, n) for n in v] if k == "revoked" else getattr(world, v) if isinstance(v, str) else v
           for k, v in how.items()}
    how.setdefault("issuer", world.client_ca)
    path = world.pki.crl("state.crl", **how)
    d = door(api(world, origin, crl=[path], crl_soft_fail=soft))
    want = soft_status if soft else hard_status
    for version in (TLS12, TLS13):
        assert visit(d.port, context(world.alice, version))[0] == want
    if want is None:
        for row in d.logged(2, reason="cert_rejected"):
            assert says in row["text"]


def test_der_and_pem_cover_a_chain_together(world, door, origin):
    files = [world.pki.crl("root.crl", world.client_ca, der=True), world.pki.crl("second.crl", world.second)]
    d = door(api(world, origin, crl=files))
    assert visit(d.port, context(world.depth1))[0] == 200
    world.pki.crl("root.crl", world.client_ca, [world.second], der=True)
    assert d.reload()
    assert visit(d.port, context(world.depth1))[0] is None
    assert visit(d.port, context(world.alice))[0] == 200


@VERSIONS
def test_a_reloaded_crl_ends_sessions_and_what_was_known(world, door, origin, version):
    path = world.pki.crl("reloaded.crl", world.client_ca)
    d = door(api(world, origin, crl=[path]))
    alice, bob = context(world.alice, version), context(world.bob, version)
    status, _, session = visit(d.port, alice)
    _, _, bobs = visit(d.port, bob)
    assert status == 200
    assert visit(d.port, alice, session)[:2] == (200, True)
    world.pki.crl("reloaded.crl", world.client_ca, [world.alice])
    assert d.reload()
    assert visit(d.port, alice, session)[0] is None
    assert visit(d.port, alice)[0] is None
    assert visit(d.port, bob, bobs)[:2] == (200, False)
    world.pki.crl("reloaded.crl", world.client_ca)
    assert d.reload()
    assert visit(d.port, alice)[0] == 200


def test_request_mode_says_revoked(world, door, origin):
    path = world.pki.crl("told.crl", world.client_ca, [world.alice])
    d = door([host(world.api, ["api.example.com"], [origin], "request", world.client_ca, auth={"crl": [path]},
                   dialects=["cloudflare-managed"])])
    for who, revoked in ((world.alice, "true"), (world.bob, "false")):
        assert visit(d.port, context(who))[0] == 200
        assert origin.requests[-1].get("cf-cert-revoked") == revoked
        assert origin.requests[-1].get("cf-cert-verified") == "true"  # by Cloudflare's meaning of it


def test_the_crl_of_one_host_says_nothing_at_another(world, door, origin):
    path = world.pki.crl("one.crl", world.client_ca, [world.alice])
    d = door([*api(world, origin, crl=[path]),
              host(world.shop, ["shop.example.com"], [origin], "require", world.client_ca)])
    ctx = context(world.alice)
    with Client(d.port, sni="shop.example.com", ctx=ctx) as c:
        assert c.get().status == 200
        assert c.get(host="api.example.com").status == 421
    assert visit(d.port, ctx)[0] is None
