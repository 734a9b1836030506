# SPDX-License-Identifier: GPL-2.0-only
"""A plain-HTTP origin that keeps every byte it was sent and answers as a test wants."""
import os
import socket
import struct
import threading

import proxy
from door import HANG, wait_until


class Closed(Exception):
    """The other side ended in the middle of something."""


class Request:
    def __init__(self, head, conn):
        lines = head.decode("latin-1").split("\r\n")
        self.head = head
        self.conn = conn
        self.method, self.target, self.version = lines[0].split(" ")
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if line]
        self.body = b""
        self.trailers = []

    def all(self, name):
        return [v for k, v in self.fields if k.lower() == name.lower()]

    def get(self, name):
        return next(iter(self.all(name)), None)


class Conn:
    """One connection from sluiced. raw: every byte that came, in order."""

    def __init__(self, sock, number):
        self.sock = sock
        self.number = number
        self.raw = b""
        self.ended = False  # the other side closed
        self._rest = b""

    def read(self, size=65536):
        try:
            data = self.sock.recv(size)
        except TimeoutError:
            raise
        except OSError:
            data = b""
        if not data:
            self.ended = True
            raise Closed()
        self.raw += data
        return data

    def until(self, mark):
        while mark not in self._rest:
            self._rest += self.read()
        head, _, self._rest = self._rest.partition(mark)
        return head + mark

    def exactly(self, size):
        while len(self._rest) < size:
            self._rest += self.read(1 << 20)
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def skip(self, size, into):
        """Like exactly(), for bodies too large to keep: into.update(bytes) for each piece."""
        while size > 0:
            data = self._rest or self.sock.recv(1 << 20)
            if not data:
                raise Closed()
            self._rest = data[size:]
            into.update(data[:size])
            size -= len(data[:size])

    def request_head(self):
        return Request(self.until(b"\r\n\r\n"), self)

    def body(self, request):
        if (request.get("transfer-encoding") or "").lower() == "chunked":
            while True:
                size = int(self.until(b"\r\n").split(b";")[0], 16)
                if size == 0:
                    break
                request.body += self.exactly(size)
                assert self.exactly(2) == b"\r\n"
            while (line := self.until(b"\r\n")) != b"\r\n":
                request.trailers.append(line.decode("latin-1").rstrip())
        elif request.get("content-length"):
            request.body = self.exactly(int(request.get("content-length")))
        return request

    def request(self):
        return self.body(self.request_head())

    def proxy_header(self):
        """The PROXY header that a connection begins with, taken apart by proxy.py; None: it begins with something else."""
        if self.exactly(12) != proxy.SIGNATURE:
            return None
        fixed = self.exactly(4)
        rest = self.exactly(int.from_bytes(fixed[2:4], "big"))
        return proxy.Header(proxy.SIGNATURE + fixed + rest)

    def send(self, data):
        self.sock.sendall(data)

    def wait_end(self):
        try:
            while True:
                self.read()
        except Closed:
            pass

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def answer(body=b"ok", status="200 OK", fields=()):
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


class Origin:
    """script(origin, conn) serves one connection; the default answers every request with respond(request)."""

    def __init__(self, script=None, respond=None, family=socket.AF_INET, path=None, port=0,
                 receive_buffer=None):
        self.script = script or Origin.serve
        self.respond = respond or (lambda request: answer())
        self.requests = []
        self.conns = []
        self.errors = []
        self.path = path
        if path:
            self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        else:
            self.listener = socket.socket(family, socket.SOCK_STREAM)
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if path:
            self.listener.bind(path)
            os.chmod(path, 0o777)  # workers run as their own user
            self.address = "unix:" + path
        else:
            self.listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", port))
            self.port = self.listener.getsockname()[1]
            self.address = f"[::1]:{self.port}" if family == socket.AF_INET6 else f"127.0.0.1:{self.port}"
        self.listener.listen(1024)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.settimeout(2 * HANG)
            conn = Conn(sock, len(self.conns))
            self.conns.append(conn)
            threading.Thread(target=self._run, args=(conn,), daemon=True).start()

    def _run(self, conn):
        try:
            self.script(self, conn)
        except (Closed, OSError):
            pass
        except Exception as e:  # shown by check()
            self.errors.append(e)
        conn.close()

    def serve(self, conn):
        while True:
            request = conn.request()
            self.requests.append(request)
            conn.send(self.respond(request))
            if (request.get("connection") or "").lower() == "close":
                return

    @property
    def raw(self):
        return b"".join(c.raw for c in self.conns)

    def wait(self, count=1):
        return wait_until(lambda: self.requests if len(self.requests) >= count else None, f"{count} requests")

    def forget(self):
        """End what is open and forget what was said, for the next test."""
        for conn in self.conns:
            conn.close()
        self.conns.clear()
        self.requests.clear()

    def check(self):
        assert not self.errors, self.errors

    def close(self):
        # shutdown wakes the thread that is in accept()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for conn in self.conns:
            conn.close()
        if self.path and os.path.exists(self.path):
            os.unlink(self.path)
