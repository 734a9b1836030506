# SPDX-License-Identifier: GPL-2.0-only
"""The PROXY header that an origin gets: what it says, on which connections, and that they are one client's."""
import os
import socket
import threading

import pytest

import proxy
from client import TLS12, TLS13, Client, Cut, context, request
from door import free_port, host, wait_until
from origin import answer

ALL = ["alpn", "authority", "crc32c", "ssl", "cert_cn", "ssl_cipher", "cert_sig", "cert_key", "ssl_group", "ssl_sig_scheme",
       "client_cert"]
VERSIONS = pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
INJECT = pytest.mark.parametrize("inject", ["first_request", "every_request"])


def told(o, conn):
    """A connection begins with one header, and every request on it gets this header."""
    conn.header = conn.proxy_header()
    assert conn.header is not None, "no PROXY header"
    o.serve(conn)


def door_for(door, world, origins, verify="require", proxy="v2", tlvs=None, **more):
    options = {k: more.pop(k) for k in list(more) if k in ("ktls", "splice_bytes", "body_kib", "session_tickets", "listen")}
    return door([host(world.api, ["api.example.com"], origins, verify, world.client_ca, proxy=proxy, tlvs=tlvs, **more)],
                **options)


def test_off_sends_none(world, door, origin):
    d = door_for(door, world, [origin], proxy="off")
    with Client(d.port, cert=world.alice) as c:
        assert c.get().status == 200
    assert origin.conns[0].raw.startswith(b"GET / HTTP/1.1\r\n")
    assert d.stats()["proxy_sent"] == 0


def test_it_comes_first_and_names_both_ends(world, door, origins):
    origin = origins(told)
    d = door_for(door, world, [origin], tlvs=[])
    with Client(d.port, cert=world.alice, source="127.0.0.7") as c:
        port = c.sock.getsockname()[1]
        assert c.get().status == 200
        assert c.get("/again").status == 200
    header = origin.conns[0].header
    assert header.command == proxy.PROXY
    assert header.ends == ("127.0.0.7", port, "127.0.0.1", d.port)
    assert header.tlvs == {}
    # one header, and right behind it the request
    assert origin.conns[0].raw[len(header.raw):].startswith(b"GET / HTTP/1.1\r\n")
    assert origin.conns[0].raw.count(proxy.SIGNATURE) == 1
    assert [r.target for r in origin.requests] == ["/", "/again"]
    assert d.stats()["proxy_sent"] == 1


def test_ipv6(world, door, origins):
    origin = origins(told, family=socket.AF_INET6)
    port = free_port(socket.AF_INET6)
    d = door_for(door, world, [origin], listen=[f"[::1]:{port}"])
    with Client(port, cert=world.alice, address="::1") as c:
        mine = c.sock.getsockname()[1]
        assert c.get().status == 200
    assert origin.conns[0].header.ends == ("::1", mine, "::1", port)
    assert d.stats()["proxy_sent"] == 1


@INJECT
def test_version_1_is_a_line_in_front(world, door, origins, inject):
    def line(o, conn):
        conn.line = conn.until(b"\r\n")
        o.serve(conn)

    origin = origins(line)
    d = door_for(door, world, [origin], proxy="v1", inject=inject)
    for n in range(3):
        with Client(d.port, cert=world.alice, source=f"127.0.0.{7 + n}") as c:
            want = proxy.v1(f"127.0.0.{7 + n}", c.sock.getsockname()[1], "127.0.0.1", d.port)
            assert c.get().status == 200
            assert c.get().status == 200
        assert origin.conns[n].line == want
        assert origin.conns[n].raw.count(b"PROXY") == 1
    assert len(origin.conns) == 3


def test_what_is_sent_by_default(world, door, origins):
    origin = origins(told)
    d = door_for(door, world, [origin])
    with Client(d.port, cert=world.alice, version=TLS13) as c:
        assert c.get().status == 200
    header = origin.conns[0].header
    assert set(header.tlvs) == {proxy.ALPN, proxy.AUTHORITY, proxy.SSL}
    assert set(header.ssl) == {proxy.VERSION, proxy.CN, proxy.CIPHER}


