# SPDX-License-Identifier: GPL-2.0-only
"""HTTP/1.1 as it is meant: every kind of message in both directions, and what follows it on the connection."""
import re
import subprocess

import pytest

from client import Client, request
from door import host, wait_until
from origin import Conn, answer


def door_for(door, world, origin, **options):
    return door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)], **options)


def chunks(*parts, trailers=b""):
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n" + trailers + b"\r\n"


# --- requests -------------------------------------------------------------------------------------
def test_a_connection_serves_many_requests(world, api):
    with Client(api.port, cert=world.alice) as c:
        for n in range(50):
            assert c.get(f"/{n}").body == b"ok"
    assert [r.target for r in api.origin.requests] == [f"/{n}" for n in range(50)]


def test_bodies_by_length_and_by_chunks_arrive_whole(world, api):
    with Client(api.port, cert=world.alice) as c:
        for size in (0, 1, 1000, 16384, 16385, 70000, 300000):
            body = bytes(i % 251 for i in range(size))
            c.send(request("POST", f"/length/{size}", body=body))
            assert c.response().status == 200
            c.send(request("PUT", f"/chunked/{size}", fields=["Transfer-Encoding: chunked"]) +
                   chunks(*[body[i:i + 9999] for i in range(0, size, 9999)]))
            assert c.response().status == 200
            assert [r.body for r in api.origin.requests[-2:]] == [body, body]


@pytest.mark.parametrize("step", [1, 7])
def test_a_chunked_body_in_small_writes(world, api, step):
    raw = request("POST", "/p", fields=["Transfer-Encoding: chunked"]) + chunks(b"abc", b"x" * 40, b"end") + \
        request("GET", "/next")
    with Client(api.port, cert=world.alice) as c:
        for i in range(0, len(raw), step):
            c.send(raw[i:i + step])
        assert c.response().status == 200
        assert c.response().status == 200
    assert api.origin.requests[0].body == b"abc" + b"x" * 40 + b"end"
    assert api.origin.requests[1].target == "/next"


def test_trailers_arrive(world, api):
    with Client(api.port, cert=world.alice) as c:
        c.send(request("POST", "/p", fields=["Transfer-Encoding: chunked", "Trailer: X-Sum"]) +
               chunks(b"abc", trailers=b"X-Sum: 1\r\nContent-Length: 7\r\nTransfer-Encoding: x\r\nHost: evil\r\n"))
        assert c.response().status == 200
    assert api.origin.requests[0].trailers == ["X-Sum: 1"]


def test_a_pipeline_is_answered_in_order(world, origins, door):
    origin = origins(respond=lambda r: answer(r.target.encode()))
    d = door_for(door, world, origin)
    with Client(d.port, cert=world.alice) as c:
        c.send(b"".join(request("GET", f"/{n}") for n in range(20)) +
               request("POST", "/body", body=b"GET /not HTTP/1.1\r\n\r\n") + request("GET", "/last"))
        for want in [f"/{n}" for n in range(20)] + ["/body", "/last"]:
            assert c.response().body == want.encode()


def test_connection_close_is_obeyed(world, api):
    with Client(api.port, cert=world.alice) as c:
        r = c.get(fields=["Connection: close"])
        assert r.body == b"ok"
        assert r.get("connection") == "close"
        assert c.to_end() == b""
        assert c.end == "close_notify"


def test_http10_closes_unless_asked_to_stay(world, api):
    with Client(api.port, cert=world.alice) as c:
        c.send(request(version="1.0"))
        r = c.response()
        assert r.body == b"ok"
        assert c.to_end() == b""
        assert c.end == "close_notify"
    with Client(api.port, cert=world.alice) as c:
        for _ in range(3):
            c.send(request(version="1.0", fields=["Connection: keep-alive"]))
            r = c.response()
            assert r.body == b"ok"
            assert r.get("connection").lower() == "keep-alive"


def test_http10_without_a_host_is_served_under_the_name_of_the_handshake(world, api):
    with Client(api.port, cert=world.alice) as c:
        c.send(b"GET /old HTTP/1.0\r\n\r\n")
        assert c.response().status == 200
    assert api.origin.requests[0].target == "/old"


def test_hop_by_hop_fields_stay_on_their_hop(world, api):
    with Client(api.port, cert=world.alice) as c:
        c.get(fields=["Connection: x-hop, keep-alive", "X-Hop: 1", "Keep-Alive: 5", "TE: trailers",
                      "Proxy-Authorization: x", "Proxy-Connection: y", "X-End: 2"])
    r = api.origin.requests[0]
    assert r.get("X-End") == "2"
    for name in ("X-Hop", "Keep-Alive", "TE", "Proxy-Authorization", "Proxy-Connection"):
        assert r.get(name) is None, name


