# SPDX-License-Identifier: GPL-2.0-only
"""
Random changes through the settings API against a model, with kill -9 of control in between: what was acknowledged
is there, what was not is there whole or not at all. SLUICE_KILLS says how often (make model: 200 times),
SLUICE_SEED which changes.
"""
import copy
import http.client
import json
import os
import random
import signal
import socket
import threading
import time

from client import status
from door import HANG, host, wait_until
from settings import ACCOUNT, MANAGED, OTHER_ZONE, ZONE, ZONES, pem, setting

KILLS = int(os.environ.get("SLUICE_KILLS", "8"))
CHANGES = int(os.environ.get("SLUICE_CHANGES", "6"))  # between two kills
SCOPES = [f"zones/{ZONE}", f"accounts/{ACCOUNT}"]
NAMES = ["api.example.com", "*.api.example.com", "x.api.example.com", "shop.example.com", "nobody.example.com"]
EXTRA = "e" * 32


class Http(http.client.HTTPConnection):
    """Over a unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=HANG)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(d, method, path, body=None):
    """(status, result); (None, None) when there was no answer."""
    try:
        h = Http(d.socket)
        h.request(method, path, None if body is None else json.dumps(body))
        r = h.getresponse()
        got = r.status, json.loads(r.read())["result"]
        h.close()
        return got
    except (OSError, http.client.HTTPException):
        return None, None


class Model:
    def __init__(self):
        self.certificates = {s: [] for s in SCOPES}  # [name, hostnames, number of the CA]
        self.settings = {s: [] for s in SCOPES}
        self.managed = False
        self.zone = False

    def seen(self):
        return {"certificates": {s: sorted([n, h] for n, h, _ in rows) for s, rows in self.certificates.items()},
                "settings": self.settings, "managed": self.managed, "zone": self.zone}


def observed(d):
    """The same of the real one."""
    out = {"certificates": {}, "settings": {}}
    for s in SCOPES:
        rows = ask(d, "GET", f"/client/v4/{s}/access/certificates?per_page=100")[1]
        out["certificates"][s] = sorted([r["name"], r["associated_hostnames"]] for r in rows)
        out["settings"][s] = ask(d, "GET", f"/client/v4/{s}/access/certificates/settings")[1]
    out["managed"] = ask(d, "GET", MANAGED)[1]["managed_request_headers"][0]["enabled"]
    out["zone"] = any(z["id"] == EXTRA for z in ask(d, "GET", "/sluice/v1/zones")[1])
    return out


class Changes:
    """Draws changes: (method, path, body, status it must have, the model after it)."""

    def __init__(self, seed, cas):
        self.random = random.Random(seed)
        self.cas = cas
        self.count = 0

    def names(self):
        return sorted(self.random.sample(NAMES, self.random.randint(0, 3)))

    def draw(self, d, model):
        after = copy.deepcopy(model)
        kind = self.random.choice(["create", "update", "delete", "settings", "managed", "zone", "wrong"])
        scope = self.random.choice(SCOPES)
        base = f"/client/v4/{scope}/access/certificates"
        rows = after.certificates[scope]
        if kind in ("update", "delete") and rows:
            row = self.random.choice(rows)
            shown = ask(d, "GET", base + "?per_page=100")[1]
            path = base + "/" + next(c["id"] for c in shown if c["name"] == row[0])
            if kind == "update":
                row[1] = self.names()
                return "PUT", path, {"associated_hostnames": row[1]}, 200, after
            if row[1]:
                return "DELETE", path, None, 400, model
            rows.remove(row)
            return "DELETE", path, None, 200, after
        if kind == "settings":
            wanted = [setting(n, self.random.random() < .5, self.random.random() < .5) for n in self.names()]
            after.settings[scope] = wanted
            return "PUT", base + "/settings", {"settings": wanted}, 200, after
        if kind == "managed":
            after.managed = self.random.random() < .5
            body = {"managed_request_headers": [{"id": "add_client_certificate_headers", "enabled": after.managed}]}
            return "PATCH", MANAGED, body, 200, after
        if kind == "zone":
            after.zone = not model.zone
            if model.zone:
                return "DELETE", f"/sluice/v1/zones/{EXTRA}", None, 200, after
            return "POST", "/sluice/v1/zones", {"id": EXTRA, "name": "extra.example", "account": ACCOUNT}, 201, after
        if kind == "wrong":  # all of it or nothing
            body = {"settings": [setting(NAMES[0], True), setting("a.example.org", True)]}
            return "PUT", base + "/settings", body, 400, model
        self.count += 1
        number = self.random.randrange(len(self.cas))
        body = {"name": f"c{self.count}", "certificate": pem(self.cas[number]), "associated_hostnames": self.names()}
        taken = any(number == n for all_rows in model.certificates.values() for _, _, n in all_rows)
        if taken:
            return "POST", base, body, 400, model
        rows.append([body["name"], body["associated_hostnames"], number])
        return "POST", base, body, 201, after


def change(d, changes, model):
    """One that is answered. The model after it."""
    method, path, body, want, after = changes.draw(d, model)
    got, result = ask(d, method, path, body)
    assert got == want, (method, path, body, got, result)
    return after


def change_and_kill(d, changes, model):
    """One during which control is killed. The model after it."""
    method, path, body, want, after = changes.draw(d, model)
    pid = ask(d, "GET", "/sluice/v1/status")[1]["control_pid"]
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ask(d, method, path, body)))
    asking.start()
    time.sleep(changes.random.random() * 0.03)  # at any moment: nothing depends on which
    os.kill(pid, signal.SIGKILL)
    asking.join()
    wait_until(lambda: (ask(d, "GET", "/sluice/v1/status")[1] or {}).get("control_pid", pid) != pid, "another control")
    wait_until(lambda: ask(d, "GET", "/sluice/v1/status")[1]["state"] == "ready", "all in force again")
    seen = observed(d)
    if answers[0][0] is not None:
        assert answers[0][0] == want, (method, path, body, answers)
        assert seen == after.seen(), f"acknowledged and lost: {method} {path} {body}"
        return after
    assert seen in (model.seen(), after.seen()), f"half of it: {method} {path} {body}\n{seen}"
    return after if seen == after.seen() else model


def check_trust(d, model, clients):
    """Handshakes, against the model: who is let in where."""
    for name in ("api.example.com", "x.api.example.com", "y.api.example.com", "shop.example.com"):
        means = {name} | ({"*.api.example.com"} if name.endswith(".api.example.com") else set())
        for number, client in enumerate(clients):
            wanted = any(number == n and means & set(h) for rows in model.certificates.values() for _, h, n in rows)
            assert (status(d.port, cert=client, sni=name) == 200) == wanted, (name, number, model.seen())


def test_no_acknowledged_change_is_lost(door, world, origin, state):
    seed = int(os.environ.get("SLUICE_SEED", random.randrange(1 << 32)))
    cas = [world.pki.ca(f"model-ca-{n}", subject=f"Model CA {n}") for n in range(4)]
    clients = [world.pki.client(f"model-client-{n}", ca) for n, ca in enumerate(cas)]
    d = door([host(world.api, ["api.example.com", "*.api.example.com"], [origin], "require", world.client_ca),
              host(world.shop, ["shop.example.com"], [origin], "require", world.client_ca)],
             store=os.path.join(state, "s.db"), zones=ZONES, workers=2)
    changes = Changes(seed, cas)
    model = Model()
    print(f"SLUICE_SEED={seed}")
    for n in range(KILLS):
        for _ in range(CHANGES):
            model = change(d, changes, model)
        assert observed(d) == model.seen()
        model = change_and_kill(d, changes, model)
        if n % 20 == 0 or n == KILLS - 1:
            check_trust(d, model, clients)
    d.stop()
    d.start()
    assert observed(d) == model.seen()
    check_trust(d, model, clients)
    assert ask(d, "GET", f"/client/v4/zones/{OTHER_ZONE}/access/certificates")[1] == []
