# SPDX-License-Identifier: GPL-2.0-only
"""What tests of the settings API share: zones, and short ways to ask."""
ZONE = "023e105f4ecef8ad9ca31a8372d0c353"
OTHER_ZONE = "1" * 32
ACCOUNT = "a" * 32
ZONES = [{"id": ZONE, "name": "example.com", "account": ACCOUNT},
         {"id": OTHER_ZONE, "name": "other.example.com", "account": ACCOUNT}]
CERTIFICATES = f"/client/v4/zones/{ZONE}/access/certificates"
SETTINGS = CERTIFICATES + "/settings"
MANAGED = f"/client/v4/zones/{ZONE}/managed_headers"


def setting(hostname, forwarding, china=False):
    return {"hostname": hostname, "china_network": china, "client_certificate_forwarding": forwarding}


def pem(cert):
    with open(cert.pem) as f:
        return f.read()


def good(answered, status=200):
    """The result of an answer that must be one."""
    code, _, answer = answered
    assert code == status and answer["success"] is True, (code, answer)
    return answer["result"]


def bad(answered, status, code):
    """The pointers of an answer that must be a refusal, of which every error has this code."""
    got, _, answer = answered
    assert got == status and answer["success"] is False and answer["result"] is None, (got, answer)
    assert {e["code"] for e in answer["errors"]} == {code}, answer
    return {e["source"]["pointer"] for e in answer["errors"] if "source" in e}
