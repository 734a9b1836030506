# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of splicing share: bodies of every shape, hashed at both ends, and who carried them."""
import ctypes
import hashlib
import os
import threading

from client import TLS12, TLS13, context, request
from door import host, wait_until

MIB = 1 << 20
THRESHOLD = 65536  # splice_bytes unless a test says otherwise
NOISE = os.urandom(16 * MIB + 1)


def noise(size):
    return NOISE[:size]


def sha(data):
    return hashlib.sha256(data).hexdigest()


# --- bodies as segments: what is sent before the next one waits until it has arrived ----------------
def framed(how, size):
    """(header field or None, segments). The data of a chunk, a length: a segment of its own."""
    data = noise(size)
    if how == "length":
        return f"Content-Length: {size}", [data]
    if how == "until_close":
        return None, [data]
    step = size if how == "chunk" else 100001 if size > 200000 else size // 3
    out = []
    for at in range(0, size, step):
        piece = data[at:at + step]
        out += [b"%x\r\n" % len(piece), piece + b"\r\n"]
        if how == "chunks":  # a short one behind each long one
            out[-1] += b"5\r\nshort\r\n"
    out[-1] += b"0\r\n\r\n"
    return "Transfer-Encoding: chunked", out


class Wire:
    """Bytes of one direction: a sender may wait until the receiver has seen all of them."""

    def __init__(self):
        self.sent = self.seen = 0
        self.digest = hashlib.sha256()

    def took(self, data):
        self.digest.update(data)
        self.seen += len(data)

    def send(self, send, segments):
        """The head of a body and its first line arrive alone, so that what is read with them is known."""
        for i, piece in enumerate(segments):
            send(piece)
            self.sent += len(piece)
            if i < len(segments) - 1 and i < 2:
                wait_until(lambda: self.seen >= self.sent, f"{self.seen} of {self.sent} bytes of a body")


def body_origin(origins, **how):
    """
    Serves exchanges that a test describes: origin.plan = (up, down, down field, down segments). The request's body is
    received raw; the answer's head is seen by the client before its body is sent.
    """
    def serve(o, conn):
        while True:
            r = conn.request_head()
            o.up, o.down, field, segments = o.plan
            o.heads.append(r)
            size = o.up_size
            while size > 0:
                data = conn._rest[:size] or conn.sock.recv(min(size, MIB))
                conn._rest = conn._rest[len(data):]
                if not data:
                    return
                o.up.took(data)
                size -= len(data)
            o.requests.append(r)
            if segments is None:
                conn.send(b"HTTP/1.1 204 No Content\r\n\r\n")
                continue
            head = "HTTP/1.1 200 OK\r\n" + (field + "\r\n" if field else "") + "\r\n"
            conn.send(head.encode())
            wait_until(o.may_answer.is_set, "the answer's head at the client")
            o.down.send(conn.send, segments)
            if field is None:
                return
    o = origins(serve, **how)
    o.heads, o.may_answer, o.up_size, o.plan = [], threading.Event(), 0, None
    return o


def exchange(c, o, up=None, down=None):
    """One request with a body like @up and an answer with one like @down: (how, size) or None."""
    up_field, up_segments = framed(*up) if up else (None, [])
    down_field, down_segments = framed(*down) if down else (None, None)
    o.up_size = sum(len(s) for s in up_segments)
    o.plan = (Wire(), Wire(), down_field, down_segments)
    wire_up, wire_down = o.plan[:2]
    o.may_answer.clear()
    seen = len(o.heads)
    c.send(request("POST" if up else "GET", "/", fields=[up_field] if up else []))
    wait_until(lambda: len(o.heads) > seen, "the request's head at the origin")
    wire_up.send(c.send, up_segments)
    r = c.head()
    assert r.status == (200 if down else 204)
    o.may_answer.set()
    if down is None:
        left = 0
    else:
        left = sum(len(s) for s in down_segments) if down_field else 1 << 62
    wire_down.took(c.rest)
    left -= len(c.rest)
    c.rest = b""
    while left > 0:
        data = c.read(min(left, 65536))
        if not data:
            assert down_field is None and c.end == "close_notify", (c.end, left)
            break
        wire_down.took(data)
        left -= len(data)
    assert wire_up.digest.hexdigest() == sha(b"".join(up_segments))
    assert wire_down.digest.hexdigest() == sha(b"".join(down_segments or []))


def door_for(door, world, origin, inject="first_request", **options):
    options.setdefault("body_kib", 0)
    return door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca, inject=inject)], **options)


BODIES = [f"bodies_{way}_{who}" for way in ("up", "down") for who in ("splice", "kernel", "user")]


def carried(d, before, **wanted):
    """Wait until as many bodies as @wanted says went up_splice, down_kernel, ...; no others may have."""
    def now():
        stats = d.stats()
        return {k[len("bodies_"):]: stats[k] - before[k] for k in BODIES if stats[k] != before[k]}
    total = sum(wanted.values())
    wait_until(lambda: sum(now().values()) >= total, f"bodies counted: {now()}, {wanted}")
    assert now() == wanted
    stats = d.stats()
    return {k: stats[k] - before[k] for k in ("bytes_spliced_up", "bytes_spliced_down", "pipes_exhausted")}


# --- suites ----------------------------------------------------------------------------------------
def chosen(ctx, suite):
    """Python has no word for the suites of TLS 1.3: OpenSSL is asked itself. An SSLContext begins with its SSL_CTX."""
    libssl = ctypes.CDLL("libssl.so.3")
    libssl.SSL_CTX_set_ciphersuites.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    pointer = ctypes.c_void_p.from_address(id(ctx) + object.__basicsize__)
    assert libssl.SSL_CTX_set_ciphersuites(pointer, suite.encode()) == 1
    return ctx


def gcm12(cert):
    return context(cert, TLS12, "ECDHE-ECDSA-AES128-GCM-SHA256")


def gcm13(cert):
    return context(cert, TLS13)


def chacha13(cert):
    return chosen(context(cert, TLS13), "TLS_CHACHA20_POLY1305_SHA256")


SUITES = {"TLSv1.2 GCM": gcm12, "TLSv1.3 GCM": gcm13, "TLSv1.3 CHACHA20": chacha13}


def settled(read):
    """@read()'s number once it has stopped to grow."""
    last = [None, 0]

    def same():
        now = read()
        last[1] = last[1] + 1 if now == last[0] else 0
        last[0] = now
        return last[1] >= 30
    wait_until(same, "an end of growth")
    return last[0]
