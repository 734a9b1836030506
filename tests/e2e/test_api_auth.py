# SPDX-License-Identifier: GPL-2.0-only
"""Who may use the settings API over an address of the loopback, and what is written down of it."""
import json
import os
import sqlite3
import subprocess
from contextlib import closing

import pytest

from door import HANG, free_port, host


@pytest.fixture
def kept(door, world, origin, state):
    return door([host(world.api, ["api.example.com"], [origin])], store=os.path.join(state, "s.db"))


def ask(port, path, *headers, method="GET", body=None):
    """(status, headers by lower-case name, JSON or text) over the loopback."""
    args = ["curl", "-sS", "-i", "--max-time", str(HANG), "-X", method]
    args += [a for h in headers for a in ("-H", h)]
    if body is not None:
        args += ["-H", "Content-Type: application/json", "--data-binary", json.dumps(body)]
    done = subprocess.run([*args, f"http://127.0.0.1:{port}{path}"], stdout=subprocess.PIPE, check=True)
    head, _, text = done.stdout.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
    is_json = fields.get("content-type") == "application/json"
    return int(lines[0].split()[1]), fields, json.loads(text) if is_json else text.decode()


def make(d, name, scope, email=None):
    code, _, answer = d.api("POST", "/sluice/v1/tokens", {"name": name, "scope": scope, **({"email": email} if email else {})})
    assert code == 201, answer
    return answer["result"]


@pytest.fixture
def guarded(kept):
    """The same, over the loopback: (door, port, its tokens by name)."""
    tokens = {"reader": make(kept, "reader", "read"), "writer": make(kept, "writer", "write", "Ops@example.com")}
    kept.stop()
    port = free_port()
    kept.write_text(json.dumps({**kept.config, "api": {"listen": f"127.0.0.1:{port}"}}))
    kept.start()
    return kept, port, tokens


def bearer(token):
    return "Authorization: Bearer " + token["token"]


def test_a_token_is_shown_once_and_kept_as_a_hash(kept, state):
    made = make(kept, "ci", "read", "ci@example.com")
    assert len(made["token"]) == 40 and made["token"].startswith(made["id"])
    code, _, answer = kept.api("GET", "/sluice/v1/tokens")
    assert code == 200
    assert [{k: t[k] for k in ("id", "name", "email", "scope", "added_by")} for t in answer["result"]] == [
        {"id": made["id"], "name": "ci", "email": "ci@example.com", "scope": "read", "added_by": f"uid {os.geteuid()}"}]
    assert made["token"][8:] not in json.dumps(answer)
    kept.stop()
    for name in os.listdir(state):
        with open(os.path.join(state, name), "rb") as f:
            assert made["token"][8:].encode() not in f.read(), name
    with closing(sqlite3.connect(os.path.join(state, "s.db"))) as db:
        (salt, hashed), = db.execute("SELECT salt, hash FROM tokens").fetchall()
    assert len(salt) == 32 and len(hashed) == 64


def test_sluicectl_makes_lists_and_takes_away(kept):
    code, out, err = kept.ctl("tokens", "add", "ops", "write", "ops@example.com")
    token = out.strip()
    assert code == 0 and len(token) == 40 and "once" in err
    code, out, _ = kept.ctl("tokens")
    assert code == 0 and out.splitlines()[1].split()[:4] == [token[:8], "write", "ops", "ops@example.com"]
    assert token not in out
    assert kept.ctl("tokens", "remove", token[:8])[0] == 0
    assert kept.ctl("tokens", "list", "--json")[:2] == (0, "[]\n")
    code, _, err = kept.ctl("tokens", "remove", token[:8])
    assert code == 1 and "7003" in err
    for wrong in (("add", "x"), ("add",), ("remove",), ("steal",), ("list", "more"), ("add", "a", "b", "c", "d")):
        assert kept.ctl("tokens", *wrong)[0] == 2, wrong


