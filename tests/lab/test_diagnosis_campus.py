"""The whole from a target to its cause on the lab's campus: real sessions, every platform."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from provisioner.catalogue import Network
from provisioner.checks.examining import Examined, Examiner
from provisioner.checks.looking import Looker
from provisioner.checks.model import Confidence
from provisioner.drivers import platforms
from provisioner.drivers.ansible.runner import Runner
from provisioner.drivers.fleet import Fleet
from provisioner.drivers.office import OfficeOutlook
from provisioner.drivers.sessions.batches import Sessions
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CAMPUS
from provisioner.settings import CheckSettings, DeviceSettings, Settings
from tests.unit.checks_eyes import Books, Boxes

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("diagnosis")]
CORE, SCHOOL, AP, ROUTER = "sw-core-1", "sw-smp-1", "ap-smp-1", "rt-core-1"
DOWN, AP_PORT = "GigabitEthernet1/0/3", "GigabitEthernet1/0/1"
Found = list[tuple[str, str, Confidence]]


@dataclass
class Ground:
    """The campus, and what examines a target of it."""

    lab: DeviceLab
    examine: Callable[[str], Examined]

    def causes(self, target: str = "site:smp-1") -> Found:
        found = self.examine(target).diagnosis.causes
        return [(each.key, str(each.place), each.confidence) for each in found]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    cidr = f"127.{192 + secrets.randbelow(60)}.{secrets.randbelow(250)}.0/24"
    with DeviceLab(replace(CAMPUS, cidr=cidr)) as lab:
        known = lab.known_hosts(tmp_path_factory.mktemp("diagnosis") / "known_hosts")
        sessions = Sessions(lab.hosts, DeviceSettings(), known, lambda: "")
        means = platforms.Means(sessions, Runner.of(Settings(base=known.parent)))
        fleet = Fleet(lab.hosts, {n: platforms.platform(n, means) for n in platforms.names()})
        settings = CheckSettings(device_seconds=10)
        books = Books(standing=())
        looker = Looker(fleet, {}, OfficeOutlook(), Boxes(), books, settings, pause=1.0)
        written = yaml.safe_load(Path("inventory/lab/network.yml").read_text())
        network = Network.model_validate(written)
        made = Examiner(looker, books, lambda: network, lab.hosts, (), settings)
        yield Ground(lab, lambda text: made.examine(made.target(text)))


@pytest.fixture(autouse=True)
def _whole(ground: Ground) -> Iterator[None]:
    yield
    ground.lab.clear()


@pytest.mark.parametrize("site", ["smp-1", "pendopo", "alun-alun", "skpd"])
def test_a_healthy_site_has_no_cause(ground: Ground, site: str) -> None:
    found = ground.examine(f"site:{site}")
    assert [str(each.text) for each in found.diagnosis.causes] == []
    assert found.diagnosis.ruled_out
    assert set(found.sightings) == set(found.chain.devices)


def broken(name: str, **where: str) -> Callable[[DeviceLab], object]:
    return lambda lab: lab.fault(name, **where)


FAULTS: dict[str, tuple[list[Callable[[DeviceLab], object]], Found]] = {
    "a cable in the middle": (
        [broken("cable-pulled", host=CORE, port=DOWN)],
        [("port.down", f"{CORE}:{DOWN}", "likely")],
    ),
    "a port switched off because of a fault": (
        [broken("port-err-disabled", host=SCHOOL, port=AP_PORT)],
        [("port.err_disabled", f"{SCHOOL}:{AP_PORT}", "certain")],
    ),
    "the cable that everything hangs from": (
        [broken("cable-pulled", host=ROUTER, port="ether2")],
        [("port.down", f"{ROUTER}:ether2", "likely")],
    ),
    "a double fault: names are not resolved, and an access point is without power": (
        [broken("dns-dead", host=ROUTER), broken("device-dead", host=AP)],
        [("dns.dead", ROUTER, "certain"), ("port.down", f"{SCHOOL}:{AP_PORT}", "likely")],
    ),
    "a switch that hangs costs its limit, and the others are told all the same": (
        [broken("device-hangs", host=SCHOOL), broken("internet-dead", host=ROUTER)],
        [("internet.dead", ROUTER, "certain"), ("device.hangs", SCHOOL, "certain")],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named(ground: Ground, name: str) -> None:
    strikes, expected = FAULTS[name]
    for strike in strikes:
        strike(ground.lab)
    assert ground.causes() == expected


def test_looking_changes_nothing(ground: Ground) -> None:
    before = ground.lab.configurations()
    ground.causes()
    assert ground.lab.configurations() == before


def test_a_port_full_of_broken_frames_is_told_by_the_second_look(ground: Ground) -> None:
    ground.lab.fault("port-errors", host=CORE, port=DOWN)
    found = ground.examine("site:smp-1")
    assert [each.key for each in found.diagnosis.causes] == ["port.errors"]
    assert found.seen is not None
    assert CORE in found.seen.again


def _on_its_console(lab: DeviceLab, host: str, interface: str, line: str) -> None:
    lab.type(host, ["configure terminal", f"interface {interface}", line, "end"])


def test_a_switch_without_its_own_address_is_at_work_and_typed_on_at_its_console(
    ground: Ground,
) -> None:
    _on_its_console(ground.lab, SCHOOL, "Vlan99", "shutdown")
    try:
        assert [(key, place) for key, place, _ in ground.causes()] == [("device.login", SCHOOL)]
    finally:
        _on_its_console(ground.lab, SCHOOL, "Vlan99", "no shutdown")
    assert ground.causes() == []


@pytest.mark.parametrize(
    ("line", "back", "cause"),
    [
        ("/ip route disable [find gateway=203.0.113.1]",
         "/ip route enable [find gateway=203.0.113.1]", "internet.no_route"),
        ("/ip route set [find gateway=203.0.113.1] gateway=203.0.113.77",
         "/ip route set [find gateway=203.0.113.77] gateway=203.0.113.1", "internet.gateway"),
        ("/ip dns set servers=203.0.113.99", "/ip dns set servers=203.0.113.1", "dns.dead"),
    ],
)  # fmt: skip
def test_what_somebody_types_on_the_router(
    ground: Ground, line: str, back: str, cause: str
) -> None:
    ground.lab.type(ROUTER, [line])
    try:
        assert [(key, place) for key, place, _ in ground.causes()] == [(cause, ROUTER)]
    finally:
        ground.lab.type(ROUTER, [back])
    assert ground.causes() == []


def test_a_link_that_was_set_to_ten_megabits(ground: Ground) -> None:
    _on_its_console(ground.lab, CORE, DOWN, "speed 10")
    try:
        assert [key for key, _, _ in ground.causes()] == ["port.slow"]
    finally:
        _on_its_console(ground.lab, CORE, DOWN, "no speed")
    assert ground.causes() == []
