# SPDX-License-Identifier: GPL-2.0-only
"""Started under odd circumstances: streams closed, full or broken, descriptors left open, no directory."""
import os
import shutil
import signal
import subprocess

import pytest

from client import status
from conftest import SLUICED
from door import Door, children, descriptors, free_port, host, is_asan, wait_until


@pytest.fixture
def cold(world, tmp_path, origin):
    """A sluiced with its configuration written, not started; killed at the end."""
    d = Door(SLUICED, tmp_path, free_port(), world.pki.directory)
    d.write([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)])
    yield d
    d.kill()


def start(d, config=None, serves=True, **how):
    """Door.start() with other streams, descriptors or directory."""
    env = dict(os.environ, SLUICE_CAGE="log") if is_asan(d.binary) else None
    with open(os.path.join(d.directory, "access.log"), "ab") as out, \
            open(os.path.join(d.directory, "error.log"), "ab") as err:
        how = {"stdout": out, "stderr": err, "stdin": subprocess.DEVNULL, "start_new_session": True, "env": env,
               **how}
        d.process = subprocess.Popen([d.binary, "--config", config or d.config_path, "--allow-dir", d.allow], **how)
    if serves:
        wait_until(lambda: len(d.workers()) == 1 or d.process.poll() is not None, "a worker")
        assert d.process.poll() is None, d.errors()


def served(d, world):
    """It may be on its way up: its log, which would tell, is what the test took away."""
    return lambda: status(d.port, cert=world.alice) == 200


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_streams_are_not_taken_by_sockets(world, cold, closed):
    def close():
        for fd in closed:
            os.close(fd)
    start(cold, preexec_fn=close)
    wait_until(served(cold, world), "an answer")
    for pid in cold.family():
        for fd in closed:
            assert os.readlink(f"/proc/{pid}/fd/{fd}") == "/dev/null", (pid, fd)


def test_descriptors_left_open_are_not_passed_on(world, cold):
    def leave_open():
        for fd in range(3, 9):
            os.dup2(os.open("/etc/passwd", os.O_RDONLY), fd)
            os.set_inheritable(fd, True)
    start(cold, preexec_fn=leave_open, close_fds=False)
    wait_until(served(cold, world), "an answer")
    for pid in children(cold.process.pid):
        assert "/etc/passwd" not in descriptors(pid).values(), pid


def test_a_working_directory_that_is_gone_does_not_matter(world, cold, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    start(cold, cwd=gone, preexec_fn=gone.rmdir)
    wait_until(served(cold, world), "an answer")
    assert cold.reload()


def test_a_path_with_blanks_is_a_path(world, cold, tmp_path):
    odd = tmp_path / "with blanks é"
    odd.mkdir()
    config = shutil.copy(cold.config_path, odd / "my sluice.yaml")
    start(cold, config=str(config))
    wait_until(served(cold, world), "an answer")
    assert cold.reload()


@pytest.mark.parametrize("path", ["x" * 5000, "x" * 5000 + "/y", "/" + "x" * 5000 + "/y", "", "/", "/dev/null"],
                         ids=["long", "long-dir", "long-absolute", "empty", "root", "device"])
def test_a_path_that_is_none_is_refused(cold, path):
    start(cold, config=path or "./", serves=False)
    assert cold.process.wait(20) == 1
    assert cold.errors()


def full_pipe():
    """Both ends of a pipe that takes not one byte more, and whose writers block."""
    r, w = os.pipe()
    os.set_blocking(w, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(w, b"x" * size)
        except BlockingIOError:
            pass
    os.set_blocking(w, True)
    return r, w


def test_an_error_log_that_nobody_reads_holds_nobody_up(world, cold):
    r, w = full_pipe()
    try:
        start(cold, stderr=w)
        wait_until(served(cold, world), "an answer")
        # each of these makes the master or control write a line
        cold.process.send_signal(signal.SIGHUP)
        victim = cold.worker()
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: cold.workers() and victim not in cold.workers(), "a new worker")
        wait_until(served(cold, world), "an answer")
        cold.process.send_signal(signal.SIGTERM)
        assert cold.process.wait(20) == 0
    finally:
        os.close(r)
        os.close(w)


def test_an_access_log_that_nobody_reads_holds_nobody_up(world, cold):
    r, w = full_pipe()
    try:
        start(cold, stdout=w)
        wait_until(served(cold, world), "an answer")
        for _ in range(50):
            assert status(cold.port, cert=world.alice) == 200
    finally:
        os.close(r)
        os.close(w)


def test_logs_whose_reader_is_gone_are_lost_and_nothing_else(world, cold):
    r, w = os.pipe()
    os.close(r)
    try:
        start(cold, stdout=w, stderr=w)
        wait_until(served(cold, world), "an answer")
        for _ in range(5):
            assert status(cold.port, cert=world.alice) == 200
        cold.process.send_signal(signal.SIGTERM)
        assert cold.process.wait(20) == 0
    finally:
        os.close(w)


def test_a_port_in_use_is_said_by_address(world, cold, door, origin):
    d = door([host(world.api, ["api.example.com"], [origin])])
    cold.port = d.port
    cold.write([host(world.api, ["api.example.com"], [origin])])
    os.rename(os.path.join(cold.directory, "error.log"), os.path.join(cold.directory, "first.log"))
    start(cold, serves=False)
    assert cold.process.wait(20) == 1
    assert f"127.0.0.1:{d.port}: Address already in use" in cold.errors()
    os.rename(os.path.join(cold.directory, "first.log"), os.path.join(cold.directory, "error.log"))
