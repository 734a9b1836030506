# SPDX-License-Identifier: GPL-2.0-only
"""Who is connected: over the settings API and sluicectl."""
import json
import os
import signal

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from client import TLS12, TLS13, Client, context
from door import host, wait_until

PATH = "/sluice/v1/connections"


@pytest.fixture
def two(door, world, origin):
    """Two hosts, two workers."""
    return door([host(world.api, ["api.example.com"], [origin], "request", world.client_ca),
                 host(world.shop, ["shop.example.com"], [origin])], workers=2)


def rows(d, query="", want=200):
    code, _, answer = d.api("GET", PATH + query)
    assert code == want, answer
    return answer["result"]


def peer(client):
    return "127.0.0.1:%d" % client.sock.getsockname()[1]


def test_a_row_says_who_it_is(two, world):
    with Client(two.port, cert=world.alice, version=TLS13) as c:
        assert c.get().status == 200
        wait_until(lambda: rows(two) and rows(two)[0]["bytes_out"] > 0, "the row")
        (row,) = rows(two)
        assert row.pop("worker") in (0, 1) and row.pop("slot") == 0
        assert 0 <= row.pop("age_s") < 600
        assert row.pop("bytes_in") > 30 and row.pop("bytes_out") > 30
        serial = world.alice.serial.rjust(len(world.alice.serial) + len(world.alice.serial) % 2, "0")  # whole bytes
        assert row == {
            "peer": peer(c), "host": "api.example.com", "tls": "TLSv1.3", "suite": c.sock.cipher()[0],
            "is_kernel_tls": two.engine() == "kernel", "is_resumed": False, "requests": 1,
            "certificate": {"sha256": world.alice.sha256, "serial": serial, "subject": "CN=alice",
                            "is_verified": True}}
        session = c.sock.session
    wait_until(lambda: rows(two) == [], "the end")
    with Client(two.port, sni="shop.example.com", version=TLS12, ctx=None) as c:
        (row,) = wait_until(lambda: rows(two), "the row")
        assert row["certificate"] is None and row["tls"] == "TLSv1.2" and row["host"] == "shop.example.com"
        assert row["requests"] == 0
    assert session is not None


def test_filters(two, world):
    with Client(two.port, cert=world.alice) as a, Client(two.port, cert=world.bob) as b, \
            Client(two.port, sni="shop.example.com") as s, Client(two.port, cert=world.self_signed) as stranger:
        wait_until(lambda: len(rows(two)) == 4, "four rows")
        everybody = {peer(c) for c in (a, b, s, stranger)}
        colons = ":".join(world.bob.sha256[i:i + 2] for i in range(0, 64, 2)).upper()

        def peers(query):
            return {r["peer"] for r in rows(two, query)}
        assert peers("") == everybody
        assert peers("?host=shop.example.com") == peers("?host=SHOP.example.com") == {peer(s)}
        assert peers("?fingerprint=" + world.alice.sha256) == {peer(a)}
        assert peers("?fingerprint=" + colons) == {peer(b)}
        assert peers("?fingerprint=" + "0" * 64) == peers("?host=example.com") == peers("?host=") == set()
        assert peers("?host=shop.example.com&fingerprint=" + world.alice.sha256) == set()
        assert peers("?worker=0") | peers("?worker=1") == everybody
        assert not peers("?worker=0") & peers("?worker=1")
        (row,) = rows(two, "?fingerprint=" + world.self_signed.sha256)
        assert row["certificate"]["is_verified"] is False


@pytest.mark.parametrize("query,word", [
    ("?limit=0", "limit"), ("?limit=1001", "limit"), ("?limit=x", "limit"), ("?limit=", "limit"),
    ("?worker=2", "worker"), ("?worker=-1", "worker"), ("?worker=x", "worker"),
    ("?fingerprint=12", "fingerprint"), ("?fingerprint=", "fingerprint"), ("?fingerprint=" + "g" * 64, "fingerprint"),
    ("?cursor=", "cursor"), ("?cursor=0", "cursor"), ("?cursor=0-", "cursor"), ("?cursor=-0", "cursor"),
    ("?cursor=2-0", "cursor"), ("?cursor=0-65536", "cursor"), ("?cursor=0-0-0", "cursor"), ("?cursor=1-0&worker=0", "cursor"),
    ("?cursor=0-99999999999999999999", "cursor"),
])
def test_a_wrong_query_is_told(two, query, word):
    code, _, answer = two.api("GET", PATH + query)
    assert code == 400 and answer["errors"][0]["code"] == 12130
    assert answer["errors"][0]["message"].startswith(word + ":")


