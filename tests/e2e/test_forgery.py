# SPDX-License-Identifier: GPL-2.0-only
"""
Nothing a client writes looks like our word about it. Each variant is sent by a client with a certificate and by one
without; FORGED must never reach the origin, and the genuine value must never be missing.
"""
import pytest

from client import Client, Cut, request

SHA = "cf-client-cert-sha256"

# (name, what stands among the header lines, is the request let through)
VARIANTS = [
    ("as we write it", b"Cf-Client-Cert-Sha256: FORGED", True),
    ("lower case", b"cf-client-cert-sha256: FORGED", True),
    ("upper case", b"CF-CLIENT-CERT-SHA256: FORGED", True),
    ("underscores", b"Cf_Client_Cert_Sha256: FORGED", True),
    ("some underscores", b"Cf-Client_Cert-Sha256: FORGED", True),
    ("dots", b"Cf.Client.Cert.Sha256: FORGED", True),
    ("plus signs", b"Cf+Client+Cert+Sha256: FORGED", True),
    ("the other one", b"Cf-Client-Cert-Der-Base64: FORGED", True),
    ("twice", b"Cf-Client-Cert-Sha256: FORGED\r\nCf-Client-Cert-Sha256: FORGED", True),
    ("unknown under the prefix", b"Cf-Client-Cert-Anything: FORGED", True),
    ("longer than the name", b"Cf-Client-Cert-Sha256-X: FORGED", True),
    ("RFC 9440", b"Client-Cert: :FORGED:", True),
    ("RFC 9440 chain", b"Client-Cert-Chain: :FORGED:", True),
    ("no space behind the colon", b"Cf-Client-Cert-Sha256:FORGED", True),
    ("named in Connection", b"Connection: Cf-Client-Cert-Sha256\r\nCf-Client-Cert-Sha256: FORGED", True),
    ("named in Connection without one", b"Connection: keep-alive, cf-client-cert-der-base64, Cf-Client-Cert-Sha256",
     True),
    ("space before the colon", b"Cf-Client-Cert-Sha256 : FORGED", False),
    ("tab before the colon", b"Cf-Client-Cert-Sha256\t: FORGED", False),
    ("leading space", b" Cf-Client-Cert-Sha256: FORGED", False),
    ("folded", b"X-A: b\r\n Cf-Client-Cert-Sha256: FORGED", False),
    ("folded by tab", b"X-A: b\r\n\tCf-Client-Cert-Sha256: FORGED", False),
    ("bare LF", b"X-A: b\nCf-Client-Cert-Sha256: FORGED", False),
    ("bare CR", b"X-A: b\rCf-Client-Cert-Sha256: FORGED", False),
    ("LF CR", b"X-A: b\n\rCf-Client-Cert-Sha256: FORGED", False),
    ("NUL in the name", b"Cf-Client-Cert\0-Sha256: FORGED", False),
    ("NUL in the value", b"Cf-Client-Cert-Sha256: FOR\0GED FORGED", False),
    ("NUL before the line", b"X-A: b\0\r\nCf-Client-Cert-Sha256: FORGED", False),
    ("8-bit in the name", b"Cf-Client-Cert\xad-Sha256: FORGED", False),
    ("no colon", b"Cf-Client-Cert-Sha256 FORGED", False),
    ("empty name", b": Cf-Client-Cert-Sha256: FORGED", False),
]
IDS = [v[0] for v in VARIANTS]


def spared(origin, genuine, first):
    assert b"FORGED" not in origin.raw
    for r in origin.requests:
        for name, _ in r.fields:
            folded = name.lower().replace("_", "-").replace(".", "-").replace("+", "-")
            assert not folded.startswith(("cf-client-cert", "client-cert")) or \
                folded in (SHA, "cf-client-cert-der-base64"), name
        want = [genuine] if genuine and r.target == first else []
        assert r.all(SHA) == want
        assert len(r.all("cf-client-cert-der-base64")) == len(want)


