# SPDX-License-Identifier: GPL-2.0-only
"""Which host serves a name, and that nothing but OpenSSL's own SNI decides it."""
import socket
import ssl

import pytest

from client import TLS12, TLS13, Client, Cut, context, outcome, request, status
from door import host


def three(world, origin, default=None):
    """api: certificates of client_ca; shop: of other_ca; plain: none asked."""
    return [
        host(world.api, ["api.example.com", "*.api.example.com"], [origin], "require", world.client_ca,
             default=default == "api"),
        host(world.shop, ["shop.example.com"], [origin], "require", world.other_ca, default=default == "shop"),
        host(world.plain, ["plain.example.com"], [origin], default=default == "plain"),
    ]


def served_by(port, sni, cert):
    """DER of the certificate the server shows for this name."""
    with Client(port, sni=sni, cert=cert) as c:
        return c.sock.getpeercert(binary_form=True)


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
def test_names_match_exactly_or_by_one_label(world, door, origin, version):
    d = door(three(world, origin))
    for sni, who in [
        ("api.example.com", "api"),
        ("API.Example.COM", "api"),
        ("api.example.com.", "api"),
        ("eu.api.example.com", "api"),
        ("EU.api.example.com.", "api"),
        ("shop.example.com", "shop"),
        ("plain.example.com", "plain"),
        ("a.b.api.example.com", None),
        ("other.example.com", None),
        ("example.com", None),
        ("xapi.example.com", None),
        ("api.example.com.evil.test", None),
        (None, None),
    ]:
        ctx = context(world.other if who == "shop" else world.alice, version)
        try:
            with Client(d.port, sni=sni, ctx=ctx) as c:
                shown = c.sock.getpeercert(binary_form=True)
        except ssl.SSLError as e:
            assert who is None, (sni, e)
            assert "UNRECOGNIZED_NAME" in str(e), (sni, e)
            continue
        assert who is not None, sni
        assert shown == getattr(world, who).der, sni
    assert len(d.logged(6, reason="sni_unknown")) == 6
    assert origin.requests == []


def test_the_default_host_takes_unknown_names_and_no_name_under_its_own_policy(world, door, origin):
    d = door(three(world, origin, default="api"))
    for sni in (None, "other.example.com", "a.b.api.example.com"):
        assert served_by(d.port, sni, world.alice) == world.api.der
        assert status(d.port, sni=sni, cert=None, host="api.example.com") is None
        assert status(d.port, sni=sni, cert=world.alice, host="api.example.com") == 200
        # the name that was asked for is nobody's: its Host is served by the default as well
        assert status(d.port, sni=sni, cert=world.alice, host="other.example.com") == 200
    assert all(r.get("cf-client-cert-sha256") == world.alice.sha256 for r in origin.requests)


@pytest.mark.parametrize("sni, cert, asked", [
    ("plain.example.com", None, "api.example.com"),
    ("plain.example.com", "alice", "api.example.com"),
    ("plain.example.com", None, "API.EXAMPLE.COM."),
    ("plain.example.com", None, "eu.api.example.com:443"),
    ("plain.example.com", None, "shop.example.com"),
    ("api.example.com", "alice", "shop.example.com"),
    ("api.example.com", "alice", "plain.example.com"),
    ("shop.example.com", "other", "eu.api.example.com"),
])
def test_a_host_under_another_policy_is_421(world, door, origin, sni, cert, asked):
    d = door(three(world, origin))
    with Client(d.port, sni=sni, cert=getattr(world, cert) if cert else None) as c:
        assert c.get(host=asked).status == 421
        assert c.to_end() == b""
        assert c.end == "close_notify"
    assert origin.requests == []
    assert d.logged(reason="host_misdirected")[0]["status"] == 421


def test_421_holds_for_every_request_of_a_connection(world, door, origin):
    d = door(three(world, origin))
    with Client(d.port, sni="plain.example.com") as c:
        assert c.get("/1").status == 200
        assert c.get("/2").status == 200
        assert c.get("/3", host="api.example.com").status == 421
    with Client(d.port, sni="plain.example.com") as c:
        c.send(request("GET", "/4", "plain.example.com") + request("GET", "/5", "api.example.com"))
        assert c.response().status == 200
        assert c.response().status == 421
    with Client(d.port, sni="plain.example.com") as c:
        c.send(b"GET http://api.example.com/6 HTTP/1.1\r\nHost: plain.example.com\r\n\r\n")
        assert c.response().status == 421
    assert [r.target for r in origin.requests] == ["/1", "/2", "/4"]


