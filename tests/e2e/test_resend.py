# SPDX-License-Identifier: GPL-2.0-only
"""An origin connection that was kept and dies as the next request is on it: what is sent again, and what never is."""
import pytest

from client import Client, request
from door import host
from origin import answer


def serve_once_then_die(o, conn):
    """The first connection answers once and ends within its second request; later ones answer."""
    while True:
        r = conn.request()
        o.requests.append(r)
        if conn.number == 0 and len(o.requests) == 2:
            return
        conn.send(answer(r.target.encode()))


@pytest.mark.parametrize("inject", ["first_request", "every_request"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_an_idempotent_request_without_a_body_goes_again(world, door, origins, method, inject):
    origin = origins(serve_once_then_die)
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca, inject=inject)])
    with Client(d.port, cert=world.alice) as c:
        assert c.get("/0").body == b"/0"
        c.send(request(method, "/1"))
        assert c.response(method).status == 200
    assert [r.target for r in origin.requests] == ["/0", "/1", "/1"]
    # the connection that took the old one's place knows the client too
    assert origin.requests[2].get("Cf-Client-Cert-Sha256") == world.alice.sha256


@pytest.mark.parametrize("method, body", [("POST", None), ("PATCH", None), ("POST", b""), ("PUT", b"body"), ("FROB", None)])
def test_any_other_request_does_not(world, door, origins, method, body):
    origin = origins(serve_once_then_die)
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca, inject="every_request")])
    with Client(d.port, cert=world.alice) as c:
        assert c.get("/0").body == b"/0"
        c.send(request(method, "/1", body=body))
        assert c.response().status == 502
    assert [r.target for r in origin.requests] == ["/0", "/1"]
