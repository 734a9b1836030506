# SPDX-License-Identifier: GPL-2.0-only
"""Each dialect as its readers read it: what arrives is decoded and compared with the certificate."""
import base64
import datetime
import hashlib
import ipaddress
import os
import re
import subprocess
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from client import Client
from door import free_port, host

EXAMPLE = os.path.join(os.path.dirname(__file__), "..", "..", "deploy", "examples", "workers.yaml")
ALL = ["cloudflare", "cloudflare-managed", "workers", "rfc9440", "xfcc-cert", "nginx", "apache", "aws-alb",
       "aws-alb-passthrough", "gcp", "traefik", "azure"]
SPIFFE = "spiffe://example.org/ns/a/sa/b"


@pytest.fixture(scope="module")
def odd(world):
    """A certificate with all there is to get wrong: quotes, commas, CR LF, UTF-8, names of every kind."""
    subject = x509.Name([
        x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "US")]),
        x509.RelativeDistinguishedName([
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, 'Acme, "Inc"\r\nX-Forged: 1'),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "a+b;<c>\\=#"),
        ]),
        x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "gr\u00fc\u00df \U0001f419")]),
    ])
    names = x509.SubjectAlternativeName([
        x509.DNSName("a.example"), x509.DNSName("b.example"), x509.UniformResourceIdentifier(SPIFFE),
        x509.RFC822Name("me@example.org"), x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1"))])
    return world.pki.client("odd-dialects", world.second, subject=subject, chain=[world.second], extra=[names])


def ask(world, door, origin, cert, dialects=ALL, verify="require", **identity):
    """The request an origin gets. Asked again within a test, the same sluiced reloads."""
    hosts = [host(world.api, ["api.example.com"], [origin], verify, world.client_ca, dialects=dialects, **identity)]
    d = getattr(door, "running", None)
    if d:
        d.write(hosts)
        assert d.reload()
    else:
        d = door.running = door(hosts)
    with Client(d.port, cert=cert) as c:
        assert c.get().status == 200
    return origin.requests[-1]


def openssl(cert, *args):
    pem = cert.cert.public_bytes(Encoding.PEM)
    out = subprocess.run(["openssl", "x509", "-noout", *args], input=pem, capture_output=True, check=True).stdout
    return out.decode().strip().split("=", 1)[1]


def issuer_of(cert):
    return cert.chain[0].cert


def legacy(cert, which):
    """As X509_NAME_oneline() has it: a backslash before / and +, \\xXX for what is not printable."""
    name = cert.cert.subject if which == "subject" else cert.cert.issuer
    short = {NameOID.COUNTRY_NAME: "C", NameOID.ORGANIZATION_NAME: "O", NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
             NameOID.COMMON_NAME: "CN"}
    rdns = []
    for rdn in name.rdns:
        # DER sorts a SET by its encoding: the shorter attribute first
        values = sorted(rdn, key=lambda a: len(a.value.encode()))
        rdns.append([f"{short[a.oid]}=" + re.sub("([/+])", r"\\\1", a.value) for a in values])
    text = "/" + "/".join("+".join(r) for r in rdns)
    return "".join(c if " " <= c <= "~" else "".join(f"\\x{b:02X}" for b in c.encode()) for c in text)


def gmt(text):
    return datetime.datetime.strptime(text, "%b %d %H:%M:%S %Y GMT")


def unwrap(value):
    assert value[0] == ":" and value[-1] == ":", value
    return base64.b64decode(value[1:-1], validate=True)


def ders(pem):
    one = "-----BEGIN CERTIFICATE-----\n[^-]*-----END CERTIFICATE-----\n?"
    assert re.fullmatch(f"({one})+", pem), pem
    return [x509.load_pem_x509_certificate(p.encode()).public_bytes(Encoding.DER) for p in re.findall(one, pem)]


def test_every_line_is_printable_and_nothing_is_forged(world, door, origin, odd):
    r = ask(world, door, origin, odd)
    assert r.get("X-Forged") is None
    assert all(0x20 <= b <= 0x7E or b in (13, 10) for b in r.head)
    assert b"\n" not in r.head.replace(b"\r\n", b"")
    assert len([k for k, _ in r.fields]) == len({k.lower() for k, _ in r.fields})


def test_cloudflare(world, door, origin, odd):
    r = ask(world, door, origin, odd)
    assert base64.b64decode(r.get("Cf-Client-Cert-Der-Base64"), validate=True) == odd.der
    assert r.get("Cf-Client-Cert-Sha256") == odd.sha256


def test_cloudflare_managed_is_what_openssl_prints(world, door, origin, odd):
    r = ask(world, door, origin, odd)
    cert = odd.cert
    for which in ("issuer", "subject"):
        rfc2253 = openssl(odd, "-" + which, "-nameopt", "RFC2253")
        assert r.get(f"cf-cert-{which}-dn") == rfc2253
        assert r.get(f"cf-cert-{which}-dn-rfc2253") == rfc2253
        assert r.get(f"cf-cert-{which}-dn-legacy") == legacy(odd, which)
    assert int(r.get("cf-cert-serial"), 16) == cert.serial_number
    assert r.get("cf-cert-serial") == openssl(odd, "-serial")
    assert int(r.get("cf-cert-issuer-serial"), 16) == issuer_of(odd).serial_number
    assert r.get("cf-cert-sha256") == cert.fingerprint(hashes.SHA256()).hex()
    assert r.get("cf-cert-sha1") == cert.fingerprint(hashes.SHA1()).hex()
    assert r.get("cf-cert-not-before") == openssl(odd, "-startdate")
    assert r.get("cf-cert-not-after") == openssl(odd, "-enddate")
    assert [r.get("cf-cert-" + w) for w in ("presented", "verified", "revoked")] == ["true", "true", "false"]


def test_key_identifiers(world, door, origin):
    ski = x509.SubjectKeyIdentifier(bytes(range(0xF0, 0x100)))
    aki = x509.AuthorityKeyIdentifier(b"\x01\x02", None, None)
    cert = world.pki.client("with-ski", world.client_ca, extra=[ski, aki])
    r = ask(world, door, origin, cert, ["cloudflare-managed"], "request")
    assert r.get("cf-cert-ski") == "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF"
    # the issuer has no identifier of its own here, and its own word counts
    assert r.get("cf-cert-issuer-ski") in (None, "0102")


def test_rfc9440(world, door, origin, odd):
    r = ask(world, door, origin, odd)
    assert unwrap(r.get("Client-Cert")) == odd.der
    assert [unwrap(v) for v in r.get("Client-Cert-Chain").split(", ")] == [world.second.der]


def test_rfc9440_leaves_out_a_certificate_over_10_kib(world, door, origin):
    r = ask(world, door, origin, world.big, ["rfc9440"])
    assert r.get("Client-Cert") is None
    r = ask(world, door, origin, world.big, [],
            templates=[{"header": "X-Large", "value": "${certRFC9440}${certRFC9440TooLarge}"}])
    assert r.get("X-Large") == "true"
    d = door.running
    d.write([host(world.api, ["api.example.com"], [origin], "require", world.client_ca, dialects=["rfc9440"])],
            rfc9440_leaf_bytes=20000)
    assert d.reload()
    with Client(d.port, cert=world.big) as c:
        assert c.get().status == 200
    assert unwrap(origin.requests[-1].get("Client-Cert")) == world.big.der


def xfcc(value):
    """Keys and values of one element, as Envoy's documentation has them."""
    out = []
    for part in re.findall(r'(?:[^;"]|"(?:[^"\\]|\\.)*")+', value):
        key, _, v = part.partition("=")
        if v.startswith('"'):
            v = re.sub(r"\\(.)", r"\1", v[1:-1]) if key != "Subject" else v[1:-1]
        out.append((key, v))
    return out


def test_xfcc(world, door, origin, odd):
    rows = xfcc(ask(world, door, origin, odd).get("X-Forwarded-Client-Cert"))
    assert [k for k, _ in rows] == ["Hash", "Cert", "Chain", "Subject", "URI", "DNS", "DNS"]
    got = dict(rows)
    assert got["Hash"] == odd.sha256
    assert ders(urllib.parse.unquote(got["Cert"])) == [odd.der]
    assert ders(urllib.parse.unquote(got["Chain"])) == [odd.der, world.second.der]
    assert got["Subject"] == openssl(odd, "-subject", "-nameopt", "RFC2253")
    assert got["URI"] == SPIFFE
    assert [v for k, v in rows if k == "DNS"] == ["a.example", "b.example"]


def test_xfcc_quotes_what_would_end_a_value(world, door, origin):
    uri = "https://example.org/a,b;Hash=0?c=\"d\""
    cert = world.pki.client("quoted", world.client_ca,
                            extra=[x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)])])
    rows = xfcc(ask(world, door, origin, cert, ["xfcc"]).get("X-Forwarded-Client-Cert"))
    assert [k for k, _ in rows] == ["Hash", "Subject", "URI"]
    assert dict(rows)["URI"] == uri


