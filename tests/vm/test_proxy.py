# SPDX-License-Identifier: GPL-2.0-only
"""PROXY headers on both sides of a connection whose records are the kernel's, and bodies through pipes behind them."""
import pytest

import proxy
from client import TLS12, TLS13, Client, context, request
from door import host
from origin import answer
from spliced import MIB, THRESHOLD, noise, sha

BALANCER, NAMED = "127.0.0.2", "203.0.113.9"
TLVS = ["authority", "ssl", "cert_cn", "ssl_cipher", "client_cert", "crc32c"]


def told(o, conn):
    conn.header = conn.proxy_header()
    o.serve(conn)


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
@pytest.mark.parametrize("inject", ["first_request", "every_request"])
def test_spliced_bodies_follow_one_proxy_header(door, world, origins, version, inject):
    origin = origins(told, respond=lambda r: answer(r.body))
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca, proxy="v2", tlvs=TLVS,
                   inject=inject)], proxy_sources=[BALANCER], body_kib=0, splice_bytes=THRESHOLD)
    body = noise(MIB + 1)
    with Client(d.port, ctx=context(world.alice, version), source=BALANCER, before=proxy.v2(NAMED, 4660)) as c:
        for _ in range(2):
            c.send(request("POST", "/", body=body))
            r = c.response("POST", keep=False)
            assert (r.size, r.sha256) == (len(body), sha(body))
    assert len(origin.conns) == 1
    conn = origin.conns[0]
    assert conn.header.crc_is_good() and conn.header.ends == (NAMED, 4660, "192.0.2.200", 443)
    assert conn.header.ssl[proxy.CLIENT_CERT] == world.alice.der
    assert conn.raw[len(conn.header.raw):].startswith(b"POST / HTTP/1.1\r\n")
    rows = d.logged(2, status=200)
    assert {(r["client"], r["tls_engine"]) for r in rows} == {(f"{NAMED}:4660", "kernel")}
    # all but what was read with a head went through pipes
    s = d.stats()
    assert (s["bodies_up_splice"], s["bodies_down_splice"]) == (2, 2)
    assert 2 * len(body) - 4 * THRESHOLD <= s["bytes_spliced_up"] < 2 * len(body)
    assert (s["proxy_taken"], s["proxy_sent"]) == (1, 1)
