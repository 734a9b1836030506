# SPDX-License-Identifier: GPL-2.0-only
"""OCSP: who is let in by what a responder says, does not say, or says too late."""
import os
import signal
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from client import TLS12, TLS13, Client, context, request
from door import HANG, children, free_port, host, wait_until
from ocsp import Responder
from revoking import ALERT, visit

UNKNOWN = "SSLV3_ALERT_CERTIFICATE_UNKNOWN"
VERSIONS = pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
MODES = pytest.mark.parametrize("mode", ["soft", "hard"])


@pytest.fixture
def responder(world):
    r = Responder(world.client_ca, [world.alice, world.bob])
    yield r
    r.close()


def api(world, origin, mode, url=None, verify="require", **auth):
    auth = {"ocsp": mode, **auth}
    if url:
        auth["ocsp_responder"] = url
    return host(world.api, ["api.example.com"], [origin], verify, world.client_ca, 2, auth=auth)


def control(d):
    for pid in children(d.process.pid):
        with open(f"/proc/{pid}/cmdline") as f:
            if "--role=control" in f.read():
                return pid
    raise AssertionError("no control")


def counted(d, *names):
    stats = d.stats()
    return tuple(stats["ocsp_" + n] for n in names)


@VERSIONS
@MODES
def test_good_is_let_in_and_revoked_is_not(world, door, origin, responder, mode, version):
    responder.status = {world.bob: "revoked"}
    d = door([api(world, origin, mode, responder.url)])
    assert visit(d.port, context(world.alice, version))[0] == 200
    assert visit(d.port, context(world.bob, version))[0] == ALERT
    assert [r.get("cf-client-cert-sha256") for r in origin.requests] == [world.alice.sha256]
    assert responder.asked == ["CN=alice", "CN=bob"]
    # both are known now: nobody is asked, nobody is held
    assert visit(d.port, context(world.alice, version))[0] == 200
    assert visit(d.port, context(world.bob, version))[0] == ALERT
    assert len(responder.asked) == 2
    assert counted(d, "held") == (2,)


@VERSIONS
def test_a_resumed_session_is_asked_about_as_well(world, door, origin, responder, version):
    d = door([api(world, origin, "hard", responder.url)], ocsp_refresh_s=1)
    ctx = context(world.alice, version)
    _, _, session = visit(d.port, ctx)
    assert visit(d.port, ctx, session)[:2] == (200, True)
    responder.status = "revoked"
    wait_until(lambda: visit(d.port, ctx, session)[0] == ALERT, "refused")
    assert visit(d.port, ctx, session)[0] == ALERT


NOTHING = {
    "unknown": {"status": "unknown"},
    "old": {"begins": -20, "ends": -10},
    "of-tomorrow": {"begins": 600, "ends": 1200},
    "garbage": {"body": b"\x30\x03\x02\x01\x00"},
    "not-asn1": {"body": b"<html>"},
    "nothing": {"body": b""},
    "huge": {"body": b"\x30\x84\x00\x20\x00\x00" + b"\0" * 0x200000},
    "500": {"code": 500},
    "elsewhere": {"code": 302, "headers": {"Location": "http://127.0.0.1:1/"}},
    "foreign-signer": {"signer": "other"},
    "leaf-signer": {"signer": "alice"},
}


@pytest.mark.parametrize("what", NOTHING)
@MODES
def test_nothing_that_can_be_believed(world, door, origin, responder, mode, what):
    for name, value in NOTHING[what].items():
        setattr(responder, name, getattr(world, {"other": "other_ca"}.get(value, value)) if name == "signer" else value)
    d = door([api(world, origin, mode, responder.url)])
    got = visit(d.port, context(world.alice))[0]
    assert got == (200 if mode == "soft" else UNKNOWN)
    assert len(origin.requests) == (mode == "soft")
    assert counted(d, "let_pass", "refused") == ((1, 0) if mode == "soft" else (0, 1))
    assert sum(counted(d, "failed", "unknown")) >= 1
    # known for a while now
    assert visit(d.port, context(world.alice))[0] == got


@MODES
def test_nobody_listens(world, door, origin, mode):
    d = door([api(world, origin, mode, f"http://127.0.0.1:{free_port()}")])
    for who in (world.alice, world.bob):
        assert visit(d.port, context(who))[0] == (200 if mode == "soft" else UNKNOWN)
    assert d.errors().count("OCSP for host api.example.com: ") == 1


