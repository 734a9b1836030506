# SPDX-License-Identifier: GPL-2.0-only
"""Revoked now: live connections end or are told so, new ones are refused, everybody else is left alone."""
import os
import signal
import time

import pytest

from client import TLS12, TLS13, Client, context, request
from door import HANG, host, wait_until
from revoking import ALERT, EXPIRED, ISSUER, Held, Revoked, visit

VERSIONS = pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])


@pytest.fixture
def revoked(world):
    return Revoked(world.pki.directory)


def api(world, origin, verify="require", on_revoked="close", **identity):
    return host(world.api, ["api.example.com"], [origin], verify, world.client_ca, 2, auth={"on_revoked": on_revoked},
                **identity)


def ended(client):
    """How an idle connection ended, without another word from the client."""
    assert client.to_end() == b""
    return client.end


@VERSIONS
@pytest.mark.parametrize("inject", ["first_request", "every_request"])
def test_live_connections_end_and_others_go_on(world, door, origin, revoked, version, inject):
    d = door([api(world, origin, inject=inject)], revoked=revoked.path)
    with Client(d.port, cert=world.alice, version=version) as used, \
            Client(d.port, cert=world.alice, version=version) as unused, \
            Client(d.port, cert=world.bob, version=version) as bob:
        assert used.get().status == 200
        assert bob.get().status == 200
        revoked.put(d, world.alice.sha256)
        assert ended(used) == ALERT
        assert ended(unused) == ALERT
        assert visit(d.port, context(world.alice, version))[0] == ALERT
        assert bob.get().status == 200
        rows = d.logged(1, reason="cert_rejected")
        assert "certificate revoked (depth 0, subject CN=alice)" in rows[0]["text"]
        revoked.put(d)
        assert bob.get().status == 200
    assert visit(d.port, context(world.alice, version))[0] == 200


