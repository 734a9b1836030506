# SPDX-License-Identifier: GPL-2.0-only
"""The guest itself: the kernel has TLS, and a sluiced lives there as anywhere."""
import json
import os
import socket
import subprocess

from client import HANG, Client
from door import host
from origin import answer

TCP_ULP = 31
SOL_TLS, TLS_TX = 282, 1


def pair():
    """Two connected TCP sockets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        return near, listener.accept()[0]


def test_the_kernel_has_tls():
    """AES-128-GCM keyed by hand for sending; what arrives is a record, and not the text."""
    near, far = pair()
    with near, far:
        near.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")
        version, aes_128_gcm = 0x0304, 51
        info = version.to_bytes(2, "little") + aes_128_gcm.to_bytes(2, "little") + bytes(8 + 16 + 4 + 8)
        near.setsockopt(SOL_TLS, TLS_TX, info)
        near.sendall(b"hello")
        record = far.recv(100)
    assert record[:5] == b"\x17\x03\x03\x00\x16", record  # application data, 5 bytes and type and tag
    assert b"hello" not in record


def test_the_kernel_takes_the_records(door, world, origins):
    """Else every test here would be one of the engine that runs anywhere."""
    d = door([host(world.api, ["api.example.com"], [origins(respond=lambda r: answer(b"ok"))], "require",
                   world.client_ca)])
    assert d.engine() == "kernel"
    with Client(d.port, cert=world.alice) as c:
        assert c.get().body == b"ok"
        before = d.stats()
        assert before["ktls_conns_open"] == 1
        assert before["records_opened"] <= 1  # a request that came with Finished was opened here
        assert c.get().body == b"ok"
        stats = d.stats()
        assert stats["records_opened"] == before["records_opened"]
        assert stats["records_sealed"] == 0
    assert d.logged(path="/")[0]["tls_engine"] == "kernel"


def test_curl_with_a_client_certificate_is_served(door, world, origins):
    origin = origins(respond=lambda r: answer(json.dumps(r.fields).encode()))
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)])
    url = f"https://api.example.com:{d.port}/"
    curl = ["curl", "-sS", "--max-time", str(HANG), "--resolve", f"api.example.com:{d.port}:127.0.0.1", "--cacert",
            world.server_ca.pem]
    p = subprocess.run([*curl, "--cert", world.alice.pem, "--key", world.alice.key, url], stdout=subprocess.PIPE,
                       check=True, timeout=2 * HANG)
    sent = {name.lower(): value for name, value in json.loads(p.stdout)}
    assert sent["cf-client-cert-sha256"] == world.alice.sha256
    assert subprocess.run([*curl, url], stderr=subprocess.PIPE, check=False, timeout=2 * HANG).returncode != 0
    assert len(origin.requests) == 1
    assert d.stats()["identity_injected"] == 1


def test_workers_run_as_somebody_else_and_none_is_left(door, world, origin):
    d = door([host(world.api, ["api.example.com"], [origin])], workers=2)
    family = d.family()
    assert len(family) == 4  # master, control, two workers
    for pid in d.workers():
        with open(f"/proc/{pid}/status") as f:
            assert "Uid:\t65534\t65534\t65534\t65534\n" in f.read()
    d.stop()
    assert [p for p in family if os.path.exists(f"/proc/{p}")] == []