@pytest.mark.parametrize("named", ["Host", "Content-Length", "Transfer-Encoding", "close, Content-Length"])
def test_naming_a_field_of_ours_in_connection_does_not_take_it_away(world, api, named):
    """Dropping a length that the next reader needs is how a body becomes a request."""
    body = request("GET", "/smuggled")
    with Client(api.port, cert=world.alice) as c:
        if named == "Transfer-Encoding":
            c.send(request("POST", "/p", fields=["Connection: " + named, "Transfer-Encoding: chunked"]) + chunks(body))
        else:
            c.send(request("POST", "/p", fields=["Connection: " + named], body=body))
        assert c.response().status == 200
    assert [(r.target, r.body, r.get("host")) for r in api.origin.requests] == [("/p", body, "api.example.com")]


def test_the_asterisk_form(world, api):
    with Client(api.port, cert=world.alice) as c:
        c.send(request("OPTIONS", "*"))
        assert c.response().status == 200
    assert api.origin.requests[0].target == "*"


# --- 100-continue ---------------------------------------------------------------------------------
def test_100_continue_comes_from_the_origin(world, origins, door):
    def script(o, conn: Conn):
        r = conn.request_head()
        assert r.get("expect") == "100-continue"
        conn.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        o.requests.append(conn.body(r))
        conn.send(answer(b"got it"))
    origin = origins(script)
    d = door_for(door, world, origin)
    with Client(d.port, cert=world.alice) as c:
        c.send(request("POST", "/p", fields=["Expect: 100-continue", "Content-Length: 5"]))
        assert c.head().status == 100
        c.send(b"hello")
        assert c.response().body == b"got it"
    assert origin.requests[0].body == b"hello"


def test_a_refusal_instead_of_100_reaches_the_client(world, origins, door):
    def script(_, conn):
        conn.request_head()
        conn.send(answer(b"no", "403 Forbidden"))
        conn.wait_end()
    d = door_for(door, world, origins(script))
    with Client(d.port, cert=world.alice) as c:
        c.send(request("POST", "/p", fields=["Expect: 100-continue", "Content-Length: 5"]))
        assert c.response().status == 403


# --- responses ------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["length", "chunked", "close", "head", "204", "304", "head-chunked"])
def test_each_framing_of_a_response(world, origins, door, how):
    body = bytes(i % 253 for i in range(50000))
    raw = {
        "length": answer(body),
        "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(body[:7], body[7:]),
        "close": b"HTTP/1.1 200 OK\r\n\r\n" + body,
        "head": b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n",
        "head-chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "204": b"HTTP/1.1 204 No Content\r\n\r\n",
        "304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 50000\r\nETag: \"a\"\r\n\r\n",
    }[how]

    def script(o, conn):
        while True:
            o.requests.append(conn.request())
            conn.send(raw)
            if how == "close":
                return
    d = door_for(door, world, origins(script))
    method = "HEAD" if "head" in how else "GET"
    with Client(d.port, cert=world.alice) as c:
        for _ in range(1 if how == "close" else 3):
            c.send(request(method, "/"))
            r = c.response(method)
            assert r.complete
            if how in ("length", "chunked", "close"):
                assert r.body == body
            if how == "head":
                assert r.get("content-length") == "50000"
        if how == "close":
            assert c.end in (None, "close_notify")


def test_trailers_of_a_response_arrive(world, origins, door):
    d = door_for(door, world, origins(respond=lambda r: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                      chunks(b"abc", trailers=b"X-Sum: 1\r\n")))
    with Client(d.port, cert=world.alice) as c:
        for _ in range(2):
            r = c.get()
            assert r.body == b"abc"
            assert r.trailers == ["X-Sum: 1"]


def test_informational_responses_pass_through(world, origins, door):
    d = door_for(door, world, origins(respond=lambda r: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer()))
    with Client(d.port, cert=world.alice) as c:
        c.send(request())
        assert c.head().status == 103
        assert c.response().body == b"ok"


def test_fields_of_a_response_arrive_as_they_were(world, origins, door):
    d = door_for(door, world, origins(respond=lambda r: answer(
        b"x", "299 Odd Reason", ["Set-Cookie: a=1", "Set-Cookie: b=2", "X-Empty:", "Keep-Alive: 5",
                                 "Connection: keep-alive, X-Hop", "X-Hop: 1"])))
    with Client(d.port, cert=world.alice) as c:
        r = c.get()
    assert r.status == 299
    assert r.head.startswith(b"HTTP/1.1 299 Odd Reason\r\n")
    assert [v for k, v in r.fields if k == "Set-Cookie"] == ["a=1", "b=2"]
    assert r.get("X-Empty") == ""
    assert r.get("Keep-Alive") is None and r.get("X-Hop") is None


