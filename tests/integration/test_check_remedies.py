"""What a diagnosis offers becomes a request, and is looked at again once it is done."""

from __future__ import annotations

import pytest

from provisioner.checks import store
from provisioner.checks.model import RemedyOffer, Target
from provisioner.checks.tables import CheckRow
from provisioner.checks.views import RemedyView
from provisioner.database import now
from provisioner.errors import Conflict, Forbidden, NotFound
from provisioner.requests.views import NewRequest
from provisioner.texts import say
from tests.integration.check_stage import diagnosis, result
from tests.integration.harness import Office

CHANGES = {"  cloud_vps:": "  troubleshooting: {sla_working_days: 1, letters: []}\n  cloud_vps:"}
"""Of the lab's configuration: help with faults is offered."""
RESTART, BOUNCE = "instance.restart", "bounce_port sw-core-1 Gi1/0/3"


@pytest.fixture
def vm(office: Office) -> str:
    """The instance of a VM."""
    number, run_id = office.approved()
    assert office.carry_out(run_id).state == "succeeded"
    deliver(office)
    return str(office.request(number).instance)


def deliver(office: Office) -> None:
    while office.product.outbox.deliver_due():
        pass


def red(office: Office, target: str, instance: str | None = None) -> str:
    """A check that is over and offers two remedies."""
    offers = (
        RemedyOffer(
            BOUNCE, "bounce_port", say("Bounce"), {"device": "sw-core-1", "port": "Gi1/0/3"}
        ),
        RemedyOffer(
            RESTART, "instance", say("Restart"), {"action": "restart", "instance": instance}
        ),
    )  # fmt: skip
    found = result("port.down")
    kind, _, key = target.partition(":")
    number = office.product.instances.get(office.budi, instance).request if instance else None
    with office.product.database.write() as session:
        row = store.add(session, Target(kind, key), "title", "asked", number=number,  # type: ignore[arg-type]
                        instance=instance, department="dinkes" if instance else None)  # fmt: skip
        row.state, row.ended_at, row.colour = "done", now(), "red"
        row.results, row.diagnosis = [found.to_json()], diagnosis(found, offers=offers).to_json()
        return row.id


def test_an_action_of_an_instance_is_asked_for_and_checked_afterwards(
    office: Office, vm: str
) -> None:
    check = red(office, f"instance:{vm}", vm)
    ask = office.product.remedies.ask
    with pytest.raises(Forbidden):
        ask(office.sari, check, RESTART)
    with pytest.raises(NotFound):
        ask(office.budi, check, "no such")
    made = ask(office.budi, check, RESTART)
    assert (made.state, made.details["action"]) == ("submitted", "restart")
    assert ask(office.budi, check, RESTART).number == made.number, "one request, asked for twice"
    offered = {each.key: each.request for each in view(office, check)}
    assert offered == {BOUNCE: None, RESTART: made.number}
    assert office.carry_out(office.approve(made.number, office.tono)).state == "succeeded"
    deliver(office)
    with office.product.database.read() as session:
        [again] = store.find(session, CheckRow.again_of == check)
    assert (again.wanted, again.purpose, again.target) == (
        ["port.state"], "remedy", f"instance:{vm}",
    )  # fmt: skip


def test_a_remedy_on_a_device_is_a_request_that_names_its_check(office: Office, vm: str) -> None:
    check = red(office, f"instance:{vm}", vm)
    made = office.product.remedies.ask(office.budi, check, BOUNCE, "users wait")
    assert made.number.startswith("TRB-")
    assert made.department == "dinkes"
    assert {k: v for k, v in made.details.items() if v is not None} == {
        "action": "remedy", "remedy": "bounce_port", "device": "sw-core-1", "port": "Gi1/0/3",
        "check": check, "reason": "users wait",
    }  # fmt: skip


def test_without_any_request_there_is_nobody_in_whose_name(office: Office) -> None:
    with pytest.raises(Conflict, match="belongs to no request"):
        office.product.remedies.ask(office.budi, red(office, "device:sw-core-1"), BOUNCE)


@pytest.mark.parametrize(("target", "looks"), [("instance", 1), ("device:not-there", 0)])
def test_a_complaint_is_looked_at_as_soon_as_it_is_handed_in(
    office: Office, vm: str, target: str, looks: int
) -> None:
    requests = office.product.requests
    origin = office.product.instances.get(office.budi, vm).request
    new = NewRequest.model_validate({
        "service": "troubleshooting",
        "department": "dinkes",
        "applicant": requests.get(office.sari, origin).applicant,
        "details": {
            "target": f"instance:{vm}" if looks else target,
            "symptom": "server_down",
            "description": "Situs mati sejak pagi",
        },
    })  # fmt: skip
    number = requests.create(office.sari, new).number
    requests.submit(office.sari, number)
    deliver(office)
    with office.product.database.read() as session:
        rows = store.find(session, CheckRow.request_number == number)
    assert [row.purpose for row in rows] == ["complaint"] * looks


def view(office: Office, check: str) -> list[RemedyView]:
    return office.product.checks.get(office.budi, check).remedies
