# SPDX-License-Identifier: GPL-2.0-only
"""Revoked by hand: over the settings API and sluicectl, in force when it is answered, kept whatever happens."""
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import time

import pytest

from client import TLS12, TLS13, Client, context, request
from door import HANG, host, wait_until
from revoking import ALERT, ISSUER, Held, Revoked, visit

VERSIONS = pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
PATH = "/sluice/v1/revocations"


@pytest.fixture
def revoked(world):
    return Revoked(world.pki.directory)


def api(world, origin, verify="require", **identity):
    return host(world.api, ["api.example.com"], [origin], verify, world.client_ca, 2, **identity)


@pytest.fixture
def kept(door, world, origin, state):
    """With a store."""
    return door([api(world, origin)], store=os.path.join(state, "s.db"), workers=2)


def revoke(d, body, want=201, query=""):
    code, _, answer = d.api("POST", PATH + query, body)
    assert code == want, answer
    return answer["result"]


def listed(d, query=""):
    code, _, answer = d.api("GET", PATH + query)
    assert code == 200, answer
    return answer["result"]


def start_again(d):
    seen = d.errors().count("ready")
    d.start()
    wait_until(lambda: d.errors().count("ready") > seen, "ready")


def by_serial(cert):
    return {"serial": cert.serial, "issuer": ISSUER}


def ended(client):
    assert client.to_end() == b""
    return client.end


# --- in force when it is answered -----------------------------------------------------------------------------

@VERSIONS
def test_idle_connections_have_ended_when_it_is_answered(kept, world, version):
    with Client(kept.port, cert=world.alice, version=version) as used, \
            Client(kept.port, cert=world.alice, version=version) as unused, \
            Client(kept.port, cert=world.bob, version=version) as bob:
        assert used.get().status == bob.get().status == 200
        row = revoke(kept, {"sha256": world.alice.sha256, "reason": "lost on a train"})
        # no waiting: the answer said so
        assert visit(kept.port, context(world.alice, version))[0] == ALERT
        assert ended(used) == ended(unused) == ALERT
        assert bob.get().status == 200
        code, _, answer = kept.api("DELETE", f"{PATH}/{row['id']}")
        assert code == 200 and answer["result"] == [row]
        assert visit(kept.port, context(world.alice, version))[0] == 200
        assert bob.get().status == 200
    assert row["id"] == row["sha256"] == world.alice.sha256
    assert row["kind"] == "sha256" and row["source"] == "store" and row["is_durable"] is True
    assert row["reason"] == "lost on a train" and row["added_by"] == f"uid {os.geteuid()}"
    assert row["added_at"].endswith("Z") and len(row["added_at"]) == 20
    assert listed(kept) == []


@VERSIONS
def test_a_body_on_its_way_is_cut(world, door, origins, state, version):
    def script(o, conn):
        conn.request_head()
        conn.exactly(1000)
        conn.wait_end()

    d = door([api(world, origins(script))], store=os.path.join(state, "s.db"))
    with Client(d.port, cert=world.alice, version=version) as c:
        c.send(b"POST / HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 100000\r\n\r\n" + bytes(1000))
        wait_until(lambda: d.stats()["bytes_from_clients"] > 1000, "the body's begin")
        revoke(d, by_serial(world.alice))
        assert ended(c) == ALERT
    assert d.logged(1, method="POST")[0]["reason"] == "revoked"


class Half:
    """A handshake of which the server's first flight has been taken, and not answered."""

    def __init__(self, port, ctx):
        self.sock = socket.create_connection(("127.0.0.1", port), HANG)
        self.into, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = ctx.wrap_bio(self.into, self.out, server_hostname="api.example.com")
        self.step(self.tls.do_handshake)
        self.sock.sendall(self.out.read())
        self.into.write(self.sock.recv(65536))

    def step(self, do):
        try:
            return do()
        except ssl.SSLWantReadError:
            return None

    def finish(self):
        """What comes of it: bytes, or the alert's name."""
        try:
            while True:
                done = self.step(self.tls.do_handshake) is None and self.tls.version() is not None
                data = self.step(lambda: self.tls.read(100)) if done else None
                if data:
                    return data
                self.sock.sendall(self.out.read())
                more = self.sock.recv(65536)
                if not more:
                    return "end"
                self.into.write(more)
        except ssl.SSLError as e:
            return e.reason
        finally:
            self.sock.close()


