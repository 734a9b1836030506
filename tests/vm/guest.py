# SPDX-License-Identifier: GPL-2.0-only
"""
A pytest plugin (-p guest) for the runs in the guest, which was made to have everything: a test that is skipped there
tested nothing, and counts as failed. Says at the end how long each file took.
"""
import collections
import os

import pytest

_seconds = collections.Counter()


def _no_skip(report):
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure in the guest: {report.longrepr}"


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport():
    _no_skip((yield).get_result())


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_make_collect_report():
    _no_skip((yield).get_result())


def pytest_runtest_logreport(report):
    _seconds[os.path.basename(report.nodeid.split("::")[0])] += report.duration


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("seconds by file")
    for name, seconds in _seconds.most_common():
        terminalreporter.line(f"{seconds:7.1f}  {name}")
