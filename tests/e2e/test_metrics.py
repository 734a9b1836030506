# SPDX-License-Identifier: GPL-2.0-only
"""GET /metrics, read by those who are meant to: promtool, and Prometheus' own parsers."""
import datetime
import re
import subprocess

import pytest
from cryptography import x509
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

import stats
from client import Client, request
from door import HANG, free_port, host, wait_until

OPEN = ["Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5"]


def samples(families):
    """{(name, labels but worker): sum over the workers}"""
    out = {}
    for family in families:
        for s in family.samples:
            key = (s.name, tuple(sorted((k, v) for k, v in s.labels.items() if k != "worker")))
            out[key] = out.get(key, 0) + s.value
    return out


@pytest.fixture
def busy(door, world, origin):
    """Has served one request and refused one."""
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca),
              host(world.shop, ["shop.example.com"], [origin])], workers=2)
    with Client(d.port, cert=world.alice) as c:
        assert c.get("/").status == 200
        c.send(request(fields=["Content-Length: 1", "Transfer-Encoding: chunked"]))
        assert c.response().status == 400
    wait_until(lambda: sum(d.stats()["ended"]) == 1, "the end of the connection")
    return d


def test_promtool_has_nothing_to_say(busy):
    code, head, text = busy.api("GET", "/metrics")
    assert code == 200 and head["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    done = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=HANG, check=False)
    assert (done.returncode, done.stdout) == (0, b"")
    broken = text.replace("_total", "")  # it would have said something
    assert subprocess.run(["promtool", "check", "metrics"], input=broken.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=HANG, check=False).returncode != 0


def test_both_formats_say_the_same(busy):
    code, head, text = busy.api("GET", "/metrics", headers=OPEN)
    assert code == 200 and head["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert text.endswith("# EOF\n")
    opened = samples(openmetrics(text))
    older = samples(plain(busy.api("GET", "/metrics")[2]))
    assert set(opened) == set(older)
    assert all(opened[k] == older[k] for k in opened if k[0] != "sluice_start_time_seconds")
    units = dict(re.findall(r"^# UNIT (\S+) (\S+)$", text, flags=re.M))
    assert units["sluice_client_received_bytes"] == "bytes"
    assert all(name.endswith("_" + unit) for name, unit in units.items())


def test_what_was_done_is_what_is_told(busy):
    got = samples(openmetrics(busy.api("GET", "/metrics", headers=OPEN)[2]))
    assert got["sluice_requests_total", ()] == 2
    assert got["sluice_handshakes_full_total", ()] == 1
    assert got["sluice_worker_starts_total", ()] == 2
    assert got["sluice_conns_open", ()] == 0
    assert got["sluice_workers", ()] == got["sluice_snapshot_applied_workers", ()] == 2
    assert got["sluice_hosts", ()] == 2 and got["sluice_hosts_unlisted", ()] == 0
    assert got["sluice_refusals_total", (("reason", "length_and_coding"),)] == 1
    assert got["sluice_conns_ended_total", (("reason", "refused"),)] == 1
    assert got["sluice_store_writable", ()] == 0 and got["sluice_draining", ()] == 0
    now = busy.stats()
    assert got["sluice_client_received_bytes_total", ()] == now["bytes_from_clients"] > 0
    ends = sum(v for (name, _), v in got.items() if name == "sluice_conns_ended_total")
    assert ends == sum(now["ended"])


def test_how_long_it_took_is_counted_once_for_each(busy):
    text = busy.api("GET", "/metrics", headers=OPEN)[2]
    families = {f.name: f for f in openmetrics(text)}
    for name, count in (("handshake", 1), ("first_byte", 1), ("request", 2)):  # the refused one saw no origin
        family = families[f"sluice_{name}_seconds"]
        assert (family.type, family.unit) == ("histogram", "seconds")
        got = samples([family])
        assert got[f"{family.name}_count", ()] == got[f"{family.name}_bucket", (("le", "+Inf"),)] == count
        assert got[f"{family.name}_bucket", (("le", "0.00025"),)] <= got[f"{family.name}_bucket", (("le", "10.0"),)] <= count
        assert got[f"{family.name}_sum", ()] >= 0
    took = busy.logged(count=2)
    total = samples([families["sluice_request_seconds"]])["sluice_request_seconds_sum", ()]
    assert sum(row["ms_total"] for row in took) / 1000 <= total <= (sum(row["ms_total"] for row in took) + 2) / 1000


HIDDEN = {"pid", "ktls_support"}
RENAMED = {"generation": "worker_starts_total", "snapshot_version": "worker_snapshot_version", "conns_open": "conns_open",
           "ktls_conns_open": "ktls_conns_open", "bytes_from_clients": "client_received_bytes_total",
           "bytes_to_clients": "client_sent_bytes_total", "bytes_spliced_up": "spliced_up_bytes_total",
           "bytes_spliced_down": "spliced_down_bytes_total"}


def test_every_counter_is_told_and_what_goes_down_is_no_counter(busy):
    """A counter added to stats.h is a metric by itself; a gauge or one with a unit needs its row in control/metrics.c."""
    got = {name for name, _ in samples(openmetrics(busy.api("GET", "/metrics", headers=OPEN)[2]))}
    for name, _, many in stats.layout(stats._header("stats.h")):
        if many or name in HIDDEN:
            continue
        assert "sluice_" + RENAMED.get(name, name + "_total") in got, name
        if name not in RENAMED:
            assert not re.search(r"_open$|_now$|^bytes_|_bytes$|_version$|_s$|_ms$", name), \
                f"{name}: a gauge, or with a unit? give it a row in control/metrics.c and here"


def test_expiry_of_every_host_and_its_client_cas(busy, world):
    def ends(path):
        with open(path, "rb") as f:
            return int(x509.load_pem_x509_certificate(f.read()).not_valid_after.replace(
                tzinfo=datetime.timezone.utc).timestamp())
    got = samples(openmetrics(busy.api("GET", "/metrics", headers=OPEN)[2]))
    assert got["sluice_certificate_expiry_timestamp_seconds", (("host", "api.example.com"),)] == ends(world.api.pem)
    assert got["sluice_certificate_expiry_timestamp_seconds", (("host", "shop.example.com"),)] == ends(world.shop.pem)
    assert got["sluice_client_ca_expiry_timestamp_seconds", (("host", "api.example.com"),)] == ends(world.client_ca.pem)
    assert ("sluice_client_ca_expiry_timestamp_seconds", (("host", "shop.example.com"),)) not in got


def test_many_hosts_are_counted_and_only_some_named(door, world, origin):
    d = door([host(world.api, [f"h{i}.example.com"], [origin]) for i in range(1003)])
    got = samples(plain(d.api("GET", "/metrics")[2]))
    named = [k for k in got if k[0] == "sluice_certificate_expiry_timestamp_seconds"]
    assert len(named) == 1000 and got["sluice_hosts", ()] == 1003 and got["sluice_hosts_unlisted", ()] == 3


def test_prometheus_comes_over_the_loopback(door, world, origin):
    port = free_port()
    door([host(world.api, ["api.example.com"], [origin])], api={"listen": f"127.0.0.1:{port}"})
    done = subprocess.run(["curl", "-sSf", f"http://127.0.0.1:{port}/metrics"], stdout=subprocess.PIPE, timeout=HANG,
                          check=True)
    assert samples(plain(done.stdout.decode()))["sluice_workers", ()] == 1
