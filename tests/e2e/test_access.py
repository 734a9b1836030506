# SPDX-License-Identifier: GPL-2.0-only
"""Cloudflare's settings API: client CAs and headers of hosts, in force when it answers."""
import json
import os
import re
import signal

import pytest

from client import Client, status
from door import host, wait_until
from settings import (ACCOUNT, CERTIFICATES, MANAGED, OTHER_ZONE, SETTINGS, ZONE, ZONES, bad, good, pem, setting)

SHA = "Cf-Client-Cert-Sha256"
DER = "Cf-Client-Cert-Der-Base64"


@pytest.fixture
def make(door, world, origin, state):
    """make(hosts) starts one with zones and a store; make.hosts are the usual three."""
    def start(hosts, **more):
        return door(hosts, store=os.path.join(state, "s.db"), zones=ZONES, workers=2, **more)
    start.hosts = [host(world.api, ["api.example.com", "*.api.example.com"], [origin], "require", world.client_ca),
                   host(world.shop, ["shop.example.com"], [origin], "require", world.client_ca),
                   host(world.plain, ["plain.example.com"], [origin])]
    return start


@pytest.fixture
def kept(make):
    return make(make.hosts)


def create(d, cert, name="a CA", hostnames=(), where=CERTIFICATES):
    return good(d.api("POST", where, {"name": name, "certificate": pem(cert), "associated_hostnames": list(hostnames)}), 201)


def lets_in(d, cert, *names):
    """Which of the names let this client in."""
    return [n for n in names if status(d.port, sni=n, cert=cert) == 200]


# --- certificates -------------------------------------------------------------------------------------------

def test_a_certificate_is_shown_and_its_pem_never(kept, world):
    made = create(kept, world.other_ca, "other", ["API.example.com."])
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made["id"])
    assert re.fullmatch(r"MD5 Fingerprint=([0-9A-F]{2}:){15}[0-9A-F]{2}", made["fingerprint"])
    assert made["name"] == "other" and made["associated_hostnames"] == ["api.example.com"]
    assert set(made) == {"id", "name", "fingerprint", "associated_hostnames", "expires_on", "created_at", "updated_at"}
    for answer in (kept.api("GET", CERTIFICATES), kept.api("GET", f"{CERTIFICATES}/{made['id']}"),
                   kept.api("GET", "/sluice/v1/audit")):
        assert "BEGIN" not in json.dumps(answer[2])
    assert good(kept.api("GET", CERTIFICATES)) == [made]
    assert good(kept.api("GET", f"{CERTIFICATES}/{made['id']}")) == made


def test_pages_end_in_empty_ones(kept, world):
    ids = [create(kept, world.pki.ca(f"page-{n}"), str(n))["id"] for n in range(3)]
    _, _, answer = kept.api("GET", CERTIFICATES + "?page=1&per_page=2")
    assert answer["result_info"] == {"page": 1, "per_page": 2, "count": 2, "total_count": 3}
    seen = [c["id"] for p in (1, 2) for c in good(kept.api("GET", f"{CERTIFICATES}?page={p}&per_page=2"))]
    assert sorted(seen) == sorted(ids)
    assert good(kept.api("GET", CERTIFICATES + "?page=3&per_page=2")) == []
    bad(kept.api("GET", CERTIFICATES + "?page=0"), 400, 12130)


def test_trust_is_for_the_hosts_that_are_named(kept, world):
    names = ("api.example.com", "x.api.example.com", "shop.example.com")
    assert lets_in(kept, world.other, *names) == []
    made = create(kept, world.other_ca, hostnames=["api.example.com"])
    assert lets_in(kept, world.other, *names) == ["api.example.com"]
    assert lets_in(kept, world.alice, *names) == list(names)
    one = f"{CERTIFICATES}/{made['id']}"
    good(kept.api("PUT", one, {"associated_hostnames": ["shop.example.com", "*.api.example.com"]}))
    assert lets_in(kept, world.other, *names) == ["x.api.example.com", "shop.example.com"]
    good(kept.api("PUT", one, {}))  # without a list it is an empty one
    assert lets_in(kept, world.other, *names) == []
    assert good(kept.api("DELETE", one)) == {"id": made["id"]}
    assert good(kept.api("GET", CERTIFICATES)) == []


