# SPDX-License-Identifier: GPL-2.0-only
"""Master, control and workers: who they are, and what happens when they are told to go or are killed."""
import os
import signal
import threading

import pytest

from client import Client, request, status
from door import HANG, children, descriptors, host, wait_until
from load import Load
from origin import answer


def hosts(world, origin, **more):
    return [host(world.api, ["api.example.com"], [origin], "require", world.client_ca, **more)]


def proc_status(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


# --- who they are -----------------------------------------------------------------------------------
def test_there_is_one_control_and_as_many_workers_as_asked_for(world, door, origin):
    d = door(hosts(world, origin), workers=3)
    assert len(d.workers()) == 3
    assert len(d.family()) == 5
    assert status(d.port, cert=world.alice) == 200


def test_workers_hold_no_privileges(world, door, origin):
    d = door(hosts(world, origin), workers=2)
    for pid in d.workers():
        s = proc_status(pid)
        assert s["NoNewPrivs"] == "1"
        assert s["Seccomp"] == "2"
        for caps in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(s[caps], 16) == 0, caps
        assert s["Threads"] == "1"
        if os.geteuid() == 0:
            assert "0" not in s["Uid"].split()
            assert "0" not in s["Gid"].split()
            assert s.get("Groups", "").strip() in ("", s["Gid"].split()[0])


def test_control_holds_no_privileges(world, door, origin):
    d = door(hosts(world, origin))
    control = [p for p in children(d.process.pid) if p not in d.workers()]
    assert len(control) == 1
    s = proc_status(control[0])
    assert s["NoNewPrivs"] == "1"
    assert int(s["CapEff"], 16) == 0
    if os.geteuid() == 0:
        assert "0" not in s["Uid"].split()


def test_no_process_keeps_descriptors_that_are_not_its_own(world, door, origin):
    """A worker has no configuration, key or certificate file open, and no descriptor of the test's."""
    d = door(hosts(world, origin))
    for pid in d.workers():
        for target in descriptors(pid).values():
            assert not target.endswith((".pem", ".key", ".yaml")), target


# --- SIGTERM ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_finished_before_the_end(world, door, origins, sig):
    asked, go = threading.Event(), threading.Event()

    def script(_, conn):
        while True:
            if conn.request().target == "/quick":
                conn.send(answer())
                continue
            asked.set()
            go.wait(HANG)
            conn.send(answer(b"y" * 300000))
    d = door(hosts(world, origins(script)), workers=2)
    with Client(d.port, cert=world.alice) as c, Client(d.port, cert=world.alice) as idle:
        assert idle.get("/quick").status == 200
        c.send(request())
        assert asked.wait(HANG)
        d.process.send_signal(sig)
        # an idle connection ends at once and cleanly, which also tells that draining has begun
        assert idle.to_end() == b""
        assert idle.end == "close_notify"
        wait_until(lambda: refuses(d, world), "nobody to accept")
        go.set()
        r = c.response()
        assert r.body == b"y" * 300000
        c.to_end()
    d.stop()


def refuses(d, world):
    try:
        Client(d.port, cert=world.alice).close()
    except OSError:
        return True
    return False


def test_draining_does_not_wait_for_ever(world, door, origins):
    asked = threading.Event()

    def script(_, conn):
        conn.request()
        asked.set()
        conn.wait_end()
    d = door(hosts(world, origins(script)), drain_timeout_ms=300)
    with Client(d.port, cert=world.alice) as c:
        c.send(request())
        assert asked.wait(HANG)
        d.stop()


def test_nothing_survives_the_master(world, door, origin):
    d = door(hosts(world, origin), workers=2)
    family = d.family()
    os.kill(d.process.pid, signal.SIGKILL)
    d.process.wait()
    d.process = None
    wait_until(lambda: not any(os.path.exists(f"/proc/{p}/exe") for p in family), "the orphans to end")


# --- SIGHUP -----------------------------------------------------------------------------------------
def test_a_reload_changes_what_new_connections_meet(world, door, origins):
    first, second = origins(respond=lambda r: answer(b"1")), origins(respond=lambda r: answer(b"2"))
    d = door(hosts(world, first))
    with Client(d.port, cert=world.alice) as old:
        assert old.get().body == b"1"
        d.write(hosts(world, second))
        assert d.reload()
        with Client(d.port, cert=world.alice) as new:
            assert new.get().body == b"2"
        old.get()  # still served
    d.write([host(world.shop, ["shop.example.com"], [second], "require", world.other_ca)])
    assert d.reload()
    assert status(d.port, sni="shop.example.com", cert=world.other) == 200
    assert status(d.port, sni="api.example.com", cert=world.alice) is None


@pytest.mark.parametrize("bad", ["not yaml", "unknown key", "no certificate", "wrong key", "no file"])
def test_a_bad_configuration_leaves_the_old_one_in_force(world, door, origin, bad):
    d = door(hosts(world, origin))
    entry = hosts(world, origin)[0]
    if bad == "not yaml":
        d.write_text("hosts: [ {")
    elif bad == "unknown key":
        d.write([dict(entry, surprise=1)])
    elif bad == "no certificate":
        d.write([{k: v for k, v in entry.items() if k != "certificate"}])
    elif bad == "wrong key":
        d.write([dict(entry, key=world.shop.key)])
    else:
        os.unlink(d.config_path)
    workers = d.workers()
    assert not d.reload()
    assert status(d.port, cert=world.alice) == 200
    assert status(d.port, cert=world.other) is None
    assert d.workers() == workers
    d.write(hosts(world, origin))
    assert d.reload()


@pytest.mark.parametrize("change", [{"workers": 2}, {"conns_per_worker": 128}, {"listen": ["127.0.0.1:1"]}])
def test_what_is_read_once_cannot_be_changed_by_a_reload(world, door, origin, change):
    d = door(hosts(world, origin))
    d.write(hosts(world, origin), **change)
    assert not d.reload()
    assert len(d.workers()) == 1
    assert status(d.port, cert=world.alice) == 200


def test_reloads_under_load_lose_nothing(world, door, origins):
    d = door(hosts(world, origins(respond=Load.bodies())), workers=2)
    with Load(d.port, world.alice) as load:
        for n in range(10):
            d.write(hosts(world, d.config["hosts"][0]["origins"][0]), workers=2, idle_timeout_ms=60000 + n)
            assert d.reload()
            done = load.done
            wait_until(lambda done=done: load.done > done + 40 or load.refused, "traffic")
    assert (load.lost, load.wrong, load.refused) == ([], [], [])
    assert load.done > 400


def test_bad_reloads_under_load_lose_nothing(world, door, origins):
    d = door(hosts(world, origins(respond=Load.bodies())))
    with Load(d.port, world.alice) as load:
        for _ in range(5):
            d.write_text("hosts: 17\n")
            assert not d.reload()
            done = load.done
            wait_until(lambda done=done: load.done > done + 20 or load.refused, "traffic")
    assert (load.lost, load.wrong, load.refused) == ([], [], [])


# --- kill -9 ----------------------------------------------------------------------------------------
def test_a_killed_worker_comes_back_and_nobody_else_notices(world, door, origins):
    d = door(hosts(world, origins(respond=Load.bodies())), workers=2)
    begin = d.workers()
    with Load(d.port, world.alice) as load:
        for _ in range(3):
            before = d.workers()
            victim = before[0]
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda v=victim: v not in d.workers() and len(d.workers()) == 2, "two workers again")
            assert before[1] in d.workers()
            done = load.done
            wait_until(lambda done=done: load.done > done + 100, "traffic")
    assert load.wrong == []
    # at most what was on its way: four clients, three kills
    assert len(load.lost) + len(load.refused) <= 12
    assert len(d.workers()) == len(begin)