@VERSIONS
def test_a_handshake_on_its_way_is_refused(kept, world, version):
    half = Half(kept.port, context(world.alice, version))
    revoke(kept, {"sha256": world.alice.sha256})
    assert half.finish() == ALERT
    assert kept.stats()["handshakes_revoked"] == 1


def test_request_mode_says_so(world, door, origin, state):
    d = door([api(world, origin, "request", dialects=["cloudflare-managed"])], store=os.path.join(state, "s.db"))
    assert visit(d.port, context(world.alice))[0] == 200
    assert origin.requests[-1].get("cf-cert-revoked") == "false"
    revoke(d, {"sha256": world.alice.sha256})
    assert visit(d.port, context(world.alice))[0] == 200
    assert origin.requests[-1].get("cf-cert-revoked") == "true"


def test_forbid_answers_the_next_request(world, door, origins, state):
    held = Held()
    d = door([host(world.api, ["api.example.com"], [origins(held)], "require", world.client_ca,
                   auth={"on_revoked": "forbid"})], store=os.path.join(state, "s.db"))
    with Client(d.port, cert=world.alice) as c:
        c.send(request(target="/held") + request(target="/next"))
        assert held.came.wait(HANG)
        revoke(d, {"sha256": world.alice.sha256})
        held.go.set()
        assert c.response().status == 200
        assert c.response().status == 403


def test_a_worker_that_hangs_does_not_hold_it_up_for_ever(kept, world):
    """The master ends it, and whoever it served with it."""
    with Client(kept.port, cert=world.alice) as c:
        assert c.get().status == 200
        for pid in kept.workers():
            os.kill(pid, signal.SIGSTOP)
        revoke(kept, {"sha256": world.alice.sha256})
        c.to_end()
    assert ": killed" in kept.errors()
    wait_until(lambda: visit_or_none(kept, world.bob) == 200, "workers again")
    assert visit(kept.port, context(world.alice))[0] == ALERT


def test_workers_that_are_gone_are_not_waited_for_and_know_it_when_they_come(kept, world):
    for pid in kept.workers():
        os.kill(pid, signal.SIGKILL)
    revoke(kept, {"sha256": world.alice.sha256})
    for pid in kept.workers():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: visit_or_none(kept, world.bob) == 200, "workers again")
    for _ in range(8):
        assert visit(kept.port, context(world.alice))[0] == ALERT


def visit_or_none(d, cert):
    try:
        return visit(d.port, context(cert))[0]
    except OSError:
        return None


# --- how it is asked ------------------------------------------------------------------------------------------

def test_a_certificate_is_named_in_four_ways(kept, world):
    colons = ":".join(world.alice.sha256[i:i + 2] for i in range(0, 64, 2)).upper()
    with open(world.alice.pem, encoding="ascii") as f:
        pem = f.read()
    first = revoke(kept, {"sha256": colons})
    for body in ({"sha256": world.alice.sha256}, {"certificate": pem}, {"certificate": "text before\n" + pem}):
        assert revoke(kept, body, 200) == first
    row = revoke(kept, {"serial": "0x00" + world.bob.serial.lower(), "issuer": "cn = client  ca"})
    assert (row["kind"], row["serial"], row["issuer"]) == ("serial", world.bob.serial.lower().lstrip("0"), "cn=client ca")
    assert revoke(kept, by_serial(world.bob), 200) == row
    assert visit(kept.port, context(world.bob))[0] == ALERT
    assert listed(kept, f"?serial={world.bob.serial}&issuer=CN%3DClient%20CA") == [row]
    assert listed(kept, f"?sha256={colons}") == [first]
    assert listed(kept, f"?sha256={row['id']}") == [row]
    assert listed(kept, "?sha256=" + "0" * 64) == []
    assert kept.api("DELETE", f"{PATH}/{row['id']}")[0] == 200
    assert visit(kept.port, context(world.bob))[0] == 200


