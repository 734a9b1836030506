# SPDX-License-Identifier: GPL-2.0-only
"""The origin inside sluiced that shows what it was sent, behind sluiced itself."""
import json
import os
import signal
import subprocess

import pytest

from client import Client, request
from conftest import SLUICED
from door import HANG, free_port, host, wait_until


@pytest.fixture
def echo(tmp_path):
    address = f"127.0.0.1:{free_port()}"
    log = tmp_path / "echo.log"
    with open(log, "wb") as err, subprocess.Popen([SLUICED, "echo", address], stderr=err) as p:
        wait_until(lambda: "ready" in log.read_text() or p.poll() is not None, "echo to be ready")
        yield address
        p.send_signal(signal.SIGTERM)
        assert p.wait(HANG) == 0, log.read_text()


def test_what_it_shows_is_what_was_sent(world, door, echo):
    d = door([host(world.api, ["api.example.com"], [echo], "require", world.client_ca)])
    with Client(d.port, cert=world.alice) as c:
        seen = json.loads(c.get("/a?b=c", fields=["X-One: 1", "X-One: 2", 'X-Odd: "\\\xff']).body)
        assert seen["method"] == "GET"
        headers = [tuple(h) for h in seen["headers"]]
        assert ("X-One", "1") in headers and ("X-One", "2") in headers
        assert ("Cf-Client-Cert-Sha256", world.alice.sha256) in headers
        assert seen["body_bytes"] == 0
        body = os.urandom(100000)
        c.send(request("POST", "/p", body=body))
        seen = json.loads(c.response().body)
        assert (seen["method"], seen["body_bytes"]) == ("POST", 100000)


def test_an_address_that_is_taken_is_told(echo):
    p = subprocess.run([SLUICED, "echo", echo], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=HANG,
                       check=False)
    assert p.returncode not in (0, -6, -11)
    assert echo.encode() in p.stdout
