# SPDX-License-Identifier: GPL-2.0-only
"""A client that says exactly what a test writes and tells a clean end from a cut one."""
import hashlib
import socket
import ssl
import subprocess

from door import HANG

TLS12 = ssl.TLSVersion.TLSv1_2
TLS13 = ssl.TLSVersion.TLSv1_3


def context(cert=None, version=None, ciphers=None):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    ctx.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # Python's default; a FIN without close_notify must be seen
    if version:
        ctx.minimum_version = ctx.maximum_version = version
    if ciphers:
        ctx.set_ciphers(ciphers)
    if cert:
        ctx.load_cert_chain(cert.pem, cert.key)
    return ctx


class Response:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.head = head
        self.version, status, *_ = lines[0].split(" ")
        self.status = int(status)
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if line]
        self.body = b""
        self.size = 0       # of the body, also when it was only hashed
        self.sha256 = None
        self.trailers = []
        self.complete = False

    def get(self, name):
        return next((v for k, v in self.fields if k.lower() == name.lower()), None)


class Cut(Exception):
    """The connection ended where the message did not. end: how."""

    def __init__(self, end, response=None):
        super().__init__(end)
        self.end = end
        self.response = response


class Client:
    """
    end, once the other side ended: "close_notify", "truncated" (FIN without it), "reset", or an alert's name.
    """

    def __init__(self, port, sni="api.example.com", cert=None, version=None, ctx=None, session=None,
                 address="127.0.0.1", receive_buffer=None, ciphers=None, source=None, before=b""):
        """@before: sent in front of the TLS handshake."""
        raw = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(HANG)
        if source:
            raw.bind((source, 0))
        raw.connect((address, port))
        raw.sendall(before)
        self.end = None
        self.rest = b""
        ctx = ctx or context(cert, version, ciphers)
        try:
            self.sock = ctx.wrap_socket(raw, server_hostname=sni, session=session, suppress_ragged_eofs=False)
        except OSError:
            raw.close()
            raise
        self.sni = sni

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Without close_notify, as many clients do."""
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def read(self, size=65536):
        """Some bytes, or b"" at the end, and then self.end says which."""
        try:
            data = self.sock.recv(size)
            if not data:
                self.end = "close_notify"
            return data
        except ssl.SSLEOFError:
            self.end = "truncated"
        except ssl.SSLZeroReturnError:
            self.end = "close_notify"
        except ssl.SSLError as e:
            self.end = e.reason or str(e)
        except ConnectionError:
            self.end = "reset"
        return b""

    def _more(self, response=None):
        data = self.read()
        if not data:
            raise Cut(self.end, response)
        self.rest += data

    def until(self, mark, response=None):
        while mark not in self.rest:
            self._more(response)
        head, _, self.rest = self.rest.partition(mark)
        return head + mark

    def to_end(self):
        """Everything up to the end of the connection."""
        out, self.rest = [self.rest], b""
        while data := self.read():
            out.append(data)
        return b"".join(out)

    def head(self):
        return Response(self.until(b"\r\n\r\n"))

    def response(self, method="GET", keep=True):
        """The next final response, whole. Raises Cut when it is not. keep False: only size and hash."""
        while True:
            r = self.head()
            if r.status >= 200 or r.status == 101:
                break
        digest = hashlib.sha256()
        kept = bytearray()

        def take(data):
            digest.update(data)
            r.size += len(data)
            if keep:
                kept.extend(data)

        if method == "HEAD" or r.status in (101, 204, 304):
            pass
        elif (r.get("transfer-encoding") or "").lower() == "chunked":
            while True:
                size = int(self.until(b"\r\n", r).split(b";")[0], 16)
                if size == 0:
                    break
                self._take(size, take, r)
                if self._exactly(2, r) != b"\r\n":
                    raise Cut("chunk", r)
            while (line := self.until(b"\r\n", r)) != b"\r\n":
                r.trailers.append(line.decode("latin-1").rstrip())
        elif r.get("content-length") is not None:
            self._take(int(r.get("content-length")), take, r)
        else:
            take(self.rest)
            self.rest = b""
            while data := self.read():
                take(data)
            if self.end != "close_notify":
                raise Cut(self.end, r)
        r.sha256 = digest.hexdigest()
        r.body = bytes(kept)
        r.complete = True
        return r

    def _take(self, size, take, r):
        while size > 0:
            if not self.rest:
                self._more(r)
            data, self.rest = self.rest[:size], self.rest[size:]
            take(data)
            size -= len(data)

    def _exactly(self, size, r):
        while len(self.rest) < size:
            self._more(r)
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def get(self, target="/", host=None, fields=(), keep=True):
        self.send(request("GET", target, host or self.sni, fields))
        return self.response(keep=keep)


def request(method="GET", target="/", host="api.example.com", fields=(), body=None, version="1.1"):
    lines = [f"{method} {target} HTTP/{version}", f"Host: {host}", *fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def outcome(port, host=None, target="/", **how):
    """
    Connect, send one GET and say what came: ("status", Response) or ("refused", why).
    In TLS 1.3 a client learns only at its first read that its certificate was no good.
    """
    try:
        with Client(port, **how) as c:
            try:
                return "status", c.get(target, host or c.sni or "api.example.com")
            except Cut as e:
                return "refused", e.end
            except (ssl.SSLError, ConnectionError) as e:
                return "refused", getattr(e, "reason", None) or str(e)
    except (ssl.SSLError, ConnectionError) as e:
        return "refused", getattr(e, "reason", None) or str(e)


def status(port, **how):
    """The status of one GET, or None when the connection was refused."""
    kind, what = outcome(port, **how)
    return what.status if kind == "status" else None


def openssl(*args, stdin=b"", timeout=HANG):
    """Run the command line tool; its output and error text together."""
    p = subprocess.run(["openssl", *args], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       timeout=timeout, check=False)
    return p.returncode, p.stdout.decode("latin-1")