HEX = "ab" * 32
WRONG = [
    # (body, status, code, pointers)
    (None, 400, 6007, [None]),
    (b"{", 400, 6007, [None]),
    (b'{"sha256": "a", "sha256": "b"}', 400, 6007, [None]),
    ([], 400, 6007, [""]),
    ({}, 400, 12130, [""]),
    ({"sha256": "12"}, 400, 12130, ["/sha256"]),
    ({"sha256": HEX + "\0"}, 400, 6007, [None]),  # jansson takes no NUL
    ({"sha256": 5}, 400, 12130, ["/sha256"]),
    ({"sha256": None}, 400, 12130, ["/sha256"]),
    ({"sha256": HEX, "serial": "12", "issuer": "CN=a"}, 400, 12130, [""]),
    ({"serial": "12"}, 400, 12130, ["/issuer"]),
    ({"issuer": "CN=a"}, 400, 12130, ["/serial"]),
    ({"serial": "xyz", "issuer": "CN=\n"}, 400, 12130, ["/issuer", "/serial"]),
    ({"serial": "1" * 129, "issuer": "CN=a"}, 400, 12130, ["/serial"]),
    ({"serial": "1", "issuer": "C" * 4097}, 400, 12130, ["/issuer"]),
    ({"serial": "1", "issuer": ""}, 400, 12130, ["/issuer"]),
    ({"certificate": "none"}, 400, 12130, ["/certificate"]),
    ({"sha256": HEX, "reason": "x" * 1025}, 400, 12130, ["/reason"]),
    ({"sha256": HEX, "reason": "a\x1b[31m"}, 400, 12130, ["/reason"]),
    ({"sha256": "12", "reason": "a\n"}, 400, 12130, ["/reason", "/sha256"]),
    ({"sha256": HEX, "reson": "typo"}, 400, 12130, ["/reson"]),
    ({"sha256": HEX, "x" * 500: "typo"}, 400, 12130, ["/" + "x" * 124]),
    ([{"sha256": HEX}, 5, {"sha256": "12"}], 400, 6007, ["/1", "/2/sha256"]),
    ([{"sha256": HEX}] * 10001, 400, 6007, [""]),
    (b"[" + b" " * (4 << 20) + b"]", 413, 6007, [None]),
]


@pytest.fixture(scope="module")
def strict(shared_api):
    return shared_api.door


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_wrong_body_is_told_by_its_place_and_changes_nothing(strict, number):
    body, status, code, pointers = WRONG[number]
    got, _, answer = strict.api("POST", PATH + "?durable=false", body)
    assert got == status, answer
    assert answer["errors"][0]["code"] == code
    assert [e.get("source", {}).get("pointer") for e in answer["errors"]] == pointers
    assert listed(strict) == []


@pytest.mark.parametrize("method,query,status,word", [
    ("POST", "?durable=perhaps", 400, "durable"),
    ("GET", "?sha256=12", 400, "sha256"),
    ("GET", "?serial=12", 400, "serial and issuer"),
    ("GET", "?serial=12&issuer=", 400, "issuer"),
    ("GET", "?sha256=" + HEX + "&serial=1&issuer=CN=a", 400, "sha256"),
    ("GET", "?page=0", 400, "page"),
    ("GET", "?per_page=1001", 400, "per_page"),
    ("DELETE", "/" + HEX, 404, "id"),
    ("DELETE", "/12", 404, "id"),
])
def test_a_wrong_query_is_told(strict, method, query, status, word):
    got, _, answer = strict.api(method, PATH + query, {"sha256": HEX} if method == "POST" else None)
    assert got == status and word in answer["errors"][0]["message"], answer


def test_several_certificates_in_one_pem_are_refused(kept, world):
    with open(world.depth1.pem, encoding="ascii") as f:
        code, _, answer = kept.api("POST", PATH, {"certificate": f.read()})
    assert code == 400 and "several certificates" in answer["errors"][0]["message"]
    assert answer["errors"][0]["source"] == {"pointer": "/certificate"}


