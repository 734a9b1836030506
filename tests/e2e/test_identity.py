# SPDX-License-Identifier: GPL-2.0-only
"""What an origin is told about the client."""
import base64
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from client import TLS12, TLS13, Client, request
from door import host
from origin import answer

DER = "Cf-Client-Cert-Der-Base64"
SHA = "Cf-Client-Cert-Sha256"


def told(r):
    return {k: r.all(k) for k in (DER, SHA)}


def one(door, world, origin, verify="require", **identity):
    return door([host(world.api, ["api.example.com"], [origin], verify, world.client_ca, **identity)])


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
def test_the_headers_are_the_certificate_and_its_hash(world, api, version):
    with Client(api.port, cert=world.alice, version=version) as c:
        c.get()
    r = api.origin.requests[0]
    assert r.all(DER) == [base64.b64encode(world.alice.der).decode()]
    assert r.all(SHA) == [world.alice.sha256]


def test_first_request_mode_tells_once_for_each_connection(world, api):
    with Client(api.port, cert=world.alice) as c:
        for n in range(5):
            c.get(f"/{n}")
    with Client(api.port, cert=world.bob) as c:
        c.get("/bob")
    rows = api.origin.requests
    assert [len(r.all(SHA)) for r in rows] == [1, 0, 0, 0, 0, 1]
    assert len({r.conn for r in rows}) == 2
    assert rows[5].get(SHA) == world.bob.sha256


def test_a_new_origin_connection_is_told_again(world, door, origins):
    """The first request of each origin connection carries the identity, also when the origin closed the last one."""
    origin = origins(respond=lambda r: answer(fields=["Connection: close"]), script=lambda o, c: close_each(o, c))
    d = one(door, world, origin)
    with Client(d.port, cert=world.alice) as c:
        for n in range(3):
            assert c.get(f"/{n}").status == 200
    assert [r.get(SHA) for r in origin.requests] == [world.alice.sha256] * 3


def close_each(o, c):
    r = c.request()
    o.requests.append(r)
    c.send(o.respond(r))


def test_every_request_mode_tells_every_time(world, door, origin):
    d = one(door, world, origin, inject="every_request")
    with Client(d.port, cert=world.alice) as c:
        for n in range(5):
            c.get(f"/{n}")
    assert [r.all(SHA) for r in origin.requests] == [[world.alice.sha256]] * 5


@pytest.mark.parametrize("inject", ["first_request", "every_request"])
def test_clients_are_never_mixed_up(world, door, origins, inject):
    """Eight clients with certificates of their own at once: each request says whose it is, or whose connection."""
    certs = [world.pki.client(f"many-{inject}-{n}", world.client_ca) for n in range(8)]
    known = {}
    wrong = []

    def respond(r):
        claimed = r.get("x-me")
        shown = r.get(SHA)
        if inject == "every_request":
            if shown != claimed:
                wrong.append((claimed, shown))
        elif shown is not None:
            known[r.conn.number] = shown
        if inject == "first_request" and known.get(r.conn.number) != claimed:
            wrong.append((claimed, known.get(r.conn.number)))
        return answer(claimed.encode())

    d = one(door, world, origins(respond=respond), inject=inject)
    failures = []

    def run(cert):
        try:
            for _ in range(4):
                with Client(d.port, cert=cert) as c:
                    for n in range(10):
                        if c.get(f"/{n}", fields=["X-Me: " + cert.sha256]).body != cert.sha256.encode():
                            failures.append("body")
        except Exception as e:
            failures.append(e)

    threads = [threading.Thread(target=run, args=(c,)) for c in certs]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failures == []
    assert wrong == []


def test_without_a_certificate_nothing_is_told(open_api):
    with Client(open_api.port) as c:
        c.get()
    assert told(open_api.origin.requests[0]) == {DER: [], SHA: []}


def test_the_names_are_the_operators(world, door, origin):
    d = one(door, world, origin, der_header="X-Client-Der", sha256_header="", verdict_header="X-Client-Verify")
    with Client(d.port, cert=world.alice) as c:
        c.get()
    r = origin.requests[0]
    assert r.get("X-Client-Der") == base64.b64encode(world.alice.der).decode()
    assert r.get("X-Client-Verify") == "SUCCESS"
    assert told(r) == {DER: [], SHA: []}


