# SPDX-License-Identifier: GPL-2.0-only
"""
TLS records written by hand: the handshake is Python's, then its keys (keylog) are ours, so that a test can send any
record: KeyUpdates, empty ones, padded ones, alerts, broken ones. TLS 1.3, and 1.2 when asked for; AES-GCM only.
"""
import hmac
import os
import socket
import ssl
import tempfile

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from door import HANG

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
CLOSE_NOTIFY = b"\x01\x00"
KEY_UPDATE, KEY_UPDATE_ASK = b"\x18\x00\x00\x01\x00", b"\x18\x00\x00\x01\x01"


def expand(secret, label, length, algorithm):
    full = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(full)]) + full + b"\0"
    return HKDFExpand(algorithm, length, info).derive(secret)


class Direction:
    def __init__(self, secret):
        # Python's ssl cannot choose the suite of TLS 1.3: AES-256-GCM with SHA-384 is what is agreed on
        self.algorithm = hashes.SHA384() if len(secret) == 48 else hashes.SHA256()
        self.key_bytes = 32 if len(secret) == 48 else 16
        self.secret = secret
        self.install()

    def install(self):
        self.aead = AESGCM(expand(self.secret, b"key", self.key_bytes, self.algorithm))
        self.iv = expand(self.secret, b"iv", 12, self.algorithm)
        self.seq = 0

    def update(self):
        self.secret = expand(self.secret, b"traffic upd", len(self.secret), self.algorithm)
        self.install()

    def nonce(self):
        n = bytes(a ^ b for a, b in zip(self.iv, self.seq.to_bytes(12, "big")))
        self.seq += 1
        return n

    def seal(self, kind, content, padding):
        inner = content + bytes([kind]) + b"\0" * padding
        header = b"\x17\x03\x03" + (len(inner) + 16).to_bytes(2, "big")
        return header + self.aead.encrypt(self.nonce(), inner, header)

    def open(self, record):
        inner = self.aead.decrypt(self.nonce(), record[5:], record[:5]).rstrip(b"\0")
        return inner[-1], inner[:-1]


def prf(secret, label, seed, size):
    """RFC 5246 section 5, SHA-256."""
    out, a = b"", label + seed
    while len(out) < size:
        a = hmac.digest(secret, a, "sha256")
        out += hmac.digest(secret, a + label + seed, "sha256")
    return out[:size]


class Direction12:
    """AES-128-GCM of TLS 1.2: RFC 5288."""

    def __init__(self, key, salt, seq):
        self.aead, self.salt, self.seq = AESGCM(key), salt, seq

    def about(self, kind, size):
        self.seq += 1
        return (self.seq - 1).to_bytes(8, "big") + bytes([kind]) + b"\x03\x03" + size.to_bytes(2, "big")

    def seal(self, kind, content, _):
        explicit = self.seq.to_bytes(8, "big")
        sealed = self.aead.encrypt(self.salt + explicit, content, self.about(kind, len(content)))
        return bytes([kind]) + b"\x03\x03" + (8 + len(sealed)).to_bytes(2, "big") + explicit + sealed

    def open(self, record):
        about = self.about(record[0], len(record) - 5 - 8 - 16)
        return record[0], self.aead.decrypt(self.salt + record[5:13], record[13:], about)


class Records:
    """
    A client after its handshake. send() and receive() work on single records. @hold: our last flight, Finished in it,
    is in self.last and not sent; what a test sends behind it in TLS 1.2 is a false start (RFC 7918).
    """

    def __init__(self, port, sni="api.example.com", cert=None, version=ssl.TLSVersion.TLSv1_3, hold=False):
        with tempfile.TemporaryDirectory() as directory:
            log = os.path.join(directory, "keys")
            ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            ctx.check_hostname = False
            ctx.verify_mode = ssl.CERT_NONE
            ctx.minimum_version = ctx.maximum_version = version
            ctx.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")  # TLS 1.2; Python has no say in those of 1.3
            ctx.keylog_filename = log
            if cert:
                ctx.load_cert_chain(cert.pem, cert.key)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = ctx.wrap_bio(incoming, outgoing, server_hostname=sni)
            self.sock = socket.create_connection(("127.0.0.1", port))
            self.sock.settimeout(HANG)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.buffer = b""
            hello = None
            while True:
                try:
                    tls.do_handshake()
                except ssl.SSLWantReadError:
                    pass
                self.last = outgoing.read()
                secrets = self._secrets(log)
                if "CLIENT_RANDOM" in secrets or "CLIENT_TRAFFIC_SECRET_0" in secrets:
                    break
                self.sock.sendall(self.last)
                record = self._record()
                assert record, "the server ended within the handshake"
                incoming.write(record)
                hello = hello or record
        if version == ssl.TLSVersion.TLSv1_2:
            client_random, master = secrets["CLIENT_RANDOM"]
            block = prf(master, b"key expansion", hello[11:43] + client_random, 40)
            self.tx = Direction12(block[:16], block[32:36], 1)
            self.rx = Direction12(block[16:32], block[36:40], 0)
        else:
            assert tls.cipher()[0].startswith("TLS_AES"), tls.cipher()
            self.tx = Direction(secrets["CLIENT_TRAFFIC_SECRET_0"][1])
            self.rx = Direction(secrets["SERVER_TRAFFIC_SECRET_0"][1])
        if not hold:
            self.sock.sendall(self.last)
            if version == ssl.TLSVersion.TLSv1_2:
                self.finished()

    @staticmethod
    def _secrets(log):
        with open(log) as f:
            return {words[0]: (bytes.fromhex(words[1]), bytes.fromhex(words[2]))
                    for words in (line.split() for line in f) if len(words) == 3}

    def finished(self):
        """The server's last words of a TLS 1.2 handshake."""
        assert self._record()[0] == CHANGE_CIPHER_SPEC
        assert self.rx.open(self._record())[0] == HANDSHAKE

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def _record(self):
        """One record as it is on the wire; b"" at the end."""
        def need(n):
            while len(self.buffer) < n:
                data = self.sock.recv(65536)
                if not data:
                    return False
                self.buffer += data
            return True
        if not need(5) or not need(5 + int.from_bytes(self.buffer[3:5], "big")):
            return b""
        n = 5 + int.from_bytes(self.buffer[3:5], "big")
        record, self.buffer = self.buffer[:n], self.buffer[n:]
        return record

    def seal(self, kind, content, padding=0):
        return self.tx.seal(kind, content, padding)

    def send(self, kind, content, padding=0):
        self.sock.sendall(self.seal(kind, content, padding))

    def receive(self):
        """(kind, content) of the next record, tickets skipped, KeyUpdates followed and reported; None at the end."""
        while True:
            try:
                record = self._record()
            except ConnectionError:
                return None
            if not record:
                return None
            kind, content = self.rx.open(record)
            if kind == HANDSHAKE and content[0] == 4:
                continue
            if kind == HANDSHAKE and content[0] == 24:
                self.rx.update()
            return kind, content

    def update(self, ask=False):
        self.send(HANDSHAKE, KEY_UPDATE_ASK if ask else KEY_UPDATE)
        self.tx.update()

    def text(self, upto):
        """Application data until it ends with @upto; other records are returned in self.others."""
        got = b""
        self.others = []
        while not got.endswith(upto):
            record = self.receive()
            assert record is not None, got
            if record[0] == DATA:
                got += record[1]
            else:
                self.others.append(record)
        return got


def fatal(r):
    """The description of the fatal alert that must come now, then the end."""
    kind, content = r.receive()
    assert kind == ALERT, (kind, content)
    assert content[0] == 2, content
    assert r.receive() is None
    return content[1]
