"""What failed for good or was stopped is undone: nothing of ours stands, the record tells why."""

from __future__ import annotations

import pytest

from provisioner.drivers.hypervisor import Configure, Destroy, GrowDisk, PowerOn
from provisioner.errors import Conflict
from tests.integration.harness import Office

_REFUSED = "shrinking disks is not supported"
"""One of the texts of the cluster that no repetition helps against."""


def _failed_for_good(office: Office) -> tuple[str, str, int]:
    number, run = office.approved()
    vmid = office.choices(number)["vmid"]
    office.lab.fault("task-fails", type="qmstart", text=_REFUSED)
    office.carry_out(run)
    return number, run, vmid


def test_a_step_that_fails_for_good_is_undone_and_told(office: Office) -> None:
    number, run, vmid = _failed_for_good(office)
    ended = office.run(run)
    assert (ended.state, ended.reason) == ("failed", "step-refused")
    office.assert_undone(number, vmid)
    report = office.product.reports.get(office.budi, number)
    assert report.error is not None
    assert report.error.kind == "refused"
    assert _REFUSED in report.error.what
    assert report.error.meaning
    assert report.error.next
    assert any(_REFUSED in line for line in report.error.log)
    event = next(
        e for e in office.product.requests.events(office.budi, number) if e.tag == "step:failed"
    )
    assert _REFUSED in str(event.data)
    assert office.attempts(run)[-1].phase == "undo"
    assert all(attempt.ended_at for attempt in office.attempts(run))
    with pytest.raises(Conflict):
        office.product.runs.retry(office.budi, run)


def test_after_the_undoing_the_request_is_planned_anew_and_fulfilled(office: Office) -> None:
    number, _, vmid = _failed_for_good(office)
    again = office.approve(number)
    assert office.choices(number)["vmid"] != vmid, "a number that was used rests for a while"
    office.carry_out(again)
    office.assert_fulfilled(number)


def test_a_full_storage_asks_a_person_and_retry_goes_on(office: Office) -> None:
    """Nothing is undone while a person may mend it; finished steps are not repeated."""
    number, run = office.approved()
    runner = office.runner_that(
        lambda order: (
            office.lab.fault("task-fails", type="resize", text="out of space")
            if isinstance(order, GrowDisk) and not office.lab.state()["faults"]
            else None
        )
    )
    waiting = office.carry_out(run, runner)
    assert waiting.state == "waiting_person", office.told(number)
    assert waiting.waiting_for is not None
    assert waiting.waiting_for.who == "administrator"
    assert office.request(number).state == "attention"
    assert office.leases() == []
    assert {row.state for row in office.reservations(number)} == {"reserved"}
    office.lab.clear()
    retried = office.product.runs.retry(office.budi, run)
    assert (retried.attempt, retried.state) == (2, "queued")
    office.carry_out(run)
    office.assert_fulfilled(number)
    by_attempt = [(a.key, a.run_attempt) for a in office.attempts(run)]
    assert ("vm.clone", 2) not in by_attempt
    assert ("vm.grow_disk", 2) in by_attempt


def test_stopped_by_a_person_in_the_middle(office: Office) -> None:
    number, run = office.approved()
    vmid = office.choices(number)["vmid"]
    runner = office.runner_that(
        lambda order: (
            office.product.runs.stop(office.budi, run) if isinstance(order, PowerOn) else None
        )
    )
    ended = office.carry_out(run, runner)
    assert (ended.state, ended.reason) == ("stopped", "by-person")
    office.assert_undone(number, vmid)
    assert office.story(number).count("run:stop-asked") == 1


def test_stopped_while_the_step_in_hand_fails(office: Office) -> None:
    """Nobody is asked to mend what is to be taken back."""
    number, run = office.approved()
    vmid = office.choices(number)["vmid"]
    office.lab.fault("task-fails", type="qmconfig", text="out of space")
    runner = office.runner_that(
        lambda order: (
            office.product.runs.stop(office.budi, run) if isinstance(order, Configure) else None
        )
    )
    ended = office.carry_out(run, runner)
    assert (ended.state, ended.reason) == ("stopped", "by-person")
    office.assert_undone(number, vmid)


def test_stopped_while_queued_and_twice(office: Office) -> None:
    """Nothing was begun: number and address are free at once."""
    number, run = office.approved()
    for _ in range(2):
        assert office.product.runs.stop(office.budi, run).stop_asked
    office.carry_out(run)
    assert office.run(run).state == "stopped"
    assert office.reservations(number) == []
    assert office.request(number).state == "attention"
    assert "step:started" not in office.story(number)
    with pytest.raises(Conflict):
        office.product.runs.stop(office.budi, run)


