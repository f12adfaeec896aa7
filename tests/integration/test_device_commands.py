"""`device` and `topology` on a real campus: lists, backups in groups, surveys, failures told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CAMPUS
from provisioner.lab.up import office_key, write_configuration
from provisioner.runs.configurations import ConfigurationHistory
from tests.integration.cli_tools import Outcome, Terminal, terminal
from tests.integration.harness import free_network

__all__ = ["terminal"]

SWITCHES = ("sw-alun-1", "sw-core-1", "sw-pendopo-1", "sw-skpd-1", "sw-smp-1")


@dataclass
class Campus:
    """An installation whose inventory is the lab's campus."""

    terminal: Terminal
    lab: DeviceLab

    def __call__(self, *args: str) -> Outcome:
        return self.terminal(*args)

    @property
    def history(self) -> ConfigurationHistory:
        return ConfigurationHistory(self.terminal.folder / "var" / "configurations")


@pytest.fixture
def campus(terminal: Terminal, tmp_path: Path) -> Iterator[Campus]:
    plan = replace(CAMPUS, cidr=free_network().cidr, authorized_keys=office_key(tmp_path))
    with DeviceLab(plan) as lab:
        write_configuration(tmp_path, [], devices=lab)
        catalogue = tmp_path / "inventory" / "catalogue.yml"
        offered = yaml.safe_load(catalogue.read_text())["services"]
        del offered["cloud_vps"]  # there is no cluster
        catalogue.write_text(yaml.safe_dump({"services": offered}))
        made = Campus(terminal, lab)
        assert made("init").status == 0
        assert made("db", "upgrade").status == 0
        yield made


def test_backups_are_kept_once_and_failures_are_told(campus: Campus) -> None:
    first = campus("device", "backup", "--group", "switches", "--json").json()
    assert (first["read"], first["failed"]) == (5, [])
    assert len(first["commits"]) == 1
    assert "hostname sw-core-1" in campus.history.show("sw-core-1")
    again = campus("device", "backup", "--group", "switches", "--json").json()
    assert again["commits"] == []
    campus.lab.fault("device-dead", host="sw-alun-1")
    broken = campus("device", "backup", *SWITCHES, "--json")
    assert broken.status == 1
    (failure,) = broken.json()["failed"]
    assert failure["host"] == "sw-alun-1"
    assert failure["next"]
    assert broken.json()["read"] == 4
    assert "5 of 5" in broken.err
    told = campus("device", "backup", "sw-alun-1")
    assert told.status == 1
    assert "What to do" in told.err
    listed = {one["device"]: one for one in campus("device", "list", "--json").json()}
    assert listed["sw-alun-1"]["trouble"]
    assert listed["sw-alun-1"]["answered_at"]
    assert listed["sw-core-1"]["trouble"] is None
    assert listed["sw-core-1"]["site"] == "pendopo"
    assert listed["rt-core-1"]["driven"] is True
    assert "sw-core-1" in campus("device", "list").out


def test_groups_bound_what_lies_in_memory(campus: Campus) -> None:
    path = campus.terminal.folder / "provisioner.toml"
    path.write_text(path.read_text().replace("[devices]", "[devices]\nsessions = 2"))
    outcome = campus("device", "backup", "--group", "switches", "--json")
    assert [line for line in outcome.err.splitlines() if " of " in line] == [
        "2 of 5 devices", "4 of 5 devices", "5 of 5 devices",
    ]  # fmt: skip
    assert len(outcome.json()["commits"]) == 3


def test_one_is_shown_and_surveyed(campus: Campus) -> None:
    shown = campus("device", "show", "sw-core-1", "--json").json()
    assert shown["hostname"] == "sw-core-1"
    assert "interface GigabitEthernet1/0/24" in shown["configuration"]
    before = campus.lab.configurations()
    told = campus("device", "survey", "--group", "switches", "--json").json()
    assert {one["host"] for one in told["surveys"]} == set(SWITCHES)
    assert campus.lab.configurations() == before
    assert campus("device", "show", "nowhere").status == 2
    assert campus("device", "backup").status == 2


def test_the_cables_of_the_lab_are_as_written(campus: Campus) -> None:
    view = campus("topology", "check", "--json").json()
    assert view["silent"] == []
    assert view["differences"] == []
    assert view["agreed"] >= 2, view


def test_a_cable_in_another_port_is_told_with_its_lines(campus: Campus) -> None:
    path = campus.terminal.folder / "inventory" / "network.yml"
    path.write_text(path.read_text().replace("sw-core-1:GigabitEthernet1/0/2\n",
                                             "sw-core-1:GigabitEthernet1/0/7\n"))  # fmt: skip
    outcome = campus("topology", "check")
    assert outcome.status == 1
    assert (
        'enter:    - ["sw-core-1:GigabitEthernet1/0/2", "sw-alun-1:GigabitEthernet1/0/24"]'
        in outcome.out
    )
    assert (
        'take out: - ["sw-core-1:GigabitEthernet1/0/7", "sw-alun-1:GigabitEthernet1/0/24"]'
        in outcome.out
    )
