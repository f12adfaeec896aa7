"""What a person has to mend: the run waits for the right one, with everything they need to know."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from provisioner.drivers.hypervisor import PowerOn
from tests.integration.harness import Office

CHANGES = {
    "guest_boot = 20": "guest_boot = 5",
    "office_key_after_handover: keep": "office_key_after_handover: remove",
}


def _waits_for(office: Office, number: str, run: str, who: str, *said: str) -> None:
    view = office.run(run)
    assert view.state == "waiting_person", office.told(number)
    assert view.waiting_for is not None
    assert view.waiting_for.who == who
    error = next(step.error for step in view.steps if step.error)
    for part in said:
        assert part in f"{error.what} {error.meaning} {error.next} {error.log}"
    request = office.request(number)
    assert (request.state, request.busy) == ("attention", True)
    assert {"retry", "stop"} <= set(request.actions)
    assert office.leases() == []


def _retried(office: Office, number: str, run: str) -> None:
    office.product.runs.retry(office.tono, run)
    office.carry_out(run)
    office.assert_fulfilled(number)


def test_a_guest_whose_agent_is_silent_or_whose_address_is_wrong(office: Office) -> None:
    """Both wait for their time to run out, side by side."""
    (silent, first), (elsewhere, second) = office.approved(), office.approved()
    office.lab.fault("agent-silent", vmid=office.choices(silent)["vmid"])
    vmid = office.choices(elsewhere)["vmid"]
    address = office.lab.plan.network.address(250)
    office.lab.fault("wrong-address", vmid=vmid, address=address)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(office.carry_out, (first, second)))
    _waits_for(office, silent, first, "technician", "The guest agent has not answered")
    _waits_for(office, elsewhere, second, "technician", address, "not the planned")
    office.lab.clear()
    _retried(office, silent, first)
    office.product.runs.stop(office.budi, second)
    office.carry_out(second)
    office.assert_undone(elsewhere, vmid)


def test_cloud_init_ended_with_errors(office: Office) -> None:
    number, run = office.approved()
    office.lab.fault("cloud-init-error", text="apt-get: no space left")
    office.carry_out(run)
    _waits_for(office, number, run, "technician", "apt-get: no space left")
    office.lab.clear()
    _retried(office, number, run)


def test_another_host_key_than_the_agent_shows(office: Office) -> None:
    """Somebody in between: no login is tried, the administrator is asked; then it goes on."""
    number, run = office.approved()
    office.lab.fault("host-key-changed")
    office.carry_out(run)
    _waits_for(office, number, run, "administrator")
    prove = next(step for step in office.run(run).steps if step.key == "vm.prove")
    assert prove.evidence == []
    (vm,) = office.machines(number)
    assert len(vm["guest"]["keys"]) == 2, "the office's key was not used to change anything"


def test_a_token_that_is_revoked_in_the_middle(office: Office) -> None:
    number, run = office.approved()
    office.carry_out(
        run,
        office.runner_that(
            lambda order: office.lab.fault("token-revoked") if isinstance(order, PowerOn) else None
        ),
    )
    _waits_for(office, number, run, "administrator", office.lab.token_id, "token_secret")
    assert office.lab.token_secret not in office.told(number)
    office.lab.clear()
    office.reconnect()  # the driver remembers a refused secret for a while
    _retried(office, number, run)


def test_the_office_key_is_really_removed_where_the_catalogue_says_so(office: Office) -> None:
    number, run = office.approved()
    office.carry_out(run)
    vm = office.assert_fulfilled(number)
    assert office.office_key.split()[1] not in vm["guest"]["keys"]
    assert len(vm["guest"]["keys"]) == 1
    hand_over = office.run(run).steps[-1]
    assert (hand_over.key, hand_over.state) == ("vm.hand_over", "changed")