def test_a_name_under_a_wildcard_is_told_apart_and_has_what_the_wildcard_has(kept, world):
    wide = create(kept, world.other_ca, hostnames=["*.api.example.com"])
    third = world.pki.ca("third-ca", subject="Third CA")
    client = world.pki.client("third", third)
    create(kept, third, hostnames=["x.api.example.com"])
    names = ("api.example.com", "x.api.example.com", "y.api.example.com")
    assert lets_in(kept, client, *names) == ["x.api.example.com"]
    assert lets_in(kept, world.other, *names) == ["x.api.example.com", "y.api.example.com"]
    good(kept.api("PUT", f"{CERTIFICATES}/{wide['id']}", {}))
    assert lets_in(kept, world.other, *names) == []
    assert lets_in(kept, client, *names) == ["x.api.example.com"]


def test_what_the_default_host_serves_is_not_trusted_with_it(make, world, origin):
    d = make([host(world.api, ["api.example.com"], [origin], "require", world.client_ca, default=True)])
    create(d, world.other_ca, hostnames=["api.example.com"])
    names = ("api.example.com", "unknown.example.com", "x.api.example.com")
    assert lets_in(d, world.other, *names) == ["api.example.com"]
    assert status(d.port, sni=None, cert=world.other) is None
    assert lets_in(d, world.alice, *names) == list(names)


def test_a_connection_of_a_ca_that_is_taken_away_ends_with_its_next_request(kept, world):
    made = create(kept, world.other_ca, hostnames=["shop.example.com"])
    with Client(kept.port, cert=world.other, sni="shop.example.com") as c, \
            Client(kept.port, cert=world.alice, sni="api.example.com") as alice:
        assert c.get(host="shop.example.com").status == 200
        assert alice.get().status == 200
        good(kept.api("PUT", f"{CERTIFICATES}/{made['id']}", {}))
        assert c.get(host="shop.example.com").status == 421
        assert alice.get().status == 200
    assert lets_in(kept, world.other, "shop.example.com") == []


def test_one_host_s_trust_is_not_taken_to_another(kept, world):
    """SNI of the host that trusts, Host of the one that does not."""
    create(kept, world.other_ca, hostnames=["api.example.com"])
    for name in ("x.api.example.com", "shop.example.com"):
        with Client(kept.port, cert=world.other, sni="api.example.com") as c:
            assert c.get(host=name).status == 421, name


def test_a_name_that_no_host_has_waits_for_it(kept, world, origin):
    create(kept, world.other_ca, hostnames=["new.example.com"])
    kept.config["hosts"].append(host(world.plain, ["new.example.com"], [origin], "require", world.client_ca))
    kept.write_text(json.dumps(kept.config))
    good(kept.api("POST", "/sluice/v1/reload"))
    assert lets_in(kept, world.other, "new.example.com", "api.example.com") == ["new.example.com"]


def test_a_chain_is_taken_and_each_of_it_trusted(kept, world):
    root = world.pki.ca("chain-root")
    middle = world.pki.ca("chain-middle", root)
    leaf = world.pki.client("chain-leaf", middle)
    text = pem(middle) + pem(root)
    made = good(kept.api("POST", CERTIFICATES, {"name": "chain", "certificate": text,
                                                "associated_hostnames": ["api.example.com"]}), 201)
    assert lets_in(kept, leaf, "api.example.com", "shop.example.com") == ["api.example.com"]
    assert made["associated_hostnames"] == ["api.example.com"]


def test_a_host_that_asks_nobody_goes_on_asking_nobody(kept, world):
    create(kept, world.other_ca, hostnames=["plain.example.com"])
    assert status(kept.port, sni="plain.example.com") == 200
    assert not [h for h in good(kept.api("GET", "/sluice/v1/hosts")) if h["is_derived"]]