def test_pages_show_all_there_is_and_where_it_comes_from(door, world, origin, state, revoked):
    revoked.write("# why", *(f"{i:064x}" for i in range(5)), f"12AB {ISSUER}", f"{7:064x}")
    d = door([api(world, origin)], store=os.path.join(state, "s.db"), revoked=revoked.path)
    revoke(d, [{"sha256": f"{i:064x}"} for i in range(4, 7)])
    revoke(d, [{"sha256": f"{i:064x}"} for i in range(6, 8)], query="?durable=false")
    rows = listed(d)
    assert [r["source"] for r in rows] == ["store"] * 3 + ["memory"] + ["file"] * 7
    assert {r["id"]: r["line"] for r in rows if r["source"] == "file"}[f"{0:064x}"] == 2
    of_file = next(r for r in rows if r.get("serial"))
    assert (of_file["serial"], of_file["issuer"], of_file["line"], of_file["file"]) == ("12ab", "cn=client ca", 7,
                                                                                       revoked.path)
    got = []
    for page in range(1, 20):
        code, _, answer = d.api("GET", f"{PATH}?page={page}&per_page=2")
        assert answer["result_info"] == {"page": page, "per_page": 2, "count": len(answer["result"]), "total_count": 11}
        if not answer["result"]:
            break
        got += answer["result"]
    assert got == rows


def test_those_of_the_file_are_taken_back_in_the_file_alone(door, world, origin, state, revoked):
    d = door([api(world, origin)], store=os.path.join(state, "s.db"), revoked=revoked.path)
    revoked.put(d, world.alice.sha256)
    code, _, answer = d.api("DELETE", f"{PATH}/{world.alice.sha256}")
    assert code == 409 and f"{revoked.path} line 1" in answer["errors"][0]["message"], answer
    assert "read-only" in answer["errors"][0]["message"]
    assert visit(d.port, context(world.alice))[0] == ALERT
    revoke(d, {"sha256": world.alice.sha256})
    assert [r["source"] for r in listed(d)] == ["store", "file"]
    code, _, answer = d.api("DELETE", f"{PATH}/{world.alice.sha256}")
    assert code == 200 and "still revoked" in answer["messages"][0]["message"]
    assert visit(d.port, context(world.alice))[0] == ALERT
    revoke(d, {"sha256": world.alice.sha256})
    revoked.write()
    assert d.reload()
    assert visit(d.port, context(world.alice))[0] == ALERT  # the store has it
    assert d.api("DELETE", f"{PATH}/{world.alice.sha256}")[0] == 200
    assert visit(d.port, context(world.alice))[0] == 200


# --- it lasts -------------------------------------------------------------------------------------------------

def test_it_survives_a_restart_and_the_death_of_everything(kept, world):
    revoke(kept, {"sha256": world.alice.sha256, "reason": "gone"})
    revoke(kept, by_serial(world.bob))
    before = listed(kept)
    kept.stop()
    start_again(kept)
    assert listed(kept) == before
    assert visit(kept.port, context(world.alice))[0] == ALERT
    master, *others = kept.family()
    for pid in [master, *others]:
        os.kill(pid, signal.SIGKILL)
    kept.process.wait()
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in others), "the others' end")
    kept.process = None
    start_again(kept)
    assert listed(kept) == before
    for cert in (world.alice, world.bob):
        assert visit(kept.port, context(cert))[0] == ALERT
    assert visit(kept.port, context(world.depth1))[0] == 200


def control(d):
    """The pid of its control process, when that answers."""
    def find():
        code, _, answer = d.api("GET", "/sluice/v1/status")
        return answer["result"]["control_pid"] if code == 200 else None
    return wait_until(find, "control")


def test_what_was_acknowledged_is_never_lost(kept, world):
    """Control is killed at any moment between a POST and its answer, thirty times."""
    random.seed(1)
    acknowledged = []
    names = [world.alice.sha256] + [f"{i:064x}" for i in range(1, 30)]
    for name in names:
        pid = control(kept)
        asked = subprocess.Popen(["curl", "-sS", "--max-time", str(HANG), "--unix-socket", kept.socket, "--json",
                                  json.dumps({"sha256": name}), "http://localhost" + PATH],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 0.03))
        os.kill(pid, signal.SIGKILL)
        answer = asked.communicate(timeout=HANG)[0]
        wait_until(lambda: control(kept) != pid, "another control")
        if asked.returncode == 0 and json.loads(answer)["success"]:
            acknowledged.append(name)
    there = {r["id"] for r in listed(kept) if r["source"] == "store"}
    assert set(acknowledged) <= there
    assert 0 < len(acknowledged) < len(names) or len(there) > 0
    for name in names:
        revoke(kept, {"sha256": name}, 200 if name in there else 201)
    assert visit(kept.port, context(world.alice))[0] == ALERT
    assert visit(kept.port, context(world.bob))[0] == 200


