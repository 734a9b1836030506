# SPDX-License-Identifier: GPL-2.0-only
"""sluiced --check: every mistake with its line and its key, and nothing started."""
import os
import subprocess

import pytest

from conftest import SLUICED
from door import free_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def check(path):
    p = subprocess.run([SLUICED, "--check", str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                       check=False)
    return p.returncode, p.stdout.decode()


@pytest.fixture
def lines(world):
    """A good configuration, line by line (line 1 first)."""
    return [
        "listen:",                                            # 1
        f'  - "127.0.0.1:{free_port()}"',                     # 2
        "access_log: false",                                  # 3
        "options:",                                           # 4
        "  idle_timeout_ms: 1000",                            # 5
        "hosts:",                                             # 6
        "  - names:",                                         # 7
        "      - api.example.com",                            # 8
        f"    certificate: {world.api.pem}",                  # 9
        f"    key: {world.api.key}",                          # 10
        "    client_auth:",                                   # 11
        "      verify: require",                              # 12
        f"      ca: {world.client_ca.pem}",                   # 13
        "      depth: 1",                                     # 14
        "    identity:",                                      # 15
        "      inject: first_request",                        # 16
        "      der_header: X-Der",                            # 17
        "    origins:",                                       # 18
        '      - "127.0.0.1:8080"',                           # 19
    ]


def test_a_good_file_is_said_to_be_good(lines, tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text("\n".join(lines) + "\n")
    code, text = check(path)
    assert code == 0, text


MISTAKES = [
    # (line, what stands there instead, line that is named, a word that is named)
    (1, "listens:", 1, "listens"),
    (2, '  - "127.0.0.1"', 2, "listen"),
    (2, '  - "127.0.0.1:65536"', 2, "listen"),
    (2, '  - "nowhere:80"', 2, "listen"),
    (3, "access_log: perhaps", 3, "access_log"),
    (5, "  idle_timeout_ms: 99", 5, "idle_timeout_ms"),
    (5, "  idle_timeout_ms: soon", 5, "idle_timeout_ms"),
    (5, "  idle_timeout: 1000", 5, "idle_timeout"),
    (8, "      - api..example.com", 8, "names"),
    (8, "      - '*.com'", 8, "names"),
    (8, "      - 'a.*.example.com'", 8, "names"),
    (9, "    certificate: /nowhere/api.pem", 9, "certificate"),
    (10, "    key: /nowhere/api.key", 10, "key"),
    (12, "      verify: sometimes", 12, "verify"),
    (13, "      ca: /nowhere/ca.pem", 13, "ca"),
    (14, "      depth: 11", 14, "depth"),
    (16, "      inject: always", 16, "inject"),
    (17, "      der_header: 'X Der'", 17, "der_header"),
    (19, '      - "127.0.0.1"', 19, "origins"),
    (19, '      - "unix:relative"', 19, "origins"),
    (11, "    client_auth: [", None, None),
]


@pytest.mark.parametrize("at, instead, line, word", MISTAKES, ids=[f"{m[0]}: {m[1].strip()}" for m in MISTAKES])
def test_a_mistake_is_named_by_line_and_key(lines, tmp_path, at, instead, line, word):
    path = tmp_path / "bad.yaml"
    lines[at - 1] = instead
    path.write_text("\n".join(lines) + "\n")
    code, text = check(path)
    assert code != 0
    if line:
        named = [t for t in text.splitlines() if f":{line}:" in t]
        assert named, text
        assert any(word in t for t in named), text


def test_every_mistake_is_named_at_once(lines, tmp_path):
    path = tmp_path / "bad.yaml"
    lines[4] = "  idle_timeout_ms: 1"
    lines[11] = "      verify: sometimes"
    lines[15] = "      inject: always"
    path.write_text("\n".join(lines) + "\n")
    code, text = check(path)
    assert code != 0
    for line in (5, 12, 16):
        assert f":{line}:" in text, text


@pytest.mark.parametrize("what, cert, key, ca", [
    ("a key of another certificate", "api", "shop", "client_ca"),
    ("a certificate where a key should be", "api", None, "client_ca"),
])
def test_certificate_and_key_must_fit(world, lines, tmp_path, what, cert, key, ca):
    path = tmp_path / "bad.yaml"
    lines[8] = f"    certificate: {getattr(world, cert).pem}"
    lines[9] = f"    key: {getattr(world, key).key if key else getattr(world, cert).pem}"
    lines[12] = f"      ca: {getattr(world, ca).pem}"
    path.write_text("\n".join(lines) + "\n")
    code, text = check(path)
    assert code != 0, what
    assert "api.example.com" in text or "key" in text


def test_two_hosts_of_one_name_and_two_defaults_are_mistakes(world, lines, tmp_path):
    path = tmp_path / "bad.yaml"
    second = lines[6:]
    path.write_text("\n".join(lines + second) + "\n")
    code, text = check(path)
    assert code != 0
    assert "api.example.com" in text
    two = [*lines[:7], *lines[7:], "    default: true", *second, "    default: true"]
    two[len(lines) + 2] = "      - other.example.com"
    path.write_text("\n".join(two) + "\n")
    code, text = check(path)
    assert code != 0
    assert "default" in text


def test_a_missing_file_is_told(tmp_path):
    code, text = check(tmp_path / "none.yaml")
    assert code != 0
    assert "none.yaml" in text


def test_the_example_in_deploy_has_no_unknown_key(world, tmp_path):
    """Its certificates are on nobody's machine; everything else in it must hold."""
    with open(os.path.join(ROOT, "deploy", "sluice.yaml")) as f:
        text = f.read()
    path = tmp_path / "example.yaml"
    path.write_text(text)
    _, out = check(path)
    for line in out.splitlines():
        if ":" in line:
            assert "No such file" in line or "certificate" in line or "key" in line or ".ca" in line, out


def test_help_lists_every_option():
    out = subprocess.run([SLUICED, "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True,
                         timeout=60).stdout.decode()
    with open(os.path.join(ROOT, "userspace", "conf", "options.h")) as f:
        names = [line.split("(")[1].split(",")[0] for line in f
                 if line.startswith("\tX(") and line[3].islower()]
    assert len(names) > 20
    assert [n for n in names if n not in out] == []


def test_a_command_line_that_makes_no_sense_is_refused():
    for args in ([], ["--config"], ["--surprise"], ["--check"], ["echo"]):
        p = subprocess.run([SLUICED, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        assert p.returncode not in (0, -6, -11), args
        assert p.stdout, args
        # what is wrong is named
        assert not args or args[0].encode() in p.stdout.splitlines()[0], p.stdout
