# SPDX-License-Identifier: GPL-2.0-only
"""Kernel TLS is looked for once, said once, and what `options.ktls` asks for is held, whatever the kernel can do."""
import re
import signal
import subprocess

import pytest

from client import status
from conftest import SLUICED
from door import HANG, Door, free_port, host

CIPHERS = ("AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305")


def run(*args):
    p = subprocess.run([SLUICED, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=HANG, check=False)
    return p.returncode, p.stdout.decode()


@pytest.fixture(scope="module")
def kernel_has_tls():
    """As the kernel says itself, once somebody has had the module loaded."""
    run("--version", "--verbose")
    with open("/proc/sys/net/ipv4/tcp_available_ulp") as f:
        return "tls" in f.read().split()


@pytest.fixture
def cold(world, tmp_path, origin):
    d = Door(SLUICED, tmp_path, free_port(), world.pki.directory)
    d.hosts = [host(world.api, ["api.example.com"], [origin], "require", world.client_ca)]
    yield d
    d.kill()


def key_line(d):
    """Line of the file with the option."""
    with open(d.config_path) as f:
        return next(i for i, line in enumerate(f, 1) if '"ktls"' in line)


@pytest.mark.parametrize("word", ["off", "auto"])
def test_off_and_auto_start_on_any_kernel_and_say_what_there_is(world, cold, kernel_has_tls, word):
    cold.write(cold.hosts, ktls=word)
    cold.start()
    assert status(cold.port, cert=world.alice) == 200
    found = re.findall(r"kernel TLS: (.*)", cold.errors())
    assert len(found) == (2 if word == "off" else 1), found
    if kernel_has_tls:
        assert re.fullmatch(r"1\.2 and 1\.3, " + " ".join(CIPHERS) + r", (no )?rekey", found[0]), found
    else:
        assert found[0] == "none (TCP_ULP: No such file or directory): records stay in user space"
    if word == "off":
        assert found[1] == "off, as options.ktls says"
    assert cold.reload()
    cold.stop()


def test_require_starts_where_the_kernel_can_and_is_a_mistake_where_it_cannot(world, cold, kernel_has_tls):
    cold.write(cold.hosts, ktls="require")
    if kernel_has_tls:
        cold.start()
        assert status(cold.port, cert=world.alice) == 200
        assert cold.reload()
        cold.stop()
        assert run("--check", cold.config_path)[0] == 0
        return
    why = f'{key_line(cold)}: options.ktls: "require", but this kernel has no TLS: it needs CONFIG_TLS, and the ' \
          "module tls loaded"
    code, text = run("--check", cold.config_path)
    assert code == 1
    assert why in text
    code, text = run("--config", cold.config_path, "--allow-dir", cold.allow)
    assert code == 1
    assert why in text
    assert "ready" not in text


def test_the_word_cannot_be_changed_by_a_reload(cold):
    cold.write(cold.hosts, ktls="auto")
    cold.start()
    cold.write(cold.hosts, ktls="off")
    assert not cold.reload()
    assert f"{key_line(cold)}: options.ktls: auto is in force; changing it needs a restart" in cold.errors()
    cold.stop(signal.SIGTERM)


@pytest.mark.parametrize("wrong", ["of", "true", 1])
def test_what_is_no_word_is_a_mistake(cold, wrong):
    cold.write(cold.hosts, ktls=wrong)
    code, text = run("--check", cold.config_path)
    assert code == 1
    assert f'{key_line(cold)}: options.ktls: "{wrong}" is none of: off, auto, require' in text


def test_version_is_one_line_and_verbose_has_the_table(kernel_has_tls):
    code, text = run("--version")
    assert code == 0
    assert re.fullmatch(r"sluiced \S+\n", text)
    code, text = run("--version", "--verbose")
    assert code == 0
    rows = re.findall(r"^  TLS (1\.[23])  (\S+) +(yes|no) +(yes|no)$", text, re.MULTILINE)
    word = "yes" if kernel_has_tls else "no"
    assert rows == [(v, c, word, word) for v in ("1.2", "1.3") for c in CIPHERS], text
    for head in ("sluiced ", "OpenSSL: built with OpenSSL 3", "liburing: ", "kernel: Linux ", "kernel TLS: ",
                 "  rekey: ", "splice: yes, through pipes of "):
        assert re.search("^" + re.escape(head), text, re.MULTILINE), (head, text)
    code, text = run("--version", "--loud")
    assert code == 2
    assert "--loud" in text
