# SPDX-License-Identifier: GPL-2.0-only
"""sluiced with XDP on a real interface: a veth between two network namespaces, real clients in one of them."""
import json
import os
import signal
import ssl
import subprocess
import threading

import pytest

from client import Client, Cut
from door import HANG, Door, host, wait_until
from netns import SERVER, SERVER6, Net
from origin import Origin
from test_conns_map import bpffs  # noqa: F401  pylint: disable=unused-import

BPFTOOL = "/usr/sbin/bpftool"
NAMES = ["api.example.com", "*.api.example.com"]


@pytest.fixture
def net():
    if os.geteuid() != 0:
        pytest.skip("network namespaces and XDP take root")
    n = Net()
    yield n
    n.close()


class Front:
    """A door in the server's namespace, asked from the client's."""

    def __init__(self, net, door, world, origin, pins):
        self.net, self.door, self.world, self.origin, self.pins = net, door, world, origin, pins
        self.d = None

    def hosts(self, *names, **more):
        return [host(self.world.api, list(names) or NAMES, [self.origin], "optional", self.world.client_ca, **more)]

    def start(self, hosts=None, options=None, listen=None, **xdp):
        xdp.setdefault("interfaces", ["vs"])
        made = []

        def start():
            made.append(self.door(hosts or self.hosts(), arguments=["--bpf-dir", str(self.pins)],
                                  listen=listen or ["0.0.0.0:8443", "[::]:8443"], xdp=xdp, **(options or {})))
        self.net.server.do(start)
        self.d = made[0]
        return self.d

    def again(self):
        """The same configuration, a new sluiced."""
        self.net.server.do(self.d.start)

    def get(self, name=NAMES[0], address=SERVER, port=8443):
        """The status, or how it ended."""
        def ask():
            try:
                with Client(port, sni=name, address=address) as c:
                    return c.get("/").status
            except ConnectionResetError:
                return "reset"
            except ssl.SSLError as e:
                return e.reason
            except Cut as e:
                return e.end
        return self.net.client.do(ask)

    def counters(self):
        out = subprocess.run([BPFTOOL, "-j", "map", "dump", "pinned", self.pins / "sluice_stats"], check=True,
                             capture_output=True).stdout
        total = {}
        for cpu in json.loads(out)[0]["formatted"]["values"]:
            for name, value in cpu["value"].items():
                total[name] = total.get(name, 0) + value
        return total

    def put(self, name, key, value):
        subprocess.run([BPFTOOL, "map", "update", "pinned", self.pins / name, "key", "hex", *key.hex(" ").split(), "value",
                        "hex", *value.hex(" ").split()], check=True)

    def shared(self):
        """The workers that take new connections."""
        out = subprocess.run([BPFTOOL, "-j", "map", "lookup", "pinned", self.pins / "sluice_classes", "key", "63", "0", "0",
                              "0"], check=True, capture_output=True).stdout
        value = json.loads(out)["formatted"]["value"]
        return value["workers"][:value["workers_len"]]

    def mode(self, interface="vs"):
        out = self.net.server.run("ip", "-j", "link", "show", interface, capture_output=True).stdout
        return {1: "native", 2: "generic"}.get(json.loads(out)[0].get("xdp", {}).get("mode"))

    def kill(self):
        """Everything, at once."""
        for pid in self.d.family():
            os.kill(pid, signal.SIGKILL)
        self.d.process.wait(HANG)
        self.d.process = None


@pytest.fixture
def front(bpffs, net, door, world):  # noqa: F811
    origin = net.server.do(Origin)
    yield Front(net, door, world, origin, bpffs / "sluice" / "v1")
    origin.close()


def test_without_interfaces_nothing_is_loaded(front):
    d = front.start(interfaces=[])
    assert front.get() == 200
    assert "xdp" not in d.errors()
    assert [p.name for p in front.pins.iterdir()] == ["sluice_conns"]
    assert front.mode() is None