BAD_TOKENS = [
    # (body, code, pointers)
    ({}, 12130, {"/name", "/scope"}),
    ({"name": "", "scope": "read"}, 12130, {"/name"}),
    ({"name": "a", "scope": "all"}, 12130, {"/scope"}),
    ({"name": "a", "scope": 1}, 12130, {"/scope"}),
    ({"name": "x" * 129, "scope": "read"}, 12130, {"/name"}),
    ({"name": "a\n", "scope": "read"}, 12130, {"/name"}),
    ({"name": "a", "scope": "read", "extra/~": 1}, 12130, {"/extra~1~0"}),
    ({"name": "a", "scope": "read", "email": None}, 12130, {"/email"}),
    ([], 6007, {""}),
]


@pytest.mark.parametrize("body,code,pointers", BAD_TOKENS)
def test_what_is_no_token_is_named(kept, body, code, pointers):
    status, _, answer = kept.api("POST", "/sluice/v1/tokens", body)
    assert status == 400 and {e["code"] for e in answer["errors"]} == {code}, answer
    assert {e["source"]["pointer"] for e in answer["errors"]} == pointers
    assert kept.api("GET", "/sluice/v1/tokens")[2]["result"] == []
    assert kept.api("GET", "/sluice/v1/audit")[2]["result"] == []


def test_a_name_is_there_once(kept):
    make(kept, "a", "read")
    status, _, answer = kept.api("POST", "/sluice/v1/tokens", {"name": "a", "scope": "write"})
    assert status == 409 and answer["errors"][0]["source"] == {"pointer": "/name"}


def test_there_is_an_end_to_tokens(kept, state):
    kept.stop()
    with closing(sqlite3.connect(os.path.join(state, "s.db"))) as db, db:
        db.executemany("INSERT INTO tokens VALUES (?, ?, '', 'read', '', '', '', 0)",
                       [(f"{n:08x}", f"n{n}") for n in range(256)])
    kept.start()
    status, _, answer = kept.api("POST", "/sluice/v1/tokens", {"name": "one more", "scope": "read"})
    assert status == 400 and "256" in answer["errors"][0]["message"]


def test_without_a_store_there_are_no_tokens(api):
    status, _, answer = api.api("POST", "/sluice/v1/tokens", {"name": "a", "scope": "read"})
    assert status == 403 and answer["errors"][0]["code"] == 9999 and "store" in answer["errors"][0]["message"]
    assert api.api("GET", "/sluice/v1/tokens")[2]["result"] == []
    assert api.api("GET", "/sluice/v1/audit")[2]["result"] == []


def test_changes_are_written_down_with_who_made_them(kept):
    made = make(kept, "a", "read")
    kept.api("DELETE", "/sluice/v1/tokens/" + made["id"])
    kept.api("DELETE", "/sluice/v1/tokens/" + made["id"])  # there is none any more: nothing changes
    code, _, answer = kept.api("GET", "/sluice/v1/audit")
    assert code == 200
    gone, came = answer["result"]
    assert (gone["what"], came["what"]) == (f"DELETE /sluice/v1/tokens/{made['id']}", "POST /sluice/v1/tokens")
    assert gone["who"] == came["who"] == f"uid {os.geteuid()}"
    assert came["before"] is None and came["after"]["name"] == "a" and "token" not in came["after"]
    assert gone["before"] == came["after"] and gone["after"] is None
    assert made["token"] not in json.dumps(answer)
    assert kept.api("GET", "/sluice/v1/audit?page=2&per_page=1")[2]["result"] == [came]
    assert kept.api("GET", "/sluice/v1/audit?page=3&per_page=1")[2]["result"] == []


def test_over_the_loopback_it_takes_a_token(guarded):
    _, port, tokens = guarded
    for path in ("/healthz", "/readyz", "/metrics"):
        assert ask(port, path)[0] == 200, path
    code, head, answer = ask(port, "/sluice/v1/status")
    assert code == 401 and head["www-authenticate"] == "Bearer"
    assert answer["errors"] == [{"code": 10000, "message": "Authentication error"}]
    assert ask(port, "/sluice/v1/status", bearer(tokens["reader"]))[0] == 200
    assert ask(port, "/sluice/v1/status", "Authorization: bearer " + tokens["reader"]["token"])[0] == 200


