# SPDX-License-Identifier: GPL-2.0-only
"""The alert rules of deploy/prometheus, by promtool: each fires for its own trouble, and none for a service that is well."""
import json
import os
import re
import subprocess

import pytest

from client import Client
from door import HANG, host

RULES = os.path.join(os.path.dirname(__file__), "..", "..", "deploy", "prometheus", "sluice.rules.yml")
DAY = 86400

WELL = {
    'up{job="sluice"}': "1x60",
    "sluice_workers": "4x60",
    "sluice_snapshot_applied_workers": "4x60",
    'sluice_worker_starts_total{worker="0"}': "1x60",
    'sluice_certificate_expiry_timestamp_seconds{host="a"}': f"{90 * DAY}x60",
    'sluice_client_ca_expiry_timestamp_seconds{host="a"}': f"{900 * DAY}x60",
    'sluice_handshakes_started_total{worker="0"}': "0+600x60",
    'sluice_handshakes_failed_total{worker="0"}': "0+6x60",
    'sluice_origin_dials_total{worker="0"}': "0+600x60",
    'sluice_origin_dial_failures_total{worker="0"}': "0+1x60",
    'sluice_first_byte_seconds_bucket{worker="0",le="0.25"}': "0+600x60",
    'sluice_first_byte_seconds_bucket{worker="0",le="1.0"}': "0+600x60",
    'sluice_first_byte_seconds_bucket{worker="0",le="2.5"}': "0+600x60",
    'sluice_first_byte_seconds_bucket{worker="0",le="+Inf"}': "0+600x60",
    'sluice_conns_refused_total{worker="0"}': "3x60",
    'sluice_buffers_exhausted_total{worker="0"}': "0x60",
    'sluice_log_lines_dropped_total{worker="0"}': "7x60",
}
TROUBLE = {
    "SluiceDown": {'up{job="sluice"}': "1x20 0x40"},
    "SluiceChangeNotInForce": {"sluice_snapshot_applied_workers": "4x20 3x40"},
    "SluiceWorkersRestart": {'sluice_worker_starts_total{worker="0"}': "1x50 2 3 4 5 6x6"},
    "SluiceCertificateExpires": {'sluice_certificate_expiry_timestamp_seconds{host="a"}': f"{13 * DAY}x60"},
    "SluiceClientCAExpires": {'sluice_client_ca_expiry_timestamp_seconds{host="a"}': f"{29 * DAY}x60"},
    "SluiceHandshakesFail": {'sluice_handshakes_failed_total{worker="0"}': "0+300x60"},
    "SluiceOriginsFail": {'sluice_origin_dial_failures_total{worker="0"}': "0+60x60"},
    "SluiceSlow": {'sluice_first_byte_seconds_bucket{worker="0",le="0.25"}': "0+300x60",
                   'sluice_first_byte_seconds_bucket{worker="0",le="1.0"}': "0+500x60"},
    "SluiceFull": {'sluice_conns_refused_total{worker="0"}': "3+5x60"},
    "SluiceAccessLogLost": {'sluice_log_lines_dropped_total{worker="0"}': "7x55 8x5"},
}


def rules():
    with open(RULES) as f:
        return f.read()


def judge(directory, trouble, firing):
    """What promtool says of the rules: with these series, exactly the alerts of @firing fire after an hour."""
    series = {**WELL, **trouble}
    names = re.findall(r"alert: (\w+)", rules())
    assert set(names) == set(TROUBLE)
    test = {"rule_files": [os.path.abspath(RULES)], "evaluation_interval": "1m", "tests": [{
        "interval": "1m",
        "input_series": [{"series": s, "values": " ".join(v if "x" in v else v + "x0" for v in values.split())}
                         for s, values in series.items()],
        "promql_expr_test": [{"expr": "sort(count by (alertname) (ALERTS{alertstate=\"firing\"}))", "eval_time": "60m",
                              "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in firing]}],
    }]}
    path = directory / "test.yml"
    path.write_text(json.dumps(test))
    return subprocess.run(["promtool", "test", "rules", str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=HANG, check=False)


def test_promtool_takes_the_rules():
    assert subprocess.run(["promtool", "check", "rules", RULES], stdout=subprocess.DEVNULL, timeout=HANG,
                          check=False).returncode == 0


def test_a_service_that_is_well_is_left_alone(tmp_path):
    done = judge(tmp_path, {}, [])
    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("alert", TROUBLE)
def test_each_alert_fires_for_its_trouble_and_no_other_does(tmp_path, alert):
    done = judge(tmp_path, TROUBLE[alert], [alert])
    assert done.returncode == 0, done.stdout.decode()


def test_what_the_rules_ask_for_is_what_is_told(door, world, origin):
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)])
    with Client(d.port, cert=world.alice) as c:
        assert c.get("/").status == 200
    told = set(re.findall(r"(?m)^(sluice_\w+)", d.api("GET", "/metrics")[2]))
    asked = set(re.findall(r"\bsluice_\w+", rules()))
    assert asked and asked <= told, asked - told
