# SPDX-License-Identifier: GPL-2.0-only
"""Traffic in the background: keep-alive and new connections, every response body hashed, every loss kept."""
import hashlib
import os
import threading

from client import Client, Cut
from origin import answer

SIZES = (0, 100, 1024, 16384, 70000, 300000)


class Load:
    """with Load(...) as l: ... ; then l.done, l.lost, l.wrong, l.refused tell what happened."""

    def __init__(self, port, cert, threads=4, per_connection=20):
        self.port = port
        self.cert = cert
        self.per_connection = per_connection
        self.done = 0
        self.wrong = []    # whole responses that were not what was asked for
        self.lost = []     # requests on their way when the connection ended
        self.refused = []  # connections that could not be made
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(threads)]

    @staticmethod
    def bodies():
        """respond() for the origin: /SIZE/NONCE answers SIZE bytes made from the nonce."""
        return lambda r: answer(Load.body(r.target))

    @staticmethod
    def body(target):
        _, size, nonce = target.split("/")
        return (hashlib.sha256(nonce.encode()).digest() * (int(size) // 32 + 1))[:int(size)]

    def __enter__(self):
        for t in self._threads:
            t.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for t in self._threads:
            t.join()

    def _run(self, number):
        n = number
        while not self._stop.is_set():
            try:
                c = Client(self.port, cert=self.cert)
            except OSError as e:
                self.refused.append(repr(e))
                continue
            with c:
                for _ in range(self.per_connection):
                    if self._stop.is_set():
                        break
                    n += 1
                    target = f"/{SIZES[n % len(SIZES)]}/{os.urandom(6).hex()}"
                    try:
                        r = c.get(target)
                    except (Cut, OSError) as e:
                        self.lost.append(repr(e))
                        break
                    with self._lock:
                        self.done += 1
                    if r.status != 200 or r.body != self.body(target):
                        self.wrong.append((target, r.status, len(r.body)))
                    if (r.get("connection") or "").lower() == "close":
                        break
