"""A server's port on switches over real SSH: set up, taken back, freed; others are left alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.drivers.network import Host
from provisioner.errors import Refused
from provisioner.lab.devices.plan import UPLINK, tree
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Subject
from provisioner.runs.steps.base import Done
from provisioner.services.colocation.ending import off_plan
from provisioner.services.colocation.planning import ColocationPlanning
from tests.integration.change_stage import MINUTE, ChangeStage, change_stage, save_by_hand
from tests.unit.colocation_world import CENTRE, DETAILS, Seat, inventory
from tests.unit.wifi_world import NOW, host, ledger

CORE, TOP = "sw-001", "sw-002"
PORTS = [f"{TOP}:GigabitEthernet1/0/{number}" for number in (5, 6, 7)]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ChangeStage]:
    with change_stage(tmp_path, tree(3, minute=MINUTE)) as made:
        yield made


class Centre:
    """The data centre whose switches are those of the stage."""

    def __init__(self, stage: ChangeStage) -> None:
        self.stage = stage
        self.links = [list(link) for link in tree(3).links]
        rack = {**CENTRE["racks"]["r1"], "switch_ports": PORTS}
        self.data = inventory({**CENTRE, "racks": {"r1": rack}, "links": self.links})

    def hosts(self) -> Mapping[str, Host]:
        return {**self.stage.fleet.hosts(), "rt-core-1": host("rt-core-1")}

    def plan(self, number: str, books: Ledger | None = None, **changes: Any) -> Plan:
        asked = Subject(number, "dinkes", {**DETAILS, "server_name": number.lower(), **changes})
        service = ColocationPlanning(
            self.data, self.hosts, self.stage.fleet.read, Seat(), lambda _: None
        )
        facts = replace(service.read(asked), at=NOW)
        return service.plan(asked, facts, books or Ledger())

    def carry_out(self, plan: Plan) -> None:
        self.stage.memory.clear()
        done = self.stage.apply(plan.steps[0].params)
        assert isinstance(done, Done), done


def test_two_servers_come_and_go_and_nothing_is_left(stage: ChangeStage) -> None:
    save_by_hand(
        stage, TOP, "interface GigabitEthernet1/0/5", "switchport mode access",
        "description kamera pintu",
    )  # fmt: skip
    centre = Centre(stage)
    before = stage.lab.configurations()
    first = centre.plan("COL-2026-0001")
    assert first.choices["port"] == "GigabitEthernet1/0/6"  # another one has the first
    assert first.choices["path"][0] == f"{TOP}:{UPLINK}"
    centre.carry_out(first)
    second = centre.plan("COL-2026-0002", ledger(("COL-2026-0001", first)))
    centre.carry_out(second)
    text = stage.lab.configuration(TOP)
    assert "description PROV-COL-2026-0001 col-2026-0001" in text
    assert "description PROV-COL-2026-0002 col-2026-0002" in text
    assert "name PROV-colo-1" in text
    centre.carry_out(off_plan(first, "COL-2026-0001", ledger(("COL-2026-0002", second)), at=NOW))
    text = stage.lab.configuration(TOP)
    assert "COL-2026-0001" not in text
    assert "name PROV-colo-1" in text
    centre.carry_out(off_plan(second, "COL-2026-0002", Ledger(), at=NOW))
    left = stage.lab.configurations()
    assert not any(ours(text) for text in left.values())
    assert "description kamera pintu" in left[TOP]
    assert left[CORE] == before[CORE]


def ours(text: str) -> list[str]:
    """Lines that speak of us, or of our VLAN."""
    return [line for line in text.splitlines() if "PROV" in line or "140" in line]


def test_what_failed_is_taken_back(stage: ChangeStage) -> None:
    before = stage.lab.configurations()
    plan = Centre(stage).plan("COL-2026-0001")
    stage.lab.fault("line-rejected", host=CORE, after=2)
    assert isinstance(stage.apply(plan.steps[0].params), Refused)
    assert stage.lab.configurations() == before
    Centre(stage).carry_out(plan)
    undone = stage.undo(plan.steps[0].params)
    assert isinstance(undone, Done), undone
    assert not any(ours(text) for text in stage.lab.configurations().values())


def test_a_port_that_somebody_took_since_the_plan_is_left_alone(stage: ChangeStage) -> None:
    plan = Centre(stage).plan("COL-2026-0001")
    save_by_hand(
        stage, TOP, "interface GigabitEthernet1/0/5", "switchport mode access",
        "description mesin absen",
    )  # fmt: skip
    before = stage.lab.configurations()
    failure = stage.apply(plan.steps[0].params)
    assert isinstance(failure, Refused)
    assert "mesin absen" in str(failure.what)
    assert stage.lab.configurations() == before
