"""The world changed between approval and run: nothing is done, the difference is shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.harness import Office

Change = Callable[[Office, str], None]


def _address_answers(office: Office, number: str) -> None:
    address = office.choices(number)["address"]
    port = office.lab.plan.network.ssh_port
    office.lab.fault("address-answers", address=address, port=port)


def _template_gone(office: Office, number: str) -> None:
    office.lab.fault("template-gone", vmid=office.choices(number)["template"])


def _node_full(office: Office, number: str) -> None:
    office.lab.fault("node-full", node=office.choices(number)["node"])


def _node_offline(office: Office, number: str) -> None:
    office.lab.fault("node-offline", node=office.choices(number)["node"])


@pytest.mark.parametrize(
    ("change", "lasting", "says"),
    [
        (_address_answers, True, "answers at the address"),
        (_template_gone, False, "template"),
        (_node_full, True, "memory"),
        (_node_offline, True, ""),
    ],
)
def test_nothing_runs_and_only_the_difference_is_shown(
    office: Office, change: Change, lasting: bool, says: str
) -> None:
    number, run = office.approved()
    before = office.choices(number)
    made = len([t for t in office.lab.state()["tasks"] if t["user"] == office.lab.token_id])
    change(office, number)
    ended = office.carry_out(run)
    assert (ended.state, ended.reason) == ("stopped", "plan-changed"), office.told(number)
    assert ended.difference is not None
    assert says in str(ended.difference)
    assert {step.state for step in ended.steps} == {"pending"}
    tasks = [t for t in office.lab.state()["tasks"] if t["user"] == office.lab.token_id]
    assert len(tasks) == made, "nothing ran on the cluster"
    request = office.request(number)
    assert (request.state, request.busy) == ("planned", False)
    assert "plan" in request.actions
    assert office.story(number)[-2:] == ["run:stopped", "plan:changed"]
    rows = [row for row in office.reservations(number) if row.state != "quarantine"]
    assert {row.kind for row in rows} == {"vmid", "address", "name", "capacity"}
    assert {row.state for row in rows} == {"hold"}
    assert all(row.expires_at for row in rows)
    assert office.leases() == []
    if not lasting:
        office.lab.clear()
    again = office.approve(number)
    office.carry_out(again)
    vm = office.assert_fulfilled(number)
    if change is _address_answers:
        assert vm["guest"]["address"] != before["address"]
    elif lasting:
        assert vm["node"] != before["node"]


def test_the_plan_is_not_checked_again_by_a_retry(office: Office) -> None:
    """What the run itself has made answers by then; that is no change of the world."""
    number, run = office.approved()
    office.lab.fault("cloud-init-error")
    assert office.carry_out(run).state == "waiting_person"
    office.lab.clear()
    office.product.runs.retry(office.budi, run)
    office.carry_out(run)
    office.assert_fulfilled(number)


def test_a_cluster_that_cannot_be_looked_at_stops_nothing(office: Office) -> None:
    """Tried again by itself; then a person is asked, and a retry looks anew."""
    number, run = office.approved()
    office.lab.fault("error", method="GET", path="cluster/resources", times=100)
    waiting = office.carry_out(run)
    assert waiting.state == "waiting_person"
    assert {step.state for step in waiting.steps} == {"pending"}
    assert office.story(number).count("run:waiting-retry") == 5
    office.lab.clear()
    office.product.runs.retry(office.budi, run)
    office.carry_out(run)
    office.assert_fulfilled(number)