def test_pages_meet_each_once(two, world):
    ctx = context(world.alice)
    clients = [Client(two.port, ctx=ctx) for _ in range(25)]
    try:
        wait_until(lambda: len(rows(two)) == 25, "all of them")
        got, cursor, pages = [], None, 0
        while cursor != "":
            code, _, answer = two.api("GET", f"{PATH}?limit=4" + (f"&cursor={cursor}" if cursor else ""))
            assert code == 200
            info = answer["result_info"]
            assert info["count"] == len(answer["result"]) <= 4 and info["limit"] == 4
            got += answer["result"]
            cursor = info["cursors"]["after"]
            pages += 1
        assert pages >= 7
        assert sorted(r["peer"] for r in got) == sorted(peer(c) for c in clients)
    finally:
        for c in clients:
            c.close()


def test_a_killed_worker_has_nobody(two, world):
    with Client(two.port, cert=world.alice):
        (row,) = wait_until(lambda: rows(two), "the row")
        before = two.workers()
        os.kill([w["pid"] for w in two.api("GET", "/sluice/v1/workers")[2]["result"] if w["id"] == row["worker"]][0],
                signal.SIGKILL)
        wait_until(lambda: rows(two) == [], "no row")
        wait_until(lambda: len(two.workers()) == 2 and two.workers() != before, "another worker")
        assert rows(two) == []


HOSTILE = "a\x1b[31m\x9b2J\u202e\u2028\x07\"<script>',\\\x7f"


def test_what_a_certificate_says_does_not_reach_the_terminal(two, world):
    cert = world.pki.client("hostile", None, subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTILE)]))
    with Client(two.port, cert=cert):
        (row,) = wait_until(lambda: rows(two), "the row")
        code, out, _ = two.ctl("connections")
        json_out = two.ctl("connections", "--json")[1]
    assert code == 0 and cert.sha256 in out
    for text in (out, json_out, row["certificate"]["subject"]):
        assert all(" " <= c <= "~" or c == "\n" for c in text), text
    assert row["certificate"]["subject"].startswith("CN=a\\1B[31m")


def test_sluicectl_shows_them_and_filters(two, world):
    with Client(two.port, cert=world.alice) as a, Client(two.port, sni="shop.example.com"):
        wait_until(lambda: len(rows(two)) == 2, "two rows")
        code, out, err = two.ctl("connections")
        assert (code, err) == (0, "")
        head, *lines = out.splitlines()
        assert head.split() == ["PEER", "HOST", "TLS", "SUITE", "KTLS", "AGE", "REQUESTS", "IN", "OUT", "SERIAL", "SHA256",
                                "SUBJECT"]
        assert len(lines) == 2 and any(world.alice.serial in line and "CN=alice" in line for line in lines)
        (row,) = json.loads(two.ctl("connections", "--host", "api.example.com", "--json")[1])
        assert row["peer"] == peer(a)
        for args, count in ((["--fingerprint", world.alice.sha256], 1), (["--fingerprint", "0" * 64], 0),
                            (["--host", "a&b=c#?/%"], 0)):
            code, out, _ = two.ctl("connections", *args, "--json")
            assert code == 0 and len(json.loads(out)) == count, args
        code, out, err = two.ctl("connections", "--worker", "9")
        assert code == 1 and out == "" and "worker" in err
        for args in (["--host"], ["x"], ["--hots", "x"], ["--host", "x", "y"]):
            assert two.ctl("connections", *args)[0] == 2, args


def test_more_than_a_page_of_sluicectl(two, world):
    ctx = context()
    clients = [Client(two.port, ctx=ctx, sni="shop.example.com") for _ in range(1100)]
    try:
        wait_until(lambda: two.stats()["conns_open"] == 1100, "all of them")
        got = json.loads(two.ctl("connections", "--json")[1])
        assert len({r["peer"] for r in got}) == len(got) == 1100
    finally:
        for c in clients:
            c.close()