ENTRIES = {
    "upper-case": lambda c: c.sha256.upper(),
    "colons": lambda c: ":".join(c.sha256[i:i + 2] for i in range(0, 64, 2)),
    "serial": lambda c: f"{c.serial} {ISSUER}",
    "serial-leading-zeroes": lambda c: f"0x00{c.serial.lower()}\t{ISSUER.upper()}",
    "serial-spaces": lambda c: f"{c.serial} CN = client   CA ",
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_however_an_entry_is_written(world, door, origin, revoked, entry):
    d = door([api(world, origin)], revoked=revoked.path)
    revoked.put(d, "# why: lost on a train", "", ENTRIES[entry](world.alice))
    assert visit(d.port, context(world.alice))[0] == ALERT
    assert visit(d.port, context(world.bob))[0] == 200


def test_a_serial_number_of_another_issuer_is_another_certificate(world, door, origin, revoked):
    d = door([api(world, origin)], revoked=revoked.path)
    revoked.put(d, f"{world.alice.serial} CN=Other CA")
    assert visit(d.port, context(world.alice))[0] == 200


@VERSIONS
def test_neither_a_session_nor_a_known_chain_lets_it_in(world, door, origin, revoked, version):
    d = door([api(world, origin)], revoked=revoked.path)
    ctx = context(world.alice, version)
    _, _, session = visit(d.port, ctx)
    assert visit(d.port, ctx, session)[:2] == (200, True)
    assert visit(d.port, ctx)[:2] == (200, False)
    assert d.stats()["verified_hit"] == 1
    revoked.put(d, world.alice.sha256)
    assert visit(d.port, ctx, session)[0] == ALERT
    assert visit(d.port, ctx)[0] == ALERT
    revoked.put(d)
    assert visit(d.port, ctx)[:2] == (200, False)


@VERSIONS
@pytest.mark.parametrize("inject", ["first_request", "every_request"])
def test_forbid_finishes_a_request_and_answers_the_next_403(world, door, origins, revoked, version, inject):
    held = Held()
    d = door([api(world, origins(held), on_revoked="forbid", inject=inject)], revoked=revoked.path)
    with Client(d.port, cert=world.alice, version=version) as idle, \
            Client(d.port, cert=world.alice, version=version) as busy:
        assert idle.get().status == 200
        busy.send(request(target="/held") + request(target="/next"))
        assert held.came.wait(HANG)
        revoked.put(d, world.alice.sha256)
        held.go.set()
        assert busy.response().status == 200
        assert busy.response().status == 403
        r = idle.get(target="/late")
        assert (r.status, r.get("connection"), r.body) == (403, "close", b"cert_revoked\n")
        assert d.logged(1, path="/late")[0]["status"] == 403
    assert visit(d.port, context(world.alice, version))[0] == ALERT
    assert held.targets == ["/", "/held"]


def test_forbid_forgives(world, door, origin, revoked):
    d = door([api(world, origin, on_revoked="forbid")], revoked=revoked.path)
    with Client(d.port, cert=world.alice) as c:
        assert c.get().status == 200
        revoked.put(d, world.alice.sha256)
        revoked.put(d)
        assert c.get().status == 200


@VERSIONS
@pytest.mark.parametrize("on_revoked", ["close", "forbid"])
def test_a_tunnel_has_no_next_request(world, door, origins, revoked, version, on_revoked):
    def script(o, conn):
        conn.request_head()
        conn.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello")
        conn.wait_end()

    d = door([api(world, origins(script), on_revoked=on_revoked)], revoked=revoked.path)
    with Client(d.port, cert=world.alice, version=version) as c:
        c.send(request(fields=["Connection: upgrade", "Upgrade: x"]))
        assert c.response().status == 101
        c.until(b"hello")
        revoked.put(d, world.alice.sha256)
        assert ended(c) == ALERT
    assert d.logged(1, status=101)[0]["reason"] == "revoked"


@VERSIONS
def test_a_request_body_on_its_way_is_cut(world, door, origins, revoked, version):
    took = []

    def script(o, conn):
        conn.request_head()
        conn.exactly(1000)
        took.append(1000)
        conn.wait_end()
        took.append("end")

    d = door([api(world, origins(script))], revoked=revoked.path)
    with Client(d.port, cert=world.alice, version=version) as c:
        c.send(b"POST / HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 100000\r\n\r\n" + bytes(1000))
        wait_until(lambda: took, "1000 bytes")
        revoked.put(d, world.alice.sha256)
        assert ended(c) == ALERT
    assert d.logged(1, method="POST")[0]["reason"] == "revoked"
    wait_until(lambda: took == [1000, "end"], "the origin's end")


@VERSIONS
def test_a_response_on_its_way_is_cut(world, door, origins, revoked, version):
    def script(o, conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + bytes(1000))
        conn.wait_end()

    d = door([api(world, origins(script))], revoked=revoked.path)
    with Client(d.port, cert=world.alice, version=version) as c:
        c.send(request())
        assert c.head().status == 200
        c._exactly(1000, None)
        revoked.put(d, world.alice.sha256)
        assert ended(c) == ALERT
    assert d.logged(1, status=200)[0]["reason"] == "revoked"


def is_still(number):
    before = number()
    time.sleep(0.2)
    return number() == before


@VERSIONS
def test_who_reads_nothing_is_cut_without_a_word(world, door, origins, revoked, version):
    def script(o, conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            conn.send(bytes(1 << 16))

    d = door([api(world, origins(script))], revoked=revoked.path)
    with Client(d.port, cert=world.alice, version=version, receive_buffer=4096) as c:
        c.send(request())
        assert c.head().status == 200
        wait_until(lambda: d.stats()["bytes_to_clients"] > 30000, "some of it on its way")
        wait_until(lambda: is_still(lambda: d.stats()["bytes_to_clients"]), "a full socket")
        revoked.put(d, world.alice.sha256)
        assert d.logged(1, status=200)[0]["reason"] == "revoked"
        c.to_end()
        assert c.end != "close_notify"


@VERSIONS
def test_request_mode_goes_on_and_says_so(world, door, origin, revoked, version):
    d = door([api(world, origin, "request", dialects=["cloudflare-managed"])], revoked=revoked.path)

    ctx = context(world.alice, version)

    def told():
        status, _, session = visit(d.port, ctx)
        assert status == 200
        r = origin.requests[-1]
        return r.get("cf-cert-revoked"), r.get("cf-cert-verified"), session

    with Client(d.port, cert=world.alice, version=version) as before, \
            Client(d.port, cert=world.self_signed, version=version) as stranger:
        assert before.get().status == stranger.get().status == 200
        assert told()[:2] == ("false", "true")
        _, _, session = told()
        revoked.put(d, world.alice.sha256, world.self_signed.sha256)
        assert ended(before) == ALERT  # the origin was told otherwise; the client may come back
        assert stranger.get().status == 200  # nobody was told that it is good
        assert told()[:2] == ("true", "true")  # by Cloudflare's meaning of it
        assert visit(d.port, ctx, session)[:2] == (200, False)
        assert origin.requests[-1].get("cf-cert-revoked") == "true"
    with Client(d.port, cert=world.alice, version=version) as known:
        assert known.get().status == 200
        revoked.put(d, world.alice.sha256)
        assert known.get().status == 200
        revoked.put(d)
    assert told()[:2] == ("false", "true")


def test_a_worker_that_starts_later_knows(world, door, origin, revoked):
    d = door([api(world, origin)], revoked=revoked.path, workers=2)
    revoked.put(d, world.alice.sha256)
    for pid in d.workers():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: visit_or_none(d, world.bob) == 200, "workers again")
    for _ in range(8):
        assert visit(d.port, context(world.alice))[0] == ALERT


def visit_or_none(d, cert):
    try:
        return visit(d.port, context(cert))[0]
    except OSError:
        return None


def control_of(d):
    return [p for p in d.family()[1:] if p not in d.workers()][0]


def test_control_may_die_and_its_file_may_be_gone(world, door, origin, revoked):
    d = door([api(world, origin)], revoked=revoked.path)
    revoked.put(d, world.alice.sha256)
    os.unlink(revoked.path)
    before = control_of(d)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: "what was in force stays in force" in d.errors(), "a new control")
    assert visit(d.port, context(world.alice))[0] == ALERT
    os.kill(d.worker(), signal.SIGKILL)
    wait_until(lambda: visit_or_none(d, world.bob) == 200, "a new worker")
    assert visit(d.port, context(world.alice))[0] == ALERT
    revoked.write(world.alice.sha256)
    assert d.reload()
    revoked.put(d, world.bob.sha256)
    assert visit(d.port, context(world.alice))[0] == 200
    assert visit(d.port, context(world.bob))[0] == ALERT