def test_a_killed_control_with_a_broken_configuration_keeps_it(kept, world):
    revoke(kept, {"sha256": world.alice.sha256})
    kept.write_text("hosts: 1\n")
    before = control(kept)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: control(kept) != before, "another control")
    assert [r["source"] for r in listed(kept, "?sha256=" + world.alice.sha256)][0] == "store"
    revoke(kept, by_serial(world.bob))
    for cert in (world.alice, world.bob):
        assert visit(kept.port, context(cert))[0] == ALERT
    assert kept.api("DELETE", f"{PATH}/{world.alice.sha256}")[0] == 200
    assert visit(kept.port, context(world.alice))[0] == 200


def test_without_a_store_it_takes_a_word(door, world, origin):
    d = door([api(world, origin)])
    code, _, answer = d.api("POST", PATH, {"sha256": world.alice.sha256})
    assert code == 403 and answer["errors"][0]["code"] == 9999 and "without a store" in answer["errors"][0]["message"]
    assert visit(d.port, context(world.alice))[0] == 200
    code, _, answer = d.api("POST", PATH + "?durable=false", {"sha256": world.alice.sha256})
    assert code == 201 and answer["result"]["is_durable"] is False and answer["result"]["source"] == "memory"
    assert "not durable" in answer["messages"][0]["message"]
    assert visit(d.port, context(world.alice))[0] == ALERT
    # a control that dies has told the workers, and the next one forgets nothing that they know
    before = control(d)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: control(d) != before, "another control")
    assert listed(d) == [{"id": world.alice.sha256, "kind": None, "source": "former", "is_durable": False}]
    assert visit(d.port, context(world.alice))[0] == ALERT
    assert d.api("DELETE", f"{PATH}/{world.alice.sha256}")[0] == 200
    assert visit(d.port, context(world.alice))[0] == 200
    assert d.ctl("revoke", world.alice.sha256)[0] == 1
    code, _, err = d.ctl("revoke", "--not-durable", world.alice.sha256)
    assert code == 0 and "not durable" in err
    d.stop()
    start_again(d)
    assert visit(d.port, context(world.alice))[0] == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user's file")
def test_a_store_that_cannot_be_written_is_told_and_nothing_changes(kept, world, state):
    path = os.path.join(state, "s.db")
    revoke(kept, {"sha256": world.bob.sha256})
    wait_until(lambda: os.path.getsize(path + "-wal") == 0, "the log to be emptied")
    kept.stop()
    os.chown(state, 0, -1)
    os.chmod(state, 0o755)
    os.chown(path, 0, -1)
    os.chmod(path, 0o644)
    start_again(kept)
    code, _, answer = kept.api("POST", PATH, {"sha256": world.alice.sha256})
    assert code == 507 and "cannot be written" in answer["errors"][0]["message"]
    assert visit(kept.port, context(world.alice))[0] == 200
    code, _, answer = kept.api("DELETE", f"{PATH}/{world.bob.sha256}")
    assert code == 507 and "still revoked" in answer["errors"][0]["message"]
    assert visit(kept.port, context(world.bob))[0] == ALERT
    revoke(kept, {"sha256": world.alice.sha256}, query="?durable=false")
    assert visit(kept.port, context(world.alice))[0] == ALERT


