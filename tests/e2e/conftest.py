# SPDX-License-Identifier: GPL-2.0-only
"""What every test can ask for: certificates, a sluiced, origins; all of it gone and judged afterwards."""
import os
import pwd
import tempfile

import pytest

from door import Door, free_port, host, is_asan
from nginx import Nginx
from origin import Origin
from pki import World

SLUICED = os.path.abspath(os.environ.get("SLUICED", "build/release/sluiced"))


def pytest_configure(config):
    assert os.access(SLUICED, os.X_OK), f"no sluiced at {SLUICED}: set SLUICED or run make"


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def asan():
    """True when the sluiced under test watches its memory; then its size says nothing."""
    return is_asan(SLUICED)


@pytest.fixture
def origins():
    """origins(...) makes an Origin; closed, and its scripts' own failures raised, at the end."""
    made = []

    def make(*args, **kwargs):
        made.append(Origin(*args, **kwargs))
        return made[-1]

    yield make
    for o in made:
        o.close()
    for o in made:
        o.check()


@pytest.fixture
def origin(origins):
    return origins()


@pytest.fixture
def nginx(tmp_path):
    """nginx(body of server {}) starts one on a free port of the loopback."""
    made = []

    def make(server, path=None, listen_more=""):
        made.append(Nginx(tmp_path / f"nginx{len(made)}", server, path, listen_more))
        return made[-1]

    yield make
    for n in made:
        n.stop()


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    # What is left out is left out for want of root. Where that is not wanting, it was to run.
    if report.skipped and os.geteuid() == 0 and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure for root: {report.longrepr}"
    setattr(item, "report_" + report.when, report)


def control_user():
    """Who control is when the test is root: the first there is."""
    for name in ("sluice-control", "sluice", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            pass
    raise AssertionError("not even nobody")


@pytest.fixture
def state():
    """A directory that belongs to control's user."""
    with tempfile.TemporaryDirectory() as path:
        if os.geteuid() == 0:
            os.chown(path, control_user(), -1)
        yield path


@pytest.fixture
def door(world, tmp_path, request):
    """
    door(hosts, option=...) starts a sluiced. At the end it must stop on SIGTERM with status 0, leave no process,
    and have written neither a sanitizer's report nor a failed must(). After a failed test its logs are shown.
    """
    made = []

    def make(hosts, descriptors=None, arguments=(), **options):
        d = Door(SLUICED, tmp_path, free_port(), world.pki.directory)
        d.arguments = list(arguments)
        made.append(d)
        d.write(hosts, **options)
        return d.start(descriptors)

    yield make
    report = getattr(request.node, "report_call", None)
    failed = report is None or report.failed
    for d in made:
        try:
            d.stop()
        except AssertionError:
            if not failed:
                raise
        finally:
            d.kill()
            if failed:
                print("--- error log\n" + d.errors()[-4000:])


class Shared:
    """One sluiced for the tests of a file; what each test sees in the origin and in the log is its own."""

    def __init__(self, directory, world, verify):
        self.origin = Origin()
        self.door = Door(SLUICED, directory, free_port(), world.pki.directory)
        self.door.write([host(world.api, ["api.example.com", "*.api.example.com"], [self.origin], verify,
                              world.client_ca, default=True)], origin_max_fails=0)
        self.door.start()
        self.door.origin = self.origin
        self.family = self.door.family()

    def fresh(self):
        self.origin.forget()
        self.door.mark()
        return self.door

    def judge(self):
        assert self.door.family() == self.family, "a process died:\n" + self.door.errors()[-4000:]

    def close(self):
        try:
            self.door.stop()
        finally:
            self.door.kill()
            self.origin.close()
        self.origin.check()


@pytest.fixture(scope="module")
def shared_api(world, tmp_path_factory):
    s = Shared(tmp_path_factory.mktemp("api"), world, "require")
    yield s
    s.close()


@pytest.fixture(scope="module")
def shared_open_api(world, tmp_path_factory):
    s = Shared(tmp_path_factory.mktemp("open"), world, "optional")
    yield s
    s.close()


@pytest.fixture
def api(shared_api):
    """One host that requires certificates of client_ca, in front of an origin that answers "ok"."""
    yield shared_api.fresh()
    shared_api.judge()


@pytest.fixture
def open_api(shared_open_api):
    """The same with optional certificates."""
    yield shared_open_api.fresh()
    shared_open_api.judge()
