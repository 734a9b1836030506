# SPDX-License-Identifier: GPL-2.0-only
"""PROXY headers in front of TLS: from trusted sources they are required and believed, from nobody else."""
import os
import re
import socket
import ssl
import struct
import subprocess

import pytest

import proxy
from client import TLS12, TLS13, Client, context, outcome
from door import HANG, free_port, host, wait_until

BALANCER = "127.0.0.2"  # trusted
STRANGER = "127.0.0.1"
NAMED = "203.0.113.9"


def told(o, conn):
    conn.header = conn.proxy_header()
    o.serve(conn)


def door_for(door, world, origins, sources=(BALANCER + "/32",), **more):
    options = {k: more.pop(k) for k in list(more) if k in ("handshake_timeout_ms", "listen", "workers", "ktls")}
    return door([host(world.api, ["api.example.com"], origins, "require", world.client_ca, **more)],
                proxy_sources=list(sources), **options)


def ended(d, reason):
    """How many connections ended so."""
    text = d.api("GET", "/metrics")[2]
    found = re.search(rf'^sluice_\w*ended\w*{{[^}}]*reason="{reason}"[^}}]*}} (\d+)', text, re.M)
    assert found, f"no counter for {reason}"
    return int(found[1])


class Bytes:
    """A client that speaks TLS over bytes, so that a test says what is sent with what."""

    def __init__(self, port, cert=None, source=None, version=None, sni="api.example.com"):
        self.sock = socket.socket()
        self.sock.settimeout(HANG)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            self.sock.bind((source, 0))
        self.sock.connect(("127.0.0.1", port))
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context(cert, version).wrap_bio(self.incoming, self.outgoing, server_hostname=sni)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def hello(self):
        """The ClientHello's record."""
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()

    def _run(self, step):
        while True:
            try:
                result = step()
                self.sock.sendall(self.outgoing.read())
                return result
            except ssl.SSLWantReadError:
                self.sock.sendall(self.outgoing.read())
                data = self.sock.recv(65536)
                if not data:
                    raise ConnectionError("ended") from None
                self.incoming.write(data)

    def get(self, target="/"):
        self._run(self.tls.do_handshake)
        self.tls.write(f"GET {target} HTTP/1.1\r\nHost: api.example.com\r\n\r\n".encode())
        return int(self._run(lambda: self.tls.read(65536)).split()[1])


