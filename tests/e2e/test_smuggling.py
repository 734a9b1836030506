# SPDX-License-Identifier: GPL-2.0-only
"""A message with two readings is refused with its own reason, and nothing of it reaches the origin."""
import pytest

from client import Client, request

H = b"Host: api.example.com\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
NEXT = request("GET", "/smuggled")


def post(*lines, body=b""):
    return b"POST /p HTTP/1.1\r\n" + H + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


# (name, request, status, the reason in the log)
HEADS = [
    ("CL and TE", post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + NEXT), 400,
     "length_and_coding"),
    ("TE and CL", post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n" + NEXT), 400,
     "length_and_coding"),
    ("TE chunked twice", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400,
     None),
    ("TE chunked, chunked", post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"), 400, None),
    ("TE chunked, identity", post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"), 400, None),
    ("TE gzip, chunked", post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 501, "coding_unsupported"),
    ("TE identity", post(b"Transfer-Encoding: identity"), None, None),
    ("TE xchunked", post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), None, None),
    ("TE with tab", post(b"Transfer-Encoding:\x0bchunked", body=b"0\r\n\r\n"), 400, None),
    ("TE quoted", post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n"), None, None),
    ("TE in HTTP/1.0", b"POST /p HTTP/1.0\r\n" + H + CHUNKED + b"\r\n0\r\n\r\n", 400, "coding_http10"),
    ("CL differs", post(b"Content-Length: 3", b"Content-Length: 4", body=b"abcd"), 400, "length_differs"),
    ("CL repeated", post(b"Content-Length: 3", b"Content-Length: 3", body=b"abc"), 400, "length_differs"),
    ("CL list", post(b"Content-Length: 3, 3", body=b"abc"), 400, "length_invalid"),
    ("CL empty", post(b"Content-Length:"), 400, "length_invalid"),
    ("CL minus", post(b"Content-Length: -1"), 400, "length_invalid"),
    ("CL plus", post(b"Content-Length: +3", body=b"abc"), 400, "length_invalid"),
    ("CL hex", post(b"Content-Length: 0x3", body=b"abc"), 400, "length_invalid"),
    ("CL words", post(b"Content-Length: 3 3", body=b"abc"), 400, "length_invalid"),
    ("CL overflow", post(b"Content-Length: 18446744073709551619", body=b"abc"), 400, "length_invalid"),
    ("CL over the limit", post(b"Content-Length: 1048577"), 413, "body_too_large"),
    ("bare LF ends a line", b"GET / HTTP/1.1\nHost: api.example.com\r\n\r\n", 400, "bare_lf"),
    ("bare LF ends the head", b"GET / HTTP/1.1\r\n" + H + b"\n", 400, "bare_lf"),
    ("bare CR", b"GET / HTTP/1.1\r\n" + H + b"X: a\rb\r\n\r\n", 400, "bare_cr"),
    ("NUL", b"GET / HTTP/1.1\r\n" + H + b"X: a\0b\r\n\r\n", 400, "nul"),
    ("fold", b"GET / HTTP/1.1\r\n" + H + b"X: a\r\n b\r\n\r\n", 400, "obs_fold"),
    ("fold in the first field", b"GET / HTTP/1.1\r\n X: a\r\n" + H + b"\r\n", 400, None),
    ("empty name", b"GET / HTTP/1.1\r\n" + H + b": a\r\n\r\n", 400, "name_empty"),
    ("space before the colon", b"GET / HTTP/1.1\r\n" + H + b"X : a\r\n\r\n", 400, "space_before_colon"),
    ("name no token", b"GET / HTTP/1.1\r\n" + H + b"X(y): a\r\n\r\n", 400, "name_invalid"),
    ("control byte in a value", b"GET / HTTP/1.1\r\n" + H + b"X: a\x08\r\n\r\n", 400, "value_invalid"),
    ("two spaces", b"GET  / HTTP/1.1\r\n" + H + b"\r\n", 400, None),
    ("tab", b"GET\t/ HTTP/1.1\r\n" + H + b"\r\n", 400, None),
    ("trailing space", b"GET / HTTP/1.1 \r\n" + H + b"\r\n", None, None),
    ("method no token", b"G(T / HTTP/1.1\r\n" + H + b"\r\n", 400, "method"),
    ("fragment", b"GET /a#b HTTP/1.1\r\n" + H + b"\r\n", 400, "target"),
    ("relative target", b"GET a HTTP/1.1\r\n" + H + b"\r\n", 400, "target"),
    ("8-bit in the target", b"GET /\xff HTTP/1.1\r\n" + H + b"\r\n", 400, "target"),
    ("HTTP/0.9", b"GET /\r\n" + H + b"\r\n", 400, None),
    ("HTTP/2.0", b"GET / HTTP/2.0\r\n" + H + b"\r\n", 505, "version"),
    ("HTTP/1.2", b"GET / HTTP/1.2\r\n" + H + b"\r\n", None, None),
    ("http/1.1", b"GET / http/1.1\r\n" + H + b"\r\n", None, None),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, None),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", 400, "host_missing"),
    ("two Hosts", b"GET / HTTP/1.1\r\n" + H + H + b"\r\n", 400, "host_repeated"),
    ("Host list", b"GET / HTTP/1.1\r\nHost: api.example.com, other\r\n\r\n", 400, "host_invalid"),
    ("Host with userinfo", b"GET / HTTP/1.1\r\nHost: x@api.example.com\r\n\r\n", 400, "host_invalid"),
    ("Host with a bad port", b"GET / HTTP/1.1\r\nHost: api.example.com:80x\r\n\r\n", 400, "host_invalid"),
    ("empty Host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", None, None),
    ("CONNECT", b"CONNECT api.example.com:443 HTTP/1.1\r\n" + H + b"\r\n", 501, "method_unsupported"),
    ("TRACE", b"TRACE / HTTP/1.1\r\n" + H + b"\r\n", 501, "method_unsupported"),
    ("Expect something", post(b"Expect: 200-ok", b"Content-Length: 1", body=b"a"), 417, "expectation"),
    ("Upgrade with a body", post(b"Connection: upgrade", b"Upgrade: websocket", b"Content-Length: 1", body=b"a"), 400,
     "upgrade"),
]

