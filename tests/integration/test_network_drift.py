"""What our plans put on devices is looked at again: gone, changed, taken, silent; and settled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from provisioner.drivers.network import Order, Preview, Reading, Wish
from provisioner.errors import Conflict, Invalid, StepFailure
from provisioner.instances.drift_views import DriftView
from provisioner.instances.network_drift import NetworkDriftService
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Subject
from provisioner.runs.steps.network import passphrase_kind
from provisioner.services.event_wifi.planning import EventWifiPlanning
from provisioner.services.network_settling import WithSettling, parse_settle
from tests.integration.harness import lab_cluster
from tests.integration.wifi_stage import WifiOffice
from tests.lab.devices import connecting, told

pytestmark = [
    pytest.mark.xdist_group("network-drift"),
    pytest.mark.timeout(300),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="module"),
]
LEAF, AP = "sw-pendopo-1", "ap-pendopo-1"
UPLINK = "GigabitEthernet1/0/24"


@dataclass
class Watched:
    """An office with one event's WiFi on the air."""

    office: WifiOffice
    number: str
    id: str
    vlan: int
    drift: NetworkDriftService
    planner: WithSettling

    def look(self) -> DriftView:
        return self.drift.look(self.office.budi, self.id)

    def keys(self) -> list[str]:
        return [one.key for one in self.look().findings]

    def details(self, how: str, *what: str, **more: str) -> dict[str, Any]:
        said = {"action": "settle", "instance": self.id, "how": how, "what": list(what), **more}
        return parse_settle(said).model_dump(mode="json", exclude_unset=True)

    def plan(self, how: str, *what: str, **more: str) -> Plan:
        subject = Subject("WIFI-2026-9999", "dinkes", self.details(how, *what, **more))
        return self.planner.plan(subject, self.planner.read(subject), Ledger(()))

    def carry_out(self, plan: Plan) -> None:
        """The step's wishes on its devices, as its transaction sends them."""
        (step,) = plan.steps
        fleet = self.office.product.tools.fleet
        keys = {self.number: passphrase(self.office, self.number) or ""}
        wishes = {
            host: [Wish.from_json(one) for one in found]
            for host, found in step.params["wishes"].items()
        }
        found = fleet.read({h: [w.intent for w in its] for h, its in wishes.items()}, keys)
        orders = {}
        for host, reading in found.items():
            assert isinstance(reading, Reading), reading
            preview: Preview = fleet.preview(reading, wishes[host])
            orders[host] = Order(preview, "settle", 5, keys)
        for answers in (fleet.apply(orders), fleet.confirm(orders)):
            assert not [a for a in answers.values() if isinstance(a, StepFailure)], answers

    def typed(self, *lines: str) -> None:
        """By a person at the leaf switch."""
        told(self.office.devices, LEAF, "configure terminal", *lines, "end", "write memory")

    def shell(self, command: str) -> str:
        """By a person at the access point."""

        async def go() -> str:
            async with connecting(self.office.devices.hosts()[AP]) as connection:
                done = await connection.run(command, check=True)
                return str(done.stdout)

        return asyncio.run(go())


def passphrase(office: WifiOffice, number: str) -> str | None:
    secrets = office.product.tools.secrets
    with office.product.database.read() as session:
        kept = secrets.find(session, passphrase_kind(number), number)
    return secrets.get(kept) if kept else None


@pytest.fixture(scope="module")
def watched(
    tmp_path_factory: pytest.TempPathFactory, certificates: Path, database_url: str | None
) -> Iterator[Watched]:
    base = tmp_path_factory.getbasetemp() / "offices" / uuid4().hex
    with lab_cluster(certificates) as lab, WifiOffice(base, lab, {}, database_url) as office:
        number = office.ask()
        office.carry_out(office.approve(number))
        assert office.request(number).state == "done", office.told(number)
        id = office.instance(number).id
        vlan = office.product.inventory.network.event_networks[office.choices(number)["network"]]
        product = office.product
        drift = NetworkDriftService(
            product.database, product.tools.fleet, lambda number: passphrase(office, number),
            zone=product.inventory.office.zone,
        )  # fmt: skip
        fleet = product.tools.fleet
        inner = EventWifiPlanning(
            product.inventory, fleet.hosts, fleet.read, lambda id: None,
            lambda place: timedelta(0), lambda wishes: {},
        )  # fmt: skip
        planner = WithSettling(inner, fleet.hosts, drift.read, drift.record)
        yield Watched(office, number, id, vlan.vlan, drift, planner)


@pytest.fixture(autouse=True)
def whole(watched: Watched) -> Iterator[None]:
    yield
    watched.office.devices.clear()


def of_key(view: DriftView, key: str) -> Mapping[str, Any]:
    return next(one.model_dump() for one in view.findings if one.key == key)