def test_scopes_are_kept(guarded):
    _, port, tokens = guarded
    code, _, answer = ask(port, "/sluice/v1/reload", bearer(tokens["reader"]), method="POST")
    assert code == 403 and answer["errors"][0]["code"] == 10000
    assert ask(port, "/sluice/v1/reload", bearer(tokens["writer"]), method="POST")[0] == 200
    # and nobody makes tokens over an address
    for token in tokens.values():
        for method, path in (("GET", "/sluice/v1/tokens"), ("POST", "/sluice/v1/tokens"),
                             ("DELETE", "/sluice/v1/tokens/" + token["id"])):
            assert ask(port, path, bearer(token), method=method)[0] == 403


def test_the_older_scheme_wants_the_e_mail_address_it_was_made_for(guarded):
    _, port, tokens = guarded
    key = "X-Auth-Key: " + tokens["writer"]["token"]
    assert ask(port, "/sluice/v1/status", "X-Auth-Email: ops@example.com", key)[0] == 200
    assert ask(port, "/sluice/v1/status", "X-Auth-Email: else@example.com", key)[0] == 401
    # the reader has none, so that no address is right
    for email in ("ops@example.com", "x"):
        assert ask(port, "/sluice/v1/status", "X-Auth-Email: " + email, "X-Auth-Key: " + tokens["reader"]["token"])[0] == 401


BAD_HEADERS = [
    # (header fields, code, chain)
    (["Authorization: Basic Zm9vOmJhcg=="], 6003, 6111),
    (["Authorization: Bearer"], 6003, 6111),
    (["Authorization: Bearer x"], 6003, 6111),
    (["Authorization: Bearer " + "g" * 40], 6003, 6111),
    (["Authorization: Bearer  " + "a" * 40], 6003, 6111),
    (["Authorization: Bearer " + "a" * 41], 6003, 6111),
    (["X-Auth-Key: " + "a" * 40], 6003, 6103),
    (["X-Auth-Email: a@b.example"], 6003, 6103),
    (["X-Auth-Email: a@b.example", "X-Auth-Key: short"], 6003, 6103),
    (["Authorization: Bearer " + "a" * 40], 10000, None),
    (["X-Auth-Email: a@b.example", "X-Auth-Key: " + "a" * 40], 10000, None),
]


def test_headers_that_cannot_be_right_have_their_codes(guarded):
    _, port, _ = guarded
    for fields, code, chain in BAD_HEADERS:
        status, _, answer = ask(port, "/sluice/v1/status", *fields)
        error, = answer["errors"]
        assert status == (400 if chain else 401) and error["code"] == code, (fields, answer)
        assert [e["code"] for e in error.get("error_chain", [])] == ([chain] if chain else []), fields


def test_failed_tries_have_an_end_for_each_token_by_itself(guarded):
    _, port, tokens = guarded
    wrong = "Authorization: Bearer " + tokens["reader"]["id"] + "0" * 32
    for _ in range(10):
        assert ask(port, "/sluice/v1/status", wrong)[0] == 401
    code, head, answer = ask(port, "/sluice/v1/status", wrong)
    assert code == 429 and head["retry-after"] == "60" and answer["errors"][0]["code"] == 10000
    # not even the right one is looked at now
    assert ask(port, "/sluice/v1/status", bearer(tokens["reader"]))[0] == 429
    # but others are, also when somebody guesses what does not exist
    for n in range(12):
        assert ask(port, "/sluice/v1/status", f"Authorization: Bearer {n:040x}")[0] == (401 if n < 10 else 429)
    assert ask(port, "/sluice/v1/status", bearer(tokens["writer"]))[0] == 200


def test_one_that_was_taken_away_is_nobody_s(guarded):
    d, port, tokens = guarded
    d.stop()
    d.write_text(json.dumps({**d.config, "api": {"listen": d.socket}}))
    d.start()
    assert d.api("DELETE", "/sluice/v1/tokens/" + tokens["reader"]["id"])[0] == 200
    d.stop()
    d.write_text(json.dumps({**d.config, "api": {"listen": f"127.0.0.1:{port}"}}))
    d.start()
    assert ask(port, "/sluice/v1/status", bearer(tokens["reader"]))[0] == 401
    assert ask(port, "/sluice/v1/status", bearer(tokens["writer"]))[0] == 200
    assert tokens["reader"]["name"] in str(ask(port, "/sluice/v1/audit", bearer(tokens["writer"]))[2])