@pytest.mark.parametrize("name, verdict", [("alice", "SUCCESS"), (None, "NONE"), ("other", "FAILED:"),
                                           ("self_signed", "FAILED:"), ("expired", "FAILED:"), ("depth2", "FAILED:")])
def test_request_mode_passes_the_verdict_on(world, door, origin, name, verdict):
    d = one(door, world, origin, "request", verdict_header="Cf-Client-Cert-Verify")
    cert = getattr(world, name) if name else None
    with Client(d.port, cert=cert) as c:
        assert c.get().status == 200
    r = origin.requests[0]
    assert r.get("Cf-Client-Cert-Verify").startswith(verdict)
    assert r.get(SHA) == (cert.sha256 if cert else None)


def unwrap(value):
    """The bytes of an RFC 8941 byte sequence."""
    assert value[0] == ":" and value[-1] == ":", value
    return base64.b64decode(value[1:-1], validate=True)


@pytest.mark.parametrize("mode", ["off", "leaf", "chain"])
def test_rfc9440(world, door, origin, mode):
    d = one(door, world, origin, "optional", rfc9440=mode)
    with Client(d.port, cert=world.depth1) as c:
        c.get()
    r = origin.requests[0]
    if mode == "off":
        assert r.get("Client-Cert") is None
    else:
        assert unwrap(r.get("Client-Cert")) == world.depth1.der
    if mode == "chain":
        assert unwrap(r.get("Client-Cert-Chain").split(",")[0].strip()) == world.second.der
    else:
        assert r.get("Client-Cert-Chain") is None


def test_rfc9440_says_nothing_of_an_unverified_certificate(world, door, origin):
    d = one(door, world, origin, "request", rfc9440="chain")
    with Client(d.port, cert=world.other) as c:
        c.get()
    assert origin.requests[0].get("Client-Cert") is None
    assert origin.requests[0].get("Client-Cert-Chain") is None


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
def test_a_12_kib_certificate_arrives_whole(world, api, version):
    assert len(world.big.der) > 12 * 1024
    with Client(api.port, cert=world.big, version=version) as c:
        assert c.get().status == 200
    assert base64.b64decode(api.origin.requests[0].get(DER)) == world.big.der


def test_a_12_kib_certificate_and_the_longest_head_go_together(world, api):
    with Client(api.port, cert=world.big) as c:
        c.send(request(fields=["X-Long: " + "l" * 32000]))
        assert c.response().status == 200
    r = api.origin.requests[0]
    assert len(r.get("X-Long")) == 32000
    assert base64.b64decode(r.get(DER)) == world.big.der


def test_a_subject_of_any_bytes_makes_neither_headers_nor_log_lines(world, door, origin):
    subject = x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "a\r\nCf-Client-Cert-Sha256: FORGED\r\nX: \"y\", z;\\"),
        x509.NameAttribute(NameOID.COMMON_NAME, "gr\u00fc\u00df dich \u2603 \x01\x7f"),
    ])
    cert = world.pki.client("nasty", world.client_ca, subject=subject)
    d = one(door, world, origin, verdict_header="X-Verify", rfc9440="leaf")
    with Client(d.port, cert=cert) as c:
        assert c.get().status == 200
    r = origin.requests[0]
    assert b"FORGED" not in r.head
    assert r.get(SHA) == cert.sha256
    assert base64.b64decode(r.get(DER)) == cert.cert.public_bytes(serialization.Encoding.DER)
    row = d.logged(path="/")[0]
    assert "\n" not in row["cert_subject"]
    assert "FORGED" in row["cert_subject"]


def test_what_the_client_sent_otherwise_arrives_as_it_was(world, api):
    fields = ["Accept: */*", "X-One: 1", "X-One: 2", "Cookie: a=b; c=d", "X-Empty:", "User-Agent:  spaced  "]
    with Client(api.port, cert=world.alice) as c:
        c.send(request("GET", "/a/b%20c?q=1&r=%2e#".rstrip("#"), fields=fields))
        assert c.response().status == 200
    r = api.origin.requests[0]
    assert r.target == "/a/b%20c?q=1&r=%2e"
    assert r.get("Host") == "api.example.com"
    assert r.all("X-One") == ["1", "2"]
    assert r.get("Cookie") == "a=b; c=d"
    assert r.get("X-Empty") == ""
    assert r.get("User-Agent") == "spaced"