@pytest.mark.parametrize("mode", ["native", "generic"])
def test_names_of_hosts_are_served_others_are_reset(front, mode):
    d = front.start(mode=mode, options={"workers": 2})
    assert front.mode() == mode
    assert f"xdp: vs: {mode}" in d.errors()
    for address in (SERVER, SERVER6):
        assert front.get(address=address) == 200
        assert front.get("x.api.example.com", address) == 200
        assert front.get("API.Example.COM", address) == 200
        assert front.get("nobody.example.com", address) == "reset"
        assert front.get("y.x.api.example.com", address) == "reset"
    counted = front.counters()
    assert (counted["admitted"], counted["unknown_name"], counted["broken"]) == (6, 4, 0)
    assert counted["syn"] == counted["handshake_ack"] == 10
    curl = front.net.client.run(
        "curl", "-sk", "--resolve", f"api.example.com:8443:{SERVER}", "https://api.example.com:8443/", "-o", "/dev/null",
        "-w", "%{http_code}", capture_output=True, text=True)
    assert curl.stdout == "200"
    said = front.net.client.run("openssl", "s_client", "-connect", f"{SERVER}:8443", "-servername", "api.example.com",
                                input=b"", capture_output=True).stdout
    assert b"BEGIN CERTIFICATE" in said
    d.stop()
    assert front.mode() is None
    assert not list(front.pins.iterdir())


class Traffic:
    """Clients that connect one after the other, each with a request, until told to stop."""

    def __init__(self, front, names=(NAMES[0],), threads=2):
        self.done, self.failed, self.errors = 0, 0, []
        self.front, self.names = front, names
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]
        for t in self.threads:
            t.start()

    def run(self):
        n = 0
        while not self.stopping.is_set():
            n += 1
            try:
                answer = self.front.get(self.names[n % len(self.names)])
            except OSError as e:
                answer = repr(e)
            with self.lock:
                self.done += 1
                if answer != 200:
                    self.errors.append(answer)

    def until(self, count):
        """So many more."""
        begin = self.done
        wait_until(lambda: self.done >= begin + count, f"{count} requests")

    def stop(self):
        self.stopping.set()
        for t in self.threads:
            t.join(HANG)
        return self.errors


def test_names_come_and_go_under_traffic_without_a_refused_one(front):
    d = front.start()
    traffic = Traffic(front)
    for n in range(6):
        d.write(front.hosts(*NAMES, f"n{n}.example.com"), listen=d.config["listen"], xdp=d.config["xdp"])
        assert d.reload()
        assert front.get(f"n{n}.example.com") == 200
        wait_until(lambda: n == 0 or front.get(f"n{n - 1}.example.com") == "reset", "the old name is gone")  # noqa: B023
        traffic.until(10)
    assert traffic.stop() == []
    assert traffic.done >= 60


def test_rules_change_in_a_reload_and_interfaces_do_not(front):
    d = front.start()
    assert front.get("nobody.example.com") == "reset"
    d.write(front.hosts(), listen=d.config["listen"], xdp={"interfaces": ["vs"], "unknown_name": "default"})
    assert d.reload()
    assert front.get("nobody.example.com") == "TLSV1_UNRECOGNIZED_NAME"
    d.write(front.hosts(), listen=d.config["listen"], xdp={"interfaces": ["vs", "lo"]})
    assert not d.reload()
    assert "xdp: changing interfaces" in d.errors()
    assert front.get() == 200


def test_not_together_with_headers_before_tls(front):
    d = front.start()
    d.write(front.hosts(), listen=d.config["listen"], xdp=d.config["xdp"], proxy_sources=["10.77.0.1"])
    assert not d.reload()
    assert "xdp.interfaces: not together with proxy_sources" in d.errors()
    assert front.get() == 200


def test_a_default_host_takes_unknown_names(front):
    front.start(front.hosts(default=True))
    assert front.get("nobody.example.com") == 200
    assert front.counters()["defaulted"] == 1


def test_handshakes_of_a_source_are_limited(front):
    front.start(source_rate=1, source_burst=2)
    assert front.get() == 200
    assert front.get() == 200
    assert front.get() == 200  # the client sends its hello again until a second has passed
    assert front.counters()["source_limit"] >= 1