def refused_certificates(world):
    key = open(world.other_ca.key).read()
    return [
        ({}, 12130, {"/name", "/certificate"}),
        ({"name": "a", "certificate": "x"}, 12130, {"/certificate"}),
        ({"name": "a", "certificate": 1}, 12130, {"/certificate"}),
        ({"name": "a", "certificate": pem(world.alice)}, 12130, {"/certificate"}),  # not a CA
        ({"name": "a", "certificate": pem(world.other_ca) + key}, 12130, {"/certificate"}),
        ({"name": "a", "certificate": pem(world.other_ca) * 2}, 12130, {"/certificate"}),
        ({"name": "a", "certificate": pem(world.other_ca) + "x" * 50000}, 12130, {"/certificate"}),
        ({"name": "x" * 351, "certificate": pem(world.other_ca)}, 12130, {"/name"}),
        ({"name": "a", "certificate": pem(world.other_ca), "more": 1}, 12130, {"/more"}),
        ({"name": "a", "certificate": pem(world.other_ca), "associated_hostnames": "api.example.com"}, 12130,
         {"/associated_hostnames"}),
        ({"name": "a", "certificate": pem(world.other_ca), "associated_hostnames": ["api.example.com", 7]}, 12130,
         {"/associated_hostnames/1"}),
        ({"name": "a", "certificate": pem(world.other_ca), "associated_hostnames": ["a.example.com", "A.example.com"]},
         12130, {"/associated_hostnames/1"}),
        ({"name": "a", "certificate": pem(world.other_ca), "associated_hostnames": ["api.example.com", "a.example.org"]},
         12036, {"/associated_hostnames/1"}),
        ({"name": "a", "certificate": pem(world.other_ca), "associated_hostnames": ["a.other.example.com"]}, 12036,
         {"/associated_hostnames/0"}),  # of the longer zone
        ({"name": "a", "certificate": pem(world.other_ca), "associated_hostnames": ["notexample.com"]}, 12036,
         {"/associated_hostnames/0"}),
        ([], 6007, {""}),
    ]


def test_what_is_no_certificate_is_named_and_nothing_changes(kept, world):
    for body, code, pointers in refused_certificates(world):
        assert bad(kept.api("POST", CERTIFICATES, body), 400, code) == pointers, body
    assert good(kept.api("GET", CERTIFICATES)) == []
    assert good(kept.api("GET", "/sluice/v1/audit")) == []


def test_the_same_twice_is_refused_in_all_of_an_account(kept, world):
    create(kept, world.other_ca)
    account = f"/client/v4/accounts/{ACCOUNT}/access/certificates"
    for where in (CERTIFICATES, account, CERTIFICATES.replace(ZONE, OTHER_ZONE)):
        code, _, answer = kept.api("POST", where, {"name": "again", "certificate": pem(world.other_ca)})
        assert code == 400 and "already exists" in answer["errors"][0]["message"], answer


def test_an_attached_certificate_is_not_deleted(kept, world):
    made = create(kept, world.other_ca, hostnames=["api.example.com"])
    assert bad(kept.api("DELETE", f"{CERTIFICATES}/{made['id']}"), 400, 12130) == set()
    assert lets_in(kept, world.other, "api.example.com") == ["api.example.com"]


def test_an_update_changes_what_it_names(kept, world):
    made = create(kept, world.other_ca, "old", ["api.example.com"])
    one = f"{CERTIFICATES}/{made['id']}"
    got = good(kept.api("PUT", one, {"name": "new", "associated_hostnames": ["api.example.com"]}))
    assert (got["name"], got["associated_hostnames"]) == ("new", ["api.example.com"])
    # what older clients send along
    good(kept.api("PUT", one, {"name": "new", "expires_on": "0001-01-01T00:00:00Z", "fingerprint": "x"}))
    assert bad(kept.api("PUT", one, {"certificate": pem(world.other_ca)}), 400, 12130) == {"/certificate"}
    assert bad(kept.api("PUT", one, {"associated_hostnames": ["a.example.org"]}), 400, 12036) == {"/associated_hostnames/0"}
    for method, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
        bad(kept.api(method, CERTIFICATES + "/" + "0" * 36, body), 404, 7003)
        # one's own is not found at somebody else's
        bad(kept.api(method, f"{CERTIFICATES}/{made['id']}".replace(ZONE, OTHER_ZONE), body), 404, 7003)


