"""A site connected on a real switch and a real router: proven with the packets of its clients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioner.drivers.network import AccessPort, TrunkMember, Vlan
from tests.contract.linux_stage import Stage, scope, site, staged
from tests.dataplane.campus import (
    CLIENTS,
    DNS,
    OFFICE_NAME,
    OUTSIDE,
    ROUTER,
    SWITCH,
    Campus,
    transfer,
)

pytestmark = pytest.mark.xdist_group("dataplane")


@pytest.fixture
def stage(ground: Campus) -> Iterator[Stage]:
    with staged(ground) as made:
        yield made


def connect(stage: Stage, number: int, vlan: int, port: str) -> None:
    for host, wanted in site(number, vlan, port).items():
        stage.put(host, wanted)


def test_an_access_port_moved_to_another_vlan_is_in_its_scope(stage: Stage) -> None:
    campus = stage.campus
    connect(stage, 1, 412, "swp1")
    connect(stage, 2, 413, "swp2")
    assert campus.lease("c1").startswith("10.40.1.")
    assert campus.reaches("c1", "10.40.1.1")
    stage.put(SWITCH, [AccessPort("swp1", 413, "PROV-NET-2026-0002 pindah")])
    assert campus.lease("c1").startswith("10.40.2.")
    assert campus.reaches("c1", "10.40.2.1")
    stage.put(SWITCH, [AccessPort("swp1", 413, "")], present=False)
    assert campus.lease("c1") == ""


def test_without_the_vlan_on_the_trunk_nobody_gets_an_address(stage: Stage) -> None:
    campus = stage.campus
    connect(stage, 1, 412, "swp1")
    stage.put(SWITCH, [TrunkMember("up", 412)], present=False)
    assert campus.lease("c1") == ""
    stage.put(SWITCH, [TrunkMember("up", 412)])
    assert campus.lease("c1").startswith("10.40.1.")


def test_a_connected_site_works_and_after_its_end_gets_nothing(stage: Stage) -> None:
    campus = stage.campus
    before = {host: stage.configuration(host) for host in (SWITCH, ROUTER)}
    connect(stage, 1, 412, "swp1")
    connect(stage, 2, 413, "swp2")
    one, two = campus.lease("c1"), campus.lease("c2")
    assert one.startswith("10.40.1.")
    assert two.startswith("10.40.2.")
    assert campus["c1"].path("/run/lease").read_text().split() == [one, "10.40.1.1", DNS]

    said = campus["c1"].run(f"dig +short +time=2 +tries=1 @{DNS} {OFFICE_NAME}")
    assert said == OUTSIDE, "it resolves"
    assert campus.reaches("c1", OUTSIDE)
    assert campus["internet"].run("ip route show 10.40.0.0/16") == "", "so it was translated"

    assert not campus.reaches("c1", two), "another department's client"
    assert not campus.reaches("c1", "10.40.2.1"), "another department's gateway"
    assert not campus.reaches("c1", "10.10.10.254"), "the router's other addresses"
    assert not campus.reaches("c1", DNS), "a wall lets names through, nothing else"
    assert campus.reaches("office", one), "what the office begins is answered"
    assert not campus["c1"].does("timeout 1 sh -c ': </dev/tcp/10.40.1.1/22' || nc -z 10.40.1.1 22")

    down = transfer(campus["internet"], campus["c1"], OUTSIDE, 5001, 2)
    assert 4 < down < 9.5, f"{down} Mbit/s instead of 8"
    leases = stage.platform.survey([ROUTER])[ROUTER].leases  # type: ignore[union-attr]
    assert {lease.address for lease in leases} == {one, two}

    for number, vlan, port in ((1, 412, "swp1"), (2, 413, "swp2")):
        wanted = site(number, vlan, port)
        stage.put(SWITCH, wanted[SWITCH], present=False)
        stage.put(ROUTER, wanted[ROUTER], present=False)
    assert [campus.lease(client) for client in CLIENTS] == ["", "", ""]
    assert not campus.reaches("c1", OUTSIDE)
    after = {host: stage.configuration(host) for host in (SWITCH, ROUTER)}
    assert after == before
    assert campus.router.run("nft list ruleset; ls -d /etc/provisioner 2>&1 || true").endswith(
        "No such file or directory"
    )


def test_upwards_it_is_limited_as_well_and_without_a_limit_it_is_fast(stage: Stage) -> None:
    campus = stage.campus
    connect(stage, 1, 412, "swp1")
    one = campus.lease("c1")
    up = transfer(campus["c1"], campus["office"], one, 5002, 2)
    assert 4 < up < 9.5, f"{up} Mbit/s instead of 8"
    stage.put(ROUTER, site()[ROUTER][1:], present=False)
    assert transfer(campus["c1"], campus["office"], one, 5003, 1) > 25


def test_a_router_that_boots_serves_again(stage: Stage) -> None:
    campus = stage.campus
    connect(stage, 1, 412, "swp1")
    before = stage.configuration(ROUTER)
    campus.reboot(ROUTER)
    assert stage.read(ROUTER).objects == {each.key: each for each in site()[ROUTER]}
    assert stage.configuration(ROUTER) == before
    assert campus.lease("c1").startswith("10.40.1.")
    assert campus.reaches("c1", OUTSIDE)
    campus.reboot(SWITCH)
    assert campus.lease("c1").startswith("10.40.1."), "Open vSwitch keeps what it was told"


def test_a_router_that_answers_names_itself(stage: Stage) -> None:
    campus = stage.campus
    stage.put(ROUTER, [scope(dns=())])
    stage.put(SWITCH, [Vlan(412, "PROV-NET-2026-0001"), *site()[SWITCH][1:]])
    assert campus.lease("c1")
    assert campus["c1"].path("/run/lease").read_text().split()[1:] == ["10.40.1.1", "10.40.1.1"]
    assert campus["c1"].does("dig +time=2 +tries=1 @10.40.1.1 rt-data-1")