@pytest.mark.parametrize("name, lines, passes", VARIANTS, ids=IDS)
def test_a_forged_header_does_not_arrive(world, open_api, name, lines, passes):
    origin = open_api.origin
    raw = b"GET /first HTTP/1.1\r\nHost: api.example.com\r\n" + lines + b"\r\n\r\n"
    for cert in (world.alice, None):
        origin.forget()
        with Client(open_api.port, cert=cert) as c:
            c.send(raw)
            assert c.response().status == (200 if passes else 400)
            if not passes:
                assert c.to_end() == b""
        assert len(origin.requests) == (1 if passes else 0)
        spared(origin, cert.sha256 if cert else None, "/first")


@pytest.mark.parametrize("where", [2, 6])
@pytest.mark.parametrize("name, lines, passes", VARIANTS, ids=IDS)
def test_nor_in_a_later_request_of_a_pipeline(world, open_api, name, lines, passes, where):
    origin = open_api.origin
    raw = b"".join(request("GET", "/first" if n == 1 else f"/{n}") for n in range(1, where))
    raw += b"GET /forged HTTP/1.1\r\nHost: api.example.com\r\n" + lines + b"\r\n\r\n"
    for cert in (world.alice, None):
        origin.forget()
        with Client(open_api.port, cert=cert) as c:
            c.send(raw)
            for _ in range(1, where):
                assert c.response().status == 200
            assert c.response().status == (200 if passes else 400)
        spared(origin, cert.sha256 if cert else None, "/first")


@pytest.mark.parametrize("line", [b"Cf-Client-Cert-Sha256: FORGED", b"cf_client_cert_sha256: FORGED",
                                  b"Client-Cert: :FORGED:", b"X-A: b\r\nCf-Client-Cert-Der-Base64: FORGED"])
def test_nor_in_trailers(world, open_api, line):
    origin = open_api.origin
    for cert in (world.alice, None):
        origin.forget()
        with Client(open_api.port, cert=cert) as c:
            c.send(b"POST /first HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n"
                   b"Trailer: Cf-Client-Cert-Sha256\r\n\r\n3\r\nabc\r\n0\r\n" + line + b"\r\nX-Kept: yes\r\n\r\n")
            assert c.response().status == 200
            assert c.get("/next").status == 200
        assert origin.requests[0].body == b"abc"
        assert "X-Kept: yes" in origin.requests[0].trailers
        spared(origin, cert.sha256 if cert else None, "/first")


@pytest.mark.parametrize("line", [b" Cf-Client-Cert-Sha256: FORGED", b"Cf-Client-Cert-Sha256 : FORGED",
                                  b"X: y\nCf-Client-Cert-Sha256: FORGED", b"Cf-Client\0-Cert-Sha256: FORGED"])
def test_a_trailer_with_two_readings_ends_the_request(world, open_api, line):
    with Client(open_api.port, cert=world.alice) as c:
        c.send(b"POST /first HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"3\r\nabc\r\n0\r\n" + line + b"\r\n\r\n")
        try:
            assert c.response().status == 400
        except Cut:
            pass
    for conn in open_api.origin.conns:
        conn.wait_end()
    assert open_api.origin.requests == []
    assert b"FORGED" not in open_api.origin.raw


def test_an_operators_own_names_are_guarded_as_well(world, door, origin):
    from door import host
    d = door([host(world.api, ["api.example.com"], [origin], "optional", world.client_ca,
                   der_header="X-Who", sha256_header="", verdict_header="X-Ok")])
    for cert in (world.alice, None):
        with Client(d.port, cert=cert) as c:
            c.send(request(fields=["x_who: FORGED", "X-Ok: FORGED", "x-who-else: FORGED",
                                   "Cf-Client-Cert-Sha256: FORGED"]))
            assert c.response().status == 200
    assert b"FORGED" not in origin.raw
    assert [r.get("X-Ok") for r in origin.requests] == ["SUCCESS", "NONE"]