@pytest.mark.parametrize("strict", [False, True])
def test_the_sysctl_is_watched_and_nobody_loses_by_it(front, strict):
    d = front.start(strict=strict)
    traffic = Traffic(front)

    def flip(value):
        seen = len(d.errors())
        front.net.server.sysctl("tcp_syncookies", value)
        wait_until(lambda: f"tcp_syncookies is {value}" in d.errors()[seen:], "it is noticed")
        traffic.until(20)

    for value in (1, 2, 1, 2):
        flip(value)
    assert traffic.errors == []
    # with 0 the kernel takes no cookie any more, also none of those that it has just given
    flip(0)
    flip(2)
    assert set(traffic.errors) <= {"reset"}
    del traffic.errors[:]  # whoever was on its way is through: flip() has waited for twenty since
    traffic.until(20)
    assert traffic.stop() == []


def test_the_sysctl_is_set_when_told_so_and_not_otherwise(front):
    front.net.server.sysctl("tcp_syncookies", 1)
    d = front.start()
    assert "tcp_syncookies is 1, not 2" in d.errors()
    assert front.net.server.read_sysctl("tcp_syncookies") == "1"
    assert front.get() == 200
    assert front.get("nobody.example.com") == "reset"
    d.stop()
    d.write(front.hosts(), listen=d.config["listen"], xdp={"interfaces": ["vs"], "set_syncookies": True})
    front.again()
    assert front.net.server.read_sysctl("tcp_syncookies") == "2"
    assert front.get() == 200


def program(front):
    out = front.net.server.run("ip", "-j", "link", "show", "vs", capture_output=True).stdout
    return json.loads(out)[0]["xdp"]["prog"]["id"]


def test_after_kill_9_the_next_one_takes_over(front):
    d = front.start()
    assert front.get() == 200
    before, admitted = program(front), front.counters()["admitted"]
    front.kill()
    assert front.mode() == "native"
    front.again()
    assert "native, in the place of the program before" in d.errors()
    assert program(front) != before
    assert front.get() == 200
    assert front.get("nobody.example.com") == "reset"
    assert front.counters()["admitted"] == admitted + 1


def test_a_program_is_replaced_and_workers_die_under_traffic(front):
    """kill -9 of control, whose next one writes everything anew, and of workers."""
    d = front.start(options={"workers": 2})
    traffic = Traffic(front)
    for pid in d.family()[1:]:
        if pid not in d.workers():
            os.kill(pid, signal.SIGKILL)
    traffic.until(30)
    assert traffic.stop() == []
    assert front.get("nobody.example.com") == "reset"


def test_what_a_killed_one_left_is_taken_off(front, bpffs):  # noqa: F811
    d = front.start()
    detach = [d.binary, "--detach", str(front.pins)]
    busy = front.net.server.run(*detach, check=False, capture_output=True, text=True)
    assert busy.returncode == 1 and "a sluiced that runs has it" in busy.stderr
    front.kill()
    assert front.net.server.run(*detach, capture_output=True, text=True).stdout.endswith("pins removed\n")
    assert front.mode() is None
    assert [p.name for p in front.pins.iterdir()] == ["sluice_conns"]


def test_without_interfaces_what_a_killed_one_left_is_taken_off(front):
    d = front.start()
    front.kill()
    d.write(front.hosts("other.example.com"), listen=d.config["listen"])
    front.again()
    assert "what an earlier sluiced left" in d.errors()
    assert front.mode() is None
    assert front.get("other.example.com") == 200


def test_an_interface_that_is_not_there(front):
    d = front.start(interfaces=["vs", "vx0"])
    assert "xdp: vx0: there is no such interface" in d.errors()
    assert front.get() == 200
    front.net.server.ip("link", "add", "vx0", "type", "veth", "peer", "name", "vx1")
    wait_until(lambda: "xdp: vx0: native" in d.errors(), "it is attached when it comes")


