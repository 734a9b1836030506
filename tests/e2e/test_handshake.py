# SPDX-License-Identifier: GPL-2.0-only
"""Who gets in: verify modes, chains, versions and suites, one handshake at a time."""
import ssl

import pytest

from client import TLS12, TLS13, Client, context, openssl, outcome, status
from door import host

DER = "cf-client-cert-der-base64"


# (what the client shows, let in by: require, optional, request, none)
SHOWN = [
    (None, False, True, True, True),
    ("alice", True, True, True, True),
    ("other", False, False, True, True),
    ("self_signed", False, False, True, True),
    ("expired", False, False, True, True),
    ("not_yet", False, False, True, True),
    ("server_only", False, False, True, True),
    ("depth1", True, True, True, True),
    ("depth2", False, False, True, True),
]
MODES = ["require", "optional", "request", "none"]


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
@pytest.mark.parametrize("mode", MODES)
def test_each_mode_lets_in_who_it_should(world, door, origin, mode, version):
    d = door([host(world.api, ["api.example.com"], [origin], mode, world.client_ca if mode != "none" else None)])
    for name, *allowed in SHOWN:
        cert = getattr(world, name) if name else None
        before = len(origin.requests)
        got = status(d.port, cert=cert, version=version)
        if allowed[MODES.index(mode)]:
            assert got == 200, name
            verified = mode != "none" and name in ("alice", "depth1")
            shown = origin.requests[-1].get(DER)
            if verified:
                assert shown is not None, name
            elif mode != "request" or name is None:
                assert shown is None, name
        else:
            assert got is None, name
            assert len(origin.requests) == before, name


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
def test_a_refused_certificate_is_told_by_an_alert_that_names_the_fault(world, door, origin, version):
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)])
    for cert, words in [
        (None, ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE")),
        (world.other, ("UNKNOWN_CA",)),
        (world.self_signed, ("UNKNOWN_CA",)),
        (world.expired, ("CERTIFICATE_EXPIRED",)),
        (world.not_yet, ("BAD_CERTIFICATE", "CERTIFICATE_EXPIRED")),
    ]:
        kind, why = outcome(d.port, cert=cert, version=version)
        assert kind == "refused"
        assert any(w in why for w in words), why
    assert len(d.logged(4, reason="cert_rejected")) == 4
    row = d.logged(reason="cert_missing")[0]
    assert row["status"] == 0
    assert origin.requests == []


@pytest.mark.parametrize("version", [TLS12, TLS13], ids=["tls12", "tls13"])
def test_more_certificates_than_anybody_needs_are_refused(world, api, version):
    """140 KiB of them: the connection ends, the worker lives."""
    flood = world.pki.client("flood-" + str(int(version)), world.client_ca, chain=[world.big] * 11)
    assert status(api.port, cert=flood, version=version) is None
    assert status(api.port, cert=world.alice, version=version) == 200
    assert len(api.origin.requests) == 1


@pytest.mark.parametrize("depth, allowed", [(0, 0), (1, 1), (2, 2)])
def test_depth_counts_the_intermediates(world, door, origin, depth, allowed):
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca, depth)])
    for intermediates, cert in enumerate([world.alice, world.depth1, world.depth2]):
        want = 200 if intermediates <= allowed else None
        assert status(d.port, cert=cert) == want, intermediates


def test_a_bundle_of_two_authorities_takes_clients_of_both(world, door, origin, tmp_path):
    bundle = tmp_path / "bundle.pem"
    with open(world.client_ca.pem) as a, open(world.other_ca.pem) as b:
        bundle.write_text(a.read() + b.read())
    entry = host(world.api, ["api.example.com"], [origin], "require", world.client_ca)
    entry["client_auth"]["ca"] = str(bundle)
    d = door([entry])
    assert status(d.port, cert=world.alice) == 200
    assert status(d.port, cert=world.other) == 200
    assert status(d.port, cert=world.self_signed) is None


def test_the_client_is_told_which_authorities_are_taken(world, api):
    _, text = openssl("s_client", "-connect", f"127.0.0.1:{api.port}", "-servername", "api.example.com")
    assert "Acceptable client certificate CA names" in text
    assert "Client CA" in text
    assert "Other CA" not in text


@pytest.mark.parametrize("version, suite", [
    (TLS12, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (TLS12, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (TLS12, "ECDHE-ECDSA-CHACHA20-POLY1305"),
])
def test_each_aead_suite_of_tls12_serves(world, api, version, suite):
    with Client(api.port, cert=world.alice, version=version, ciphers=suite) as c:
        assert c.sock.cipher()[0] == suite
        for _ in range(3):
            assert c.get().body == b"ok"


@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                   "TLS_CHACHA20_POLY1305_SHA256"])
def test_each_suite_of_tls13_serves(world, api, suite):
    code, text = openssl("s_client", "-connect", f"127.0.0.1:{api.port}", "-servername", "api.example.com",
                         "-tls1_3", "-ciphersuites", suite, "-cert", world.alice.pem, "-key", world.alice.key,
                         "-ign_eof", "-nocommands",
                         stdin=b"GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
    assert code == 0, text
    assert f"Cipher is {suite}" in text
    assert "HTTP/1.1 200" in text


@pytest.mark.parametrize("suites", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-CCM",
                                    "AES128-GCM-SHA256", "PSK-AES128-GCM-SHA256"])
def test_no_other_suite_is_agreed_on(world, api, suites):
    with pytest.raises(ssl.SSLError):
        Client(api.port, cert=world.alice, version=TLS12, ciphers=suites + ":@SECLEVEL=0")


def test_tls11_is_refused(world, api):
    code, text = openssl("s_client", "-connect", f"127.0.0.1:{api.port}", "-servername", "api.example.com",
                         "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    assert code != 0
    assert "alert protocol version" in text


def test_early_data_is_not_offered(world, api):
    _, text = openssl("s_client", "-connect", f"127.0.0.1:{api.port}", "-servername", "api.example.com", "-tls1_3",
                      "-cert", world.alice.pem, "-key", world.alice.key, "-ign_eof", "-nocommands",
                      stdin=b"GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
    assert "Max Early Data: 0" in text
    assert text.count("Post-Handshake New Session Ticket arrived") == 1


def test_compression_is_not_agreed_on(world, api):
    with Client(api.port, cert=world.alice, version=TLS12) as c:
        assert c.sock.compression() is None


def test_a_client_that_is_not_tls_is_turned_away(api):
    import socket
    with socket.create_connection(("127.0.0.1", api.port)) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
        s.settimeout(20)
        got = b""
        try:
            while data := s.recv(4096):
                got += data
        except ConnectionError:
            pass
        assert not got.startswith(b"HTTP")
    assert api.origin.requests == []


def test_plain_bytes_behind_the_hello_do_not_become_a_request(world, api):
    """Plaintext injected before TLS is up must not reach HTTP (nginx CVE-2026-1642)."""
    import socket
    ctx = context(world.alice)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ctx.wrap_bio(incoming, outgoing, server_hostname="api.example.com")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    with socket.create_connection(("127.0.0.1", api.port)) as s:
        s.sendall(outgoing.read() + b"GET /injected HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
        s.settimeout(20)
        try:
            while s.recv(4096):
                pass
        except ConnectionError:
            pass
    assert api.origin.requests == []