@MODES
def test_a_responder_that_hangs(world, door, origin, responder, mode):
    responder.go.clear()
    d = door([api(world, origin, mode, responder.url),
              host(world.shop, ["shop.example.com"], [origin], "require", world.client_ca)], ocsp_timeout_ms=500)
    with Client(d.port, cert=world.alice) as held:
        held.send(request(target="/held"))
        wait_until(lambda: counted(d, "held") == (1,), "held")
        # nobody else notices
        with Client(d.port, sni="shop.example.com", cert=world.alice) as c:
            assert c.get(target="/else", host="shop.example.com").status == 200
        if mode == "soft":
            assert held.response().status == 200
        else:
            assert held.to_end() == b""
            assert held.end == UNKNOWN
    want = ["/else"] + ["/held"] * (mode == "soft")
    assert [r.target for r in origin.requests] == want


def test_many_of_one_certificate_ask_once(world, door, origin, responder):
    responder.go.clear()
    d = door([api(world, origin, "hard", responder.url)], ocsp_timeout_ms=30000, workers=2)
    clients = [Client(d.port, cert=world.alice) for _ in range(20)]
    for c in clients:
        c.send(request())
    wait_until(lambda: responder.asked, "asked")
    wait_until(lambda: counted(d, "held") == (20,), "all are held")
    assert not origin.requests
    responder.go.set()
    for c in clients:
        assert c.response().status == 200
        c.close()
    assert responder.asked == ["CN=alice"]


@VERSIONS
@pytest.mark.parametrize("on_revoked", ["close", "forbid"])
def test_revoked_while_connected(world, door, origin, responder, version, on_revoked):
    d = door([api(world, origin, "hard", responder.url, on_revoked=on_revoked)], ocsp_refresh_s=1)
    with Client(d.port, cert=world.alice, version=version) as alice, \
            Client(d.port, cert=world.bob, version=version) as bob:
        assert alice.get().status == 200
        assert bob.get().status == 200
        responder.status = {world.alice: "revoked"}
        if on_revoked == "close":
            assert alice.to_end() == b""  # without another word
            assert alice.end == ALERT
        else:
            wait_until(lambda: counted(d, "revoked")[0] > 0, "told")
            assert alice.get().status == 403
        assert bob.get().status == 200


def test_a_tunnel_ends_when_its_certificate_is_revoked(world, door, origins, responder):
    def script(origin, conn):
        conn.request_head()
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
        conn.wait_end()

    d = door([api(world, origins(script), "soft", responder.url)], ocsp_refresh_s=1)
    with Client(d.port, cert=world.alice) as c:
        c.send(request(fields=["Upgrade: x", "Connection: Upgrade"]))
        assert c.response().status == 101
        responder.status = "revoked"
        assert c.to_end() == b""
        assert c.end == ALERT


@MODES
def test_an_answer_out_of_date_is_none(world, door, origin, responder, mode):
    """The responder dies; what it said last ends while the client is connected."""
    responder.ends = -59 / 60  # and a minute for the clocks: a second
    d = door([api(world, origin, mode, responder.url)])
    with Client(d.port, cert=world.alice) as c:
        assert c.get().status == 200
        responder.code = 500
        wait_until(lambda: counted(d, "failed")[0] > 0, "out of date")
        c.send(request())
        if mode == "soft":
            assert c.response().status == 200
        else:
            assert c.to_end() == b""
            assert c.end == UNKNOWN
    assert len(origin.requests) == (2 if mode == "soft" else 1)


def test_revoked_stays_so_whatever_becomes_of_the_responder(world, door, origin, responder):
    responder.status, responder.ends = "revoked", -59 / 60
    d = door([api(world, origin, "soft", responder.url)], ocsp_refresh_s=1)
    assert visit(d.port, context(world.alice))[0] == ALERT
    responder.code = 500
    wait_until(lambda: visit(d.port, context(world.alice))[0] == ALERT and len(responder.asked) > 2, "asked again")
    # an answer of before, that somebody kept
    responder.code, responder.status, responder.begins, responder.ends = 200, "good", -10, 60
    seen = len(responder.asked)
    wait_until(lambda: visit(d.port, context(world.alice))[0] == ALERT and len(responder.asked) > seen, "asked again")
    assert visit(d.port, context(world.alice))[0] == ALERT
    assert not origin.requests


def test_the_responder_that_the_certificate_names(world, door, origin):
    r = Responder(world.client_ca, [])
    try:
        aia = x509.AuthorityInformationAccess([
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(u))
            for u in ("ldap://127.0.0.1/", r.url)])
        carol = world.pki.client("carol-ocsp", world.client_ca, extra=[aia])
        r.known = [carol]
        d = door([api(world, origin, "hard")])
        assert visit(d.port, context(carol))[0] == 200
        assert r.asked == ["CN=carol-ocsp"]
        assert visit(d.port, context(world.alice))[0] == UNKNOWN  # names none
    finally:
        r.close()