def test_nginx(world, door, origin, odd):
    r = ask(world, door, origin, odd)
    assert r.get("Ssl-Client-Verify") == "SUCCESS"
    assert r.get("Ssl-Client-S-Dn") == openssl(odd, "-subject", "-nameopt", "RFC2253")
    assert r.get("Ssl-Client-I-Dn-Legacy") == legacy(odd, "issuer")
    assert int(r.get("Ssl-Client-Serial"), 16) == odd.cert.serial_number
    assert r.get("Ssl-Client-Fingerprint") == odd.cert.fingerprint(hashes.SHA1()).hex()
    assert gmt(r.get("Ssl-Client-V-Start")) == odd.cert.not_valid_before
    assert gmt(r.get("Ssl-Client-V-End")) == odd.cert.not_valid_after
    assert ders(urllib.parse.unquote(r.get("Ssl-Client-Escaped-Cert"))) == [odd.der]


def test_nginx_itself_says_the_same(world, door, origin, nginx, odd):
    """The same client at a real nginx: its variables are our headers."""
    names = ["verify", "s_dn", "i_dn", "s_dn_legacy", "i_dn_legacy", "serial", "fingerprint", "v_start", "v_end",
             "escaped_cert"]
    port = free_port()
    headers = "".join(f"add_header X-{n.replace('_', '-')} $ssl_client_{n};" for n in names)
    nginx(f"""
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {world.api.pem}; ssl_certificate_key {world.api.key};
        ssl_client_certificate {world.client_ca.pem}; ssl_verify_client on; ssl_verify_depth 3;
        location / {{ {headers} return 204; }}""")
    with Client(port, cert=odd) as c:
        theirs = c.get()
    ours = ask(world, door, origin, odd)
    for n in names:
        assert ours.get("Ssl-Client-" + n.replace("_", "-")) == theirs.get("X-" + n.replace("_", "-")), n