# The head may have gone on before the fault shows; what must not happen is a complete message at the origin.
BODIES = [
    ("no digit", b"x\r\nabc\r\n0\r\n\r\n", "chunk_size"),
    ("empty size", b"\r\nabc\r\n0\r\n\r\n", "chunk_size"),
    ("minus", b"-1\r\nabc\r\n0\r\n\r\n", "chunk_size"),
    ("0x", b"0x3\r\nabc\r\n0\r\n\r\n", "chunk_size"),
    ("space first", b" 3\r\nabc\r\n0\r\n\r\n", "chunk_size"),
    ("2^64", b"10000000000000000\r\nabc\r\n0\r\n\r\n", None),
    ("2^64 + 3", b"10000000000000003\r\nabc\r\n0\r\n\r\n", None),
    ("bare LF behind the size", b"3\nabc\r\n0\r\n\r\n", "bare_lf"),
    ("bare CR in the size line", b"3\rabc\r\n0\r\n\r\n", None),
    ("bare LF behind the data", b"3\r\nabc\n0\r\n\r\n", None),
    ("data too long", b"3\r\nabcd\r\n0\r\n\r\n", "chunk_end"),
    ("data too short", b"5\r\nabc\r\n0\r\n\r\n", None),
    ("extension with LF", b"3;a=\n\r\nabc\r\n0\r\n\r\n", None),
    ("extension too long", b"3;" + b"a" * 5000 + b"\r\nabc\r\n0\r\n\r\n", "chunk_extension"),
    ("NUL in the extension", b"3;\0\r\nabc\r\n0\r\n\r\n", "chunk_extension"),
    ("trailer with bare LF", b"3\r\nabc\r\n0\r\nX: y\n\r\n", "bare_lf"),
    ("trailer without a colon", b"3\r\nabc\r\n0\r\nGET / HTTP/1.1\r\n\r\n", "trailer"),
    ("trailer section too long", b"3\r\nabc\r\n0\r\n" + b"X: " + b"y" * 9000 + b"\r\n\r\n", "trailer"),
]


