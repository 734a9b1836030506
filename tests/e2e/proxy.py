# SPDX-License-Identifier: GPL-2.0-only
"""PROXY headers, read and written from the text of HAProxy's doc/proxy-protocol.txt, without a line of ours."""
import socket
import struct

SIGNATURE = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
LOCAL, PROXY = 0x20, 0x21
TCP4, TCP6, UNIX = 0x11, 0x21, 0x31
ALPN, AUTHORITY, CRC32C, NOOP, SSL = 0x01, 0x02, 0x03, 0x04, 0x20
VERSION, CN, CIPHER, SIG_ALG, KEY_ALG, GROUP, SIG_SCHEME, CLIENT_CERT = 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28
CLIENT_SSL, CERT_CONN, CERT_SESS = 1, 2, 4


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def vectors(data):
    """{type: value}; no type may come twice."""
    out = {}
    while data:
        kind, size = struct.unpack_from("!BH", data)
        assert len(data) >= 3 + size, "a TLV ends before its length says"
        assert kind not in out, f"0x{kind:02x} twice"
        out[kind] = data[3:3 + size]
        data = data[3 + size:]
    return out


class Header:
    """A whole header of version 2. ends: (source, port, destination, port), or None; ssl: {type: value} inside of SSL."""

    def __init__(self, data):
        assert data[:12] == SIGNATURE
        self.raw = data
        self.command, family, size = struct.unpack_from("!BBH", data, 12)
        assert self.command in (LOCAL, PROXY)
        assert size == len(data) - 16
        self.ends, at = None, 16
        if family in (TCP4, TCP6):
            af, form = (socket.AF_INET, "!4s4sHH") if family == TCP4 else (socket.AF_INET6, "!16s16sHH")
            a, b, p, q = struct.unpack_from(form, data, 16)
            self.ends = socket.inet_ntop(af, a), p, socket.inet_ntop(af, b), q
            at += struct.calcsize(form)
        self.tlvs = vectors(data[at:])
        self.client, self.verify, self.ssl = 0, None, {}
        if SSL in self.tlvs:
            self.client, self.verify = struct.unpack_from("!BI", self.tlvs[SSL])
            self.ssl = vectors(self.tlvs[SSL][5:])

    def crc_is_good(self):
        """The checksum is over the header with zeroes in its place."""
        at = self.raw.index(struct.pack("!BH", CRC32C, 4) + self.tlvs[CRC32C]) + 3
        return crc32c(self.raw[:at] + bytes(4) + self.raw[at + 4:]) == int.from_bytes(self.tlvs[CRC32C], "big")


def tlv(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


def v2(source=None, port=0, door="192.0.2.200", door_port=443, command=PROXY, family=None, rest=b""):
    """A header; without @source one that names nobody (UNSPEC), or of @family with @rest as it is."""
    body = b""
    if source:
        af = socket.AF_INET6 if ":" in source else socket.AF_INET
        family = TCP6 if af == socket.AF_INET6 else TCP4
        body = socket.inet_pton(af, source) + socket.inet_pton(af, door) + struct.pack("!HH", port, door_port)
    body += rest
    return SIGNATURE + struct.pack("!BBH", command, family or 0, len(body)) + body


def v1(source, port, door="192.0.2.200", door_port=443):
    family = "TCP6" if ":" in source else "TCP4"
    return f"PROXY {family} {source} {door} {port} {door_port}\r\n".encode()