def test_what_is_required_and_cannot_be_ends_the_start(front):
    d = front.start()
    d.stop()
    d.write(front.hosts(), listen=d.config["listen"], xdp={"interfaces": ["vs", "vx0"], "require": True})
    ended = front.net.server.run(d.binary, "--config", d.config_path, "--allow-dir", d.allow, "--bpf-dir",
                                 str(front.pins), check=False, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "xdp: it is required, and one of its interfaces is without" in ended.stderr
    assert front.mode() is None
    assert not list(front.pins.iterdir())


def test_without_a_place_to_pin_it_serves_without(front):
    d = front.start()
    d.stop()
    d.arguments = ["--bpf-dir", "none"]
    front.again()
    assert "xdp: it cannot be pinned, as sluice_conns; serving without" in d.errors()
    assert front.mode() is None
    assert front.get() == 200
    assert front.get("nobody.example.com") == "TLSV1_UNRECOGNIZED_NAME"
    d.stop()
    d.write(front.hosts(), listen=d.config["listen"], xdp={"interfaces": ["vs"], "require": True})
    ended = front.net.server.run(d.binary, "--config", d.config_path, "--allow-dir", d.allow, *d.arguments, check=False,
                                 capture_output=True, text=True)
    assert ended.returncode == 1
    assert "xdp: it cannot be pinned" in ended.stderr


def test_a_second_sluiced_of_the_same_directory_serves_without(front, tmp_path):
    first = front.start()
    (tmp_path / "second").mkdir()
    second = Door(first.binary, tmp_path / "second", 8444, first.allow)
    second.arguments = first.arguments
    second.write(front.hosts("second.example.com"), listen=["0.0.0.0:8444"], xdp={"interfaces": ["vs"]})
    front.net.server.do(second.start)
    try:
        assert "xdp: it cannot be pinned, as sluice_conns; serving without" in second.errors()
        assert front.get() == 200
        assert front.get("nobody.example.com") == "reset"
        assert front.get("second.example.com", port=8444) == 200
        assert front.get("nobody.example.com", port=8444) == "TLSV1_UNRECOGNIZED_NAME"
        second.stop()
    finally:
        second.kill()
    assert front.mode() == "native"


def test_a_dead_worker_gets_no_new_connections(front):
    """Its listener is the master's and stays in the kernel's set of listeners; what it was given would wait there."""
    d = front.start(options={"workers": 2})
    victim = next(p for p in d.workers() if "--role=worker\0000\0" in open(f"/proc/{p}/cmdline").read())
    d.process.send_signal(signal.SIGSTOP)  # so that it is not restarted
    assert front.shared() == [0, 1]
    d.process.send_signal(signal.SIGCONT)
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: front.shared() == [1] or victim not in d.family(), "it is noticed")
    wait_until(lambda: front.shared() == [0, 1], "its successor takes its place")
    assert [front.get() for _ in range(8)] == [200] * 8


def test_lies_in_the_maps_change_no_policy(front):
    """Names that are other hosts', that are nobody's, classes of workers that do not exist: at worst a connection is lost."""
    world, origin = front.world, front.origin
    hosts = [host(world.api, ["api.example.com"], [origin], "require", world.client_ca),
             host(world.api, ["open.example.com"], [origin], "none")]
    d = front.start(hosts, options={"workers": 2}, unknown_name="default")
    # with TLS 1.3 a client hears that its certificate is missed only when it reads
    refused = {"TLSV13_ALERT_CERTIFICATE_REQUIRED", "reset"}

    def judge():
        for _ in range(3):
            assert front.get("api.example.com") in refused
            assert front.get("open.example.com") in {200, "reset"}
            assert front.get("nobody.example.com") in {"TLSV1_UNRECOGNIZED_NAME", "reset"}

    judge()
    origin.forget()
    api, free, nobody = (n.encode().ljust(64, b"\0") for n in ("api.example.com", "open.example.com", "nobody.example.com"))

    def word(*numbers):
        return b"".join(n.to_bytes(4, "little") for n in numbers)

    def host_of(class_id):
        return word(class_id, 0) + bytes(16)

    for name, other in ((api, 1), (free, 0), (nobody, 1), (free, 9999), (api, 0xFFFFFFFF)):
        front.put("sluice_names", name, word(other))
        judge()
    for workers in ([1], [63], [0xFFFFFFFF], [1, 63]):
        front.put("sluice_classes", word(5), word(len(workers), *workers, *[0] * (64 - len(workers))))
        for number in (0, 1):
            front.put("sluice_hosts", word(number), host_of(5))
        judge()
    front.put("sluice_classes", word(63), word(0xFFFFFFFF, *[7] * 64))
    judge()
    front.put("sluice_hosts", word(0), host_of(77777))
    front.put("sluice_hosts", word(9999), host_of(5))
    judge()
    assert {r.get("Host") for r in origin.requests} <= {"open.example.com"}
    assert all(r.get("Cf-Client-Cert-Sha256") is None for r in origin.requests)
    assert d.family()