@pytest.mark.parametrize("name, raw, status, reason", HEADS, ids=[h[0] for h in HEADS])
def test_a_head_with_two_readings_is_refused(world, api, name, raw, status, reason):
    with Client(api.port, cert=world.alice) as c:
        c.send(raw)
        got = c.response()
        assert got.status == status if status else 400 <= got.status <= 505
        assert (got.get("connection") or "").lower() == "close"
        assert c.to_end() == b""
    assert api.origin.raw == b""
    row = api.logged(status=got.status)[0]
    if reason:
        assert row["reason"] == reason


@pytest.mark.parametrize("name, raw, status, reason", HEADS, ids=[h[0] for h in HEADS])
def test_nor_as_the_second_request(world, api, name, raw, status, reason):
    with Client(api.port, cert=world.alice) as c:
        c.send(request("GET", "/good") + raw)
        assert c.response().status == 200
        got = c.response()
        assert got.status == status if status else 400 <= got.status <= 505
        assert c.to_end() == b""
    assert [r.target for r in api.origin.requests] == ["/good"]


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "trickled"])
@pytest.mark.parametrize("name, body, reason", BODIES, ids=[b[0] for b in BODIES])
def test_a_broken_chunked_body_never_becomes_a_message(world, api, name, body, reason, cut):
    head = b"POST /p HTTP/1.1\r\n" + H + CHUNKED + b"\r\n"
    with Client(api.port, cert=world.alice) as c:
        if cut:
            c.send(head)
            try:
                for i in range(len(body[:64])):
                    c.send(body[i:i + 1])
                c.send(body[64:])
            except (ConnectionError, OSError):
                pass  # refused before the end
        else:
            c.send(head + body + NEXT)
        assert c.response().status == 400
    api.logged(**({"reason": reason} if reason else {"path": "/p"}))
    for conn in api.origin.conns:
        conn.wait_end()
    assert api.origin.requests == []
    assert b"smuggled" not in api.origin.raw


def test_the_body_of_a_request_is_never_the_next_request(world, api):
    inner = NEXT + NEXT
    with Client(api.port, cert=world.alice) as c:
        c.send(post(b"Content-Length: %d" % len(inner), body=inner) + request("GET", "/after"))
        assert c.response().status == 200
        assert c.response().status == 200
        chunk = b"%x\r\n" % len(inner) + inner + b"\r\n0\r\n\r\n"
        c.send(post(b"Transfer-Encoding: chunked", body=chunk) + request("GET", "/after2"))
        assert c.response().status == 200
        assert c.response().status == 200
    assert [r.target for r in api.origin.requests] == ["/p", "/after", "/p", "/after2"]


@pytest.mark.parametrize("raw", [
    b"POST /p HTTP/1.1\r\n" + H + b"Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"POST /p HTTP/1.1\r\n" + H + b"Transfer-Encoding:chunked\r\n\r\n3;a=b;c=\"d\"\r\nabc\r\n0\r\n\r\n",
    b"POST /p HTTP/1.1\r\n" + H + b"Content-Length:3\r\n\r\nabc",
    b"POST /p HTTP/1.1\r\n" + H + b"Content-Length: 0000000003\r\n\r\nabc",
    b"\r\nPOST /p HTTP/1.1\r\n" + H + b"Content-Length: 3\r\n\r\nabc",
    b"POST http://api.example.com/p HTTP/1.1\r\n" + H + b"Content-Length: 3\r\n\r\nabc",
    b"POST /p HTTP/1.1\r\nhOST: API.example.com:8443\r\nContent-Length: 3\r\n\r\nabc",
])
def test_what_is_legal_is_not_refused(world, api, raw):
    with Client(api.port, cert=world.alice) as c:
        c.send(raw + request("GET", "/after"))
        assert c.response().status == 200
        assert c.response().status == 200
    assert [r.target for r in api.origin.requests] == ["/p", "/after"]
    assert api.origin.requests[0].body == b"abc"
