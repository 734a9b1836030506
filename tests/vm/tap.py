# SPDX-License-Identifier: GPL-2.0-only
"""A client whose TLS is OpenSSL's and whose bytes on the wire are the test's, to cut and to join as it wants."""
import ctypes
import socket
import ssl

from client import TLS12, TLS13, Client, context
from door import HANG, wait_until

# name: (version, OpenSSL's name)
SUITES = {
    "tls12-aes128": (TLS12, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    "tls12-aes256": (TLS12, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    "tls12-chacha": (TLS12, "ECDHE-ECDSA-CHACHA20-POLY1305"),
    "tls13-aes128": (TLS13, "TLS_AES_128_GCM_SHA256"),
    "tls13-aes256": (TLS13, "TLS_AES_256_GCM_SHA384"),
    "tls13-chacha": (TLS13, "TLS_CHACHA20_POLY1305_SHA256"),
}
REKEY_BIT = 12  # ktls_pack(): behind four sets of three suites


def suite_context(suite, cert):
    """A context that offers one suite. Python has no call for those of TLS 1.3: OpenSSL's own."""
    version, name = SUITES[suite]
    if version == TLS12:
        return context(cert, version, name)
    ctx = context(cert, version)
    libssl = ctypes.CDLL("libssl.so.3")
    behind_head = object.__basicsize__  # of every Python object; the SSL_CTX * is the first thing there
    ssl_ctx = ctypes.c_void_p.from_address(id(ctx) + behind_head)
    assert libssl.SSL_CTX_set_ciphersuites(ssl_ctx, name.encode()) == 1
    return ctx


class _Wire:
    """What Client has for a socket: OpenSSL over bytes in memory, and a real socket beside it."""

    def __init__(self, port, ctx, sni, session, receive_buffer=None):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = ctx.wrap_bio(self.incoming, self.outgoing, server_hostname=sni, session=session)
        self.raw = socket.socket()
        if receive_buffer:
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.raw.settimeout(HANG)
        self.raw.connect(("127.0.0.1", port))
        self.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def more(self):
        data = self.raw.recv(65536)
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()

    def handshake(self):
        """Our last flight, unsent; nothing when the server spoke last."""
        while True:
            try:
                self.tls.do_handshake()
                return self.outgoing.read()
            except ssl.SSLWantReadError:
                self.raw.sendall(self.outgoing.read())
                self.more()

    def seal(self, data):
        self.tls.write(data)
        return self.outgoing.read()

    def recv(self, size):
        while True:
            try:
                return self.tls.read(size)
            except ssl.SSLWantReadError:
                self.raw.sendall(self.outgoing.read())
                self.more()

    def sendall(self, data):
        self.raw.sendall(self.seal(data))

    def close(self):
        self.raw.close()

    @property
    def session(self):
        return self.tls.session

    @property
    def session_reused(self):
        return self.tls.session_reused


class Tap(Client):
    """A Client after its handshake, but for self.last, our last flight, which is the test's to send."""

    def __init__(self, port, ctx, sni="api.example.com", session=None, receive_buffer=None):
        self.end, self.rest, self.sni = None, b"", sni
        self.sock = _Wire(port, ctx, sni, session, receive_buffer)
        try:
            self.last = self.sock.handshake()
        except OSError:
            self.sock.close()
            raise

    def wire(self, data):
        self.sock.raw.sendall(data)

    def seal(self, data):
        return self.sock.seal(data)

    def open(self):
        """The last flight on its own."""
        self.wire(self.last)
        return self


def handoffs(d):
    """How often the kernel took a connection, and how often it did not."""
    counts = d.stats()["handoffs"]
    return counts[0], sum(counts[1:])


class Kernel:
    """with Kernel(door, n): n connections more are the kernel's behind it, and none stayed outside."""

    def __init__(self, d, count=1):
        self.d, self.count = d, count

    def __enter__(self):
        self.before = handoffs(self.d)
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            wait_until(lambda: sum(handoffs(self.d)) >= sum(self.before) + self.count, "a decision")
            assert handoffs(self.d) == (self.before[0] + self.count, self.before[1])


def can_rekey(d):
    return bool(d.stats()["ktls_support"] >> REKEY_BIT & 1)