def test_apache(world, door, origin, odd):
    r = ask(world, door, origin, odd)
    assert r.get("SSL_CLIENT_VERIFY") == "SUCCESS"
    assert r.get("SSL_CLIENT_M_VERSION") == "3"
    assert r.get("SSL_CLIENT_A_SIG") == "ecdsa-with-SHA256"
    assert r.get("SSL_CLIENT_A_KEY") == "id-ecPublicKey"
    assert r.get("SSL_CLIENT_SAN_DNS_0") == "a.example"
    assert r.get("SSL_CLIENT_SAN_Email_0") == "me@example.org"
    common_name = re.sub(rb"\\(..)", lambda m: bytes.fromhex(m[1].decode()), r.get("SSL_CLIENT_S_DN_CN").encode())
    assert common_name.decode() == "gr\u00fc\u00df \U0001f419"
    # as Tomcat's SSLValve takes it apart
    pem = r.get("SSL_CLIENT_CERT")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    assert pem.startswith(begin) and pem.endswith(end)
    assert ders(begin + pem[len(begin):-len(end)].replace(" ", "\n") + end) == [odd.der]


def test_aws(world, door, origin, odd):
    r = ask(world, door, origin, odd)
    assert int(r.get("X-Amzn-Mtls-Clientcert-Serial-Number"), 16) == odd.cert.serial_number
    assert r.get("X-Amzn-Mtls-Clientcert-Subject") == openssl(odd, "-subject", "-nameopt", "RFC2253")
    times = dict(p.split("=") for p in r.get("X-Amzn-Mtls-Clientcert-Validity").split(";"))
    assert times == {"NotBefore": odd.cert.not_valid_before.isoformat() + "Z",
                     "NotAfter": odd.cert.not_valid_after.isoformat() + "Z"}
    # "+" is itself: unquote, not unquote_plus
    assert ders(urllib.parse.unquote(r.get("X-Amzn-Mtls-Clientcert-Leaf"))) == [odd.der]
    assert ders(urllib.parse.unquote(r.get("X-Amzn-Mtls-Clientcert"))) == [odd.der, world.second.der]


