# SPDX-License-Identifier: GPL-2.0-only
"""Certificates of every size and kind: let in whole, resumed whole, told whole, or refused with a word."""
import base64
import datetime
import functools

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from client import TLS12, TLS13, Client, context, openssl, outcome
from door import host
from pki import DAY, Cert

DER = "Cf-Client-Cert-Der-Base64"
SHA = "Cf-Client-Cert-Sha256"
STORES = ("stateful", "stateless")
LARGEST = 12 * 1024


def sign(issuer, key, common_name, extra=(), ca=None):
    """The least a certificate can be, and what is asked for."""
    now = datetime.datetime.now(datetime.timezone.utc)
    b = (x509.CertificateBuilder()
         .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
         .issuer_name(issuer.cert.subject).public_key(key.public_key())
         .serial_number(x509.random_serial_number())
         .not_valid_before(now - DAY).not_valid_after(now + 30 * DAY))
    for e in extra:
        b = b.add_extension(e, critical=False)
    if ca is not None:
        b = b.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return b.sign(issuer.key_object, hashes.SHA256())


def sized(world, size):
    """An EC certificate of as many bytes of DER, or as few as there can be."""
    pad = 0
    for _ in range(20):
        key = ec.generate_private_key(ec.SECP256R1())
        extra = [x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x5a" * pad)] if pad else []
        cert = Cert(world.pki.directory, f"sized-{size}", sign(world.client_ca, key, "c", extra), key)
        if abs(len(cert.der) - size) <= 8:
            return cert
        pad = max(0, pad + size - len(cert.der))
    return cert


KEYS = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
    "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
}


@functools.cache
def has_ml_dsa():
    return "ML-DSA" in openssl("list", "-signature-algorithms")[1]


class FileCert:
    """What Cert is, of a key that openssl made and cryptography does not know."""

    def __init__(self, world, label, *newkey):
        self.pem, self.key = (f"{world.pki.directory}/{label}.{what}" for what in ("pem", "key"))
        request = f"{world.pki.directory}/{label}.csr"
        for args in (["req", "-new", "-nodes", "-keyout", self.key, "-out", request, "-subj", f"/CN={label}",
                      "-newkey", *newkey],
                     ["x509", "-req", "-in", request, "-CA", world.client_ca.pem, "-CAkey", world.client_ca.key,
                      "-days", "30", "-out", self.pem]):
            code, text = openssl(*args)
            assert code == 0, text
        with open(self.pem, "rb") as f:
            self.der = x509.load_pem_x509_certificate(f.read()).public_bytes(serialization.Encoding.DER)

    sha256 = Cert.sha256


@functools.cache
def of_kind(world, kind):
    if kind == "rsa8192":  # of five primes: two of that size take a minute to find, and are nothing to us
        return FileCert(world, kind, "rsa", "-pkeyopt", "rsa_keygen_bits:8192", "-pkeyopt", "rsa_keygen_primes:5")
    if kind == "ml-dsa-65":
        return FileCert(world, kind, "ml-dsa-65")
    key = KEYS[kind]()
    return Cert(world.pki.directory, "kind-" + kind, sign(world.client_ca, key, kind), key)


def visit(d, ctx, session=None):
    with Client(d.port, ctx=ctx, session=session) as c:
        assert c.get().status == 200
        return c.sock.session_reused, c.sock.session


def one(door, world, origin, store, depth=None):
    return door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca, depth)],
                session_tickets=store)


def told(origin, cert):
    r = origin.requests[-1]
    return r.all(DER) == [base64.b64encode(cert.der).decode()] and r.all(SHA) == [cert.sha256]


def there_and_back(d, origin, cert, versions):
    """Full and resumed, in each version: the origin is told the certificate, all of it."""
    resumed = []
    for version in versions:
        ctx = context(cert, version)
        _, session = visit(d, ctx)
        assert told(origin, cert)
        if session is not None:
            resumed.append(visit(d, ctx, session)[0])
            assert told(origin, cert)
    return resumed


@pytest.mark.parametrize("store", STORES)
def test_from_300_bytes_to_12_kib(world, door, origin, store):
    d = one(door, world, origin, store)
    for size in (300, 512, 1024, 2048, 4096, 7000, LARGEST):
        cert = sized(world, size)
        assert abs(len(cert.der) - size) <= 8
        resumed = there_and_back(d, origin, cert, (TLS12, TLS13))
        fits = store == "stateful" or size <= 7000  # 8 KiB with the root
        assert resumed[-1], "TLS 1.3 resumes, one way or the other"
        assert not fits or resumed == [True, True], size


@pytest.mark.parametrize("store", STORES)
def test_every_kind_of_key(world, door, origin, store):
    """ML-DSA with an OpenSSL that has it; it is of TLS 1.3 alone."""
    d = one(door, world, origin, store)
    for kind in [*KEYS, "rsa8192", *(["ml-dsa-65"] if has_ml_dsa() else [])]:
        cert = of_kind(world, kind)
        versions = (TLS13,) if kind == "ml-dsa-65" else (TLS12, TLS13)
        assert all(there_and_back(d, origin, cert, versions)), kind


