# SPDX-License-Identifier: GPL-2.0-only
"""Who is connected, as bpftool shows it: the pinned map sluice_conns."""
import json
import os
import signal
import subprocess

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

import proxy
from client import TLS12, TLS13, Client, context, request
from door import host, wait_until

BPFTOOL = "/usr/sbin/bpftool"


@pytest.fixture
def bpffs(tmp_path):
    """A BPF file system of our own; asked for before a door, for it goes when that has stopped."""
    if os.geteuid() != 0:
        pytest.skip("making BPF maps takes root")
    where = tmp_path / "bpf"
    where.mkdir()
    subprocess.run(["mount", "-t", "bpf", "bpf", where], check=True)
    yield where
    subprocess.run(["umount", where], check=True)


def dump(directory):
    """The rows of the map, [{key.., value..}] with its texts as str."""
    out = subprocess.run([BPFTOOL, "-j", "map", "dump", "pinned", directory / "sluice_conns"], check=True,
                         capture_output=True).stdout
    return [{**row["formatted"]["key"], **row["formatted"]["value"]} for row in json.loads(out)]


def rows_when(directory, condition, what):
    def look():
        rows = dump(directory)
        return (rows,) if condition(rows) else None
    return wait_until(look, what)[0]


def start(door, hosts, directory, **options):
    options.setdefault("conns_map_ms", 20)
    return door(hosts, arguments=["--bpf-dir", str(directory)], **options)


def peer_of(client):
    return "%s:%d" % client.sock.getsockname()[:2]


@pytest.fixture
def api(bpffs, door, world, origin):
    return start(door, [host(world.api, ["api.example.com", "*.api.example.com"], [origin], "optional",
                             world.client_ca)], bpffs / "sluice" / "v1")


def test_a_row_has_the_address_that_a_trusted_source_names(bpffs, door, world, origin):
    pins = bpffs / "sluice" / "v1"
    d = start(door, [host(world.api, ["api.example.com"], [origin])], pins, proxy_sources=["127.0.0.2"])
    with Client(d.port, source="127.0.0.2", before=proxy.v2("2001:db8::9", 4660, "2001:db8::1")) as c:
        assert c.get("/").status == 200
        row = rows_when(pins, lambda rows: rows and rows[0]["bytes_out"] > 0, "the request in the map")[0]
        assert row["peer"] == "[2001:db8::9]:4660"


@pytest.mark.parametrize("version, name", [(TLS12, "TLSv1.2"), (TLS13, "TLSv1.3")])
def test_a_row_says_who_and_how(api, world, bpffs, version, name):
    pins = bpffs / "sluice" / "v1"
    assert dump(pins) == []
    with Client(api.port, cert=world.alice, version=version) as c:
        assert c.get("/").status == 200
        row = rows_when(pins, lambda rows: rows and rows[0]["bytes_out"] > 0, "the request in the map")[0]
        assert row["requests"] == 1
        assert row["peer"] == peer_of(c)
        assert row["host"] == "api.example.com"
        assert row["tls"] == name
        assert row["suite"].startswith("TLS_") and len(row["suite"]) > 10
        assert row["ktls"] == (1 if api.engine() == "kernel" else 0)
        assert row["resumed"] == 0
        assert (row["cert"], row["verified"]) == (1, 1)
        assert row["sha256"] == world.alice.sha256
        assert row["serial"] == world.alice.serial.rjust(len(world.alice.serial) + len(world.alice.serial) % 2, "0")
        assert row["subject"] == world.alice.cert.subject.rfc4514_string()
        sent = request("GET", "/", "api.example.com")
        assert row["bytes_in"] == len(sent)
        before = row["bytes_out"]
        assert before > len(b"ok")
        assert c.get("/").status == 200
        row = rows_when(pins, lambda rows: rows[0]["bytes_out"] > before, "the next one")[0]
        assert (row["requests"], row["bytes_in"], row["bytes_out"]) == (2, 2 * len(sent), 2 * before)
    rows_when(pins, lambda rows: rows == [], "its end in the map")


def test_a_resumed_one_and_one_without_a_certificate(api, world, bpffs):
    pins = bpffs / "sluice" / "v1"
    ctx = context(world.alice, TLS12)
    with Client(api.port, ctx=ctx) as c:
        assert c.get("/").status == 200
        session = c.sock.session
    with Client(api.port, ctx=ctx, session=session) as again, Client(api.port, sni="x.api.example.com") as nobody:
        assert again.sock.session_reused
        rows = rows_when(pins, lambda rows: {r["peer"] for r in rows} == {peer_of(again), peer_of(nobody)}, "both")
        mine = next(r for r in rows if r["peer"] == peer_of(again))
        assert (mine["resumed"], mine["sha256"]) == (1, world.alice.sha256)
        other = next(r for r in rows if r["peer"] == peer_of(nobody))
        assert other["host"] == "x.api.example.com"
        assert (other["cert"], other["verified"]) == (0, 0)
        assert other["sha256"] == other["serial"] == other["subject"] == ""