def test_hosts_of_one_policy_serve_each_others_connections(world, door, origins):
    first, second = origins(), origins()
    d = door([
        host(world.api, ["api.example.com"], [first], "require", world.client_ca),
        host(world.shop, ["shop.example.com"], [second], "require", world.client_ca),
    ])
    with Client(d.port, sni="api.example.com", cert=world.alice) as c:
        assert c.get(host="api.example.com").status == 200
        assert c.get(host="shop.example.com").status == 200
    assert len(first.requests) == 1
    assert second.requests[0].get("cf-client-cert-sha256") == world.alice.sha256


# --- ways to hide the name ------------------------------------------------------------------------
def hello(ctx, sni):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ctx.wrap_bio(incoming, outgoing, server_hostname=sni)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return tls, incoming, outgoing, outgoing.read()


def small_records(record, size):
    """The same handshake message in records of @size bytes."""
    assert record[0] == 22
    body = record[5:]
    out = b""
    for at in range(0, len(body), size):
        piece = body[at:at + size]
        out += b"\x16\x03\x01" + len(piece).to_bytes(2, "big") + piece
    return out


def converse(s, tls, incoming, outgoing, sni):
    """Finish the handshake over @s and send one GET; the status, or None when refused."""
    def pump(action):
        while True:
            try:
                result = action()
                s.sendall(outgoing.read())
                return result
            except ssl.SSLWantReadError:
                s.sendall(outgoing.read())
                data = s.recv(65536)
                if not data:
                    raise Cut("truncated") from None
                incoming.write(data)
    try:
        pump(tls.do_handshake)
        pump(lambda: tls.write(request(host=sni or "api.example.com")))
        return int(pump(lambda: tls.read(12)).split(b" ")[1])
    except (ssl.SSLError, Cut, ConnectionError):
        return None


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
@pytest.mark.parametrize("how", ["1-byte writes", "1-byte records", "40-byte records", "1-byte writes of records"])
def test_a_hello_in_pieces_meets_the_policy_of_its_name(world, door, origin, how, version):
    d = door(three(world, origin, default="plain"))
    for sni, cert, want in [("api.example.com", None, None), ("api.example.com", world.alice, 200),
                            ("shop.example.com", world.alice, None), ("plain.example.com", None, 200)]:
        tls, incoming, outgoing, first = hello(context(cert, version), sni)
        if "1-byte records" in how:
            first = small_records(first, 1)
        elif "records" in how:
            first = small_records(first, 40)
        with socket.create_connection(("127.0.0.1", d.port)) as s:
            s.settimeout(60)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            step = 1 if "writes" in how else len(first)
            for at in range(0, len(first), step):
                s.sendall(first[at:at + step])
            assert converse(s, tls, incoming, outgoing, sni) == want, sni
    assert [r.get("host") for r in origin.requests] == ["api.example.com", "plain.example.com"]


def test_a_whole_conversation_in_1_byte_writes(world, api):
    tls, incoming, outgoing, first = hello(context(world.alice), "api.example.com")

    class Trickle:
        def __init__(self, s):
            self.s = s
            self.recv = s.recv

        def sendall(self, data):
            for i in range(len(data)):
                self.s.sendall(data[i:i + 1])

    with socket.create_connection(("127.0.0.1", api.port)) as s:
        s.settimeout(60)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Trickle(s).sendall(first)
        assert converse(Trickle(s), tls, incoming, outgoing, "api.example.com") == 200


def test_a_second_hello_may_not_change_the_name(world, door, origin):
    """HelloRetryRequest: a group the server does not take first, then whatever OpenSSL's client repeats."""
    d = door(three(world, origin, default="plain"))
    from client import openssl
    _, text = openssl("s_client", "-connect", f"127.0.0.1:{d.port}", "-servername", "api.example.com", "-tls1_3",
                      "-groups", "X448:X25519", "-ign_eof", "-nocommands",
                      stdin=b"GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
    assert "HTTP/1.1 200" not in text
    assert outcome(d.port, sni="api.example.com")[0] == "refused"
    assert origin.requests == []