def test_there_is_an_end_to_certificates(kept, world):
    for n in range(50):
        create(kept, world.pki.ca(f"many-{n}"), where=CERTIFICATES if n % 2 else
               f"/client/v4/accounts/{ACCOUNT}/access/certificates")
    code, _, answer = kept.api("POST", CERTIFICATES, {"name": "a", "certificate": pem(world.other_ca)})
    assert code == 400 and answer["errors"][0]["code"] == 12130 and "maximum number" in answer["errors"][0]["message"]


def test_an_account_s_certificate_is_for_all_its_zones(kept, world):
    where = f"/client/v4/accounts/{ACCOUNT}/access/certificates"
    create(kept, world.other_ca, hostnames=["api.example.com", "a.other.example.com"], where=where)
    assert lets_in(kept, world.other, "api.example.com") == ["api.example.com"]
    assert len(good(kept.api("GET", where))) == 1 and good(kept.api("GET", CERTIFICATES)) == []


# --- hostname settings --------------------------------------------------------------------------------------

def told(d, origin, world, name):
    """The names of the two headers that an origin gets of alice."""
    origin.forget()
    with Client(d.port, cert=world.alice, sni=name) as c:
        assert c.get(host=name).status == 200
    return [h for h in (DER, SHA) if origin.requests[0].get(h)]


def test_forwarding_is_switched_for_the_names_that_are_named(kept, world, origin):
    names = ("api.example.com", "x.api.example.com", "shop.example.com")
    for n in names:
        assert told(kept, origin, world, n) == [DER, SHA]
    wanted = [setting("api.example.com", False, True), setting("shop.example.com", True)]
    assert good(kept.api("PUT", SETTINGS, {"settings": wanted})) == wanted
    assert good(kept.api("GET", SETTINGS)) == wanted
    assert [told(kept, origin, world, n) for n in names] == [[], [DER, SHA], [DER, SHA]]
    # all of it is replaced
    assert good(kept.api("PUT", SETTINGS, {"settings": [setting("*.api.example.com", False)]})) == \
        [setting("*.api.example.com", False)]
    assert [told(kept, origin, world, n) for n in names] == [[DER, SHA], [], [DER, SHA]]
    assert good(kept.api("PUT", SETTINGS, {})) == []
    assert [told(kept, origin, world, n) for n in names] == [[DER, SHA]] * 3


def test_a_setting_of_a_name_goes_before_its_wildcard_s(kept, world, origin):
    good(kept.api("PUT", SETTINGS, {"settings": [setting("*.api.example.com", False), setting("x.api.example.com", True)]}))
    assert [told(kept, origin, world, n) for n in ("x.api.example.com", "y.api.example.com")] == [[DER, SHA], []]


def test_a_zone_s_setting_goes_before_its_account_s(kept, world, origin):
    account = SETTINGS.replace(f"zones/{ZONE}", f"accounts/{ACCOUNT}")
    good(kept.api("PUT", account, {"settings": [setting("api.example.com", False), setting("shop.example.com", False)]}))
    assert told(kept, origin, world, "api.example.com") == []
    good(kept.api("PUT", SETTINGS, {"settings": [setting("api.example.com", True)]}))
    assert told(kept, origin, world, "api.example.com") == [DER, SHA]
    assert told(kept, origin, world, "shop.example.com") == []


def test_forwarding_can_be_asked_for_where_the_file_has_another_dialect(make, world, origin):
    d = make([host(world.api, ["api.example.com"], [origin], "require", world.client_ca, dialects=["nginx"])])
    assert told(d, origin, world, "api.example.com") == []
    good(d.api("PUT", SETTINGS, {"settings": [setting("api.example.com", True)]}))
    assert told(d, origin, world, "api.example.com") == [DER, SHA]
    assert origin.requests[0].get("X-SSL-Client-Verify") == "SUCCESS" or len(origin.requests) == 1


