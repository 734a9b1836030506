# SPDX-License-Identifier: GPL-2.0-only
"""The store as a running sluiced has it: opened, kept over restarts, refused when it cannot be."""
import json
import os
import signal
import sqlite3
import subprocess

import pytest

from conftest import SLUICED
from door import HANG, Door, free_port, host, wait_until


@pytest.fixture
def kept(door, world, origin, state):
    return door([host(world.api, ["api.example.com"], [origin])], store=os.path.join(state, "s.db"))


def said(d):
    return d.api("GET", "/sluice/v1/status")[2]["result"]


def test_it_is_made_private_and_shown(kept, state):
    path = os.path.join(state, "s.db")
    assert said(kept)["store"] == {"path": path, "is_writable": True}
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert path in kept.ctl("status")[1]
    kept.stop()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM revocations").fetchone() == (0,)


def test_without_one_there_is_none(api):
    assert said(api)["store"] is None


def test_a_killed_control_is_followed_by_one_that_has_it(kept, state):
    for bad in (False, True):
        if bad:
            kept.write_text("store: nonsense\n")
        before = said(kept)["control_pid"]
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: said(kept)["control_pid"] != before, "another control")
        assert said(kept)["store"] == {"path": os.path.join(state, "s.db"), "is_writable": True}


def test_another_store_takes_a_restart(kept):
    for store in ("off", "/elsewhere/s.db"):
        kept.write_text(json.dumps({**kept.config, "store": store}))
        code, _, answer = kept.api("POST", "/sluice/v1/reload")
        assert code == 400 and answer["errors"][0]["source"] == {"pointer": "/store"}, answer
        assert "restart" in answer["errors"][0]["message"]


def refuses(d):
    """Its error log, after it did not start."""
    d.process = subprocess.Popen([d.binary, "--config", d.config_path, "--allow-dir", d.allow], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    text = d.process.communicate(timeout=HANG)[1].decode()
    assert d.process.returncode == 1, text
    return text


@pytest.fixture
def cold(world, tmp_path, origin):
    d = Door(SLUICED, tmp_path, free_port(), world.pki.directory)
    d.hosts = [host(world.api, ["api.example.com"], [origin])]
    yield d
    d.kill()


def test_one_that_somebody_has_is_refused(kept, cold, state, tmp_path):
    cold.socket = str(tmp_path / "b.sock")
    cold.config_path = str(tmp_path / "b.yaml")
    cold.write(cold.hosts, store=os.path.join(state, "s.db"))
    text = refuses(cold)
    assert f"store: {state}/s.db: another process has it open" in text
    assert said(kept)["store"]["is_writable"]


def test_a_directory_that_is_not_there_or_a_file_that_is_no_store_is_named(cold, state):
    cold.write(cold.hosts, store="/nonexistent/s.db")
    assert "store: /nonexistent/s.db: " in refuses(cold)
    path = os.path.join(state, "junk.db")
    with open(path, "w") as f:
        f.write("this is not a database\n" * 100)
    os.chmod(path, 0o666)
    cold.write(cold.hosts, store=path)
    assert f"store: {path}: not a store of sluiced, or damaged" in refuses(cold)
    with open(path) as f:
        assert f.read(4) == "this"


@pytest.mark.parametrize("store", ["relative.db", "", "/" + "x" * 4095, "Off"])
def test_what_is_no_path_is_a_mistake(cold, store):
    cold.write(cold.hosts)
    cold.config["store"] = store
    cold.write_text(json.dumps(cold.config))
    done = subprocess.run([SLUICED, "--check", cold.config_path], stderr=subprocess.PIPE, timeout=HANG, check=False)
    assert done.returncode == 1 and b"store: " in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user's file")
def test_one_that_cannot_be_written_is_read_and_that_is_said(kept, state):
    path = os.path.join(state, "s.db")
    assert os.path.getsize(path + "-wal") == 0  # emptied when it was opened
    kept.stop()
    os.chown(state, 0, -1)
    os.chmod(state, 0o755)
    os.chown(path, 0, -1)
    os.chmod(path, 0o644)
    kept.start()
    wait_until(lambda: "cannot be changed: " + path in kept.errors(), "a warning")
    wait_until(lambda: os.path.exists(kept.socket), "the API")
    assert said(kept)["store"] == {"path": path, "is_writable": False}
