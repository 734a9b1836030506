# SPDX-License-Identifier: GPL-2.0-only
"""sluicectl: for people, for programs, and when nobody answers."""
import json
import os
import socket
import subprocess
import threading

import pytest

from conftest import SLUICED
from door import HANG

CTL = os.path.join(os.path.dirname(SLUICED), "sluicectl")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def test_status_for_people_and_for_programs(api):
    code, out, err = api.ctl("status")
    assert (code, err) == (0, "")
    pairs = dict(line.split(":", 1) for line in out.splitlines())
    assert pairs["state"].strip() == "ready" and pairs["master"].strip() == str(api.process.pid)
    code, out, _ = api.ctl("--json", "status")
    assert code == 0 and json.loads(out) == {**api.api("GET", "/sluice/v1/status")[2]["result"],
                                             "uptime_s": json.loads(out)["uptime_s"]}
    assert api.ctl("status", "--json")[0] == 0


def test_hosts_and_workers_are_tables(api):
    code, out, _ = api.ctl("hosts")
    assert code == 0
    head, row = out.splitlines()
    assert head.split() == ["VERIFY", "CRL", "ALLOW", "INJECT", "DIALECTS", "NAMES", "ORIGINS"]
    assert "api.example.com, *.api.example.com" in row
    assert api.ctl("hosts", "api.example.com")[1] == out
    code, out, _ = api.ctl("workers")
    assert code == 0 and out.splitlines()[1].split()[:2] == ["0", str(api.worker())]
    code, out, _ = api.ctl("workers", "--json")
    assert json.loads(out)[0]["counters"]["generation"] == 1


def test_reload_waits_and_says_what_is_wrong(door, world, origin):
    from door import host
    d = door([host(world.api, ["api.example.com"], [origin])])
    assert d.ctl("reload") == (0, "in force in every worker: snapshot 2\n", "")
    d.write_text("hosts: 1\n")
    code, out, err = d.ctl("reload")
    assert code == 1 and out == "" and "hosts: a list expected" in err and "line 1" in err


def test_refusals_have_their_status(api):
    code, out, err = api.ctl("hosts", "nobody.example.com")
    assert code == 1 and out == "" and "7003" in err


@pytest.mark.parametrize("args", [[], ["nonsense"], ["--nonsense"], ["--socket"], ["status", "more"],
                                  ["hosts", "a", "b"]])
def test_wrong_use_is_told(args):
    done = subprocess.run([CTL, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=HANG, check=False)
    assert done.returncode == 2 and done.stdout == b"" and b"usage:" in done.stderr


def test_help_names_every_command_and_so_does_the_manual():
    done = subprocess.run([CTL, "--help"], stdout=subprocess.PIPE, timeout=HANG, check=True)
    with open(os.path.join(ROOT, "docs", "man", "sluicectl.1")) as f:
        manual = f.read()
    names = [line.split()[0] for line in done.stdout.decode().split("\n\n")[1].splitlines()]
    assert {"status", "hosts", "workers", "reload"} <= set(names)
    for name in names:
        assert f".It Cm {name}" in manual, name
    with open(os.path.join(ROOT, "userspace", "base", "version.h")) as f:
        version = f.read().split('"')[1]
    assert subprocess.run([CTL, "--version"], stdout=subprocess.PIPE, check=True).stdout.decode() == \
        f"sluicectl {version}\n"


def test_nobody_there_no_permission_and_nonsense_are_told_apart(api, tmp_path):
    code, _, err = api.ctl("status", socket_path=str(tmp_path / "none"))
    assert code == 3 and str(tmp_path / "none") in err
    if os.geteuid() == 0:
        done = subprocess.run(["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", CTL, "--socket", api.socket,
                               "status"], stderr=subprocess.PIPE, timeout=HANG, check=False)
        assert done.returncode in (4, 126, 127), done.stderr  # 126, 127: it may not even run the program
    for number, answer in enumerate((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
                   b"SSH-2.0-x\r\n", b"")):
        path = str(tmp_path / f"s{number}")
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
            s.listen()

            def serve():
                c = s.accept()[0]
                c.recv(4096)
                c.sendall(answer)
                c.close()
            t = threading.Thread(target=serve)
            t.start()
            assert api.ctl("status", socket_path=path)[0] == 5, answer
            t.join()


def test_control_bytes_do_not_reach_the_terminal(api, tmp_path):
    path = str(tmp_path / "s")
    body = json.dumps({"success": True, "errors": [], "messages": [],
                       "result": {"version": "a\x1b[31m\x07\x9b2Jb", "state": "x"}}).encode()
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        s.listen()

        def serve():
            c = s.accept()[0]
            c.recv(4096)
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            c.close()
        t = threading.Thread(target=serve)
        t.start()
        code, out, _ = api.ctl("status", socket_path=path)
        t.join()
    assert code == 0 and "a?[31m??2Jb" in out and "\x1b" not in out


def test_the_socket_can_come_from_the_environment(api):
    done = subprocess.run([CTL, "status"], env={**os.environ, "SLUICE_SOCKET": api.socket}, stdout=subprocess.PIPE,
                          timeout=HANG, check=True)
    assert b"ready" in done.stdout