def test_what_the_file_says_in_so_many_words_is_changed_there(make, world, origin):
    d = make([host(world.api, ["api.example.com"], [origin], "require", world.client_ca, der_header="", sha256_header="")])
    got = d.api("PUT", SETTINGS, {"settings": [setting("api.example.com", True)]})
    assert bad(got, 400, 12130) == {"/settings/0/client_certificate_forwarding"}
    assert "configuration file" in got[2]["errors"][0]["message"]
    good(d.api("PUT", SETTINGS, {"settings": [setting("api.example.com", False)]}))
    assert told(d, origin, world, "api.example.com") == []


BAD_SETTINGS = [
    ({"settings": {}}, 12130, {"/settings"}),
    ({"settings": [1]}, 6007, {"/settings/0"}),
    ({"settings": [], "more": 1}, 12130, {"/more"}),
    ({"settings": [{**setting("api.example.com", True), "more": 1}]}, 12130, {"/settings/0/more"}),
    ({"settings": [{"hostname": "api.example.com"}]}, 12130,
     {"/settings/0/china_network", "/settings/0/client_certificate_forwarding"}),
    ({"settings": [{"china_network": False, "client_certificate_forwarding": True}]}, 12130, {"/settings/0/hostname"}),
    ({"settings": [setting("api.example.com", True), setting("api.example.com", 1)]}, 12130,
     {"/settings/1/client_certificate_forwarding"}),
    ({"settings": [setting("api.example.com", True), setting("API.example.com", True)]}, 12130, {"/settings/1/hostname"}),
    ({"settings": [setting("-", True)]}, 12036, {"/settings/0/hostname"}),
    ({"settings": [setting("a b", True)]}, 12130, {"/settings/0/hostname"}),
    ({"settings": [setting("api.example.com", True), setting("a.example.org", True)]}, 12036, {"/settings/1/hostname"}),
    ({"settings": [setting("a.other.example.com", True)]}, 12036, {"/settings/0/hostname"}),
    ([], 6007, {""}),
]


def test_what_is_no_list_of_settings_is_named_and_nothing_changes(kept, world, origin):
    was = good(kept.api("PUT", SETTINGS, {"settings": [setting("api.example.com", False)]}))
    for body, code, pointers in BAD_SETTINGS:
        assert bad(kept.api("PUT", SETTINGS, body), 400, code) == pointers, body
    assert good(kept.api("GET", SETTINGS)) == was
    assert told(kept, origin, world, "api.example.com") == []
    assert len(good(kept.api("GET", "/sluice/v1/audit"))) == 1


def test_zones_and_accounts_that_are_not_there(kept):
    for where in ("zones/" + "9" * 32, "accounts/" + "9" * 32, "zones/x", f"accounts/{ZONE}", f"zones/{ACCOUNT}"):
        for path in ("settings", ""):
            bad(kept.api("GET", f"/client/v4/{where}/access/certificates/{path}".rstrip("/")), 404, 7003)
    bad(kept.api("POST", SETTINGS, {}), 405, 10405)
    bad(kept.api("DELETE", SETTINGS), 404, 7003)  # "settings" is no certificate's id


def test_who_did_not_see_the_last_change_loses(kept):
    _, head, _ = kept.api("GET", SETTINGS)
    body = {"settings": [setting("api.example.com", False)]}
    code, after, _ = kept.api("PUT", SETTINGS, body, ["If-Match: " + head["etag"]])
    assert code == 200 and after["etag"] != head["etag"]
    bad(kept.api("PUT", SETTINGS, {}, ["If-Match: " + head["etag"]]), 412, 12132)
    assert kept.api("GET", SETTINGS)[1]["etag"] == after["etag"]
    assert good(kept.api("PUT", SETTINGS, {}, [f'If-Match: "x", {after["etag"]}'])) == []
    assert good(kept.api("PUT", SETTINGS, body, ["If-Match: *"])) == body["settings"]