def test_what_is_too_weak_is_refused_with_a_word(world, door, origin):
    d = one(door, world, origin, "stateful")
    key = rsa.generate_private_key(65537, 1024)
    weak = Cert(world.pki.directory, "rsa1024", sign(world.client_ca, key, "weak"), key)
    ctx = context(version=TLS13)
    ctx.set_ciphers("DEFAULT:@SECLEVEL=0")
    ctx.load_cert_chain(weak.pem, weak.key)
    assert outcome(d.port, ctx=ctx)[0] == "refused"
    assert "too weak" in d.logged(1, reason="cert_rejected")[0]["text"]
    assert origin.requests == []


@pytest.fixture(scope="module")
def tower(world):
    """leaf <- 99 intermediates <- client_ca"""
    issuer, chain = world.client_ca, []
    for n in range(99):
        issuer = world.pki.ca(f"tower-{n}", issuer)
        chain.insert(0, issuer)
    return world.pki.client("tower", issuer, chain=chain)


def test_a_chain_of_100_is_refused_and_the_next_client_is_not(world, door, origin, tower):
    d = one(door, world, origin, "stateful", 10)
    for version in (TLS12, TLS13):
        assert outcome(d.port, cert=tower, version=version)[0] == "refused"
    rows = d.logged(2)
    assert all(r["reason"] in ("cert_rejected", "too_large", "protocol") for r in rows), rows
    assert there_and_back(d, origin, world.alice, (TLS12, TLS13)) == [True, True]


def test_99_certificates_that_nobody_needs_are_no_harm(world, door, origin, tower):
    """A good leaf with a chain that is not its own: what is told is the chain that was verified."""
    h = host(world.api, ["api.example.com"], [origin], "require", world.client_ca, 2, rfc9440="chain")
    d = door([h])
    key = ec.generate_private_key(ec.SECP256R1())
    cert = Cert(world.pki.directory, "crowd", sign(world.client_ca, key, "crowd"), key, tower.chain)
    there_and_back(d, origin, cert, (TLS12, TLS13))
    assert origin.requests[-1].get("client-cert") == f":{base64.b64encode(cert.der).decode()}:"
    assert origin.requests[-1].get("client-cert-chain") is None


# --- what the origin can take ------------------------------------------------------------------------

def limited(door, world, origin, limit, **identity):
    return door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca, **identity)],
                origin_head_bytes=limit)


def test_a_head_over_the_origins_limit_is_refused_and_nothing_of_it_sent(world, door, origin):
    """12 KiB are 16 KiB in base64: an origin that takes 8 KiB would cut the header or the connection."""
    d = limited(door, world, origin, 8192)
    for version in (TLS12, TLS13):
        with Client(d.port, cert=world.big, version=version) as c:
            assert c.get().status == 431
        with Client(d.port, cert=world.alice, version=version) as c:
            assert c.get().status == 200
    assert len(origin.requests) == 2
    d.logged(2, reason="origin_head_limit")


def test_the_limit_is_to_the_byte_and_of_all_that_is_sent(world, door, origin):
    d = limited(door, world, origin, 4096)
    with Client(d.port, cert=world.alice) as c:
        assert c.get().status == 200
    room = 4096 - len(origin.requests[-1].head) - len("X: \r\n")
    for more, status in ((0, 200), (1, 431)):
        with Client(d.port, cert=world.alice) as c:
            assert c.get(fields=["X: " + "y" * (room + more)]).status == status
    assert len(origin.requests[-1].head) == 4096
    assert len(origin.requests) == 2


def test_the_identity_counts_where_it_is_sent(world, door, origin):
    """first_request: the second one is smaller by it, and fits."""
    d = limited(door, world, origin, 4096)
    with Client(d.port, cert=world.alice) as c:
        assert c.get().status == 200
        size = len(origin.requests[-1].head)
        assert c.get(fields=["X: " + "y" * (4096 - size + 50)]).status == 200
    with Client(d.port, cert=world.alice) as c:
        assert c.get(fields=["X: " + "y" * (4096 - size + 50)]).status == 431


def test_nginx_as_it_comes_and_a_limit_that_fits_it(world, door, nginx):
    """nginx takes 8 KiB in a line and says 400 to more, which is passed on; with the limit we say it, and better."""
    server = "location / { return 200 \"$http_cf_client_cert_sha256 $http_x\"; }"
    n = nginx(server)
    d = door([host(world.api, ["api.example.com"], [n.address], "require", world.client_ca)])
    with Client(d.port, cert=world.big) as c:
        assert c.get().status == 400
    d.write([host(world.api, ["api.example.com"], [n.address], "require", world.client_ca)], origin_head_bytes=8192)
    assert d.reload()
    with Client(d.port, cert=world.big) as c:
        assert c.get().status == 431
    with Client(d.port, cert=world.alice) as c:
        assert c.get().body.decode().split()[0] == world.alice.sha256
