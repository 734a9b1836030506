# SPDX-License-Identifier: GPL-2.0-only
"""One line of JSON for each request, and for each connection that never had one."""
import datetime

from client import TLS12, TLS13, Client, request, status
from door import host

KEYS = {"time", "host", "sni", "method", "path", "status", "bytes_in", "bytes_out", "ms_total", "ms_origin",
        "tls_version", "tls_engine", "cipher", "resumed", "cert_sha256", "cert_serial", "cert_subject", "client", "origin", "reason"}


def test_a_request_is_logged_with_all_there_is_to_know(world, api):
    with Client(api.port, cert=world.alice, version=TLS13) as c:
        me = "%s:%d" % c.sock.getsockname()
        c.send(request("POST", "/a/b?c=d", fields=["Content-Type: text/plain"], body=b"12345"))
        c.response()
    row = api.logged(path="/a/b?c=d")[0]
    assert KEYS <= set(row)
    assert row["host"] == "api.example.com"
    assert row["sni"] == "api.example.com"
    assert row["method"] == "POST"
    assert row["status"] == 200
    assert row["tls_version"] == "TLSv1.3"
    assert row["cipher"].startswith("TLS_")
    assert row["tls_engine"] in ("kernel", "user")
    assert row["resumed"] is False
    assert row["cert_sha256"] == world.alice.sha256
    assert row["cert_serial"].lstrip("0") == world.alice.serial
    assert "CN=alice" in row["cert_subject"]
    assert row["client"] == me
    assert row["origin"] == api.origin.address
    assert row["reason"] == "done"
    assert row["bytes_in"] >= 5
    assert row["bytes_out"] >= 2
    assert row["ms_total"] >= row["ms_origin"] >= 0
    assert datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00"))


def test_each_request_of_a_connection_has_its_line(world, api):
    with Client(api.port, cert=world.alice, version=TLS12) as c:
        for n in range(5):
            c.get(f"/{n}")
    rows = [api.logged(path=f"/{n}")[0] for n in range(5)]
    assert {r["tls_version"] for r in rows} == {"TLSv1.2"}
    assert all(r["cert_sha256"] == world.alice.sha256 for r in rows)


def test_a_client_without_a_certificate_is_logged_as_one(open_api):
    with Client(open_api.port) as c:
        c.get("/none")
    row = open_api.logged(path="/none")[0]
    assert not row["cert_sha256"] and not row["cert_serial"] and not row["cert_subject"]


def test_a_failed_handshake_is_logged_with_its_reason(world, api):
    assert status(api.port, cert=world.expired) is None
    row = api.logged(reason="cert_rejected")[0]
    assert row["status"] == 0
    assert row["sni"] == "api.example.com"
    assert row["client"].startswith("127.0.0.1:")


def test_nothing_a_client_writes_breaks_the_line(world, api):
    with Client(api.port, cert=world.alice) as c:
        c.send(b"GET /%22%5c\"\\{}\x7e HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
        c.response()
        c.send(request("GET", "/last"))
        c.response()
    api.logged(path="/last")


def test_no_log_when_it_is_off(world, door, origin):
    d = door([host(world.api, ["api.example.com"], [origin])], access_log=False)
    with Client(d.port) as c:
        assert c.get().status == 200
    d.stop()
    assert d.log() == []


def test_private_keys_are_in_no_log(world, door, origin):
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)])
    with Client(d.port, cert=world.alice) as c:
        c.get()
    d.write([host(world.shop, ["api.example.com"], [origin], "require", world.client_ca)])
    assert d.reload()
    d.stop()
    assert "PRIVATE KEY" not in d.errors()
