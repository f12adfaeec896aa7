"""What a person does and what is proven afterwards; label and sheet say where the server is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from provisioner.drivers.network import AccessPort
from provisioner.errors import ActionNeeded, Retriable
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan, Step
from provisioner.runs.steps.base import Done, Wait
from provisioner.runs.steps.colocation import LOOKS, HandOverServer, ProveGone, ProveServer
from provisioner.runs.steps.manual import COMPLETED, TAKEN_BACK, ManualTask
from provisioner.services.checks import check
from provisioner.services.colocation.ending import off_plan
from provisioner.services.colocation.label import Item, label, sheet
from provisioner.texts import Message, render, say
from tests.unit.colocation_world import DETAILS, NUMBER, TOP, Seat, inventory, made
from tests.unit.wifi_world import NOW, Campus

ADDRESS = "10.10.40.22"
WEB = [{"port": 443, "protocol": "tcp"}, {"port": 514, "protocol": "udp"}]
REPORT = {
    "by": "budi", "name": "Budi", "at": NOW.isoformat(), "note": "rel lama dipakai",
    "checklist": dict.fromkeys(
        ("delivered", "label", "mounted", "power", "cable", "address", "on"), True
    ),
    "photos": ["ab" * 32], "answers": {"serial": "SN-1"},
}  # fmt: skip


@dataclass
class Going:
    """A step of a run, as far as these steps look at it."""

    step: Step
    campus: Campus = field(default_factory=Campus)
    seat: Seat = field(default_factory=Seat)
    memory: dict[str, Any] = field(default_factory=dict)
    others: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    warned: list[Message] = field(default_factory=list)

    @property
    def params(self) -> Mapping[str, Any]:
        return self.step.params

    @property
    def fleet(self) -> Campus:
        return self.campus

    def remember(self, values: Mapping[str, Any]) -> None:
        merged = {**self.memory, **values}
        self.memory = {k: v for k, v in merged.items() if v is not None}

    def recall(self, key: str) -> Mapping[str, Any]:
        return self.others.get(key, {})

    def warn(self, text: Message) -> None:
        self.warned.append(text)


def going(key: str, plan: Plan | None = None, **values: Any) -> Any:
    steps = {step.key: step for step in (plan or made()).steps}
    return Going(steps[key], **values)


def needed(action: Any, context: Any, phase: str = "apply") -> ActionNeeded:
    with pytest.raises(ActionNeeded) as caught:
        getattr(action, phase)(context)
    for text in (caught.value.what, caught.value.meaning, caught.value.next):
        assert render(text, "id") != render(text, "en")
    return caught.value


def test_the_run_waits_until_somebody_reports_the_racking() -> None:
    context = going("colocation.rack")
    failure = needed(ManualTask(), context)
    assert failure.who == "technician"
    assert "simpeg" in str(failure.what)
    context.remember({COMPLETED: REPORT})
    assert ManualTask().apply(context) == Done(True)
    proof, *points, told = ManualTask().verify(context)
    assert (proof["check"], proof["passed"]) == ("server.racked", True)
    assert [key for point in points for key in point] == ["done"] * 7
    assert told["photos"] == REPORT["photos"]
    assert (told["by"], told["note"], told["serial"]) == ("Budi", "rel lama dipakai", "SN-1")


def test_undoing_asks_a_person_only_where_something_was_done() -> None:
    context = going("colocation.rack")
    assert ManualTask().undo(context) == Done(False)
    assert len(context.warned) == 1
    context.remember({COMPLETED: REPORT})
    assert "out of rack" in str(needed(ManualTask(), context, "undo").what)
    context.remember({TAKEN_BACK: REPORT})
    assert ManualTask().undo(context) == Done(True)
    out = off_plan(made(), NUMBER, Ledger(), at=NOW)
    assert ManualTask().undo(going("colocation.take_out", out)) == Done(False)


def test_the_offices_own_list_and_team_are_asked_for() -> None:
    data = inventory(checklist=["Foto depan", "Foto belakang"], team="Tim pusat data")
    context = going("colocation.rack", made(data=data, serial="X1"))
    assert [point["text"] for point in context.params["checklist"]] == [
        "Foto depan", "Foto belakang",
    ]  # fmt: skip
    assert context.params["answers"] == []
    assert "Tim pusat data" in str(needed(ManualTask(), context).meaning)


def racked(plan: Plan) -> Campus:
    campus = Campus()
    campus.carry_out(plan)
    return campus


def test_the_server_is_proven_by_port_address_and_services() -> None:
    plan = made(open_ports=WEB)
    context = going(
        "colocation.prove", plan, campus=racked(plan), seat=Seat({ADDRESS: "tcp/443"}, (443,))
    )
    done = ProveServer().apply(context)
    assert isinstance(done, Done)
    assert not done.changed
    assert [(e["check"], e["target"], e["passed"]) for e in done.evidence] == [
        ("port.set_up", f"{TOP}:Gi1/0/1", True),
        ("server.answers", ADDRESS, True),
        ("server.port_open", f"{ADDRESS}:443", True),
    ]


@pytest.mark.parametrize(
    ("seat", "by_hand", "word"),
    [
        (Seat(), None, "answers at its address"),
        (Seat({ADDRESS: "icmp"}), None, "accepts connections"),
        (Seat({ADDRESS: "icmp"}, (443,)), AccessPort("Gi1/0/1", 7, "lain"), "port is set up"),
    ],
)
def test_what_is_not_so_is_looked_at_for_a_while_then_a_person_is_asked(
    seat: Seat, by_hand: AccessPort | None, word: str
) -> None:
    plan = made(open_ports=WEB)
    campus = racked(plan)
    if by_hand:
        campus.put(TOP, by_hand)
    context = going("colocation.prove", plan, campus=campus, seat=seat)
    for _ in range(LOOKS - 1):
        assert isinstance(ProveServer().apply(context), Wait)
    assert word in str(needed(ProveServer(), context).what)
    assert isinstance(ProveServer().apply(context), Wait)  # after retry it is looked at anew


def test_a_switch_that_does_not_answer_says_so_itself() -> None:
    away = Retriable(say("no connection"), meaning=say("done"), next=say("done"))
    with pytest.raises(Retriable):
        ProveServer().apply(going("colocation.prove", campus=Campus(failures={TOP: away})))


def test_the_end_is_proven_by_a_free_port_and_silence() -> None:
    on = made()
    off = off_plan(on, NUMBER, Ledger(), at=NOW)
    campus = racked(on)
    seat = Seat({ADDRESS: "icmp"})
    context = going("colocation.prove_gone", off, campus=campus, seat=seat)
    assert isinstance(ProveGone().apply(context), Wait)
    campus.carry_out(off)
    assert isinstance(ProveGone().apply(context), Wait)
    seat.answering.clear()
    done = ProveGone().apply(context)
    assert isinstance(done, Done)
    assert {e["check"] for e in done.evidence} == {"port.freed", "server.silent"}
    campus.put(TOP, AccessPort("Gi1/0/1", 7, "orang lain"))  # whoever uses it now
    assert isinstance(ProveGone().apply(context), Done)


def test_hand_over_keeps_the_serial_number_that_was_read() -> None:
    context = going("colocation.hand_over", others={"colocation.rack": {COMPLETED: REPORT}})
    done = HandOverServer().apply(context)
    assert isinstance(done, Done)
    assert context.memory == {"serial": "SN-1"}
    assert done.evidence[0]["address"] == f"{ADDRESS}/24"
    given = going("colocation.hand_over", made(serial="X9"))
    HandOverServer().apply(given)
    assert given.memory == {"serial": "X9"}


def test_every_check_of_the_service_is_known_by_its_key() -> None:
    for key in ("port.set_up", "server.racked", "server.answers", "server.port_open",
                "server.taken_out", "port.freed", "server.silent"):  # fmt: skip
        about = check(key)
        for text in (about.title, about.meaning, about.next):
            assert render(text, "id") != render(text, "en")


def test_label_and_sheet_say_where_the_server_is() -> None:
    placed = next(s for s in made().steps if s.key == "colocation.hand_over").params
    link = f"https://layanan.example/requests/{NUMBER}"
    small = label(NUMBER, link, "Dinas Kesehatan", placed)
    assert small.qr_svg.startswith("<svg")
    shown = " ".join(f"{render(a, 'id')} {render(b, 'id')}" for a, b in small.rows)
    for word in ("r1, unit 5-6", "A, B", f"{TOP}:Gi1/0/1", ADDRESS, "Dinas Kesehatan"):
        assert word in shown
    items = [Item("Terpasang", True)]
    whole = sheet(
        NUMBER, link, "Dinas Kesehatan", placed, {**DETAILS, "open_ports": WEB}, items, REPORT
    )
    text = " ".join(render(b, "id") for _, rows in whole.sections for _, b in rows)
    for word in ("SN-1", "443/tcp", "514/udp", "10.10.40.1", "Kepegawaian", "300 watt"):
        assert word in text
    assert whole.photos == ("ab" * 32,)
    assert whole.items == (Item("Terpasang", True),)
    early = sheet(NUMBER, link, "Dinas Kesehatan", placed, DETAILS, items, {})
    assert early.photos == ()