def test_rows_of_a_killed_worker_go_and_those_of_the_others_stay(bpffs, door, world, origin):
    d = start(door, [host(world.api, ["api.example.com"], [origin], "require", world.client_ca)], bpffs, workers=2)
    clients = []
    try:
        # the kernel spreads them by their ports: more until both workers have some
        while len({r["worker"] for r in dump(bpffs)}) < 2:
            clients.append(Client(d.port, cert=world.alice))
            assert clients[-1].get("/").status == 200
            rows_when(bpffs, lambda rows: len(rows) == len(clients), "a row for each")
            assert len(clients) < 64
        rows = dump(bpffs)
        assert {r["peer"] for r in rows} == {peer_of(c) for c in clients}
        lost = {r["peer"] for r in rows if r["worker"] == 0}
        victim = next(p for p in d.workers() if "--role=worker\0000\0" in open(f"/proc/{p}/cmdline").read())
        os.kill(victim, signal.SIGKILL)
        rows = rows_when(bpffs, lambda rows: all(r["worker"] == 1 for r in rows), "the end of worker 0's")
        assert {r["peer"] for r in rows} == {peer_of(c) for c in clients} - lost
        wait_until(lambda: len(d.workers()) == 2 and d.stats()["generation"] == 3, "a new worker")
        # what the new one has takes the same slots again
        while not any(r["worker"] == 0 for r in dump(bpffs)):
            clients.append(Client(d.port, cert=world.alice))
            assert clients[-1].get("/").status == 200
            want = {peer_of(c) for c in clients} - lost
            rows_when(bpffs, lambda rows, want=want: {r["peer"] for r in rows} == want, "a row for the new one")
            assert len(clients) < 128
    finally:
        for c in clients:
            c.close()
    rows_when(bpffs, lambda rows: rows == [], "the end of all")


def test_a_killed_control_fills_it_again(api, world, bpffs):
    pins = bpffs / "sluice" / "v1"
    with Client(api.port, cert=world.alice) as stays:
        assert stays.get("/").status == 200
        with Client(api.port, cert=world.alice) as goes:
            assert goes.get("/").status == 200
            rows_when(pins, lambda rows: len(rows) == 2, "both")
            control = next(p for p in api.family() if "--role=control" in open(f"/proc/{p}/cmdline").read())
            os.kill(control, signal.SIGSTOP)
        wait_until(lambda: api.stats()["conns_open"] == 1, "its end")
        os.kill(control, signal.SIGKILL)
        rows = rows_when(pins, lambda rows: len(rows) == 1, "who is still there")
        assert rows[0]["peer"] == peer_of(stays)


def test_one_directory_has_one_sluiced_and_its_pin_goes_with_it(bpffs, door, world, origin):
    hosts = [host(world.api, ["api.example.com"], [origin], "require", world.client_ca)]
    first = start(door, hosts, bpffs)
    pin = bpffs / "sluice_conns"
    assert pin.exists()
    # the directory of maps is what they share; the API's socket has one owner, who would refuse the second first
    second = door(hosts, arguments=["--bpf-dir", str(bpffs)], api={"listen": first.socket + "2"})
    wait_until(lambda: "another sluiced has it" in second.errors(), "the second to say so")  # one log for both
    wait_until(lambda: second.errors().count("ready:") == 2, "the second to serve all the same")
    second.stop()
    assert pin.exists()
    # killed, it leaves the pin behind: the next one takes its place
    master = first.process
    family = first.family()
    master.kill()
    master.wait()
    first.process = None
    wait_until(lambda: not any(os.path.exists(f"/proc/{p}/fd/3") for p in family), "the end of its processes")
    assert pin.exists()
    third = start(door, hosts, bpffs)
    wait_until(lambda: third.errors().count("ready:") == 3, "the third to serve")
    with Client(third.port, cert=world.alice) as c:
        assert c.get("/").status == 200
        rows_when(bpffs, lambda rows: len(rows) == 1, "its row")
    third.stop()
    assert not pin.exists()


@pytest.mark.parametrize("where, words", [
    ("/proc/sluice", "no BPF file system there"),
    ("relative", "Invalid argument"),
])
def test_without_a_place_for_the_map_it_serves_and_says_so(door, world, origin, where, words):
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)],
             arguments=["--bpf-dir", where])
    assert "no such BPF map" in d.errors() and words in d.errors()
    with Client(d.port, cert=world.alice) as c:
        assert c.get("/").status == 200


def test_none_is_asked_for(door, world, origin):
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)],
             arguments=["--bpf-dir", "none"])
    assert "sluice_conns" not in d.errors()


HOSTILE = [
    ("controls", "a\x01\x1b[31m\r\nX: y\x7f"),
    ("utf8", "Zo\u00eb \u202e\U0001f600"),
    ("quotes", "\"',;<>#+=\\ "),
    ("long", "x" * 4096),
]


@pytest.mark.parametrize("label, value", HOSTILE, ids=[label for label, _ in HOSTILE])
def test_hostile_subjects_are_printable_and_visibly_cut(api, world, bpffs, label, value):
    pins = bpffs / "sluice" / "v1"
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, value, _validate=False),
                         x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Org")])
    cert = world.pki.client("hostile-" + label, world.client_ca, subject=subject)
    with Client(api.port, cert=cert) as c:
        assert c.get("/").status == 200
        row = rows_when(pins, lambda rows: len(rows) == 1, "its row")[0]
        assert row["sha256"] == cert.sha256
        text = row["subject"]
        assert text and all(" " <= ch <= "~" for ch in text), text
        assert text.endswith("...") == (label == "long")
        assert len(text) <= 127
        if label == "controls":
            assert "%0D%0A" in text