@pytest.fixture
def small_disk(state):
    """The state's directory as a file system of 256 KiB."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=0777", "tmpfs", state], check=False,
                          stderr=subprocess.DEVNULL)
    if done.returncode != 0:
        pytest.skip("needs to mount")
    yield state
    subprocess.run(["umount", "-l", state], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount")
def test_a_full_disk_is_told_and_nothing_changes(world, door, origin, small_disk):
    d = door([api(world, origin)], store=os.path.join(small_disk, "s.db"))
    filler = os.path.join(small_disk, "filler")
    with pytest.raises(OSError), open(filler, "wb", buffering=0) as f:
        while True:
            f.write(bytes(4096))
    code, _, answer = d.api("POST", PATH, {"sha256": world.alice.sha256})
    assert code == 507 and "No space left" in answer["errors"][0]["message"], answer
    assert listed(d) == [] and visit(d.port, context(world.alice))[0] == 200
    os.unlink(filler)
    revoke(d, {"sha256": world.alice.sha256})
    assert visit(d.port, context(world.alice))[0] == ALERT
    d.stop()


def test_the_audit_log_has_every_change_and_no_other(kept, world):
    def audit():
        return [(r["what"], r["before"], r["after"]) for r in reversed(kept.api("GET", "/sluice/v1/audit")[2]["result"])]
    row = revoke(kept, {"sha256": world.alice.sha256, "reason": "lost"})
    revoke(kept, {"sha256": world.alice.sha256}, 200)
    now = revoke(kept, by_serial(world.bob), query="?durable=false")
    kept.api("DELETE", f"{PATH}/{row['id']}")
    kept.api("DELETE", f"{PATH}/{row['id']}")
    kept.api("DELETE", f"{PATH}/{now['id']}")
    assert audit() == [(f"POST {PATH}", None, [row]), (f"POST {PATH}", None, [now]),
                       (f"DELETE {PATH}/{row['id']}", [row], None), (f"DELETE {PATH}/{now['id']}", [now], None)]


# --- many -----------------------------------------------------------------------------------------------------

def test_posts_at_once_are_all_in_force_when_answered(kept, world):
    names = [world.alice.sha256] + [f"{i:064x}" for i in range(1, 24)]
    asked = [subprocess.Popen(["curl", "-sS", "--max-time", str(HANG), "--unix-socket", kept.socket, "--json",
                               json.dumps({"sha256": n}), "http://localhost" + PATH], stdout=subprocess.PIPE)
             for n in names]
    answers = [json.loads(p.communicate(timeout=HANG)[0]) for p in asked]
    assert all(a["success"] for a in answers), answers
    assert visit(kept.port, context(world.alice))[0] == ALERT
    assert {r["id"] for r in listed(kept)} == set(names)


def test_twenty_thousand(kept, world):
    for begin in (0, 10000):
        revoke(kept, [{"serial": f"{i + 1:x}", "issuer": ISSUER, "reason": "many"} for i in range(begin, begin + 10000)])
    row = revoke(kept, by_serial(world.alice))
    with Client(kept.port, cert=world.bob) as bob:
        assert bob.get().status == 200
        revoke(kept, {"sha256": world.bob.sha256})
        assert ended(bob) == ALERT
    assert visit(kept.port, context(world.alice))[0] == ALERT
    code, _, answer = kept.api("GET", PATH + "?page=21&per_page=1000")
    assert answer["result_info"]["total_count"] == 20002 and answer["result_info"]["count"] == 2
    code, out, _ = kept.ctl("revocations", "--json")
    assert code == 0 and len(json.loads(out)) == 20002
    assert kept.api("DELETE", f"{PATH}/{row['id']}")[0] == 200
    assert visit(kept.port, context(world.alice))[0] == 200
    kept.stop()
    start_again(kept)
    assert visit(kept.port, context(world.bob))[0] == ALERT


def test_more_than_there_may_be_are_refused(door, world, origin, state, revoked):
    revoked.write(*(f"{i:064x}" for i in range(100000)))
    d = door([api(world, origin)], store=os.path.join(state, "s.db"), revoked=revoked.path)
    code, _, answer = d.api("POST", PATH, {"sha256": world.alice.sha256})
    assert code == 409 and "100000" in answer["errors"][0]["message"]
    assert visit(d.port, context(world.alice))[0] == 200
    assert listed(d, "?sha256=" + world.alice.sha256) == []
    revoke(d, {"sha256": f"{5:064x}"})


# --- counted --------------------------------------------------------------------------------------------------

def metric(d, name):
    text = d.api("GET", "/metrics")[2]
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


def test_it_is_counted(kept, world):
    assert metric(kept, "sluice_revoked_certificates ") == 0
    with Client(kept.port, cert=world.alice) as c:
        assert c.get().status == 200
        revoke(kept, {"sha256": world.alice.sha256})
        assert ended(c) == ALERT
    visit(kept.port, context(world.alice))
    wait_until(lambda: metric(kept, "sluice_handshakes_revoked_total") == 1, "the refused handshake")
    assert metric(kept, "sluice_revoked_certificates ") == 1
    assert metric(kept, "sluice_revoked_list_pending ") == 0
    wait_until(lambda: metric(kept, 'sluice_conns_ended_total{worker="0",reason="revoked"}') +
               metric(kept, 'sluice_conns_ended_total{worker="1",reason="revoked"}') == 1, "the ended connection")


# --- sluicectl ------------------------------------------------------------------------------------------------

def test_sluicectl_revokes_lists_and_takes_back(kept, world):
    colons = ":".join(world.alice.sha256[i:i + 2] for i in range(0, 64, 2)).upper()
    code, out, err = kept.ctl("revoke", colons, "--reason", "lost, on a train")
    assert (code, out, err) == (0, f"revoked in every worker: {world.alice.sha256}\n", "")
    assert visit(kept.port, context(world.alice))[0] == ALERT
    code, out, _ = kept.ctl("revoke", world.bob.serial, ISSUER, "--json")
    bob = json.loads(out)
    assert code == 0 and bob["kind"] == "serial"
    code, out, _ = kept.ctl("revocations")
    assert code == 0 and "lost, on a train" in out and "cn=client ca" in out and len(out.splitlines()) == 3
    assert [r["id"] for r in json.loads(kept.ctl("revocations", "--json")[1])] == [bob["id"], world.alice.sha256]
    assert kept.ctl("unrevoke", world.bob.serial.lower(), ISSUER.lower())[0] == 0
    assert visit(kept.port, context(world.bob))[0] == 200
    assert kept.ctl("unrevoke", colons) == (0, f"no longer revoked in any worker: {world.alice.sha256}\n", "")
    assert visit(kept.port, context(world.alice))[0] == 200
    code, out, err = kept.ctl("unrevoke", colons)
    assert code == 1 and out == "" and "not revoked" in err
    kept.ctl("revoke", world.bob.serial, ISSUER)
    assert kept.ctl("unrevoke", bob["id"])[0] == 0


def test_sluicectl_takes_a_certificate_file_and_leaves_the_key_alone(kept, world, tmp_path):
    both = tmp_path / "both.pem"
    with open(world.alice.key, encoding="ascii") as key, open(world.depth1.pem, encoding="ascii") as cert:
        both.write_text(key.read() + cert.read())
    code, out, err = kept.ctl("revoke", "--cert", str(both))
    assert (code, err) == (0, "") and world.depth1.sha256 in out  # the first of it, not its issuer
    assert visit(kept.port, context(world.depth1))[0] == ALERT
    for bad, word in ((world.alice.key, "no certificate"), (str(tmp_path / "none"), "No such file"),
                      (str(tmp_path), "directory")):
        code, out, err = kept.ctl("revoke", "--cert", bad)
        assert code == 1 and out == "" and word in err, bad


@pytest.mark.parametrize("args", [["revoke"], ["revoke", "a", "b", "c"], ["revoke", "--reason", "x"], ["unrevoke"],
                                  ["revoke", "--cert", "x", HEX], ["revoke", HEX, "--resaon", "x"],
                                  ["revoke", HEX, "--reason"], ["revoke", HEX, "--reason", b"\xff"],
                                  ["unrevoke", "a", "b", "c"], ["revocations", "x"]])
def test_sluicectl_wrong_use(strict, args):
    code, out, _ = strict.ctl(*args)
    assert code == 2 and out == ""
    assert listed(strict) == []


def test_sluicectl_says_what_is_wrong_with_a_name(strict):
    code, _, err = strict.ctl("revoke", "12")
    assert code == 1 and "64 hexadecimal digits" in err
    code, _, err = strict.ctl("revoke", "xyz", "CN=a")
    assert code == 1 and "hexadecimal number" in err
