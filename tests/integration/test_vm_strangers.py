"""No action ever touches a VM that is not ours, however stale the record has become."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from provisioner.database import now
from provisioner.errors import Conflict
from provisioner.runs import store as runs
from tests.integration import vm_stage
from tests.integration.harness import Office
from tests.integration.vm_stage import ACTIONS, Server, Timekeeper, ago, prepare

CHANGES = vm_stage.CHANGES
pytestmark = [pytest.mark.xdist_group("vm-strangers"), pytest.mark.timeout(300)]
STRANGERS = ("another VM", "mark lost")
OWN_BOOKS = ("end", "extend")
"""What may be planned all the same: it closes, or changes, nothing but our own books."""


@pytest.fixture(scope="module")
def database_url() -> None:
    """The checks are the same on both."""


@contextmanager
def estranged(server: Server, how: str) -> Iterator[dict[str, Any]]:
    """The number belongs to someone else meanwhile; gives what must stay exactly so."""
    own: dict[str, Any] = {}

    def change(pve: Any) -> dict[str, Any]:
        vm = pve.vm(server.view.vmid)
        own.update(copy.deepcopy(vm.config))
        if how == "another VM":
            vm.config["smbios1"] = "uuid=11111111-2222-3333-4444-555555555555"
            vm.config["description"] = "Aplikasi orang lain"
            vm.config["name"] = vm.name = "not-ours"
        else:
            vm.config["description"] = "notes of someone who tidied up"
        return _seen(vm)

    def give_back(pve: Any) -> None:
        vm = pve.vm(server.view.vmid)
        vm.config, vm.name = own, own["name"]

    yield server.office.lab.call(change)
    server.office.lab.call(give_back)


def look(server: Server) -> dict[str, Any]:
    seen: dict[str, Any] = server.office.lab.call(lambda pve: _seen(pve.vm(server.view.vmid)))
    return seen


def _seen(vm: Any) -> dict[str, Any]:
    return {
        "config": copy.deepcopy(vm.config),
        "status": vm.status,
        "node": vm.node,
        "snapshots": sorted(vm.snapshots),
    }


def tasks_on(server: Server) -> list[str]:
    vmid = str(server.view.vmid)
    return [task["type"] for task in server.office.lab.state()["tasks"] if task["id"] == vmid]


@pytest.fixture(scope="module")
def server(office_of_module: Office) -> Server:
    """One for all tests that must not touch it; its end is far away."""
    until = (now() + timedelta(days=100)).date().isoformat()
    return Server.made(office_of_module, until=until)


@pytest.mark.parametrize("how", STRANGERS)
@pytest.mark.parametrize("action", [action for action in ACTIONS if action not in OWN_BOOKS])
def test_nothing_is_planned_for_a_stranger(server: Server, action: str, how: str) -> None:
    prepare(server, action)
    number = server.ask(action, **ACTIONS[action](server))
    with estranged(server, how) as stranger:
        with pytest.raises(Conflict) as refused:
            server.office.product.plans.make(server.office.budi, number)
        assert refused.value.slug == "not-plannable"
        assert look(server) == stranger


@pytest.mark.parametrize("how", STRANGERS)
@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("action", [action for action in ACTIONS if action != "end"])
def test_a_stranger_since_the_approval_is_left_alone(
    server: Server, action: str, checked: bool, how: str
) -> None:
    """With ``checked`` the number changes hands right after the run has looked at its plan."""
    prepare(server, action)
    number, run_id = server.approve(action, **ACTIONS[action](server))
    if checked:
        _looked_already(server.office, run_id)
    with estranged(server, how) as stranger:
        before = tasks_on(server)
        server.office.carry_out(run_id)
        assert look(server) == stranger, server.office.told(number)
        assert tasks_on(server) == before


@pytest.mark.parametrize("how", STRANGERS)
@pytest.mark.parametrize("checked", [False, True])
def test_the_end_of_a_stranger_is_not_ours(office: Office, checked: bool, how: str) -> None:
    server = Server.made(office)
    number, run_id = server.approve("end", **ACTIONS["end"](server))
    if checked:
        _looked_already(office, run_id)
    with estranged(server, how) as stranger:
        before = tasks_on(server)
        office.carry_out(run_id)
        assert look(server) == stranger, office.told(number)
        assert tasks_on(server) == before


@pytest.mark.parametrize("how", STRANGERS)
def test_an_end_by_itself_leaves_a_stranger_alone(office: Office, how: str) -> None:
    """The record is old, as after the database was restored from a backup."""
    server = Server.made(office)
    server.alter(expires_at=ago(days=20), remove_at=ago(minutes=1), state="suspended")
    with estranged(server, how) as stranger:
        before = tasks_on(server)
        Timekeeper(office).tick()
        assert look(server) == stranger
        assert tasks_on(server) == before
    if how == "another VM":
        assert server.view.state == "ended"  # our own books are closed


def test_a_switch_off_by_itself_leaves_a_stranger_alone(office: Office) -> None:
    server = Server.made(office)
    server.alter(expires_at=ago(minutes=1))
    with estranged(server, "another VM") as stranger:
        before = tasks_on(server)
        Timekeeper(office).tick()
        assert look(server) == stranger
        assert tasks_on(server) == before


def _looked_already(office: Office, run_id: str) -> None:
    with office.product.database.write() as session:
        runs.get(session, run_id).checked_plan = True