def test_an_interface_goes_down_and_away_and_comes_back(front):
    d = front.start()
    front.net.server.ip("link", "set", "vs", "down")
    front.net.server.ip("link", "set", "vs", "up")
    assert front.get() == 200
    front.net.server.ip("link", "set", "vs", "mtu", "1400")
    assert front.get() == 200
    assert front.mode() == "native"
    front.net.server.ip("link", "del", "vs")
    wait_until(lambda: "xdp: vs: there is no such interface" in d.errors(), "its end is noticed")
    seen = len(d.errors())
    front.net.plug()
    wait_until(lambda: "xdp: vs: native" in d.errors()[seen:], "it is attached again")
    assert front.get() == 200
    assert front.get("nobody.example.com") == "reset"


def test_another_program_is_there(front):
    taken = front.net.server.pass_all("vs")
    d = front.start()
    assert "xdp: vs: another XDP program is there" in d.errors()
    assert front.get() == 200
    os.close(taken)
    wait_until(lambda: front.mode() and "xdp: vs: native" in d.errors(), "it is attached when that is gone")


def test_counters_and_flows_are_shown(front):
    hosts = [host(front.world.api, NAMES, [front.origin]), host(front.world.api, ["www.example.com"], [front.origin])]
    d = front.start(hosts, options={"workers": 2})
    assert [front.get(n) for n in ("api.example.com", "x.api.example.com", "www.example.com")] == [200] * 3
    assert front.get("nobody.example.com") == "reset"
    status, _, body = d.api("GET", "/sluice/v1/xdp/counters")
    assert status == 200
    wait_until(lambda: d.api("GET", "/sluice/v1/xdp/counters")[2]["result"]["segments"] == front.counters(), "the same")
    assert body["result"]["segments"]["admitted"] == body["result"]["connections"]["unsteered"] == 3
    assert (body["result"]["tcp_syncookies"], body["result"]["all_names_admitted"]) == (2, False)
    _, _, body = d.api("GET", "/sluice/v1/xdp/hosts")
    assert [(h["name"], h["admitted"], h["limited"]) for h in body["result"]] == [
        ("api.example.com", 2, 0), ("www.example.com", 1, 0)]
    _, _, body = d.api("GET", "/sluice/v1/xdp/flows")
    assert sorted(f["name"] for f in body["result"]) == ["api.example.com", "www.example.com", "x.api.example.com"]
    assert all(f["local"] == f"{SERVER}:8443" and f["worker"] in (0, 1) and f["state"] == "decided" for f in body["result"])
    _, _, some = d.api("GET", "/sluice/v1/xdp/flows?page=2&per_page=2")
    assert len(some["result"]) == 1 and some["result_info"]["total_count"] == 3
    code, out, _ = d.ctl("flows")
    assert code == 0 and out.count(f"{SERVER}:8443") == 3
    code, out, _ = d.ctl("counters")
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert ["segments", "admitted", "3"] in rows and ["segments", "unknown_name", "1"] in rows
    assert ["www.example.com", "1", "0"] in rows
    _, _, text = d.api("GET", "/metrics")
    assert 'sluice_xdp_segments_total{reason="admitted"} 3\n' in text
    assert 'sluice_xdp_host_admitted_total{host="api.example.com"} 2\n' in text
    assert "sluice_xdp_syncookies 2\n" in text


def test_without_xdp_there_is_nothing_to_show(front):
    d = front.start(interfaces=[])
    for what in ("counters", "hosts", "flows"):
        assert d.api("GET", f"/sluice/v1/xdp/{what}")[0] == 404
    assert "sluice_xdp" not in d.api("GET", "/metrics")[2]
    code, _, err = d.ctl("flows")
    assert code == 1 and "XDP is not on" in err
