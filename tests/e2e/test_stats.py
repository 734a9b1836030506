# SPDX-License-Identifier: GPL-2.0-only
"""The counters in the shared page say what was done; they survive the worker that wrote them."""
import os
import signal

import stats
from client import Client, request
from door import host, wait_until

HEADER = r"""
#define WORKER_STATS(X) X(first, "a (b)") X(second, "c")
enum { MANY = 3 };
struct worker_stats {
#define X(name, help) uint64_t name;
	WORKER_STATS(X)
#undef X
	uint64_t rows[MANY];
	uint64_t pair[2];
	uint64_t last;
} __attribute__((aligned(64)));
"""


def test_the_layout_is_what_the_header_says():
    assert stats.layout(HEADER) == [("first", 1, False), ("second", 1, False), ("rows", 3, True), ("pair", 2, True),
                                    ("last", 1, False)]


def test_requests_handshakes_and_ends_are_counted(door, world, origin):
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)], workers=2)
    assert d.stats()["requests"] == 0
    for _ in range(3):
        with Client(d.port, cert=world.alice) as c:
            assert c.get("/").status == 200
            c.send(request(fields=["Content-Length: 1", "Transfer-Encoding: chunked"]))
            assert c.response().status == 400
    d.logged(6)
    wait_until(lambda: d.stats()["conns_open"] == 0, "the end of all connections")
    now = d.stats()
    assert now["conns_accepted"] == now["handshakes_started"] == 3
    assert now["handshakes_full"] + now["handshakes_resumed"] == 3 and now["handshakes_failed"] == 0
    assert now["requests"] == 6
    assert now["requests_refused"] == sum(now["refused"]) == 3 and max(now["refused"]) == 3
    assert sum(now["ended"]) == 3
    assert now["generation"] == 2  # two workers, each started once


def test_counters_outlive_a_worker(door, world, origin):
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)])
    victim = d.worker()
    with Client(d.port, cert=world.alice) as c:
        assert c.get("/").status == 200
    wait_until(lambda: d.stats()["requests"] == 1, "the request in the counters")
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: d.workers() and victim not in d.workers(), "a new worker")
    wait_until(lambda: d.stats()["generation"] == 2, "it to have begun")
    assert d.stats()["requests"] == 1
