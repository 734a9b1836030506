# SPDX-License-Identifier: GPL-2.0-only
"""Certificates for the tests, made on the spot: good ones and every kind of bad one."""
import datetime
import hashlib
import os
import types

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH


def _name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Cert:
    """A certificate with its key, on disk: .pem holds the leaf and what is to be sent with it."""

    def __init__(self, directory, label, cert, key, chain=()):
        self.cert = cert
        self.key_object = key
        self.chain = list(chain)
        self.pem = os.path.join(directory, label + ".pem")
        self.key = os.path.join(directory, label + ".key")
        with open(self.pem, "wb") as f:
            for c in [cert] + [c.cert for c in self.chain]:
                f.write(c.public_bytes(serialization.Encoding.PEM))
        with open(self.key, "wb") as f:
            f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()))

    @property
    def der(self):
        return self.cert.public_bytes(serialization.Encoding.DER)

    @property
    def sha256(self):
        return hashlib.sha256(self.der).hexdigest()

    @property
    def serial(self):
        return "%X" % self.cert.serial_number


class Pki:
    """Issues into one directory; labels are file names and must differ."""

    def __init__(self, directory):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)

    def issue(self, label, issuer=None, subject=None, ca=False, usage=None, names=(), begins=-1, ends=30,
              extra=(), chain=()):
        """@issuer None: self-signed. @begins, @ends: days from now. @extra: more extensions."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = subject if isinstance(subject, x509.Name) else _name(subject or label)
        now = datetime.datetime.now(datetime.timezone.utc)
        b = (x509.CertificateBuilder()
             .subject_name(subject)
             .issuer_name(issuer.cert.subject if issuer else subject)
             .public_key(key.public_key())
             .serial_number(x509.random_serial_number())
             .not_valid_before(now + begins * DAY)
             .not_valid_after(now + ends * DAY)
             .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
        if ca:
            b = b.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
        if usage:
            b = b.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            b = b.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
        for e in extra:
            b = b.add_extension(e, critical=False)
        cert = b.sign(issuer.key_object if issuer else key, hashes.SHA256())
        return Cert(self.directory, label, cert, key, chain)

    def ca(self, label, issuer=None, **more):
        return self.issue(label, issuer, ca=True, **more)

    def server(self, label, issuer, names, **more):
        return self.issue(label, issuer, names=names, usage=SERVER, **more)

    def client(self, label, issuer, **more):
        return self.issue(label, issuer, usage=CLIENT, **more)


    def bundle(self, label, *cas):
        """A file with several certificates, where .pem of one is wanted."""
        path = os.path.join(self.directory, label + ".pem")
        with open(path, "wb") as f:
            for ca in cas:
                f.write(ca.cert.public_bytes(serialization.Encoding.PEM))
        return types.SimpleNamespace(pem=path)

    def crl(self, name, issuer, revoked=(), begins=-1, ends=30, signer=None, der=False):
        """A CRL in file @name, whole at once; its path. @begins, @ends: days from now."""
        now = datetime.datetime.now(datetime.timezone.utc)
        b = (x509.CertificateRevocationListBuilder()
             .issuer_name(issuer.cert.subject)
             .last_update(now + begins * DAY)
             .next_update(now + ends * DAY))
        for c in revoked:
            b = b.add_revoked_certificate(x509.RevokedCertificateBuilder()
                                          .serial_number(c.cert.serial_number)
                                          .revocation_date(now + begins * DAY).build())
        crl = b.sign((signer or issuer).key_object, hashes.SHA256())
        encoding = serialization.Encoding.DER if der else serialization.Encoding.PEM
        path = os.path.join(self.directory, name)
        with open(path + ".new", "wb") as f:
            f.write(crl.public_bytes(encoding))
        os.rename(path + ".new", path)
        return path


class World:
    """The certificates most tests share."""

    def __init__(self, directory):
        p = self.pki = Pki(directory)
        self.server_ca = p.ca("server-ca")
        self.client_ca = p.ca("client-ca", subject="Client CA")
        self.other_ca = p.ca("other-ca", subject="Other CA")
        self.api = p.server("api", self.server_ca, ["api.example.com", "*.api.example.com"])
        self.shop = p.server("shop", self.server_ca, ["shop.example.com"])
        self.plain = p.server("plain", self.server_ca, ["plain.example.com"])

        self.alice = p.client("alice", self.client_ca)
        self.bob = p.client("bob", self.client_ca)
        self.other = p.client("other", self.other_ca)
        self.self_signed = p.client("self-signed", None)
        self.expired = p.client("expired", self.client_ca, begins=-10, ends=-1)
        self.not_yet = p.client("not-yet", self.client_ca, begins=1)
        self.server_only = p.issue("server-only", self.client_ca, usage=SERVER)
        self.big = p.client("big", self.client_ca, extra=[x509.UnrecognizedExtension(
            x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x5a" * 12288)])

        # leaf <- first <- second <- client_ca: one and two intermediates
        self.second = p.ca("intermediate-2", self.client_ca)
        self.first = p.ca("intermediate-1", self.second)
        self.depth1 = p.client("depth-1", self.second, chain=[self.second])
        self.depth2 = p.client("depth-2", self.first, chain=[self.first, self.second])