@VERSIONS
@pytest.mark.parametrize("tickets", ["stateful", "stateless"])
def test_all_of_it_against_the_certificate_and_the_client(world, door, origins, version, tickets):
    origin = origins(told)
    d = door_for(door, world, [origin], tlvs=ALL, session_tickets=tickets)
    ctx = context(world.alice, version)
    session = None
    for resumed in (False, True):
        with Client(d.port, ctx=ctx, session=session) as c:
            assert c.sock.session_reused == resumed
            assert c.get().status == 200
            session = c.sock.session
            suite, name, _ = c.sock.cipher()
        header = origin.conns[-1].header
        assert header.crc_is_good()
        assert header.tlvs[proxy.ALPN] == b"http/1.1"
        assert header.tlvs[proxy.AUTHORITY] == b"api.example.com"
        # on a resumed session the certificate belongs to the session and was not shown on this connection
        assert header.client == proxy.CLIENT_SSL | proxy.CERT_SESS | (0 if resumed else proxy.CERT_CONN)
        assert header.verify == 0
        want = {
            proxy.VERSION: b"TLSv1.3" if version == TLS13 else b"TLSv1.2",
            proxy.CN: b"alice",
            proxy.CIPHER: suite.encode(),
            proxy.SIG_ALG: b"ecdsa-with-SHA256",
            proxy.KEY_ALG: b"EC256",
            proxy.GROUP: header.ssl[proxy.GROUP],
            proxy.SIG_SCHEME: b"ecdsa_secp256r1_sha256",
            proxy.CLIENT_CERT: world.alice.der,
        }
        if resumed:
            del want[proxy.SIG_SCHEME]
        assert header.ssl == want
        assert header.ssl[proxy.GROUP] in (b"x25519", b"X25519MLKEM768")


def test_who_has_no_certificate_or_a_bad_one(world, door, origins):
    origin = origins(told)
    d = door_for(door, world, [origin], verify="request", tlvs=["ssl", "cert_cn", "client_cert"])
    for cert, bits, verify in [(None, 1, False), (world.other, 7, False), (world.alice, 7, True)]:
        with Client(d.port, cert=cert) as c:
            assert c.get().status == 200
        header = origin.conns[-1].header
        assert header.client == bits
        assert (header.verify == 0) == verify
        assert header.ssl.get(proxy.CLIENT_CERT) == (cert.der if cert else None)
        assert (proxy.CN in header.ssl) == (cert is not None)


def test_a_client_without_a_name_has_no_authority(world, door, origins):
    origin = origins(told)
    d = door([host(world.api, ["api.example.com"], [origin], default=True, proxy="v2")])
    with Client(d.port, sni=None) as c:
        assert c.get(host="api.example.com").status == 200
    assert proxy.AUTHORITY not in origin.conns[0].header.tlvs


def test_a_large_certificate_goes_whole(world, door, origins):
    origin = origins(told)
    d = door_for(door, world, [origin], tlvs=["ssl", "client_cert", "crc32c"])
    with Client(d.port, cert=world.big) as c:
        assert c.get().status == 200
    header = origin.conns[0].header
    assert len(world.big.der) > 12288
    assert header.ssl[proxy.CLIENT_CERT] == world.big.der
    assert header.crc_is_good()


# --- whose connection it is -----------------------------------------------------------------------
@INJECT
def test_no_two_clients_share_an_origin_connection(world, door, origins, inject):
    origin = origins(told)
    d = door_for(door, world, [origin], inject=inject)
    for cert in (world.alice, world.bob, world.alice):
        with Client(d.port, cert=cert) as c:
            port = c.sock.getsockname()[1]
            for n in range(3):
                assert c.get(f"/{n}").status == 200
        conn = origin.conns[-1]
        assert conn.header.ends[1] == port
        assert conn.header.ssl[proxy.CN] == (b"alice" if cert is world.alice else b"bob")
        wait_until(lambda c=conn: c.ended, "the origin connection ends with its client's")
    assert len(origin.conns) == 3
    # with every_request the headers still come on each request, though the connection is one client's
    told_on = [r for r in origin.requests if r.get("cf-client-cert-sha256")]
    assert len(told_on) == (9 if inject == "every_request" else 3)
    for r in told_on:
        who = world.alice if r.conn.header.ssl[proxy.CN] == b"alice" else world.bob
        assert r.get("cf-client-cert-sha256") == who.sha256
    assert d.stats()["proxy_sent"] == 3


