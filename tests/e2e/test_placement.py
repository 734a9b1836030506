# SPDX-License-Identifier: GPL-2.0-only
"""Which worker a client comes to, and whether its session is there."""
from client import TLS12, TLS13, Client, context
from door import host

CROWD = 24  # clients, each with an address of its own
VISITS = 4


def resumed(d, ctx, source):
    """How many of @VISITS - 1 returns of one client were resumed."""
    session, count = None, 0
    for _ in range(VISITS):
        with Client(d.port, ctx=ctx, session=session, source=source) as c:
            count += c.sock.session_reused
            assert c.get().status == 200
            session = c.sock.session
    return count


def hits(d, world, version):
    ctx = context(world.alice, version)
    return sum(resumed(d, ctx, f"127.0.0.{n}") for n in range(1, CROWD + 1))


def hosts(world, origin):
    return [host(world.api, ["api.example.com"], [origin], "require", world.client_ca)]


def test_by_source_every_client_finds_its_session(door, world, origin):
    d = door(hosts(world, origin), workers=2, placement="source")
    returns = CROWD * (VISITS - 1)
    for version in (TLS12, TLS13):
        assert hits(d, world, version) == returns
    # and yet both have work
    assert [row["conns_accepted"] >= CROWD for row in d.stats_each()] == [True, True]
    print(f"placement: source, 2 workers: {returns} of {returns} returns resumed")


def test_by_connection_a_session_is_found_where_chance_has_it(door, world, origin):
    """Nothing is promised but that a miss costs a full handshake and no more."""
    d = door(hosts(world, origin), workers=2)
    count = hits(d, world, TLS13)
    now = d.stats()
    assert count == now["handshakes_resumed"] == now["sessions_hit"]
    assert now["handshakes_failed"] == 0
    print(f"placement: connection, 2 workers: {count} of {CROWD * (VISITS - 1)} returns resumed")


def test_placement_stays_as_it_was_started(door, world, origin):
    d = door(hosts(world, origin), workers=2)
    d.write(hosts(world, origin), workers=2, placement="source")
    assert not d.reload()
    assert "options.placement: connection is in force; changing it needs a restart" in d.errors()