def test_gcp(world, door, origin, odd):
    r = ask(world, door, origin, odd)
    assert r.get("X-Client-Cert-Present") == "true"
    assert r.get("X-Client-Cert-Chain-Verified") == "true"
    assert r.get("X-Client-Cert-Error") is None
    assert base64.b64decode(r.get("X-Client-Cert-Hash")) == hashlib.sha256(odd.der).digest()
    assert r.get("X-Client-Cert-SPIFFE") == SPIFFE
    decoded = [base64.b64decode(v).decode() for v in r.get("X-Client-Cert-DNSName-SANs").split(",")]
    assert decoded == ["a.example", "b.example"]
    assert base64.b64decode(r.get("X-Client-Cert-Subject-Dn")) == odd.cert.subject.public_bytes()
    assert base64.b64decode(r.get("X-Client-Cert-Issuer-Dn")) == odd.cert.issuer.public_bytes()
    begins = datetime.datetime.fromisoformat(r.get("X-Client-Cert-Valid-Not-Before"))
    assert begins.replace(tzinfo=None) == odd.cert.not_valid_before
    assert unwrap(r.get("X-Client-Cert-Leaf")) == odd.der
    assert unwrap(r.get("X-Client-Cert-Chain")) == world.second.der


def test_traefik(world, door, origin, odd):
    r = ask(world, door, origin, odd)
    sent = [base64.b64decode(v, validate=True) for v in r.get("X-Forwarded-Tls-Client-Cert").split(",")]
    assert sent == [odd.der, world.second.der]
    info = urllib.parse.unquote_plus(r.get("X-Forwarded-Tls-Client-Cert-Info"))
    got = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"(?:;|$)', info))
    assert got["SerialNumber"] == str(odd.cert.serial_number)
    utc = datetime.timezone.utc
    assert int(got["NB"]) == odd.cert.not_valid_before.replace(tzinfo=utc).timestamp()
    assert int(got["NA"]) == odd.cert.not_valid_after.replace(tzinfo=utc).timestamp()
    assert got["SAN"] == f"a.example,b.example,me@example.org,192.0.2.1,2001:db8::1,{SPIFFE}"
    assert got["Subject"].startswith('C=US,O=Acme, \\"Inc\\"\r\n')
    assert got["Subject"].endswith(",CN=gr\u00fc\u00df \U0001f419")


def test_azure(world, door, origin, odd):
    r = ask(world, door, origin, odd)
    assert base64.b64decode(r.get("X-ARR-ClientCert")) == odd.der
    assert ders(urllib.parse.unquote(r.get("X-Client-Certificate"))) == [odd.der]
    assert r.get("X-Client-Certificate-Verification") == "SUCCESS"


def example_templates():
    with open(EXAMPLE) as f:
        return [{"header": h, "value": v} for h, v in re.findall(r'header: (\S+), value: "([^"]*)"', f.read())]


def test_the_example_says_what_the_workers_dialect_says(world, door, origin, odd):
    templates = example_templates()
    assert len(templates) == 9
    by_template = ask(world, door, origin, odd, [], templates=templates)
    assert by_template.get("Cf-Client-Cert-Sha256") is None
    assert by_template.get("X-CERT-VERIFY") == "SUCCESS"
    assert by_template.get("X-CERT-FINGER") == odd.cert.fingerprint(hashes.SHA1()).hex()
    by_dialect = ask(world, door, origin, odd, ["workers"])

    def told(r):
        return {k: v for k, v in r.fields if k.startswith("X-CERT-")}
    assert len(told(by_template)) == 9
    assert told(by_template) == told(by_dialect)


def test_names_of_every_kind_in_a_template(world, door, origin, odd):
    r = ask(world, door, origin, odd, [], der_header="X-Der", templates=[
        {"header": "X-Names", "value": "${certSanDns} ${certSanUri} ${certSanEmail} ${certSanIp}"},
        {"header": "X-Fixed", "value": "sluice"}])
    assert r.get("X-Names") == f"a.example,b.example {SPIFFE} me@example.org 192.0.2.1,2001:db8::1"
    assert r.get("X-Fixed") == "sluice"
    assert base64.b64decode(r.get("X-Der")) == odd.der
    assert r.get("Cf-Client-Cert-Sha256") is None


