# SPDX-License-Identifier: GPL-2.0-only
"""The settings API's socket, its routes, and clients that mean harm."""
import json
import os
import signal
import socket
import stat
import subprocess
import tempfile
import time

import pytest

from client import status
from conftest import SLUICED
from door import HANG, Door, children, free_port, host, wait_until


@pytest.fixture
def one(door, world, origin):
    return door([host(world.api, ["api.example.com", "*.api.example.com"], [origin], "require", world.client_ca)],
                workers=2)


def control(d):
    """The pid of its control process."""
    def find():
        for pid in children(d.process.pid):
            with open(f"/proc/{pid}/cmdline") as f:
                if "--role=control" in f.read():
                    return pid
        return None
    return wait_until(find, "control")


def answers(d):
    """Does it answer somebody who comes along now?"""
    return subprocess.run(["curl", "-sSf", "--max-time", str(HANG), "--unix-socket", d.socket, "http://localhost/healthz"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


# --- routes -------------------------------------------------------------------------------------------------

def test_status_says_what_runs(one):
    code, head, answer = one.api("GET", "/sluice/v1/status")
    assert code == 200 and head["cache-control"] == "no-store"
    assert (answer["success"], answer["errors"], answer["messages"]) == (True, [], [])
    result = answer["result"]
    assert result["state"] == "ready"
    assert result["pid"] == one.process.pid
    assert result["control_pid"] == control(one)
    assert result["workers"] == 2 and result["hosts"] == 1
    assert result["listen"] == [f"127.0.0.1:{one.port}"]
    assert result["snapshot"] == {"version": 1, "workers_applied": 2, "is_refused": False}
    assert result["config"] == one.config_path
    kernel = one.engine() == "kernel"
    assert result["kernel_tls"]["is_whole"] == kernel and len(result["kernel_tls"]["suites"]) == (6 if kernel else 0)


def test_workers_are_told_with_their_counters(one, world):
    assert status(one.port, cert=world.alice) == 200
    wait_until(lambda: one.stats()["requests"] == 1, "the request to be counted")
    code, _, answer = one.api("GET", "/sluice/v1/workers")
    assert code == 200
    rows = answer["result"]
    assert [r["id"] for r in rows] == [0, 1]
    assert sorted(r["pid"] for r in rows) == sorted(one.workers())
    assert sum(r["requests"] for r in rows) == 1
    assert sum(r["counters"]["handshakes_full"] for r in rows) == 1
    assert set(rows[0]["counters"]) <= set(one.stats())


def test_hosts_are_told_and_paged_and_keys_are_not(door, world, origin):
    d = door([host(world.api, [f"h{i}.example.com"], [origin], "require", world.client_ca) for i in range(5)])
    code, _, answer = d.api("GET", "/sluice/v1/hosts")
    assert code == 200
    assert [h["names"] for h in answer["result"]] == [[f"h{i}.example.com"] for i in range(5)]
    assert answer["result"][0]["verify"] == "require"
    assert answer["result"][0]["origins"] == [origin.address]
    assert "PRIVATE KEY" not in json.dumps(answer) and "BEGIN" not in json.dumps(answer)
    _, _, answer = d.api("GET", "/sluice/v1/hosts?page=2&per_page=2")
    assert [h["names"][0] for h in answer["result"]] == ["h2.example.com", "h3.example.com"]
    assert answer["result_info"] == {"page": 2, "per_page": 2, "count": 2, "total_count": 5}
    _, _, answer = d.api("GET", "/sluice/v1/hosts?page=9&per_page=2")
    assert answer["result"] == []
    for bad in ("page=0", "page=-1", "page=x", "per_page=99999999", "page="):
        code, _, answer = d.api("GET", "/sluice/v1/hosts?" + bad)
        assert code == 400 and answer["errors"][0]["code"] == 12130, bad


def test_one_host_is_found_by_its_name(one):
    for path in ("api.example.com", "API.example.com.", "*.api.example.com", "%2A.api.example.com"):
        code, _, answer = one.api("GET", "/sluice/v1/hosts/" + path)
        assert code == 200 and answer["result"]["names"][0] == "api.example.com", path
    for path in ("x.api.example.com", "other", "..", "%00", "a" * 600):
        code, _, answer = one.api("GET", "/sluice/v1/hosts/" + path)
        assert code == 404 and answer["errors"][0]["code"] == 7003, path


NOT_THERE = [
    # (method, path, status, code)
    ("GET", "/", 404, 7003),
    ("GET", "/sluice/v1", 404, 7003),
    ("GET", "/sluice/v1/status/", 404, 7003),
    ("GET", "//sluice/v1/status", 404, 7003),
    ("GET", "/sluice/v1/status%00", 404, 7003),
    ("GET", "/SLUICE/v1/status", 404, 7003),
    ("POST", "/sluice/v1/status", 405, 10405),
    ("DELETE", "/sluice/v1/reload", 405, 10405),
    ("GET", "/sluice/v1/reload", 405, 10405),
]


@pytest.mark.parametrize("method,path,want,code", NOT_THERE)
def test_what_is_not_there_is_said_in_the_envelope(api, method, path, want, code):
    got, head, answer = api.api(method, path)
    assert got == want
    assert answer["success"] is False and answer["result"] is None
    assert [e["code"] for e in answer["errors"]] == [code]
    assert ("allow" in head) == (want == 405)


def test_head_is_answered_without_a_body(api):
    code, head, text = api.api("HEAD", "/sluice/v1/status")
    assert code == 200 and int(head["content-length"]) > 0 and text == ""


def test_health_and_readiness(one):
    assert one.api("GET", "/healthz")[::2] == (200, "ok\n")
    assert one.api("GET", "/readyz")[::2] == (200, "ready\n")


def test_readiness_ends_with_the_drain(one, world):
    with socket.create_connection(("127.0.0.1", one.port)):  # which a worker waits for
        wait_until(lambda: one.stats()["conns_open"] == 1, "the connection")
        one.process.send_signal(signal.SIGTERM)
        wait_until(lambda: one.api("GET", "/readyz")[0] == 503, "no longer ready")
        assert one.api("GET", "/sluice/v1/status")[2]["result"]["state"] == "draining"
        assert one.api("POST", "/sluice/v1/reload")[0] == 409


# --- reload -------------------------------------------------------------------------------------------------

def test_a_reload_is_answered_when_every_worker_has_it(one, world):
    one.config["hosts"][0]["names"].append("new.example.com")
    one.write_text(json.dumps(one.config))
    code, _, answer = one.api("POST", "/sluice/v1/reload")
    assert (code, answer["result"]) == (200, {"version": 2})
    # no waiting: the answer said so
    assert status(one.port, sni="new.example.com", cert=world.alice) == 200
    assert one.stats()["snapshot_version"] == 4  # 2 in each of two workers


def test_a_reload_of_a_bad_file_says_every_mistake_and_changes_nothing(one, world):
    good = json.loads(json.dumps(one.config))
    one.config["hosts"][0]["origins"] = ["nowhere"]
    one.config["hosts"][0]["client_auth"]["verify"] = "perhaps"
    one.config["surprise"] = 1
    one.write_text(json.dumps(one.config))
    code, _, answer = one.api("POST", "/sluice/v1/reload")
    assert code == 400 and answer["success"] is False
    pointers = {e.get("source", {}).get("pointer") for e in answer["errors"]}
    assert {"/hosts/0/origins/0", "/hosts/0/client_auth/verify", "/surprise"} <= pointers, answer
    assert all(e["code"] == 12130 for e in answer["errors"])
    assert status(one.port, cert=world.alice) == 200
    one.write_text(json.dumps(good))
    assert one.api("POST", "/sluice/v1/reload")[0] == 200


def test_a_reload_that_needs_a_restart_is_refused(one):
    for change in ({"api": {"listen": "off"}}, {"api": {"listen": one.socket, "mode": "0666"}},
                   {"listen": [f"127.0.0.1:{free_port()}"]}):
        one.write_text(json.dumps({**one.config, **change}))
        code, _, answer = one.api("POST", "/sluice/v1/reload")
        assert code == 400 and "restart" in answer["errors"][0]["message"], change


def test_reloads_at_once_are_all_answered(one):
    asked = [subprocess.Popen(["curl", "-sS", "--max-time", str(HANG), "--unix-socket", one.socket, "-X", "POST",
                               "http://localhost/sluice/v1/reload"], stdout=subprocess.PIPE) for _ in range(8)]
    answers = [json.loads(p.communicate()[0]) for p in asked]
    assert all(a["success"] for a in answers), answers
    assert sorted(a["result"]["version"] for a in answers) == list(range(2, 10))


# --- the socket ---------------------------------------------------------------------------------------------

def test_the_socket_is_for_its_owner_alone(one):
    st = os.stat(one.socket)
    assert stat.S_ISSOCK(st.st_mode) and stat.S_IMODE(st.st_mode) == 0o600 and st.st_uid == os.geteuid()


@pytest.fixture
def open_directory():
    """One that other users can reach, as pytest's cannot be."""
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        yield path


@pytest.mark.skipif(os.geteuid() != 0, reason="needs other users")
def test_mode_and_owner_are_what_the_file_says(door, world, origin, open_directory):
    path = os.path.join(open_directory, "a.sock")
    d = door([host(world.api, ["api.example.com"], [origin])],
             api={"listen": path, "mode": "0660", "owner": "daemon", "group": "nogroup"})
    st = os.stat(path)
    assert stat.S_IMODE(st.st_mode) == 0o660 and st.st_uid == 1 and st.st_gid == 65534
    for uid, gid, may in ((1, 12345, True), (12345, 65534, True), (12345, 12345, False)):
        done = subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "curl", "-sS",
                               "--unix-socket", path, "http://localhost/healthz"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=HANG, check=False)
        assert (done.returncode, done.stdout) == ((0, b"ok\n") if may else (7, b"")), (uid, gid)
    assert d.api("GET", "/healthz", socket_path=path)[0] == 200


def test_a_restarted_control_serves_the_same_socket(one):
    before = os.stat(one.socket).st_ino
    old = control(one)
    os.kill(old, signal.SIGKILL)
    # connections that come meanwhile wait in the same queue
    code, _, answer = one.api("GET", "/sluice/v1/status")
    assert code == 200 and answer["result"]["control_pid"] not in (old, 0)
    assert os.stat(one.socket).st_ino == before
    wait_until(lambda: one.api("GET", "/sluice/v1/status")[2]["result"]["state"] == "ready", "all in force again")


def test_a_control_restarted_over_a_bad_file_still_serves(one, world):
    one.write_text("listen: nonsense\n")
    os.kill(control(one), signal.SIGKILL)
    code, _, answer = one.api("GET", "/sluice/v1/status")
    assert code == 200 and answer["result"]["workers"] == 2 and answer["result"]["hosts"] == 1
    assert answer["result"]["state"] == "ready"
    assert one.api("GET", "/readyz")[0] == 200
    assert one.api("POST", "/sluice/v1/reload")[0] == 400
    assert status(one.port, cert=world.alice) == 200


def test_the_socket_s_file_goes_with_the_master_and_a_stale_one_is_replaced(one):
    one.stop()
    assert not os.path.exists(one.socket)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(one.socket)
    assert os.path.exists(one.socket)
    one.start()
    wait_until(lambda: answers(one), "the API")


@pytest.fixture
def cold(world, tmp_path, origin):
    """A sluiced that is not started; killed at the end."""
    d = Door(SLUICED, tmp_path, free_port(), world.pki.directory)
    d.hosts = [host(world.api, ["api.example.com"], [origin])]
    yield d
    d.kill()


def refuses(d):
    """Its error log, after it did not start."""
    d.process = subprocess.Popen([d.binary, "--config", d.config_path, "--allow-dir", d.allow], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    text = d.process.communicate(timeout=HANG)[1].decode()
    assert d.process.returncode == 1, text
    return text


def test_a_socket_somebody_listens_on_is_not_taken_over(cold):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(cold.socket)
        s.listen()
        cold.write(cold.hosts)
        text = refuses(cold)
        assert cold.socket in text and "in use" in text
        with socket.socket(socket.AF_UNIX) as c:
            c.connect(cold.socket)


@pytest.mark.parametrize("what", ["file", "directory", "nowhere"])
def test_a_path_that_cannot_be_is_named_in_the_error(cold, tmp_path, what):
    path = tmp_path / "x" / "a" if what == "nowhere" else tmp_path / "a"
    if what == "file":
        path.write_text("precious")
    elif what == "directory":
        path.mkdir()
    cold.write(cold.hosts, api={"listen": str(path)})
    assert f"api.listen: unix:{path}: " in refuses(cold)
    assert what != "file" or path.read_text() == "precious"


BAD_API = [
    ({"listen": "relative.sock"}, "api.listen"),
    ({"listen": "/" + "x" * 107}, "api.listen"),
    ({"listen": "0.0.0.0:80"}, "api.listen"),
    ({"listen": "192.0.2.1:80"}, "api.listen"),
    ({"listen": "[::]:80"}, "api.listen"),
    ({"listen": "127.0.0.1"}, "api.listen"),
    ({"listen": ""}, "api.listen"),
    ({"listen": "/x", "mode": "rw"}, "api.mode"),
    ({"listen": "/x", "mode": "0888"}, "api.mode"),
    ({"listen": "/x", "mode": "4755"}, "api.mode"),
    ({"listen": "/x", "mode": "00000600"}, "api.mode"),
    ({"listen": "/x", "owner": "no-such-user"}, "api.owner"),
    ({"listen": "/x", "group": "no-such-group"}, "api.group"),
    ({"listen": "/x", "group": "4294967295"}, "api.group"),
]


@pytest.mark.parametrize("api,key", BAD_API)
def test_mistakes_in_the_file_are_named(cold, api, key):
    cold.write(cold.hosts, api=api)
    done = subprocess.run([SLUICED, "--check", cold.config_path], stderr=subprocess.PIPE, timeout=HANG, check=False)
    assert done.returncode == 1
    assert key + ": " in done.stderr.decode()


def test_off_is_off(door, world, origin):
    d = door([host(world.api, ["api.example.com"], [origin])], api={"listen": "off"})
    assert not os.path.exists(d.socket)
    assert status(d.port) == 200
    assert d.reload()
    assert d.ctl("status")[0] == 3


def test_on_the_loopback_only_what_is_anybody_s_is_answered_to_nobody_in_particular(door, world, origin):
    port = free_port()
    door([host(world.api, ["api.example.com"], [origin])], api={"listen": f"127.0.0.1:{port}"})

    def ask(method, path):
        done = subprocess.run(["curl", "-sS", "-X", method, "-w", "%{http_code}", "-o", "/dev/null",
                               f"http://127.0.0.1:{port}{path}"], stdout=subprocess.PIPE, check=True, timeout=HANG)
        return int(done.stdout)

    assert ask("GET", "/healthz") == 200
    assert ask("GET", "/readyz") == 200
    assert ask("GET", "/sluice/v1/status") == 401
    assert ask("GET", "/sluice/v1/hosts") == 401
    assert ask("POST", "/sluice/v1/reload") == 401


# --- clients that mean harm -----------------------------------------------------------------------------------

def speak(d, data):
    """What comes back to these bytes, until the other side hangs up; None when it does not."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(HANG)
        s.connect(d.socket)
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        got = b""
        try:
            while chunk := s.recv(65536):
                got += chunk
        except ConnectionResetError:
            pass
        return got


BROKEN = [
    b"",
    b"\0" * 100000,
    b"GET",
    b"GET /healthz HTTP/9.9\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + b"A: b\r\n" * 20000 + b"\r\n",
    b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /sluice/v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /sluice/v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"POST /sluice/v1/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /sluice/v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nshort",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
]


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_broken_requests_do_no_harm(api, number):
    got = speak(api, BROKEN[number])
    assert b" 200 " not in got.split(b"\r\n")[0]
    assert api.api("GET", "/healthz")[0] == 200


BODIES = [
    # (body, status)
    (b"{", 400),
    (b"\xff\xfe", 400),
    (b'{"a":1,"a":2}', 400),
    (b"[" * 60000, 400),
    (b" " * 70000, 413),
]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("body,want", BODIES)
def test_bad_bodies_are_refused_and_nothing_happens(api, body, want, chunked):
    before = api.api("GET", "/sluice/v1/status")[2]["result"]["snapshot"]["version"]
    code, _, answer = api.api("POST", "/sluice/v1/reload", body, ["Transfer-Encoding: chunked"] if chunked else [])
    assert code == want and answer["errors"][0]["code"] == 6007
    assert api.api("GET", "/sluice/v1/status")[2]["result"]["snapshot"]["version"] == before


def test_a_body_where_none_is_taken_is_refused(api):
    code, _, answer = api.api("GET", "/sluice/v1/status", b"{}")
    assert code == 413 and answer["success"] is False


def test_many_connections_that_say_nothing_hold_up_neither_traffic_nor_reloads(one, world):
    held = []
    try:
        for _ in range(300):
            s = socket.socket(socket.AF_UNIX)
            s.setblocking(False)
            try:
                s.connect(one.socket)
                s.send(b"GET /sluice/v1/status HTTP/1.1\r\n")
            except BlockingIOError:
                pass  # the queue is full: as it should be
            held.append(s)
        assert status(one.port, cert=world.alice) == 200
        assert one.reload()
    finally:
        for s in held:
            s.close()
    wait_until(lambda: answers(one), "the API for others")


def test_who_sends_a_byte_now_and_then_is_hung_up_on(one):
    """Each byte is activity for the HTTP library; the whole request has a time all the same."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(HANG)
        s.connect(one.socket)
        s.sendall(b"GET /sluice/v1/status HTTP/1.1\r\nX: ")

        def refused():
            try:
                s.sendall(b"x")
            except OSError:
                return True
            time.sleep(0.5)
            return False

        wait_until(refused, "the end of a slow request", 2 * HANG)
    assert one.api("GET", "/healthz")[0] == 200


def test_who_does_not_read_its_answers_holds_up_nobody(one, world):
    with socket.socket(socket.AF_UNIX) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        s.connect(one.socket)
        s.settimeout(HANG)
        s.setblocking(False)
        try:
            for _ in range(2000):
                s.send(b"GET /sluice/v1/workers HTTP/1.1\r\nHost: x\r\n\r\n")
        except BlockingIOError:
            pass
        assert one.api("GET", "/healthz")[0] == 200
        assert one.reload()
        assert status(one.port, cert=world.alice) == 200


def test_a_client_that_leaves_in_mid_answer_is_no_loss(one):
    for _ in range(50):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(one.socket)
            s.sendall(b"POST /sluice/v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    wait_until(lambda: one.api("GET", "/sluice/v1/status")[2]["result"]["state"] == "ready", "rest")
    before = control(one)
    assert one.api("POST", "/sluice/v1/reload")[0] == 200
    assert control(one) == before
