"""Runs on a real lab cluster: whatever becomes of a call's answer, one VM of ours, proven."""

from __future__ import annotations

import pytest

from provisioner.drivers.hypervisor import GrowDisk
from provisioner.lab.plan import LabGuest
from tests.integration.harness import SETTLE, SPEED, Office

_LOST = ("/clone", "/config", "/resize", "/status/start")


def test_a_run_ends_done_and_proven(office: Office) -> None:
    number, run = office.approved()
    ended = office.carry_out(run)
    office.assert_fulfilled(number)
    assert [step.state for step in ended.steps[-2:]] == ["unchanged", "unchanged"]
    tags = office.story(number)
    assert tags[-3:] == ["run:succeeded", "instance:created", "request:done"]
    assert office.leases() == []


def test_a_clone_answered_596_is_adopted(office: Office) -> None:
    """While it runs it carries no mark of ours: its task tells whose it is."""
    number, run = office.approved()
    office.lab.fault("clone-596")
    office.lab.fault("task-slow", type="qmclone", seconds=2 * SETTLE * SPEED)
    office.carry_out(run)
    office.assert_fulfilled(number)
    assert office.clones_of(number) == 1


def test_a_clone_that_is_carried_out_late_is_waited_for(office: Office) -> None:
    number, run = office.approved()
    with office.late_clone() as runner:
        office.carry_out(run, runner)
    office.assert_fulfilled(number)
    assert office.clones_of(number) == 1


def test_orders_whose_answers_are_lost_although_carried_out(office: Office) -> None:
    """Each order of the run is carried out, and the connection drops before the answer."""
    number, run = office.approved()
    for path in _LOST:
        office.lab.fault("post-dropped", path=path)
    office.carry_out(run)
    office.assert_fulfilled(number)
    assert office.clones_of(number) == 1
    assert office.story(number).count("step:failed") == len(_LOST)


def test_orders_that_are_lost_on_the_way_are_sent_again(office: Office) -> None:
    """Nothing was carried out: that is seen, after a while, and only then are they repeated."""
    number, run = office.approved()
    for path in _LOST:
        office.lab.fault("post-lost", path=path)
    office.carry_out(run)
    office.assert_fulfilled(number)
    assert office.clones_of(number) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_stranger_takes_the_number_during_the_call(office: Office, when: str) -> None:
    number, run = office.approved()
    taken = office.choices(number)["vmid"]
    office.lab.fault("vmid-stranger", when=when)
    office.carry_out(run)
    vm = office.assert_fulfilled(number)
    assert vm["vmid"] != taken
    stranger = office.lab.vm(taken)
    assert stranger is not None
    assert (stranger["name"], stranger["config"].get("description")) == ("not-ours", None)
    assert f"VM {taken} belongs to someone else" in office.texts(number)


def test_a_stranger_takes_the_number_before_the_run(office: Office) -> None:
    """No reason to ask anybody: the number matters to nobody, another one is taken."""
    number, run = office.approved()
    taken = office.choices(number)["vmid"]
    office.lab.stand(LabGuest(taken, "not-ours", "pve1", "local-lvm"))
    before = office.lab.vm(taken)
    office.carry_out(run)
    vm = office.assert_fulfilled(number)
    assert vm["vmid"] != taken
    assert office.lab.vm(taken) == before
    assert f"VM {taken} belongs to someone else" in office.texts(number)


def test_a_clone_that_failed_leaves_nothing_and_is_made_again(office: Office) -> None:
    """The storage was busy; a disk was left behind; the second clone has the same number."""
    number, run = office.approved(image="debian-13-local")
    taken = office.choices(number)["vmid"]
    office.lab.fault("task-fails", type="qmclone", text="got lock request timeout", leave=1)
    office.carry_out(run)
    vm = office.assert_fulfilled(number)
    assert vm["vmid"] == taken
    assert len(office.volumes(taken)) == 2  # its disk and its cloud-init drive


def test_without_quorum_for_a_while(office: Office) -> None:
    """Every order is refused for the time being; it is tried again by itself."""
    number, run = office.approved()
    lost = iter([GrowDisk])

    def before(order: object) -> None:
        if isinstance(order, GrowDisk) and next(lost, None):
            office.lab.fault("no-quorum")

    runner = office.runner_that(before)
    waiting = office.carry_out(run, runner, until=lambda r: r.state == "waiting_retry")
    assert waiting.retry_at is not None
    office.carry_out(run, runner, until=lambda r: r.state == "waiting_retry")
    office.lab.clear()
    office.carry_out(run, runner)
    office.assert_fulfilled(number)


def test_a_start_that_is_reported_failed_although_the_vm_runs(office: Office) -> None:
    number, run = office.approved()
    office.lab.fault("start-half")
    office.carry_out(run)
    office.assert_fulfilled(number)