def test_an_unverified_certificate_is_said_to_be_one_or_not_told(world, door, origin):
    r = ask(world, door, origin, world.expired, ALL, "request")
    assert r.get("cf-cert-presented") == "true"
    assert r.get("cf-cert-verified") == "false"
    for name in ("Ssl-Client-Verify", "SSL_CLIENT_VERIFY", "X-CERT-VERIFY", "X-Client-Certificate-Verification"):
        assert r.get(name) == "FAILED:certificate has expired"
    assert r.get("X-Client-Cert-Chain-Verified") == "false"
    assert r.get("X-Client-Cert-Error") == "client_cert_validation_failed"
    for name in ("Client-Cert", "X-Forwarded-Client-Cert", "X-Amzn-Mtls-Clientcert-Leaf", "X-Amzn-Mtls-Clientcert",
                 "X-Forwarded-Tls-Client-Cert", "X-Forwarded-Tls-Client-Cert-Info", "X-ARR-ClientCert"):
        assert r.get(name) is None, name


def test_without_a_certificate_only_that_is_said(world, door, origin):
    r = ask(world, door, origin, None, ALL, "optional")
    told = {k: v for k, v in r.fields if k.lower() not in ("host", "connection")}
    assert told == {
        "cf-cert-revoked": "false", "cf-cert-verified": "false", "cf-cert-presented": "false",
        "X-CERT-VERIFY": "NONE", "Ssl-Client-Verify": "NONE", "SSL_CLIENT_VERIFY": "NONE",
        "X-Client-Cert-Present": "false", "X-Client-Cert-Chain-Verified": "false",
        "X-Client-Cert-Error": "client_cert_not_provided", "X-Client-Certificate-Verification": "NONE"}


def test_what_a_client_forges_is_removed_whichever_dialects_are_in_use(world, door, origin, odd):
    told = [k for k, _ in ask(world, door, origin, odd).fields if k.lower() not in ("host", "connection")]
    assert len(told) > 80
    d = door.running
    for dialects in ([], ["cloudflare"]):
        d.write([host(world.plain, ["api.example.com"], [origin], "none", dialects=dialects)])
        assert d.reload()
        with Client(d.port) as c:
            for n in range(0, len(told), 40):
                assert c.get(fields=[f"{k}: forged" for k in told[n:n + 40]]).status == 200
                assert b"forged" not in origin.requests[-1].head


def test_a_mistake_in_a_template_is_told_with_its_line(world, door, origin):
    d = door([host(world.api, ["api.example.com"], [origin], "none")])
    d.write([host(world.api, ["api.example.com"], [origin], "none",
                  templates=[{"header": "X-A", "value": "${certSerail}"}])])
    lines = open(d.config_path).read().split("\n")
    out = subprocess.run([d.binary, "--check", d.config_path], capture_output=True, text=True)
    assert out.returncode != 0
    text = out.stdout + out.stderr
    said = re.search(r":(\d+): hosts\[0\]\.identity\.templates\[0\]: \"certSerail\": no such field", text)
    assert said, text
    assert any("certSerail" in line for line in lines[int(said[1]) - 1:int(said[1]) + 3])


@pytest.mark.parametrize("mode, with_cert, without", [
    ("sanitize", None, None), ("forward_only", "A=1,B=2", None), ("always_forward_only", "A=1,B=2", "A=1,B=2"),
    ("sanitize_set", "OURS", None), ("append_forward", "A=1,B=2,OURS", None)])
def test_xfcc_modes(world, door, origin, mode, with_cert, without):
    dialects = ["xfcc"] if mode in ("sanitize_set", "append_forward") else []
    d = door([host(world.api, ["api.example.com"], [origin], "optional", world.client_ca, dialects=dialects,
                   xfcc=mode, inject="every_request")])
    fields = ["X-Forwarded-Client-Cert: A=1", "X-Forwarded-Client-Cert: B=2", "X_Forwarded_Client_Cert: C=3"]
    ours = f'Hash={world.alice.sha256};Subject="CN=alice";URI='
    for cert, want in ((world.alice, with_cert), (None, without)):
        with Client(d.port, cert=cert) as c:
            for _ in range(2):
                assert c.get(fields=fields).status == 200
                r = origin.requests[-1]
                assert r.all("X-Forwarded-Client-Cert") == ([want.replace("OURS", ours)] if want else [])
                assert b"C=3" not in r.head
