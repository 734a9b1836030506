# SPDX-License-Identifier: GPL-2.0-only
"""Nobody hides from the access log, and nobody who reads it slowly holds the worker up."""
import fcntl
import json
import os
import subprocess
import threading
import time

from cryptography import x509
from cryptography.x509.oid import NameOID
import pytest

from client import Client, request
from conftest import SLUICED
from door import Door, HANG, free_port, host, is_asan, wait_until


def long_name(bytes_each, count):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "long")] +
                     [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "\u00e9" * (bytes_each // 2))] * count)


def test_a_certificate_with_a_long_name_is_logged_all_the_same(world, door, origin):
    """In request mode anybody may show any certificate: its name must not push the line over its length."""
    cert = world.pki.client("long-name", None, subject=long_name(60, 150))
    d = door([host(world.api, ["api.example.com"], [origin], "request", world.client_ca)])
    with Client(d.port, cert=cert) as c:
        c.send(request(target="/" + "\"" * 4000))
        assert c.response().status in (200, 400)
        assert c.get("/there").status == 200
    row = d.logged(path="/there")[0]
    assert row["cert_sha256"] == cert.sha256
    assert "long" in row["cert_subject"] or "OU=" in row["cert_subject"]


class Reader:
    """sluiced with its stdout in a pipe of 4 KiB that is read when a test says so."""

    def __init__(self, tmp_path, world, hosts, nonblocking, **options):
        self.door = Door(SLUICED, tmp_path, free_port(), world.pki.directory)
        self.door.write(hosts, **options)
        self.out, into = os.pipe()
        fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, 4096)
        if nonblocking:
            os.set_blocking(into, False)
        env = dict(os.environ, SLUICE_CAGE="log") if is_asan(SLUICED) else None
        with open(os.path.join(self.door.directory, "error.log"), "ab") as err:
            self.door.process = subprocess.Popen(
                [SLUICED, "--config", self.door.config_path, "--allow-dir", self.door.allow], stdout=into,
                stderr=err, env=env, stdin=subprocess.DEVNULL, start_new_session=True)
        os.close(into)
        wait_until(lambda: "ready" in self.door.errors(), "ready")

    def everything(self):
        """To the end, in a thread of its own; returns what collects the bytes."""
        got = bytearray()

        def run():
            while data := os.read(self.out, 65536):
                got.extend(data)
        t = threading.Thread(target=run)
        t.start()
        return t, got


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("nonblocking", [False, True])
def test_a_full_pipe_costs_no_time_and_no_line_is_torn(world, tmp_path, origin, nonblocking):
    r = Reader(tmp_path, world, [host(world.api, ["api.example.com"], [origin], "require", world.client_ca)],
               nonblocking)
    d = r.door
    try:
        with Client(d.port, cert=world.alice) as c:
            for n in range(100):
                assert c.get(f"/{n}").status == 200
        before = cpu_seconds(d.worker())
        time.sleep(1)
        assert cpu_seconds(d.worker()) - before < 0.3
        t, got = r.everything()
        with Client(d.port, cert=world.alice) as c:
            assert c.get("/last").status == 200
        wait_until(lambda: b"/last" in got, "the last line")
        rows = [json.loads(line) for line in bytes(got).splitlines()]
        assert [x["path"] for x in rows] == [f"/{n}" for n in range(100)] + ["/last"]
        d.stop()
        t.join(HANG)
    finally:
        d.kill()
        os.close(r.out)


def test_a_log_nobody_reads_holds_no_drain_up(world, tmp_path, origin):
    r = Reader(tmp_path, world, [host(world.api, ["api.example.com"], [origin], "require", world.client_ca)], False,
               drain_timeout_ms=1000)
    d = r.door
    try:
        with Client(d.port, cert=world.alice) as c:
            for n in range(100):
                assert c.get(f"/{n}").status == 200
        d.stop()
        assert "kill" not in d.errors().lower(), d.errors()
    finally:
        d.kill()
        os.close(r.out)
