# SPDX-License-Identifier: GPL-2.0-only
"""
TLS 1.3 records written by hand: the handshake is Python's, then its keys (keylog) are ours, so that a test can send
any record: KeyUpdates, empty ones, padded ones, alerts, broken ones. AES-GCM only.
"""
import os
import socket
import ssl
import tempfile

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from door import HANG

ALERT, HANDSHAKE, DATA = 21, 22, 23
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


class Records:
    """A client after its handshake. send() and receive() work on single records."""

    def __init__(self, port, sni="api.example.com", cert=None):
        with tempfile.TemporaryDirectory() as directory:
            log = os.path.join(directory, "keys")
            ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            ctx.check_hostname = False
            ctx.verify_mode = ssl.CERT_NONE
            ctx.minimum_version = ssl.TLSVersion.TLSv1_3
            ctx.keylog_filename = log
            if cert:
                ctx.load_cert_chain(cert.pem, cert.key)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = ctx.wrap_bio(incoming, outgoing, server_hostname=sni)
            self.sock = socket.create_connection(("127.0.0.1", port))
            self.sock.settimeout(HANG)
            self.buffer = b""
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    self.sock.sendall(outgoing.read())
                    incoming.write(self._record())
            self.sock.sendall(outgoing.read())
            assert tls.cipher()[0].startswith("TLS_AES"), tls.cipher()
            with open(log) as f:
                secrets = {words[0]: bytes.fromhex(words[2]) for words in (line.split() for line in f)
                           if len(words) == 3}
        self.tx = Direction(secrets["CLIENT_TRAFFIC_SECRET_0"])
        self.rx = Direction(secrets["SERVER_TRAFFIC_SECRET_0"])

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
        inner = content + bytes([kind]) + b"\0" * padding
        header = b"\x17\x03\x03" + (len(inner) + 16).to_bytes(2, "big")
        return header + self.tx.aead.encrypt(self.tx.nonce(), inner, header)

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
            inner = self.rx.aead.decrypt(self.rx.nonce(), record[5:], record[:5]).rstrip(b"\0")
            kind, content = inner[-1], inner[:-1]
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