def test_stopped_while_it_waits_for_a_person(office: Office) -> None:
    number, run = office.approved()
    vmid = office.choices(number)["vmid"]
    office.lab.fault("task-fails", type="qmstart", text="out of space")
    assert office.carry_out(run).state == "waiting_person"
    for _ in range(2):
        office.product.runs.stop(office.tono, run)
    assert office.carry_out(run).state == "stopped"
    office.assert_undone(number, vmid)


def test_stopped_right_after_the_clone_was_lost_on_its_way(office: Office) -> None:
    """Whether it was carried out is looked for before the number is given back."""
    for fault in ("post-dropped", "post-lost"):
        number, run = office.approved()
        vmid = office.choices(number)["vmid"]
        office.lab.fault(fault, path="/clone")
        runner = office.runner_that(
            lambda _order, run=run: office.product.runs.stop(office.budi, run)
        )
        assert office.carry_out(run, runner).state == "stopped"
        office.assert_undone(number, vmid)
        office.lab.clear()


def test_stopped_before_a_late_clone_has_begun(office: Office) -> None:
    """The call's effect appears after the stop: it is waited for, and taken back too."""
    number, run = office.approved()
    vmid = office.choices(number)["vmid"]
    with office.late_clone(lambda: office.product.runs.stop(office.budi, run)) as runner:
        assert office.carry_out(run, runner).state == "stopped"
    office.assert_undone(number, vmid)


def test_an_undoing_that_gets_stuck_is_retried(office: Office) -> None:
    number, run = office.approved()
    vmid = office.choices(number)["vmid"]
    office.lab.fault("task-fails", type="qmstart", text=_REFUSED)
    office.lab.fault(
        "task-fails", type="qmdestroy", text="can't remove VM: protection mode enabled"
    )
    stuck = office.carry_out(run)
    assert (stuck.state, stuck.phase) == ("waiting_person", "undo")
    assert office.request(number).state == "attention"
    assert {row.state for row in office.reservations(number)} == {"reserved"}
    office.product.runs.retry(office.budi, run)
    ended = office.carry_out(run)
    assert (ended.state, ended.attempt) == ("failed", 2)
    office.assert_undone(number, vmid)
    report = office.product.reports.get(office.budi, number)
    assert report.error is not None
    assert _REFUSED in report.error.what, "why it was undone, not what the undoing met"


def test_a_vm_that_became_somebody_elses_is_left_alone(office: Office) -> None:
    """Another UUID: not ours, whatever its number; the undoing goes on without it."""
    number, run = office.approved()
    vmid = office.choices(number)["vmid"]

    def swapped(order: object) -> None:
        if isinstance(order, PowerOn):
            _change(office, vmid, smbios1="uuid=11111111-2222-3333-4444-555555555555")
            office.product.runs.stop(office.budi, run)

    office.carry_out(run, office.runner_that(swapped))
    assert office.run(run).state == "stopped", office.told(number)
    assert office.lab.vm(vmid) is not None
    assert f"VM {vmid} belongs to someone else" in office.texts(number)


def test_a_vm_without_our_mark_is_not_removed_until_somebody_looked(office: Office) -> None:
    number, run = office.approved()
    vmid = office.choices(number)["vmid"]

    def unmarked(order: object) -> None:
        if isinstance(order, Destroy):
            raise AssertionError("a VM without our mark must not be removed")
        if isinstance(order, PowerOn):
            _change(office, vmid, description="my own now")
            office.product.runs.stop(office.budi, run)

    stuck = office.carry_out(run, office.runner_that(unmarked))
    assert (stuck.state, stuck.phase) == ("waiting_person", "undo"), office.told(number)
    assert "reserved" in {row.state for row in office.reservations(number)}
    _change(office, vmid, description=f"provisioner: request {number} department dinkes")
    office.product.runs.retry(office.budi, run)
    office.carry_out(run)
    office.assert_undone(number, vmid)


def _change(office: Office, vmid: int, **options: str) -> None:
    def work(pve: object) -> None:
        vm = next(vm for vm in pve.vms if vm.vmid == vmid)  # type: ignore[attr-defined]
        vm.config.update(options)

    office.lab.call(work)
