# SPDX-License-Identifier: GPL-2.0-only
"""What tests of revocation share."""
import os
import ssl
import threading

from client import Client, Cut
from door import wait_until
from origin import answer

ALERT = "SSLV3_ALERT_CERTIFICATE_REVOKED"
EXPIRED = "SSLV3_ALERT_CERTIFICATE_EXPIRED"
ISSUER = "CN=Client CA"
IN_FORCE = "list of revoked certificates in force"


class Revoked:
    """The file that `revoked` names."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "revoked.txt")
        self.write()

    def write(self, *lines):
        with open(self.path + ".new", "w") as f:
            f.writelines(line + "\n" for line in lines)
        os.rename(self.path + ".new", self.path)

    def put(self, d, *lines):
        """These and no others from now on; returns when every worker has looked at its connections."""
        seen = d.errors().count(IN_FORCE)
        self.write(*lines)
        assert d.reload()
        wait_until(lambda: d.errors().count(IN_FORCE) > seen, IN_FORCE)


def visit(port, ctx, session=None):
    """(status of a GET, or why there was none; was it resumed; the session)"""
    try:
        with Client(port, ctx=ctx, session=session) as c:
            status = c.get().status
            return status, c.sock.session_reused, c.sock.session
    except Cut as e:
        return e.end, False, None
    except ssl.SSLError as e:
        return e.reason, False, None


class Held:
    """A script of an origin: /held is answered when a test says so, all else at once."""

    def __init__(self):
        self.came = threading.Event()
        self.go = threading.Event()
        self.targets = []

    def __call__(self, origin, conn):
        while True:
            r = conn.request()
            self.targets.append(r.target)
            if r.target == "/held":
                self.came.set()
                self.go.wait()
            conn.send(answer())