def test_two_at_once_leave_what_one_of_them_said(kept):
    import threading
    lists = [[setting(f"h{n}.example.com", True)] for n in range(8)]
    got = []
    threads = [threading.Thread(target=lambda want=want: got.append(kept.api("PUT", SETTINGS, {"settings": want})))
               for want in lists]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [code for code, _, _ in got] == [200] * 8
    assert good(kept.api("GET", SETTINGS)) in lists


# --- managed transforms -------------------------------------------------------------------------------------

def managed(on):
    return {"managed_request_headers": [{"id": "add_client_certificate_headers", "enabled": on}],
            "managed_response_headers": []}


def verified(d, origin, world, name):
    origin.forget()
    with Client(d.port, cert=world.alice, sni=name) as c:
        assert c.get(host=name).status == 200
    return origin.requests[0].get("Cf-Cert-Verified")


def test_the_managed_transform_is_for_all_hosts_of_the_zone(kept, world, origin):
    names = ("api.example.com", "x.api.example.com", "shop.example.com")
    assert good(kept.api("GET", MANAGED))["managed_request_headers"] == [
        {"id": "add_client_certificate_headers", "enabled": False, "has_conflict": False}]
    assert [verified(kept, origin, world, n) for n in names] == [None] * 3
    assert good(kept.api("PATCH", MANAGED, managed(True)))["managed_request_headers"][0]["enabled"]
    assert [verified(kept, origin, world, n) for n in names] == ["true"] * 3
    assert [told(kept, origin, world, n) for n in names] == [[DER, SHA]] * 3  # beside what was sent before
    good(kept.api("PATCH", MANAGED, {"managed_request_headers": []}))  # what is not named stays
    assert good(kept.api("GET", MANAGED))["managed_request_headers"][0]["enabled"]
    good(kept.api("DELETE", MANAGED))
    assert [verified(kept, origin, world, n) for n in names] == [None] * 3


def test_managed_transforms_that_are_not_there_cannot_be_had(kept):
    other = {"managed_request_headers": [{"id": "add_true_client_ip_headers", "enabled": True}]}
    assert bad(kept.api("PATCH", MANAGED, other), 400, 12130) == {"/managed_request_headers/0/id"}
    other["managed_request_headers"][0]["enabled"] = False
    good(kept.api("PATCH", MANAGED, other))
    assert bad(kept.api("PATCH", MANAGED, {"managed_request_headers": [{"id": 1}]}), 400, 12130) == {
        "/managed_request_headers/0/id", "/managed_request_headers/0/enabled"}
    assert bad(kept.api("PATCH", MANAGED, {"managed_request_headers": 1}), 400, 12130) == {"/managed_request_headers"}
    bad(kept.api("GET", MANAGED.replace("zones", "accounts")), 404, 7003)


def test_a_header_is_not_sent_twice(make, world, origin):
    d = make([host(world.api, ["api.example.com"], [origin], "require", world.client_ca,
                   templates=[{"header": "cf-cert-serial", "value": "x"}])])
    code, _, answer = d.api("PATCH", MANAGED, managed(True))
    assert code == 400 and "api.example.com" in answer["errors"][0]["message"] and "twice" in answer["errors"][0]["message"]
    assert not good(d.api("GET", MANAGED))["managed_request_headers"][0]["enabled"]
    assert verified(d, origin, world, "api.example.com") is None
    # nor by a file that comes later
    d.config["hosts"][0]["identity"] = {}
    d.write_text(json.dumps(d.config))
    good(d.api("POST", "/sluice/v1/reload"))
    good(d.api("PATCH", MANAGED, managed(True)))
    d.config["hosts"][0]["identity"] = {"templates": [{"header": "cf-cert-serial", "value": "x"}]}
    d.write_text(json.dumps(d.config))
    code, _, answer = d.api("POST", "/sluice/v1/reload")
    assert code == 400 and "cf-cert-serial" in answer["errors"][0]["message"].lower(), answer
    assert verified(d, origin, world, "api.example.com") == "true"