# --- what is believed -----------------------------------------------------------------------------
FORMS = {
    "v1": (proxy.v1(NAMED, 4660), f"{NAMED}:4660"),
    "v1_six": (proxy.v1("2001:db8::9", 4660, "2001:db8::1"), "[2001:db8::9]:4660"),
    "v1_port0": (proxy.v1(NAMED, 0), f"{NAMED}:0"),
    "v2": (proxy.v2(NAMED, 4660), f"{NAMED}:4660"),
    "v2_six": (proxy.v2("2001:db8::9", 4660, "2001:db8::1"), "[2001:db8::9]:4660"),
    "v2_tlvs": (proxy.v2(NAMED, 4660, rest=proxy.tlv(proxy.AUTHORITY, b"x.example") + proxy.tlv(proxy.NOOP, bytes(900)) +
                         proxy.tlv(0xEA, b"\x01vpce-1")), f"{NAMED}:4660"),
    "v2_longest": (proxy.v2(NAMED, 4660, rest=proxy.tlv(proxy.NOOP, bytes(4096 - 28 - 3))), f"{NAMED}:4660"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
def test_the_client_is_whom_the_header_names(world, door, origins, form, version):
    header, named = FORMS[form]
    origin = origins(told)
    d = door_for(door, world, [origin], proxy="v2")
    with Client(d.port, cert=world.alice, source=BALANCER, version=version, before=header) as c:
        assert c.get("/1").status == 200
        assert c.get("/2").status == 200
    assert [r["client"] for r in d.logged(2, status=200)] == [named] * 2
    # and on to the origin, the address it came to included
    source, port, to, to_port = origin.conns[0].header.ends
    assert (f"[{source}]:{port}" if ":" in source else f"{source}:{port}") == named
    assert (to, to_port) == ("2001:db8::1" if ":" in source else "192.0.2.200", 443)
    assert d.stats()["proxy_taken"] == 1


NOBODY = {
    "v1_unknown": b"PROXY UNKNOWN\r\n",
    "v1_unknown_long": b"PROXY UNKNOWN ffff:f:f:f:f:f:f:ffff ffff:f:f:f:f:f:f:ffff 65535 65535\r\n",
    "v2_local": proxy.v2(command=proxy.LOCAL),
    "v2_local_with_addresses": proxy.v2(NAMED, 4660, command=proxy.LOCAL),
    "v2_local_of_no_family": proxy.v2(command=proxy.LOCAL, family=0xFF, rest=b"\xff" * 20),
    "v2_unspec": proxy.v2(),
    "v2_unspec_with_bytes": proxy.v2(rest=b"\xff" * 9),
    "v2_unix": proxy.v2(family=proxy.UNIX, rest=b"/run/a".ljust(108, b"\0") + b"/run/b".ljust(108, b"\0")),
    "v2_udp": proxy.v2(family=0x12, rest=socket.inet_aton(NAMED) + socket.inet_aton(NAMED) + bytes(4)),
}


@pytest.mark.parametrize("form", NOBODY)
def test_a_header_that_names_nobody_leaves_the_source(world, door, origins, form):
    origin = origins(told)
    d = door_for(door, world, [origin], proxy="v2")
    with Client(d.port, cert=world.alice, source=BALANCER, before=NOBODY[form]) as c:
        port = c.sock.getsockname()[1]
        assert c.get().status == 200
    assert d.logged(1, status=200)[0]["client"] == f"{BALANCER}:{port}"
    assert origin.conns[0].header.ends == (BALANCER, port, "127.0.0.1", d.port)


def test_a_source_of_ipv6(world, door, origin):
    port = free_port(socket.AF_INET6)
    d = door_for(door, world, [origin], sources=["::1"], listen=[f"[::1]:{port}"])
    with Client(port, cert=world.alice, address="::1", before=proxy.v2(NAMED, 1)) as c:
        assert c.get().status == 200
    assert d.logged(1, status=200)[0]["client"] == f"{NAMED}:1"


# --- and what is not ------------------------------------------------------------------------------
@pytest.mark.parametrize("form", FORMS)
def test_from_anybody_else_it_is_bytes_that_are_no_tls(world, door, origin, form):
    d = door_for(door, world, [origin])
    kind, _ = outcome(d.port, cert=world.alice, source=STRANGER, before=FORMS[form][0])
    assert kind == "refused"
    row = d.logged(1, status=0)[0]
    assert row["client"].startswith(STRANGER + ":") and row["reason"] == "protocol"
    assert d.stats()["proxy_taken"] == 0
    # who sends none is served, as itself
    with Client(d.port, cert=world.alice, source=STRANGER) as c:
        assert c.get().status == 200
    assert d.logged(1, status=200)[0]["client"].startswith(STRANGER + ":")
    assert not any(NAMED in r["client"] for r in d.log())


def test_without_sources_nobody_is_believed(world, door, origin):
    d = door_for(door, world, [origin], sources=[])
    for source in (STRANGER, BALANCER):
        assert outcome(d.port, cert=world.alice, source=source, before=proxy.v1(NAMED, 1))[0] == "refused"
    assert not any(NAMED in r["client"] for r in d.logged(2, reason="protocol"))


def test_a_trusted_source_without_a_header_is_not_served(world, door, origin):
    d = door_for(door, world, [origin])
    kind, _ = outcome(d.port, cert=world.alice, source=BALANCER)
    assert kind == "refused"
    row = d.logged(1, reason="proxy_header")[0]
    assert row["client"].startswith(BALANCER + ":") and row["text"] == "no PROXY header"
    assert origin.requests == [] and d.stats()["handshakes_started"] == 0
    assert ended(d, "proxy_header") == 1


def crc(header):
    """The same header with its checksum right, 4 bytes at its end."""
    return header[:-4] + struct.pack("!I", proxy.crc32c(header[:-4] + bytes(4)))


BAD = {
    "http": (b"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n", "no PROXY header"),
    "lower": (b"proxy TCP4 203.0.113.9 192.0.2.1 1 2\r\n", "no PROXY header"),
    "blank": (b" PROXY TCP4 203.0.113.9 192.0.2.1 1 2\r\n", "no PROXY header"),
    "v1_lf": (b"PROXY TCP4 203.0.113.9 192.0.2.1 1 2\n", "the header is malformed"),
    "v1_cr": (b"PROXY TCP4 203.0.113.9 192.0.2.1 1 2\rGET", "the header is malformed"),
    "v1_two_blanks": (b"PROXY TCP4  203.0.113.9 192.0.2.1 1 2\r\n", "the header is malformed"),
    "v1_leading_zero": (b"PROXY TCP4 203.0.113.9 192.0.2.1 01 2\r\n", "the header is malformed"),
    "v1_port": (b"PROXY TCP4 203.0.113.9 192.0.2.1 65536 2\r\n", "the header is malformed"),
    "v1_octal": (b"PROXY TCP4 203.0.113.09 192.0.2.1 1 2\r\n", "the header is malformed"),
    "v1_family": (b"PROXY TCP4 2001:db8::9 2001:db8::1 1 2\r\n", "the header is malformed"),
    "v1_udp": (b"PROXY UDP4 203.0.113.9 192.0.2.1 1 2\r\n", "the header is malformed"),
    "v1_more": (b"PROXY TCP4 203.0.113.9 192.0.2.1 1 2 3\r\n", "the header is malformed"),
    "v1_long": (b"PROXY UNKNOWN " + b"x" * 93 + b"\r\n", "the header is malformed"),
    "v1_endless": (b"PROXY UNKNOWN " + b"x" * 5000, "the header is malformed"),
    "v1_nul": (b"PROXY UNKNOWN\0\r\n", "the header is malformed"),
    "v2_version": (proxy.SIGNATURE + b"\x11\x11\x00\x0c" + bytes(12), "the header is malformed"),
    "v2_command": (proxy.SIGNATURE + b"\x22\x11\x00\x0c" + bytes(12), "the header is malformed"),
    "v2_family": (proxy.SIGNATURE + b"\x21\x41\x00\x0c" + bytes(12), "the header is malformed"),
    "v2_transport": (proxy.SIGNATURE + b"\x21\x13\x00\x0c" + bytes(12), "the header is malformed"),
    "v2_short": (proxy.SIGNATURE + b"\x21\x11\x00\x0b" + bytes(11), "the header is malformed"),
    "v2_short_six": (proxy.SIGNATURE + b"\x21\x21\x00\x0c" + bytes(12), "the header is malformed"),
    "v2_tlv_cut": (proxy.v2(NAMED, 1, rest=b"\x04\x00\x05abc"), "the header is malformed"),
    "v2_tlv_head_cut": (proxy.v2(NAMED, 1, rest=b"\x04\x00"), "the header is malformed"),
    "v2_ssl_cut": (proxy.v2(NAMED, 1, rest=proxy.tlv(proxy.SSL, b"\1\0\0\0\0\x21\x00\x09TLS")), "the header is malformed"),
    "v2_crc": (proxy.v2(NAMED, 1, rest=proxy.tlv(proxy.CRC32C, b"\0\0\0\0")), "the header is malformed"),
    "v2_too_long": (proxy.v2(NAMED, 1, rest=proxy.tlv(proxy.NOOP, bytes(4096 - 28 - 2))), "the header is too long"),
    "v2_huge": (proxy.SIGNATURE + b"\x21\x11\xff\xff", "the header is too long"),
}


@pytest.mark.parametrize("form", BAD)
def test_a_bad_header_ends_the_connection(world, door, origin, form):
    header, why = BAD[form]
    d = door_for(door, world, [origin])
    assert outcome(d.port, cert=world.alice, source=BALANCER, before=header)[0] == "refused"
    assert d.logged(1, reason="proxy_header")[0]["text"] == why
    assert origin.requests == [] and d.stats()["handshakes_started"] == 0
    # nobody else noticed
    with Client(d.port, cert=world.alice, source=BALANCER, before=crc(proxy.v2(
            NAMED, 1, rest=proxy.tlv(proxy.CRC32C, bytes(4))))) as c:
        assert c.get().status == 200


@pytest.mark.parametrize("behind", [proxy.v1("198.51.100.66", 6), proxy.v2("198.51.100.66", 6), b"\r\n", b"\0", b"GET / HTTP/1.1\r\n\r\n"],
                         ids=["second_v1", "second_v2", "crlf", "nul", "http"])
@pytest.mark.parametrize("first", ["v1", "v2"])
def test_what_is_behind_one_header_is_tls_or_nothing(world, door, origin, first, behind):
    d = door_for(door, world, [origin])
    assert outcome(d.port, cert=world.alice, source=BALANCER, before=FORMS[first][0] + behind)[0] == "refused"
    row = d.logged(1, status=0)[0]
    assert row["client"] == f"{NAMED}:4660" and row["reason"] == "protocol"
    assert origin.requests == []


# --- in pieces ------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", ["v1", "v2", "v2_six"])
def test_split_at_every_byte(world, door, origin, form):
    """Header and ClientHello in two pieces, cut at each byte of the header and a little behind it."""
    header, named = FORMS[form]
    d = door_for(door, world, [origin])
    for at in range(1, len(header) + 8):
        with Bytes(d.port, cert=world.alice, source=BALANCER) as c:
            data = header + c.hello()
            wait_until(lambda n=at: d.stats()["conns_accepted"] == n, "it is accepted")
            seen = d.stats()["turns"]
            c.sock.sendall(data[:at])
            wait_until(lambda s=seen: d.stats()["turns"] > s, "a turn of the worker")
            c.sock.sendall(data[at:])
            assert c.get(f"/{at}") == 200
    assert len(origin.requests) == len(header) + 7
    assert {r["client"] for r in d.logged(len(header) + 7, status=200)} == {named}


@pytest.mark.parametrize("form", FORMS)
def test_with_the_hello_in_one_piece(world, door, origin, form):
    header, named = FORMS[form]
    d = door_for(door, world, [origin])
    with Bytes(d.port, cert=world.alice, source=BALANCER) as c:
        c.sock.sendall(header + c.hello())
        assert c.get() == 200
    assert d.logged(1, status=200)[0]["client"] == named


@pytest.mark.parametrize("form", ["v1", "v2_tlvs"])
def test_a_byte_at_a_time(world, door, origin, form):
    header, named = FORMS[form]
    d = door_for(door, world, [origin])
    with Bytes(d.port, cert=world.alice, source=BALANCER) as c:
        for byte in header + c.hello():
            c.sock.sendall(bytes([byte]))
        assert c.get() == 200
    assert d.logged(1, status=200)[0]["client"] == named


@pytest.mark.parametrize("sent", [0, 1, 12, 20, 40])
@pytest.mark.parametrize("form", ["v1", "v2_tlvs"])
def test_it_must_come_in_time(world, door, origin, form, sent):
    d = door_for(door, world, [origin], handshake_timeout_ms=300)
    with Bytes(d.port, source=BALANCER) as c:
        c.sock.sendall(FORMS[form][0][:sent])
        try:
            assert c.sock.recv(1) == b""
        except ConnectionError:
            pass  # bytes lay unread
    assert d.logged(1, reason="proxy_timeout")[0]["client"].startswith(BALANCER + ":")
    assert ended(d, "proxy_timeout") == 1


def test_the_header_does_not_begin_the_time_anew(world, door, origin):
    d = door_for(door, world, [origin], handshake_timeout_ms=300)
    with Bytes(d.port, source=BALANCER) as c:
        c.sock.sendall(FORMS["v1"][0])
        try:
            assert c.sock.recv(1) == b""
        except ConnectionError:
            pass
    assert d.logged(1, reason="handshake_timeout")[0]["client"] == f"{NAMED}:4660"


@pytest.mark.parametrize("how", ["fin", "reset"])
@pytest.mark.parametrize("sent", [0, 1, 20])
def test_who_leaves_before_it_is_whole(world, door, origin, sent, how):
    d = door_for(door, world, [origin])
    c = Bytes(d.port, source=BALANCER)
    c.sock.sendall(FORMS["v2"][0][:sent])
    if how == "reset":
        c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.sock.close()
    wait_until(lambda: sum(d.stats()["ended"]) == 1, "its end")
    if how == "fin":
        assert ended(d, "proxy_closed") == 1
    else:
        # a socket that was reset before it was accepted has no peer: it is nobody's, and trusted least of all
        assert sum(ended(d, reason) for reason in
                   ("proxy_closed", "client_reset", "handshake_closed", "handshake_failed")) == 1
    assert d.stats()["proxy_taken"] == 0


def test_many_that_never_send_one_cost_their_slots_alone(world, door, origin):
    d = door_for(door, world, [origin], handshake_timeout_ms=60000)
    idle = []
    for n in range(200):
        c = socket.socket()
        c.bind((BALANCER, 0))
        c.connect(("127.0.0.1", d.port))
        c.sendall(FORMS["v2"][0][:n % 28])
        idle.append(c)
    wait_until(lambda: d.stats()["conns_open"] == 200, "all of them")
    with Client(d.port, cert=world.alice) as c:
        assert c.get().status == 200
    with Client(d.port, cert=world.alice, source=BALANCER, before=FORMS["v2"][0]) as c:
        assert c.get().status == 200
    for c in idle:
        c.close()
    wait_until(lambda: d.stats()["conns_open"] == 0, "their end")


# --- with all the rest ----------------------------------------------------------------------------
@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
def test_a_session_comes_back_from_another_address(world, door, origins, version):
    """Sessions know nothing of addresses: each connection is whom its own header names."""
    origin = origins(told)
    d = door_for(door, world, [origin], proxy="v2", tlvs=["ssl", "client_cert"])
    ctx = context(world.alice, version)
    session = None
    for n in range(3):
        with Client(d.port, ctx=ctx, session=session, source=BALANCER, before=proxy.v2(f"203.0.113.{n}", n)) as c:
            assert c.sock.session_reused == (n > 0)
            assert c.get().status == 200
            session = c.sock.session
        header = origin.conns[n].header
        assert header.ends[:2] == (f"203.0.113.{n}", n)
        assert header.client == (7 if n == 0 else 5)
        assert header.ssl[proxy.CLIENT_CERT] == world.alice.der


def test_a_reload_changes_who_is_trusted(world, door, origin):
    d = door_for(door, world, [origin])
    kept = Client(d.port, cert=world.alice, source=BALANCER, before=proxy.v1(NAMED, 1))
    assert kept.get("/kept").status == 200
    d.write(d.config["hosts"], proxy_sources=[STRANGER])
    assert d.reload()
    assert outcome(d.port, cert=world.alice, source=BALANCER, before=proxy.v1(NAMED, 2))[0] == "refused"
    assert outcome(d.port, cert=world.alice, source=STRANGER)[0] == "refused"
    with Client(d.port, cert=world.alice, source=STRANGER, before=proxy.v1(NAMED, 3)) as c:
        assert c.get("/new").status == 200
    # who was let in before stays, and stays who it is
    assert kept.get("/again").status == 200
    kept.close()
    rows = d.logged(3, status=200)
    assert {r["path"]: r["client"] for r in rows} == {"/kept": f"{NAMED}:1", "/again": f"{NAMED}:1", "/new": f"{NAMED}:3"}


def test_a_reload_with_a_bad_range_changes_nothing(world, door, origin):
    d = door_for(door, world, [origin])
    d.write(d.config["hosts"], proxy_sources=["127.0.0.1/8"])
    assert not d.reload()
    assert 'proxy_sources[0]: "127.0.0.1/8": bits are set behind the prefix' in d.errors()
    with Client(d.port, cert=world.alice, source=BALANCER, before=proxy.v1(NAMED, 3)) as c:
        assert c.get().status == 200


# --- real senders ---------------------------------------------------------------------------------
def run_front(command, port, made):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    made.append(process)

    def is_up():
        assert process.poll() is None, process.stderr.read().decode()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0
    wait_until(is_up, "the balancer")


@pytest.fixture
def front():
    made = []
    yield lambda command, port: run_front(command, port, made)
    for process in made:
        process.terminate()
        process.wait(HANG)
        process.stderr.close()


NGINX = """
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
master_process off;
pid {dir}/front.pid;
error_log {dir}/front.log;
events {{ }}
stream {{
	server {{
		listen 127.0.0.1:{port};
		proxy_pass 127.0.0.1:{door};
		proxy_bind {source};
		proxy_protocol on;
	}}
}}
"""

HAPROXY = """
global
	log stderr local0
defaults
	mode tcp
	timeout connect 40s
	timeout client 40s
	timeout server 40s
frontend f
	bind 127.0.0.1:{port}
	default_backend b
backend b
	server s 127.0.0.1:{door} source {source} {how}
"""


@pytest.mark.parametrize("how", ["nginx", "send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id",
                                 "send-proxy-v2 check inter 100"])
def test_a_balancer_in_front(world, door, origins, front, tmp_path, how):
    origin = origins(told)
    d = door_for(door, world, [origin], proxy="v2", tlvs=["ssl", "client_cert"])
    port = free_port()
    is_nginx = how == "nginx"
    path = tmp_path / "front.conf"
    path.write_text((NGINX if is_nginx else HAPROXY).format(dir=tmp_path, port=port, door=d.port, source=BALANCER, how=how))
    os.makedirs(tmp_path / "prefix", exist_ok=True)
    front(["/usr/sbin/nginx", "-p", str(tmp_path / "prefix"), "-c", str(path), "-e", str(tmp_path / "front.log")] if is_nginx
          else ["/usr/sbin/haproxy", "-db", "-f", str(path)], port)
    for n in range(3):
        source = f"127.0.0.{20 + n}"
        with Client(port, cert=world.alice, source=source) as c:
            mine = c.sock.getsockname()[1]
            assert c.get(f"/{n}").status == 200
            assert c.get(f"/{n}").status == 200
        assert origin.conns[n].header.ends == (source, mine, "127.0.0.1", port)
        assert origin.conns[n].header.ssl[proxy.CLIENT_CERT] == world.alice.der
        assert {r["client"] for r in d.logged(2, path=f"/{n}")} == {f"{source}:{mine}"}
    if "check" in how:
        # HAProxy's own checks say LOCAL and leave; it goes on taking us for good
        wait_until(lambda: d.stats()["proxy_taken"] > 6, "checks")
        with Client(port, cert=world.alice) as c:
            assert c.get().status == 200