def test_a_changed_file_needs_no_signal_and_a_broken_one_changes_nothing(world, door, origin, revoked):
    d = door([api(world, origin)], revoked=revoked.path, files_refresh_s=1)
    with Client(d.port, cert=world.alice) as c:
        assert c.get().status == 200
        revoked.write(world.alice.sha256)
        assert ended(c) == ALERT
    revoked.write(world.bob.sha256, "junk")
    wait_until(lambda: "revoked.txt line 2: neither a SHA-256" in d.errors(), "a complaint")
    os.unlink(revoked.path)
    wait_until(lambda: "revoked.txt cannot be read: No such file" in d.errors(), "another")
    assert visit(d.port, context(world.alice))[0] == ALERT
    assert visit(d.port, context(world.bob))[0] == 200
    revoked.write(world.bob.sha256)
    wait_until(lambda: visit(d.port, context(world.bob))[0] == ALERT, "the file that is there again")


def test_a_broken_file_is_a_mistake_at_reload(world, door, origin, revoked):
    d = door([api(world, origin)], revoked=revoked.path)
    revoked.put(d, world.alice.sha256)
    revoked.write("12 ")
    assert not d.reload()
    assert "revoked.txt line 1: neither a SHA-256 nor a serial number and an issuer" in d.errors()
    assert visit(d.port, context(world.alice))[0] == ALERT