def test_nothing_is_found_where_all_stands_and_nothing_is_written(watched: Watched) -> None:
    before = watched.office.devices.configurations()
    watched.drift.sweep()
    view = watched.drift.get(watched.office.budi, watched.id)
    assert view.looked_at is not None
    assert (view.findings, watched.drift.list(watched.office.budi)) == ([], ())
    assert watched.office.devices.configurations() == before


def test_a_vlan_taken_away_is_put_back(watched: Watched) -> None:
    office, vlan = watched.office, watched.vlan
    before = office.devices.configuration(LEAF)
    watched.typed(f"no vlan {vlan}", f"interface {UPLINK}",
                  f"switchport trunk allowed vlan remove {vlan}")  # fmt: skip
    watched.drift.sweep()
    (view,) = watched.drift.list(office.budi)
    gone = {f"{LEAF} vlan {vlan}", f"{LEAF} trunk {UPLINK} vlan {vlan}"}
    assert {one.key for one in view.findings} == gone
    assert all(one.ways == ["accept", "restore"] for one in view.findings)
    assert "instance:drift" in office.story(watched.number)
    plan = watched.plan("restore", *gone)
    (step,) = plan.steps
    assert (step.kind, list(step.params["wishes"])) == ("network.change", [LEAF])
    kinds = [wish["kind"] for wish in step.params["wishes"][LEAF]]
    assert kinds.index("Vlan") < kinds.index("TrunkMember")
    assert step.params["mark"] == watched.number
    watched.carry_out(plan)
    assert watched.keys() == []
    assert office.devices.configuration(LEAF) == before
    with pytest.raises(Conflict):
        watched.plan("restore", *gone)


def test_a_passphrase_changed_at_the_access_point_is_found_and_set_back(watched: Watched) -> None:
    sections = watched.shell("uci show wireless | grep '=wifi-iface'")
    ours = [line.split("=")[0] for line in sections.splitlines() if "prov" in line.lower()]
    assert ours
    sets = "; ".join(f"uci set {section}.key=lain-sekali-9" for section in ours)
    watched.shell(f"{sets}; uci commit wireless")
    (key,) = watched.keys()
    assert key == f"{AP} ssid {watched.number}"
    assert "lain-sekali-9" not in str(watched.look())
    watched.carry_out(watched.plan("restore", key))
    assert watched.keys() == []


def test_what_somebody_else_uses_now_is_never_overwritten(watched: Watched) -> None:
    vlan = watched.vlan
    watched.typed(f"vlan {vlan}", "name CCTV-KOTA")
    view = watched.look()
    found = of_key(view, f"{LEAF} vlan {vlan}")
    assert found["ways"] == ["accept"]
    assert found["caution"]
    assert found["found"] == "CCTV-KOTA"
    with pytest.raises(Conflict):
        watched.plan("restore", found["key"])
    watched.typed(f"vlan {vlan}", f"name PROV-{watched.number}")
    assert watched.keys() == []


def test_accepted_is_silent_until_it_changes_again(watched: Watched) -> None:
    vlan, product = watched.vlan, watched.office.product
    key = f"{LEAF} vlan {vlan}"
    watched.typed(f"vlan {vlan}", "name CCTV-KOTA")
    with pytest.raises(Invalid):
        watched.details("accept", key)
    plan = watched.plan("accept", key, reason="Disepakati dengan Diskominfo")
    (step,) = plan.steps
    assert step.kind == "instance.note"
    assert product.tools.endings is not None
    product.tools.endings.note(watched.id, {"accepted": step.params["accept"]})
    assert watched.keys() == []
    watched.typed(f"vlan {vlan}", "name CCTV-DESA")
    assert watched.keys() == [key]
    watched.typed(f"vlan {vlan}", f"name PROV-{watched.number}")
    product.tools.endings.note(watched.id, {"accepted": None})
    assert watched.keys() == []


def test_a_silent_device_is_told_and_keeps_what_was_found_there(watched: Watched) -> None:
    vlan = watched.vlan
    watched.typed(f"interface {UPLINK}", f"switchport trunk allowed vlan remove {vlan}")
    missing = f"{LEAF} trunk {UPLINK} vlan {vlan}"
    assert watched.keys() == [missing]
    watched.office.devices.fault("device-dead", host=LEAF)
    view = watched.look()
    assert {missing, f"{LEAF} silent"} <= {one.key for one in view.findings}
    assert of_key(view, f"{LEAF} silent")["ways"] == []
    watched.office.devices.clear()
    watched.carry_out(watched.plan("restore", missing))
    assert watched.keys() == []


def test_each_department_sees_its_own(watched: Watched) -> None:
    watched.typed(f"vlan {watched.vlan}", "name CCTV-KOTA")
    watched.look()
    assert [one.instance for one in watched.drift.list(watched.office.sari)] == [watched.id]
    watched.typed(f"vlan {watched.vlan}", f"name PROV-{watched.number}")
    assert watched.keys() == []