def test_an_answer_before_the_body_is_there_reaches_the_client(world, origins, door):
    """The origin answers and closes with most of the body unread; the next request finds a fresh connection."""
    def script(o, conn):
        r = conn.request_head()
        o.requests.append(r)
        conn.send(answer(b"early", "413 Too Much", ["Connection: close"]))
    origin = origins(script)
    d = door_for(door, world, origin)
    with Client(d.port, cert=world.alice) as c:
        c.send(request("POST", "/p", fields=["Content-Length: 500000"]) + b"x" * 1000)
        assert c.response().status == 413
    with Client(d.port, cert=world.alice) as c:
        assert c.get("/next").status == 413
    assert [r.target for r in origin.requests] == ["/p", "/next"]


# --- upgrade --------------------------------------------------------------------------------------
UPGRADE = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: abc", "Sec-WebSocket-Version: 13"]
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def test_after_101_bytes_pass_both_ways_untouched(world, origins, door):
    def script(o, conn):
        o.requests.append(conn.request_head())
        conn.send(SWITCH + b"hello from the origin")
        while True:
            data = conn.exactly(1)
            conn.send(data.swapcase())
    origin = origins(script)
    d = door_for(door, world, origin)
    with Client(d.port, cert=world.alice) as c:
        c.send(request("GET", "/chat", fields=UPGRADE))
        r = c.response()
        assert r.status == 101
        assert r.get("upgrade") == "websocket"
        assert (r.get("connection") or "").lower() == "upgrade"
        wait_until(lambda: c.rest or not c._more(), "bytes behind the 101")
        while len(c.rest) < 21:
            c._more()
        assert c.rest == b"hello from the origin"
        c.rest = b""
        payload = b"\x81\x85" + bytes(range(256)) + b"GET /smuggled HTTP/1.1\r\nCf-Client-Cert-Sha256: abc\r\n\r\n"
        c.send(payload)
        while len(c.rest) < len(payload):
            c._more()
        assert c.rest == payload.swapcase()
    r = origin.requests[0]
    assert r.get("upgrade") == "websocket"
    assert r.get("connection").lower() == "upgrade"
    assert r.get("cf-client-cert-sha256") == world.alice.sha256


def test_no_tunnel_before_the_origins_101(world, origins, door):
    """Bytes sent behind the upgrade request wait; when the answer is no 101 they are the next request."""
    origin = origins(respond=lambda r: answer(r.target.encode()))
    d = door_for(door, world, origin)
    with Client(d.port, cert=world.alice) as c:
        c.send(request("GET", "/chat", fields=UPGRADE) +
               request("GET", "/second", fields=["Cf-Client-Cert-Sha256: FORGED"]))
        assert c.response().body == b"/chat"
        assert c.response().body == b"/second"
    assert b"FORGED" not in origin.raw


def test_a_tunnel_ends_on_both_sides_when_one_ends(world, origins, door):
    def script(o, conn):
        o.requests.append(conn.request_head())
        conn.send(SWITCH)
        if conn.number == 0:
            conn.exactly(3)
            conn.send(b"last")
            return
        conn.wait_end()
    origin = origins(script)
    d = door_for(door, world, origin)
    with Client(d.port, cert=world.alice) as c:
        c.send(request(fields=UPGRADE))
        assert c.response().status == 101
        c.send(b"end")
        assert c.to_end() == b"last"
        assert c.end == "close_notify"
    with Client(d.port, cert=world.alice) as c:
        c.send(request(fields=UPGRADE))
        assert c.response().status == 101
    wait_until(lambda: len(origin.conns) == 2 and origin.conns[1].ended, "the origin's side to end")


# --- curl ------------------------------------------------------------------------------------------
def test_curl_with_a_body_a_redirect_and_keep_alive(world, nginx, door, tmp_path):
    n = nginx("location = /old { return 301 /new; } location = /new { return 200 'there'; }\n"
              "location /echo { return 200 $request_method:$http_content_type:$http_cf_client_cert_sha256; }")
    d = door_for(door, world, n)
    curl = ["curl", "-sS", "--resolve", f"api.example.com:{d.port}:127.0.0.1", "--cacert", world.server_ca.pem,
            "--cert", world.alice.pem, "--key", world.alice.key, "--max-time", "60"]
    base = f"https://api.example.com:{d.port}"

    def run(*args):
        return subprocess.run(curl + list(args), stdout=subprocess.PIPE, check=True).stdout.decode()

    assert run("-d", "a=b", base + "/echo") == f"POST:application/x-www-form-urlencoded:{world.alice.sha256}"
    assert run("-L", base + "/new") == "there"
    out = run("-w", "%{http_code} %{num_connects}\n", "-o", "/dev/null", base + "/old", "-o", "/dev/null", base + "/new")
    assert re.findall(r"(\d+) (\d+)", out) == [("301", "1"), ("200", "0")]
