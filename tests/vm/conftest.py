# SPDX-License-Identifier: GPL-2.0-only
"""Tests for the emulated guest (tools/vm): what they can ask for is what tests/e2e has."""
import importlib.util
import os
import sys

import pytest

E2E = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e")
sys.path.insert(0, E2E)
_spec = importlib.util.spec_from_file_location("e2e_conftest", os.path.join(E2E, "conftest.py"))
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
globals().update({name: value for name, value in vars(_module).items() if not name.startswith("_")})

WMEM = "/proc/sys/net/ipv4/tcp_wmem"


@pytest.fixture
def small_send_buffers():
    """Sockets take little at a time, so that the kernel is left with records TCP has no room for."""
    with open(WMEM) as f:
        before = f.read()
    with open(WMEM, "w") as f:
        f.write("4096 16384 16384")
    yield
    with open(WMEM, "w") as f:
        f.write(before)