def test_what_the_file_sends_managed_stays(make, world, origin):
    d = make([host(world.api, ["api.example.com"], [origin], "require", world.client_ca, dialects=["cloudflare-managed"])])
    assert good(d.api("GET", MANAGED))["managed_request_headers"][0]["enabled"]
    bad(d.api("PATCH", MANAGED, managed(False)), 400, 12130)
    bad(d.api("DELETE", MANAGED), 400, 12130)
    good(d.api("PATCH", MANAGED, managed(True)))


# --- zones --------------------------------------------------------------------------------------------------

def test_zones_of_the_file_are_read_only_and_others_come_and_go(kept, world):
    zones = good(kept.api("GET", "/sluice/v1/zones"))
    assert [(z["name"], z["source"]) for z in zones] == [("example.com", "file"), ("other.example.com", "file")]
    _, _, answer = kept.api("DELETE", f"/sluice/v1/zones/{ZONE}")
    assert answer["errors"][0]["code"] == 12130 and "configuration file" in answer["errors"][0]["message"]
    new = {"id": "F" * 32, "name": "Example.org.", "account": "b" * 32}
    assert good(kept.api("POST", "/sluice/v1/zones", new), 201) == {"id": "f" * 32, "name": "example.org",
                                                                    "account": "b" * 32, "source": "api"}
    where = f"/client/v4/zones/{'f' * 32}/access/certificates"
    made = create(kept, world.other_ca, hostnames=["a.example.org"], where=where)
    _, _, answer = kept.api("DELETE", "/sluice/v1/zones/" + "f" * 32)
    assert answer["errors"][0]["code"] == 12130 and "must go first" in answer["errors"][0]["message"]
    good(kept.api("PUT", f"{where}/{made['id']}", {}))
    good(kept.api("DELETE", f"{where}/{made['id']}"))
    assert good(kept.api("DELETE", "/sluice/v1/zones/" + "f" * 32)) == {"id": "f" * 32}
    bad(kept.api("DELETE", "/sluice/v1/zones/" + "f" * 32), 404, 7003)
    bad(kept.api("GET", where), 404, 7003)


BAD_ZONES = [
    ({}, {"/id", "/name", "/account"}),
    ({"id": "x", "name": "a.example", "account": "b" * 32}, {"/id"}),
    ({"id": "c" * 32, "name": "com", "account": "b" * 32}, {"/name"}),
    ({"id": "c" * 32, "name": "*.example.net", "account": "b" * 32}, {"/name"}),
    ({"id": "c" * 32, "name": "a.example", "account": "b" * 31}, {"/account"}),
    ({"id": ZONE, "name": "a.example", "account": "b" * 32}, {"/id"}),
    ({"id": "c" * 32, "name": "EXAMPLE.com", "account": "b" * 32}, {"/name"}),
    ({"id": "c" * 32, "name": "a.example", "account": "b" * 32, "x": 1}, {"/x"}),
]


@pytest.mark.parametrize("body,pointers", BAD_ZONES)
def test_what_is_no_zone_is_named(kept, body, pointers):
    assert bad(kept.api("POST", "/sluice/v1/zones", body), 400, 12130) == pointers
    assert len(good(kept.api("GET", "/sluice/v1/zones"))) == 2


BAD_FILE_ZONES = [
    ({"id": "x"}, "zones[0].id"),
    ({"account": "x"}, "zones[0].account"),
    ({"name": "*.example.com"}, "zones[0].name"),
    ({"name": "localhost"}, "zones[0].name"),
    ({"surprise": "x"}, "zones[0].surprise"),
    ({"id": OTHER_ZONE}, "zones[1].id"),
    ({"name": "other.example.com"}, "zones[1].name"),
]


@pytest.mark.parametrize("change,key", BAD_FILE_ZONES)
def test_mistakes_in_the_file_s_zones_are_named(kept, change, key):
    kept.write_text(json.dumps({**kept.config, "zones": [{**ZONES[0], **change}, ZONES[1]]}))
    code, _, answer = kept.api("POST", "/sluice/v1/reload")
    assert code == 400 and key + ": " in answer["errors"][0]["message"], answer


# --- what lasts ---------------------------------------------------------------------------------------------

