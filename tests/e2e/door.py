# SPDX-License-Identifier: GPL-2.0-only
"""A sluiced under test: started with a configuration, watched through its logs, stopped and judged."""
import json
import os
import resource
import signal
import socket
import subprocess
import time

import stats

# Seconds after which a wait counts as a hang; nothing is ever measured against it. On a machine that is emulated
# (tools/vm) everything takes longer: SLUICE_SLOW is the factor.
HANG = 40 * int(os.environ.get("SLUICE_SLOW", "1"))
FAULTS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "UndefinedBehavior", "must(", "Assertion")


def free_port(family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, what, seconds=HANG):
    """Poll until condition() is true and return what it returned."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("never happened: " + what)
        time.sleep(0.01)


def _stat(pid):
    """Fields of /proc/PID/stat behind the command, from the state on; None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()
    except OSError:
        return None


def children(pid):
    out = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = _stat(entry)
            if stat and int(stat[1]) == pid and stat[0] != "Z":
                out.append(int(entry))
    return sorted(out)


def descriptors(pid):
    """What each descriptor of a process names; one that is closed while we look is left out."""
    out = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            out[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            pass
    return out


def memory(pid, word="Rss"):
    """Bytes of /proc/PID/smaps_rollup."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        for line in f:
            if line.startswith(word + ":"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no " + word)


def is_asan(binary):
    with open(binary, "rb") as f:
        return b"__asan_init" in f.read()


class Door:
    def __init__(self, binary, directory, port, allow):
        self.binary = binary
        self.allow = str(allow)  # where certificates may be
        self.directory = str(directory)
        self.port = port
        self.config_path = os.path.join(self.directory, "sluice.yaml")
        # a path in a socket's address has 107 bytes, and pytest's directories can be long
        self.socket = os.path.join(self.directory, "api.sock")
        assert len(self.socket) < 108, self.socket
        self.process = None
        self.config = None
        self.arguments = []  # more of the command line
        self.log_begin = 0  # bytes of the access log that belong to earlier tests

    # --- configuration: JSON is YAML ------------------------------------------------------------
    def write(self, hosts, listen=None, access_log=True, api=None, store=None, ticket_keys_file=None, revoked=None,
              proxy_sources=None, zones=None, xdp=None, **options):
        """@api: its keys; not given: a socket of its own, so that no two tests share the default one."""
        options.setdefault("workers", 1)
        self.config = {
            "listen": listen or [f"127.0.0.1:{self.port}"],
            "access_log": access_log,
            "api": api or {"listen": self.socket},
            "options": options,
            "hosts": hosts,
        }
        if store:
            self.config["store"] = store
        if zones:
            self.config["zones"] = zones
        if ticket_keys_file:
            self.config["ticket_keys_file"] = ticket_keys_file
        if revoked:
            self.config["revoked"] = revoked
        if proxy_sources is not None:
            self.config["proxy_sources"] = proxy_sources
        if xdp:
            self.config["xdp"] = xdp
        self.write_text(json.dumps(self.config, indent=1))

    def write_text(self, text):
        fresh = self.config_path + ".new"
        with open(fresh, "w") as f:
            f.write(text)
        os.rename(fresh, self.config_path)

    # --- life -----------------------------------------------------------------------------------
    def start(self, descriptors=None):
        """@descriptors: the most each of its processes may have; None: as many as the test."""
        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        out = open(os.path.join(self.directory, "access.log"), "ab")
        err = open(os.path.join(self.directory, "error.log"), "ab")
        seen = len(self.errors())  # of an earlier life
        # a sanitizer traces its own process and starts a symbolizer: the cage must only log that
        env = dict(os.environ, SLUICE_CAGE="log") if is_asan(self.binary) else None
        self.process = subprocess.Popen([self.binary, "--config", self.config_path, "--allow-dir", self.allow,
                                         *self.arguments],
                                        stdout=out, stderr=err, env=env, stdin=subprocess.DEVNULL,
                                        start_new_session=True, preexec_fn=limit)
        out.close()
        err.close()
        wait_until(lambda: "ready" in self.errors()[seen:] or self.process.poll() is not None, "ready")
        assert self.process.poll() is None, "did not start:\n" + self.errors()
        return self

    def family(self):
        """Every process of this sluiced, the master first."""
        return [self.process.pid] + children(self.process.pid)

    def workers(self):
        out = []
        for pid in children(self.process.pid):
            try:
                with open(f"/proc/{pid}/cmdline") as f:
                    if "--role=worker" in f.read():
                        out.append(pid)
            except OSError:
                pass
        return out

    def worker(self):
        workers = self.workers()
        assert len(workers) == 1, workers
        return workers[0]

    def reload(self, **wanted):
        """SIGHUP, then wait until the error log says how it went. True: applied."""
        seen = len(self.errors())
        self.process.send_signal(signal.SIGHUP)
        words = ("configuration in force", "configuration refused")
        text = wait_until(lambda: next((w for w in words if w in self.errors()[seen:]), None), "an answer to SIGHUP")
        return text == words[0]

    def stop(self, sig=signal.SIGTERM):
        if self.process is None:
            return
        family = self.family() if self.process.poll() is None else []
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            status = self.process.wait(HANG)
        except subprocess.TimeoutExpired:
            for pid in family:
                os.kill(pid, signal.SIGABRT)
            raise AssertionError("did not end:\n" + self.errors()) from None
        self.process = None
        text = self.errors()
        assert status == 0, f"status {status}:\n{text}"
        for word in FAULTS:
            assert word not in text, text
        left = [p for p in family if (_stat(p) or ["Z"])[0] != "Z"]
        assert not left, f"processes left behind: {left}\n{text}"

    def kill(self):
        """After a failed test: whatever is left of it."""
        if self.process is not None and self.process.poll() is None:
            for pid in self.family():
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            self.process.wait()
        self.process = None

    # --- its settings API -----------------------------------------------------------------------
    def api(self, method, path, body=None, headers=(), socket_path=None):
        """(status, headers by lower-case name, JSON or text)"""
        args = ["curl", "-sS", "-i", "--max-time", str(HANG), "--unix-socket", socket_path or self.socket, "-X", method]
        args += [a for h in headers for a in ("-H", h)]
        if method == "HEAD":
            args.append("--head")
        if body is not None:
            args += ["-H", "Content-Type: application/json", "--data-binary", "@-"]
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        done = subprocess.run([*args, "http://localhost" + path], input=body, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        assert done.returncode == 0, done.stderr.decode()
        head, _, text = done.stdout.partition(b"\r\n\r\n")
        while head.startswith(b"HTTP/1.1 100"):
            head, _, text = text.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        fields = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
        is_json = fields.get("content-type") == "application/json" and method != "HEAD"
        return int(lines[0].split()[1]), fields, json.loads(text) if is_json else text.decode()

    def ctl(self, *args, socket_path=None, env=None):
        """sluicectl: (exit status, stdout, stderr)"""
        ctl = os.path.join(os.path.dirname(self.binary), "sluicectl")
        done = subprocess.run([ctl, "--socket", socket_path or self.socket, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=2 * HANG, check=False, env=env)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    # --- what it counted ------------------------------------------------------------------------
    def stats(self):
        """The counters of stats.h, summed over all workers: {name: number, or list where it is an array}."""
        return stats.read(wait_until(self.workers, "a worker")[0])

    def stats_each(self):
        """The same of each worker that was ever started."""
        return [row for row in stats.read_each(wait_until(self.workers, "a worker")[0]) if row["generation"]]

    def engine(self):
        """Who has the records of its connections, as tls_engine in the access log says it."""
        return "kernel" if self.stats()["ktls_support"] & 0xFFF == 0xFFF else "user"

    def rekeys(self):
        """Are KeyUpdates followed? Linux can replace keys from 6.14 on."""
        return self.engine() == "user" or self.stats()["ktls_support"] >> 12 == 1

    # --- logs -----------------------------------------------------------------------------------
    def errors(self):
        with open(os.path.join(self.directory, "error.log"), errors="replace") as f:
            return f.read()

    def mark(self):
        """Lines up to here are somebody else's."""
        self.log_begin = os.path.getsize(os.path.join(self.directory, "access.log"))

    def log(self):
        """The access log so far; every line must be JSON."""
        with open(os.path.join(self.directory, "access.log"), "rb") as f:
            f.seek(self.log_begin)
            whole = f.read().rpartition(b"\n")[0]
        return [json.loads(line) for line in whole.split(b"\n") if line]

    def logged(self, count=1, **wanted):
        """Wait for @count lines with these values; return them all."""
        def found():
            rows = [r for r in self.log() if all(r.get(k) == v for k, v in wanted.items())]
            return rows if len(rows) >= count else None
        try:
            return wait_until(found, f"access log lines {wanted}")
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.log()[-5:]}\n{self.errors()[-2000:]}") from None


def host(cert, names, origins, verify="none", ca=None, depth=None, default=False, auth=None, proxy=None, tlvs=None,
         **identity):
    """One entry of hosts:. @auth: more keys of its client_auth. @proxy, @tlvs: its proxy_protocol and proxy_tlvs."""
    auth = {"verify": verify, **(auth or {})}
    if ca is not None:
        auth["ca"] = ca.pem
    if depth is not None:
        auth["depth"] = depth
    entry = {"names": names, "certificate": cert.pem, "key": cert.key, "client_auth": auth,
             "origins": [o if isinstance(o, str) else o.address for o in origins]}
    if default:
        entry["default"] = True
    if identity:
        entry["identity"] = identity
    if proxy is not None:
        entry["proxy_protocol"] = proxy
    if tlvs is not None:
        entry["proxy_tlvs"] = tlvs
    return entry