@VERSIONS
def test_another_crl_ends_whom_it_lists_and_nobody_else(world, door, origin, version):
    """Of a chain any certificate may be listed; a host without that CRL is another matter."""
    pki = world.pki
    files = [pki.crl("live-root.crl", world.client_ca), pki.crl("live-second.crl", world.second)]
    auth = {"crl": files}
    d = door([host(world.api, ["api.example.com", "b.api.example.com"], [origin], "require", world.client_ca, 2,
                   auth=auth),
              host(world.shop, ["shop.example.com"], [origin], "require", world.client_ca, 2)])
    with Client(d.port, cert=world.alice, version=version) as alice, \
            Client(d.port, cert=world.bob, version=version) as bob, \
            Client(d.port, cert=world.depth1, version=version) as deep, \
            Client(d.port, cert=world.bob, version=version, sni="shop.example.com") as shop:
        clients = (alice, bob, deep, shop)
        assert [c.get().status for c in clients] == [200] * 4
        pki.crl("live-root.crl", world.client_ca, [world.alice])
        assert d.reload()
        assert ended(alice) == ALERT
        for c in (bob, deep):
            assert c.get().status == 200
            assert c.get(host="b.api.example.com").status == 200
        assert shop.get().status == 200
        pki.crl("live-root.crl", world.client_ca, [world.alice, world.second])
        assert d.reload()
        assert ended(deep) == ALERT
        assert bob.get().status == 200
        assert shop.get(host="api.example.com").status == 421
        assert bob.get(host="shop.example.com").status == 421


def test_without_crls_and_with_them_again(world, door, origin):
    path = world.pki.crl("again.crl", world.client_ca, [world.bob])
    with_crl = host(world.api, ["api.example.com"], [origin], "require", world.client_ca, auth={"crl": [path]})
    without = host(world.api, ["api.example.com"], [origin], "require", world.client_ca)
    d = door([with_crl])
    with Client(d.port, cert=world.alice) as alice:
        assert alice.get().status == 200
        d.write([without])
        assert d.reload()
        assert alice.get().status == 200
        with Client(d.port, cert=world.bob) as bob:
            assert bob.get().status == 200
            d.write([with_crl])
            assert d.reload()
            assert ended(bob) == ALERT
        assert alice.get().status == 200
        d.write([host(world.api, ["api.example.com"], [origin], "require", world.other_ca)])
        assert d.reload()
        assert alice.get().status == 421  # that is more than other CRLs


def soon(world, label, seconds=4):
    return world.pki.client(label, world.client_ca, ends=seconds / 86400)


@VERSIONS
def test_a_certificate_that_expires_ends_what_is_idle(world, door, origin, version):
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)])
    with Client(d.port, cert=soon(world, f"soon-{version}"), version=version) as c, \
            Client(d.port, cert=world.alice, version=version) as alice:
        assert c.get().status == alice.get().status == 200
        assert ended(c) == EXPIRED
        assert alice.get().status == 200


def test_a_request_under_way_is_finished_though_it_expires(world, door, origins):
    held = Held()
    cert = soon(world, "soon-held")
    d = door([host(world.api, ["api.example.com"], [origins(held)], "require", world.client_ca)])
    with Client(d.port, cert=cert) as busy, Client(d.port, cert=cert) as idle:
        busy.send(request(target="/held"))
        assert held.came.wait(HANG)
        assert ended(idle) == EXPIRED
        held.go.set()
        assert busy.response().status == 200
        assert ended(busy) == EXPIRED


def test_keep_goes_on_with_what_expired(world, door, origin):
    cert = soon(world, "soon-kept")
    keeps = host(world.api, ["api.example.com"], [origin], "require", world.client_ca, auth={"on_expired": "keep"})
    ends = host(world.shop, ["shop.example.com"], [origin], "require", world.client_ca)
    d = door([keeps, ends])
    with Client(d.port, cert=cert) as kept, Client(d.port, cert=cert, sni="shop.example.com") as other:
        assert kept.get().status == other.get().status == 200
        assert ended(other) == EXPIRED
        assert kept.get().status == 200
        d.write([ends | {"names": ["api.example.com"]}])
        assert d.reload()
        assert ended(kept) == EXPIRED
