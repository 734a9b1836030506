# SPDX-License-Identifier: GPL-2.0-only
"""Certificates, keys, CAs and CRLs are read again when they change; what is broken changes nothing."""
import os
import shutil
import ssl

import pytest

from client import TLS12, TLS13, Client, Cut, context
from door import host, wait_until

VERSIONS = pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])


class Files:
    """Copies of a host's files, to be changed at will."""

    def __init__(self, world):
        self.directory = os.path.join(world.pki.directory, "watched")
        os.makedirs(self.directory, exist_ok=True)
        self.pem, self.key, self.ca, self.crl = (os.path.join(self.directory, n) for n in "pem key ca crl".split())
        self.copy(world.api.pem, self.pem)
        self.copy(world.api.key, self.key)
        self.copy(world.client_ca.pem, self.ca)
        self.copy(world.pki.crl("watched.crl", world.client_ca), self.crl)

    @staticmethod
    def copy(source, to):
        shutil.copy(source, to + ".new")
        os.rename(to + ".new", to)

    @staticmethod
    def write(to, text):
        with open(to + ".new", "w") as f:
            f.write(text)
        os.rename(to + ".new", to)

    def host(self, origin):
        return {"names": ["api.example.com"], "certificate": self.pem, "key": self.key, "origins": [origin.address],
                "client_auth": {"verify": "require", "ca": self.ca, "crl": [self.crl]}}


@pytest.fixture
def files(world):
    return Files(world)


def visit(port, ctx, session=None):
    """(status of a GET, or None when the handshake failed; was it resumed; the session)"""
    try:
        with Client(port, ctx=ctx, session=session) as c:
            return c.get().status, c.sock.session_reused, c.sock.session
    except (ssl.SSLError, OSError, Cut):
        return None, False, None


def said(d, words, seen=0):
    return wait_until(lambda: words in d.errors()[seen:], words)


@VERSIONS
def test_a_changed_crl_is_noticed(world, door, origin, files, version):
    d = door([files.host(origin)], files_refresh_s=1)
    ctx = context(world.alice, version)
    _, _, session = visit(d.port, ctx)
    assert visit(d.port, ctx, session)[:2] == (200, True)
    with Client(d.port, ctx=ctx) as live, Client(d.port, cert=world.bob, version=version) as other:
        assert live.get().status == other.get().status == 200
        files.copy(world.pki.crl("watched.crl", world.client_ca, [world.alice]), files.crl)
        said(d, "changed files in force")
        assert (live.to_end(), live.end) == (b"", "SSLV3_ALERT_CERTIFICATE_REVOKED")
        assert other.get().status == 200
    assert visit(d.port, ctx, session)[0] is None
    assert visit(d.port, ctx)[0] is None
    assert visit(d.port, context(world.bob, version))[0] == 200


def test_changed_cas_are_noticed(world, door, origin, files):
    d = door([files.host(origin)], files_refresh_s=1)
    assert visit(d.port, context(world.alice))[0] == 200
    files.copy(world.pki.crl("watched.crl", world.other_ca), files.crl)
    files.copy(world.other_ca.pem, files.ca)
    said(d, "changed files in force")
    wait_until(lambda: visit(d.port, context(world.other))[0] == 200, "clients of the new CA")
    assert visit(d.port, context(world.alice))[0] is None


def test_a_renewed_certificate_is_noticed_once_its_key_is_there(world, door, origin, files):
    d = door([files.host(origin)], files_refresh_s=1)
    files.copy(world.shop.pem, files.pem)
    said(d, "does not belong to the certificate")
    with Client(d.port, cert=world.alice) as c:
        assert c.sock.getpeercert(True) == world.api.der
    files.copy(world.shop.key, files.key)
    said(d, "changed files in force")
    with Client(d.port, cert=world.alice) as c:
        assert c.sock.getpeercert(True) == world.shop.der
        assert c.get().status == 200


@pytest.mark.parametrize("part, text, words", [
    ("ca", "-----BEGIN CERTIFICATE-----\njunk\n", "client CAs: no good PEM"),
    ("ca", "", "client CAs: none given"),
    ("ca", None, "cannot be read: No such file"),
    ("crl", "junk", "no CRL that can be read"),
    ("crl", None, "cannot be read: No such file"),
    ("pem", "junk", "no good PEM certificate"),
    ("key", None, "cannot be read: No such file"),
], ids=["ca-junk", "ca-empty", "ca-gone", "crl-junk", "crl-gone", "pem-junk", "key-gone"])
def test_a_broken_file_is_told_and_changes_nothing(world, door, origin, files, part, text, words):
    d = door([files.host(origin)], files_refresh_s=1)
    path = getattr(files, part)
    if text is None:
        os.unlink(path)
    else:
        files.write(path, text)
    said(d, words)
    assert "stays in force" in d.errors()
    assert visit(d.port, context(world.alice))[0] == 200
    for cert in (world.other, world.self_signed, None):
        assert visit(d.port, context(cert))[0] is None
    assert "changed files in force" not in d.errors()


def test_a_change_of_the_configuration_waits_for_sighup(world, door, origin, files):
    d = door([files.host(origin)], files_refresh_s=1)
    h = files.host(origin)
    h["client_auth"]["verify"] = "none"
    d.write([h], files_refresh_s=1)
    files.copy(world.pki.crl("watched.crl", world.client_ca, [world.bob]), files.crl)
    said(d, "changed files in force")
    assert visit(d.port, context())[0] is None
    assert visit(d.port, context(world.bob))[0] is None
    assert visit(d.port, context(world.alice))[0] == 200