def test_clients_at_the_same_time(world, door, origins):
    origin = origins(told)
    d = door_for(door, world, [origin], inject="every_request", tlvs=["ssl", "client_cert"])
    certs = [world.alice, world.bob, world.depth1, world.big]
    ports = {}

    def talk(n):
        cert = certs[n % len(certs)]
        with Client(d.port, cert=cert if cert is not world.depth1 else world.alice) as c:
            ports[c.sock.getsockname()[1]] = world.alice if cert is world.depth1 else cert
            for i in range(5):
                assert c.get(f"/{n}/{i}").status == 200

    threads = [threading.Thread(target=talk, args=(n,)) for n in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(origin.conns) == 16 and len(ports) == 16
    for r in origin.requests:
        assert r.conn.header.ssl[proxy.CLIENT_CERT] == ports[r.conn.header.ends[1]].der
    by_conn = {}
    for r in origin.requests:
        by_conn.setdefault(r.conn.number, set()).add(r.target.split("/")[1])
    assert all(len(clients) == 1 for clients in by_conn.values()) and len(origin.requests) == 80


def test_a_pool_of_the_same_address_is_not_touched(world, door, origins):
    """Two hosts lead to one address: one shares its connections, the other has a header of each client's on them."""
    def either(o, conn):
        first = conn.exactly(12)
        if first == proxy.SIGNATURE:
            conn._rest = first + conn._rest
            conn.header = conn.proxy_header()
        else:
            conn._rest = first + conn._rest
            conn.header = None
        o.serve(conn)

    origin = origins(either)
    d = door([host(world.api, ["api.example.com"], [origin], inject="every_request", proxy="v2"),
              host(world.shop, ["shop.example.com"], [origin], inject="every_request"),
              host(world.plain, ["plain.example.com"], [origin], proxy="v2", tlvs=[])])
    for _ in range(2):
        for sni in ("shop.example.com", "api.example.com"):
            with Client(d.port, sni=sni) as c:
                assert c.get("/" + sni).status == 200
    # one client connection, three hosts: each request on a link that says what its host says, and no link says two things
    with Client(d.port, sni="api.example.com") as c:
        for sni in ("api.example.com", "shop.example.com", "api.example.com", "plain.example.com", "api.example.com"):
            assert c.get("/" + sni, host=sni).status == 200
    for r in origin.requests:
        header = r.conn.header
        if r.target == "/shop.example.com":
            assert header is None
        elif r.target == "/plain.example.com":
            assert header.tlvs == {}
        else:
            assert header.tlvs[proxy.AUTHORITY] == b"api.example.com"
    # the shared ones are used again, the others never by anybody else
    assert len({r.conn.number for r in origin.requests if r.target == "/shop.example.com"}) == 1
    assert len({r.conn.number for r in origin.requests if r.target == "/api.example.com"}) == 5


def die_in_the_second_request(o, conn):
    conn.header = conn.proxy_header()
    while True:
        r = conn.request()
        o.requests.append(r)
        if conn.number == 0 and len(o.requests) == 2:
            return
        conn.send(answer(r.target.encode()))


@INJECT
def test_a_request_that_goes_again_has_the_header_before_it(world, door, origins, inject):
    origin = origins(die_in_the_second_request)
    d = door_for(door, world, [origin], inject=inject, tlvs=ALL)
    with Client(d.port, cert=world.alice) as c:
        assert c.get("/0").body == b"/0"
        assert c.get("/1").body == b"/1"
        assert c.get("/2").body == b"/2"
    assert [r.target for r in origin.requests] == ["/0", "/1", "/1", "/2"]
    assert origin.conns[0].header.raw == origin.conns[1].header.raw
    assert [c.raw.count(proxy.SIGNATURE) for c in origin.conns] == [1, 1]
    assert origin.requests[2].get("cf-client-cert-sha256") == world.alice.sha256


def test_the_next_origin_gets_it_too(world, door, origins):
    """The first is not there: the header is for the connection that came to be."""
    origin = origins(told)
    d = door_for(door, world, [f"127.0.0.1:{free_port()}", origin], tlvs=[])
    for n in range(3):
        with Client(d.port, cert=world.alice) as c:
            assert c.get().status == 200
    assert len(origin.conns) == 3
    assert all(c.raw.count(proxy.SIGNATURE) == 1 and c.header for c in origin.conns)


def test_an_origin_that_ends_each_connection(world, door, origins):
    def once(o, conn):
        conn.header = conn.proxy_header()
        o.requests.append(conn.request())
        conn.send(answer(b"ok", fields=["Connection: close"]))

    origin = origins(once)
    d = door_for(door, world, [origin])
    with Client(d.port, cert=world.alice) as c:
        for n in range(4):
            assert c.get(f"/{n}").body == b"ok"
    assert [c.raw.count(proxy.SIGNATURE) for c in origin.conns] == [1] * 4


def test_after_a_reload_the_next_request_has_the_new_header(world, door, origins):
    origin = origins(told)
    d = door_for(door, world, [origin], tlvs=["authority"])
    with Client(d.port, cert=world.alice) as c:
        assert c.get("/0").status == 200
        d.config["hosts"][0]["proxy_tlvs"] = ["ssl", "cert_cn"]
        d.write(d.config["hosts"])
        assert d.reload()
        assert c.get("/1").status == 200
        assert c.get("/2").status == 200
    assert len(origin.conns) == 2
    assert set(origin.conns[0].header.tlvs) == {proxy.AUTHORITY}
    assert origin.conns[1].header.ssl[proxy.CN] == b"alice"
    wait_until(lambda: origin.conns[0].ended, "the old one is closed")


# --- bodies behind it -----------------------------------------------------------------------------
@pytest.mark.parametrize("ktls", ["off", "auto"])
@pytest.mark.parametrize("size", [0, 1, 65536, 3_000_000])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_bodies_follow_whole(world, door, origins, ktls, size, chunked):
    origin = origins(told, respond=lambda r: answer(r.body))
    d = door_for(door, world, [origin], tlvs=ALL, ktls=ktls, body_kib=0)
    body = os.urandom(size)
    with Client(d.port, cert=world.alice) as c:
        for _ in range(2):
            if chunked:
                c.send(request("POST", "/", fields=["Transfer-Encoding: chunked"]))
                for at in range(0, size, 500_000):
                    piece = body[at:at + 500_000]
                    c.send(b"%x\r\n%s\r\n" % (len(piece), piece))
                c.send(b"0\r\n\r\n")
            else:
                c.send(request("POST", "/", body=body))
            assert c.response("POST").body == body
    assert len(origin.conns) == 1
    assert origin.conns[0].header.crc_is_good()


def test_an_origin_that_reads_slowly(world, door, origins):
    """The header and the head wait for the socket like anything else."""
    gate = threading.Event()

    def slow(o, conn):
        gate.wait()
        conn.header = conn.proxy_header()
        o.serve(conn)

    origin = origins(slow, receive_buffer=4096)
    d = door_for(door, world, [origin], tlvs=ALL, der_header="X-Der")
    with Client(d.port, cert=world.big) as c:
        c.send(request("GET", "/" + "x" * 4000, fields=[f"X-{n}: " + "y" * 6000 for n in range(4)]))
        gate.set()
        assert c.response().status == 200
    assert origin.conns[0].header.ssl[proxy.CLIENT_CERT] == world.big.der
    assert origin.requests[0].get("x-3") == "y" * 6000


def test_an_upgraded_connection_has_it_in_front(world, door, origins):
    def upgrade(o, conn):
        conn.header = conn.proxy_header()
        o.requests.append(conn.request())
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        conn.send(conn.exactly(4)[::-1])

    origin = origins(upgrade)
    d = door_for(door, world, [origin])
    with Client(d.port, cert=world.alice) as c:
        c.send(request("GET", "/", fields=["Connection: Upgrade", "Upgrade: websocket"]))
        assert c.response().status == 101
        c.send(b"abcd")
        assert c._exactly(4, None) == b"dcba"
    assert origin.conns[0].header.ssl[proxy.CN] == b"alice"


def test_an_origin_that_expects_none_says_so_and_so_do_we(world, door, origins):
    """A plain HTTP origin takes the header for a bad request: the client hears its answer or a 502, and no other header."""
    def strict(o, conn):
        conn.until(b"\n")
        conn.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    origin = origins(strict)
    d = door_for(door, world, [origin])
    with Client(d.port, cert=world.alice) as c:
        try:
            assert c.get().status in (400, 502)
        except Cut:
            raise AssertionError("no answer") from None


# --- a real consumer ------------------------------------------------------------------------------
@pytest.mark.parametrize("version, tlvs", [("v1", None), ("v2", []), ("v2", ["alpn", "authority"]), ("v2", ["crc32c"])],
                         ids=["line", "addresses", "names", "checksum"])
def test_nginx_reads_it(world, door, nginx, version, tlvs):
    """Before 1.23.2 it takes headers of up to 107 bytes and knows no TLVs."""
    n = nginx("""
		location / {
			return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port";
		}
""", listen_more="proxy_protocol")
    d = door_for(door, world, [n.address], proxy=version, tlvs=tlvs)
    for cert in (world.alice, world.bob):
        with Client(d.port, cert=cert, source="127.0.0.9") as c:
            want = f"127.0.0.9 {c.sock.getsockname()[1]} 127.0.0.1 {d.port}".encode()
            assert c.get().body == want
            assert c.get().body == want
    assert "broken header" not in n.errors() and "too large" not in n.errors()
