# SPDX-License-Identifier: GPL-2.0-only
"""
Who the client is, in every combination of what may change between two connections.

A cell: verify mode x who keeps sessions x TLS version x client x full or resumed x the session's host x CA change x
CRL change x Host other than SNI. What must come of it follows from the policy in force alone, in expected().
"""
import collections
import itertools
import ssl

import pytest

from client import TLS12, TLS13, Client, Cut, context
from door import host

MODES = ("none", "optional", "request", "require")
STORES = ("stateful", "stateless")
VERSIONS = {"tls12": TLS12, "tls13": TLS13}
CLIENTS = ("alice", "mallory", None)  # of client_ca, of other_ca, without a certificate
BOOLS = (False, True)
CELLS = len(VERSIONS) * len(CLIENTS) * 3 * len(BOOLS) ** 3  # of one mode and store; 3: full, resumed, other host's

API, SHOP = "api.example.com", "shop.example.com"
SHA = "cf-client-cert-sha256"
VERDICT = "x-verdict"


@pytest.fixture(scope="module")
def tally(request):
    counts = collections.Counter()
    yield counts
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\nidentity matrix: {counts['passed']} of {counts['cells']} cells passed ({counts['resumed']} resumed, "
              f"{counts['refused']} refused, {counts['421']} answered 421)")


class Matrix:
    def __init__(self, world, door, origin, mode, store):
        self.world, self.origin, self.mode, self.store = world, origin, mode, store
        self.certs = {"alice": world.alice, "mallory": world.other, None: None}
        self.contexts = {(c, v): context(self.certs[c], VERSIONS[v]) for c in CLIENTS for v in VERSIONS}
        self.empty = [world.pki.crl("matrix-client.crl", world.client_ca),
                      world.pki.crl("matrix-other.crl", world.other_ca)]
        self.listed = [world.pki.crl("matrix-listed.crl", world.client_ca, [world.alice]), self.empty[1]]
        self.both = world.pki.bundle("matrix-both", world.client_ca, world.other_ca)
        self.number = 0
        self.door = door(self.hosts(), session_tickets=store)

    def hosts(self, ca=False, crl=False):
        """@ca: other_ca instead of client_ca; @crl: the one that lists alice."""
        w = self.world
        if self.mode == "none":
            return [host(w.api, [API], [self.origin]), host(w.shop, [SHOP], [self.origin])]
        return [host(w.api, [API], [self.origin], self.mode, w.other_ca if ca else w.client_ca, verdict_header=VERDICT,
                     auth={"crl": self.listed if crl else self.empty}),
                host(w.shop, [SHOP], [self.origin], self.mode, self.both, verdict_header=VERDICT)]

    def put_in_force(self, **change):
        self.door.write(self.hosts(**change), session_tickets=self.store)
        assert self.door.reload()

    def visit(self, client, version, sni, session=None, name=None):
        """(status of a GET or None, was it resumed, what the origin was told or None, the session)"""
        self.number += 1
        target = f"/{self.number}"
        try:
            with Client(self.door.port, sni=sni, ctx=self.contexts[client, version], session=session) as c:
                status = c.get(target, host=name or sni).status
                resumed, kept = c.sock.session_reused, c.sock.session
        except (ssl.SSLError, OSError, Cut):
            status, resumed, kept = None, False, None
        seen = next((r for r in self.origin.requests if r.target == target), None)
        told = (seen.get(SHA), seen.get(VERDICT)) if seen else None
        return status, resumed, told, kept

    def is_good(self, client, ca, crl):
        """Does its certificate verify for api?"""
        if client == "alice":
            return not ca and not crl
        return client == "mallory" and ca

    def is_let_in(self, client, ca, crl):
        if client is None:
            return self.mode != "require"
        return self.mode in ("none", "request") or self.is_good(client, ca, crl)

    def expected(self, client, way, ca, crl, mismatch):
        """(status, was it resumed, what the origin was told)"""
        changed = (ca or crl) and self.mode != "none"
        if not self.is_let_in(client, ca, crl):
            return None, False, None
        had_one = self.is_let_in(client, False, False)
        resumed = way == "resumed" and had_one and not changed
        if mismatch and self.mode != "none":
            return 421, resumed, None
        if self.mode == "none":
            return 200, resumed, (None, None)
        if client is None:
            return 200, resumed, (None, "NONE")
        return 200, resumed, (self.certs[client].sha256, "SUCCESS" if self.is_good(client, ca, crl) else "FAILED")

    def cell(self, client, version, way, ca, crl, mismatch, sessions, tally):
        session = sessions.get((client, version, way)) if way != "full" else None
        status, resumed, told, _ = self.visit(client, version, API, session, SHOP if mismatch else None)
        if told and told[1]:
            told = told[0], told[1].partition(":")[0]
        got = status, resumed, told
        tally.update(["cells", "passed", {None: "refused"}.get(status, str(status))] + ["resumed"] * resumed)
        want = self.expected(client, way, ca, crl, mismatch)
        return None if got == want else f"{client} {version} {way} ca={ca} crl={crl} mismatch={mismatch}: {got}, not {want}"

    def sessions(self):
        """What clients have from before the change: one for each cell that comes back, as tickets may be used once."""
        out = {}
        for client, version in itertools.product(CLIENTS, VERSIONS):
            for way, sni in (("resumed", API), ("of shop", SHOP)):
                out[client, version, way] = self.visit(client, version, sni)[3]
        return out

    def run(self, tally):
        wrong = []
        for ca, crl, mismatch in itertools.product(BOOLS, BOOLS, BOOLS):
            self.put_in_force()
            sessions = self.sessions()
            if ca or crl:
                self.put_in_force(ca=ca, crl=crl)
            for client, version, way in itertools.product(CLIENTS, VERSIONS, ("full", "resumed", "of shop")):
                wrong.append(self.cell(client, version, way, ca, crl, mismatch, sessions, tally))
        wrong = [w for w in wrong if w]
        tally["passed"] -= len(wrong)
        return wrong


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("mode", MODES)
def test_who_the_client_is(world, door, origin, tally, mode, store):
    before = tally["cells"]
    wrong = Matrix(world, door, origin, mode, store).run(tally)
    assert tally["cells"] - before == CELLS
    assert not wrong, "\n".join(wrong)