def test_a_worker_that_dies_leaves_the_connections_of_the_other_alone(world, door, origin):
    d = door(hosts(world, origin), workers=2)
    clients = [Client(d.port, cert=world.alice) for _ in range(16)]
    for c in clients:
        assert c.get().status == 200
    os.kill(d.workers()[0], signal.SIGKILL)
    wait_until(lambda: len(d.workers()) == 2, "two workers again")
    alive = 0
    for c in clients:
        try:
            alive += c.get().status == 200
        except Exception:
            assert c.end != "close_notify"
        c.close()
    assert 0 < alive < 16
    assert status(d.port, cert=world.alice) == 200


def test_a_worker_that_is_stuck_is_replaced(world, door, origin):
    """A stopped one keeps its listener: the kernel goes on giving it connections, and nobody serves them."""
    d = door(hosts(world, origin), workers=2)
    victim, other = d.workers()
    clients = [Client(d.port, cert=world.alice) for _ in range(16)]
    for c in clients:
        assert c.get().status == 200
    os.kill(victim, signal.SIGSTOP)
    wait_until(lambda: f"worker 0 (pid {victim}) is stuck: killed" in d.errors() or
               f"worker 1 (pid {victim}) is stuck: killed" in d.errors(), "somebody to notice")
    wait_until(lambda: victim not in d.workers() and len(d.workers()) == 2, "two workers again")
    assert other in d.workers()
    for _ in range(16):  # to either of them
        assert status(d.port, cert=world.alice) == 200
    assert d.errors().count("is stuck") == 1


def test_a_restarted_worker_serves_the_configuration_in_force(world, door, origin):
    d = door(hosts(world, origin))
    d.write([host(world.shop, ["shop.example.com"], [origin], "require", world.other_ca)])
    assert d.reload()
    victim = d.worker()
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: d.workers() and victim not in d.workers(), "a new worker")
    assert status(d.port, sni="shop.example.com", cert=world.other) == 200
    assert status(d.port, sni="api.example.com", cert=world.alice) is None


def test_a_killed_control_comes_back_and_reloads_work_again(world, door, origin):
    d = door(hosts(world, origin))
    workers = d.workers()
    control = [p for p in children(d.process.pid) if p not in workers][0]
    os.kill(control, signal.SIGKILL)
    wait_until(lambda: len(d.family()) == 3 and control not in d.family(), "a new control")
    assert d.workers() == workers
    assert status(d.port, cert=world.alice) == 200
    d.write([host(world.shop, ["shop.example.com"], [origin], "require", world.other_ca)])
    wait_until(lambda: d.reload(), "a reload")
    assert status(d.port, sni="shop.example.com", cert=world.other) == 200