def test_it_outlives_control_and_all_the_rest(kept, world, origin):
    made = create(kept, world.other_ca, hostnames=["api.example.com"])
    good(kept.api("PUT", SETTINGS, {"settings": [setting("shop.example.com", False)]}))
    good(kept.api("PATCH", MANAGED, managed(True)))
    for how in ("control", "reload", "restart", "bad file"):
        before = good(kept.api("GET", "/sluice/v1/status"))
        if how == "restart":
            kept.stop()
            kept.start()
        elif how == "reload":
            good(kept.api("POST", "/sluice/v1/reload"))
        else:
            if how == "bad file":
                kept.write_text("hosts: 1\n")
            os.kill(before["control_pid"], signal.SIGKILL)
            wait_until(lambda: good(kept.api("GET", "/sluice/v1/status"))["control_pid"] != before["control_pid"], "another")
            wait_until(lambda: good(kept.api("GET", "/sluice/v1/status"))["state"] == "ready", "ready")
        assert lets_in(kept, world.other, "api.example.com", "shop.example.com") == ["api.example.com"], how
        assert told(kept, origin, world, "shop.example.com") == [], how
        assert verified(kept, origin, world, "shop.example.com") == "true", how
        assert good(kept.api("GET", f"{CERTIFICATES}/{made['id']}")) == made, how
    # and with a file that is no good it can be told more
    good(kept.api("PUT", f"{CERTIFICATES}/{made['id']}", {"associated_hostnames": ["shop.example.com"]}))
    assert lets_in(kept, world.other, "api.example.com", "shop.example.com") == ["shop.example.com"]


def test_files_that_change_meanwhile_do_not_take_it_away(make, world, origin):
    d = make(make.hosts, files_refresh_s=1)
    create(d, world.other_ca, hostnames=["api.example.com"])
    third = world.pki.ca("rotated-ca", subject="Rotated CA")
    client = world.pki.client("rotated", third)
    with open(world.client_ca.pem) as f:
        was = f.read()
    try:
        with open(world.client_ca.pem, "a") as f:
            f.write(pem(third))
        wait_until(lambda: lets_in(d, client, "api.example.com", "shop.example.com") == ["api.example.com",
                                                                                        "shop.example.com"], "the new file")
        assert lets_in(d, world.other, "api.example.com", "shop.example.com") == ["api.example.com"]
    finally:
        with open(world.client_ca.pem, "w") as f:
            f.write(was)


def test_without_a_store_nothing_can_be_told(door, world, origin):
    d = door([host(world.api, ["api.example.com"], [origin], "require", world.client_ca)], zones=ZONES)
    assert good(d.api("GET", CERTIFICATES)) == [] and good(d.api("GET", SETTINGS)) == []
    for method, path, body in (("PUT", SETTINGS, {}), ("PATCH", MANAGED, managed(True)),
                               ("POST", CERTIFICATES, {"name": "a", "certificate": pem(world.other_ca)}),
                               ("POST", "/sluice/v1/zones", {"id": "c" * 32, "name": "a.example", "account": "b" * 32})):
        bad(d.api(method, path, body), 403, 9999)


def test_the_audit_log_has_before_and_after(kept, world):
    made = create(kept, world.other_ca, "one")
    good(kept.api("PUT", f"{CERTIFICATES}/{made['id']}", {"name": "two"}))
    good(kept.api("PUT", SETTINGS, {"settings": [setting("api.example.com", False)]}))
    third, second, first = good(kept.api("GET", "/sluice/v1/audit"))
    assert (first["what"], first["before"], first["after"]) == (f"POST {CERTIFICATES}", None, made)
    assert second["what"] == f"PUT {CERTIFICATES}/{made['id']}"
    assert (second["before"]["name"], second["after"]["name"]) == ("one", "two")
    assert (third["before"], third["after"]) == ([], [setting("api.example.com", False)])


def test_metrics_tell_derived_hosts_apart(kept, world):
    create(kept, world.other_ca, hostnames=["api.example.com"])
    text = kept.api("GET", "/metrics")[2]
    lines = [line.split(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) == len(set(lines))
    assert any('client_ca_expiry' in line and 'by="api"' in line for line in lines)