def test_below_an_intermediate_and_by_a_delegate(world, door, origin):
    delegate = world.pki.issue("ocsp-delegate", world.second, usage=ExtendedKeyUsageOID.OCSP_SIGNING)
    r = Responder(world.second, [world.depth1], delegate)
    try:
        d = door([api(world, origin, "hard", r.url)])
        assert visit(d.port, context(world.depth1))[0] == 200
    finally:
        r.close()


def test_who_shows_no_certificate_is_not_asked_about(world, door, origin, responder):
    d = door([api(world, origin, "hard", responder.url, verify="optional")])
    assert visit(d.port, context())[0] == 200
    assert visit(d.port, context(world.alice))[0] == 200
    assert responder.asked == ["CN=alice"]


def test_hosts_of_other_demands_share_nothing(world, door, origin, responder):
    """Revoked by the responder of one host, good by that of another."""
    other = Responder(world.client_ca, [world.alice])
    try:
        responder.status = "revoked"
        d = door([api(world, origin, "hard", responder.url),
                  host(world.shop, ["shop.example.com"], [origin], "require", world.client_ca, 2,
                       auth={"ocsp": "soft", "ocsp_responder": other.url})])
        for _ in range(2):
            assert visit(d.port, context(world.alice))[0] == ALERT
            with Client(d.port, sni="shop.example.com", cert=world.alice) as c:
                assert c.get(host="shop.example.com").status == 200
                assert c.get(host="api.example.com").status == 421
        assert (len(responder.asked), len(other.asked)) == (1, 1)
    finally:
        other.close()


@MODES
def test_control_is_killed(world, door, origin, responder, mode):
    responder.go.clear()
    d = door([api(world, origin, mode, responder.url)], ocsp_timeout_ms=20000)
    with Client(d.port, cert=world.alice) as c:
        c.send(request())
        wait_until(lambda: responder.asked, "asked")
        os.kill(control(d), signal.SIGKILL)
        responder.go.set()
        assert c.response().status == 200  # the next one was asked
    assert len(responder.asked) >= 2


def test_a_reload_turns_it_on(world, door, origin, responder):
    d = door([api(world, origin, "off")])
    with Client(d.port, cert=world.bob) as c:
        assert c.get().status == 200
        responder.status = "revoked"
        d.write([api(world, origin, "hard", responder.url)])
        assert d.reload()
        assert c.get().status == 421
    assert not responder.asked
    assert visit(d.port, context(world.bob))[0] == ALERT


def test_a_worker_is_killed(world, door, origin, responder):
    d = door([api(world, origin, "hard", responder.url)])
    assert visit(d.port, context(world.alice))[0] == 200
    pid = d.workers()[0]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: any(w != pid for w in d.workers()) and d.stats()["snapshot_version"] > 0, "another")
    assert visit(d.port, context(world.alice))[0] == 200
    assert responder.asked == ["CN=alice"]  # control knew


def test_a_drain_does_not_wait_for_the_held(world, door, origin, responder):
    responder.go.clear()
    d = door([api(world, origin, "hard", responder.url)], ocsp_timeout_ms=500)
    with Client(d.port, cert=world.alice) as c:
        c.send(request())
        wait_until(lambda: counted(d, "held") == (1,), "held")
        d.process.send_signal(signal.SIGTERM)
        assert c.to_end() == b""
    assert not origin.requests
    d.process.wait(HANG)
    responder.go.set()


def test_openssl_is_the_responder(world, door, origin, tmp_path):
    def row(flag, cert):
        return f"{flag}\t351231235959Z\t{'200101000000Z' if flag == 'R' else ''}\t{cert.serial}\tunknown\t/CN=x\n"
    index = tmp_path / "index.txt"
    serials = {c: c.serial if len(c.serial) % 2 == 0 else "0" + c.serial for c in (world.alice, world.bob)}
    index.write_text("".join(row(f, c).replace(c.serial, serials[c]) for f, c in (("V", world.alice), ("R", world.bob))))
    port = free_port()
    log = tmp_path / "openssl.log"  # whoever connects only to see whether it listens ends it
    with open(log, "wb") as out:
        p = subprocess.Popen(["openssl", "ocsp", "-index", str(index), "-port", str(port), "-CA", world.client_ca.pem,
                              "-rsigner", world.client_ca.pem, "-rkey", world.client_ca.key, "-nmin", "5"],
                             stdout=out, stderr=out)
    try:
        wait_until(lambda: "waiting for OCSP client" in log.read_text(), "openssl listens")
        d = door([api(world, origin, "hard", f"http://127.0.0.1:{port}")])
        assert visit(d.port, context(world.alice))[0] == 200
        assert visit(d.port, context(world.bob))[0] == ALERT
    finally:
        p.terminate()
        p.wait()
