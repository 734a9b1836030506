# SPDX-License-Identifier: GPL-2.0-only
"""Cloudflare's own SDK (npm package cloudflare) and the request of its manual, against the settings API."""
import json
import os
import re
import subprocess

import pytest

from client import Client, status
from door import HANG, free_port, host
from settings import ACCOUNT, SETTINGS, ZONE, ZONES, good, pem, setting

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SDK = os.path.join(ROOT, "build", "sdk")
EMAIL = "ops@example.com"


class Sdk:
    """One node process that calls what it is told."""

    def __init__(self, **options):
        assert os.path.exists(os.path.join(SDK, "node_modules", "cloudflare")), "no SDK there: make sdk"
        env = {k: v for k, v in os.environ.items() if not k.startswith("CLOUDFLARE_")}
        self.process = subprocess.Popen(["node", os.path.join(ROOT, "tests", "sdk", "drive.js"), json.dumps(options)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**env, "NODE_PATH": os.path.join(SDK, "node_modules")})

    def raw(self, call, *args, pages=False):
        self.process.stdin.write(json.dumps({"call": call, "args": args, "pages": pages}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __call__(self, call, *args, pages=False):
        said = self.raw(call, *args, pages=pages)
        assert "error" not in said, said
        return said["result"]

    def fails(self, call, *args):
        return self.raw(call, *args)["error"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(HANG)
        self.process.stdout.close()


@pytest.fixture
def served(door, world, origin, state):
    """One over the loopback: (door, port, a token that may write, one that may read)."""
    hosts = [host(world.api, ["api.example.com"], [origin], "require", world.client_ca),
             host(world.shop, ["shop.example.com"], [origin], "require", world.client_ca)]
    d = door(hosts, store=os.path.join(state, "s.db"), zones=ZONES, workers=2)
    tokens = [good(d.api("POST", "/sluice/v1/tokens", {"name": scope, "scope": scope, "email": EMAIL}), 201)["token"]
              for scope in ("write", "read")]
    d.stop()
    port = free_port()
    d.write_text(json.dumps({**d.config, "api": {"listen": f"127.0.0.1:{port}"}}))
    d.start()
    return d, port, *tokens


@pytest.fixture
def sdk(served):
    """By token (the default), or sdk(apiEmail=..., apiKey=...)."""
    _, port, token, _ = served
    made = []

    def make(**options):
        made.append(Sdk(baseURL=f"http://127.0.0.1:{port}/client/v4", **(options or {"apiToken": token})))
        return made[-1]

    yield make
    for s in made:
        s.close()


OF_ZONE = {"zone_id": ZONE}
CERTIFICATES = "zeroTrust.access.certificates"


def test_certificates(served, sdk, world):
    d, call = served[0], sdk()
    assert status(d.port, cert=world.other) is None
    made = call(f"{CERTIFICATES}.create", {**OF_ZONE, "name": "partner", "certificate": pem(world.other_ca),
                                           "associated_hostnames": ["api.example.com"]})
    assert re.fullmatch(r"MD5 Fingerprint=([0-9A-F]{2}:){15}[0-9A-F]{2}", made["fingerprint"])
    assert status(d.port, cert=world.other) == 200
    assert status(d.port, cert=world.other, sni="shop.example.com") is None
    assert call(f"{CERTIFICATES}.get", made["id"], OF_ZONE) == made
    assert call(f"{CERTIFICATES}.list", OF_ZONE, pages=True) == [made]
    got = call(f"{CERTIFICATES}.update", made["id"], {**OF_ZONE, "name": "renamed", "associated_hostnames": []})
    assert (got["name"], got["associated_hostnames"]) == ("renamed", [])
    assert status(d.port, cert=world.other) is None
    assert call(f"{CERTIFICATES}.delete", made["id"], OF_ZONE) == {"id": made["id"]}
    assert call(f"{CERTIFICATES}.list", OF_ZONE, pages=True) == []


def test_paging_ends(sdk, world):
    call = sdk()
    names = [f"sdk-{n:02}" for n in range(7)]
    for n in names:
        call(f"{CERTIFICATES}.create", {"account_id": ACCOUNT, "name": n, "certificate": pem(world.pki.ca(n))})
    for size in (1, 3, 7, 100):
        rows = call(f"{CERTIFICATES}.list", {"account_id": ACCOUNT, "per_page": size}, pages=True)
        assert sorted(r["name"] for r in rows) == names, size


def test_settings(served, sdk, world, origin):
    d, call = served[0], sdk()
    wanted = [setting("api.example.com", False), setting("shop.example.com", True, True)]
    assert call(f"{CERTIFICATES}.settings.get", OF_ZONE)["result"] == []
    assert call(f"{CERTIFICATES}.settings.update", {**OF_ZONE, "settings": wanted})["result"] == wanted
    assert call(f"{CERTIFICATES}.settings.get", OF_ZONE, pages=True) == wanted
    with Client(d.port, cert=world.alice) as c:
        assert c.get().status == 200
    assert origin.requests[0].get("Cf-Client-Cert-Sha256") is None
    assert call(f"{CERTIFICATES}.settings.update", {"account_id": ACCOUNT, "settings": []})["result"] == []
    assert call(f"{CERTIFICATES}.settings.get", OF_ZONE)["result"] == wanted


def test_managed_transforms(served, sdk, world, origin):
    d, call = served[0], sdk()
    rows = call("managedTransforms.list", OF_ZONE)["managed_request_headers"]
    assert rows == [{"id": "add_client_certificate_headers", "enabled": False, "has_conflict": False}]
    got = call("managedTransforms.edit", {**OF_ZONE, "managed_request_headers": [{"id": rows[0]["id"], "enabled": True}],
                                          "managed_response_headers": []})
    assert got["managed_request_headers"][0]["enabled"] is True
    with Client(d.port, cert=world.alice) as c:
        assert c.get().status == 200
    assert origin.requests[0].get("Cf-Cert-Verified") == "true"
    call("managedTransforms.delete", OF_ZONE)
    assert call("managedTransforms.list", OF_ZONE)["managed_request_headers"][0]["enabled"] is False


def test_the_older_scheme(served, sdk):
    _, _, token, _ = served
    assert sdk(apiEmail=EMAIL, apiKey=token)(f"{CERTIFICATES}.settings.get", OF_ZONE)["result"] == []
    said = sdk(apiEmail="else@example.com", apiKey=token).fails(f"{CERTIFICATES}.settings.get", OF_ZONE)
    assert (said["type"], said["status"], said["errors"][0]["code"]) == ("AuthenticationError", 401, 10000)


def test_errors_arrive_as_the_sdk_s_own(served, sdk, world):
    _, _, _, reader = served
    call = sdk()
    create = {**OF_ZONE, "name": "a", "certificate": pem(world.other_ca)}
    rows = [
        (call, "create", ({**create, "associated_hostnames": ["a.example.org"]},), "BadRequestError", 400, 12036),
        (call, "create", ({**create, "certificate": "x"},), "BadRequestError", 400, 12130),
        (call, "get", ("0" * 36, OF_ZONE), "NotFoundError", 404, 7003),
        (call, "list", ({"zone_id": "9" * 32},), "NotFoundError", 404, 7003),
        (sdk(apiToken="0" * 40), "list", (OF_ZONE,), "AuthenticationError", 401, 10000),
        (sdk(apiToken="x"), "list", (OF_ZONE,), "BadRequestError", 400, 6003),
        (sdk(apiToken=reader), "create", (create,), "PermissionDeniedError", 403, 10000),
    ]
    for by, method, args, kind, code, number in rows:
        said = by.fails(f"{CERTIFICATES}.{method}", *args)
        assert (said["type"], said["status"], said["errors"][0]["code"]) == (kind, code, number), (method, said)
    assert sdk(apiToken=reader)(f"{CERTIFICATES}.list", OF_ZONE, pages=True) == []
    made = call(f"{CERTIFICATES}.create", {**create, "associated_hostnames": ["api.example.com"]})
    said = call.fails(f"{CERTIFICATES}.create", create)
    assert said["status"] == 400 and "already exists" in said["errors"][0]["message"]
    assert call.fails(f"{CERTIFICATES}.delete", made["id"], OF_ZONE)["errors"][0]["code"] == 12130


def test_the_manual_s_request_as_it_is_written(served, world, origin):
    """Word for word, but for the base, the ids and the key."""
    d, port, token, _ = served
    script = """curl --request PUT \\
https://api.cloudflare.com/client/v4/zones/{zone_id}/access/certificates/settings \\
--header "x-auth-email: <EMAIL>" \\
--header "x-auth-key: <API_KEY>" \\
--header "content-type: application/json" \\
--data '{
  "settings": [
    {
      "hostname": "<HOSTNAME>",
      "china_network": false,
      "client_certificate_forwarding": true
    }
  ]
}'
"""
    for was, now in (("https://api.cloudflare.com", f"http://127.0.0.1:{port}"), ("{zone_id}", ZONE), ("<EMAIL>", EMAIL),
                     ("<API_KEY>", token), ("<HOSTNAME>", "api.example.com")):
        assert was in script
        script = script.replace(was, now)
    done = subprocess.run(["sh", "-c", script.replace("curl ", "curl -sS ", 1)], stdout=subprocess.PIPE, timeout=HANG,
                          check=True)
    assert json.loads(done.stdout) == {"success": True, "errors": [], "messages": [],
                                       "result": [setting("api.example.com", True)]}
    with Client(d.port, cert=world.alice) as c:
        assert c.get().status == 200
    r = origin.requests[0]
    assert r.get("Cf-Client-Cert-Sha256") == world.alice.sha256 and r.get("Cf-Client-Cert-Der-Base64")
