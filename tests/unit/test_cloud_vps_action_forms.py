"""The forms of actions: what holds, and what is refused at its pointer."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from provisioner.errors import Invalid
from provisioner.services.cloud_vps.actions_details import FORMS
from provisioner.services.cloud_vps.details import parse_details
from provisioner.texts import render
from tests.unit import plans_world as world
from tests.unit.standing_world import EVERY_ACTION, ID

TODAY = date(2026, 11, 22)


def parse(action: str, complete: bool = True, **details: Any) -> Any:
    given = {"action": action, "instance": ID, **details}
    return parse_details(given, world.INVENTORY, complete=complete, today=TODAY)


def faults(action: str, complete: bool = True, **details: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse(action, complete, **details)
    for error in caught.value.errors:
        assert render(error.message, "id") != render(error.message, "en")
    return {error.pointer: render(error.message, "en") for error in caught.value.errors}


@pytest.mark.parametrize("action", FORMS)
def test_every_form_survives_a_round_trip_through_json(action: str) -> None:
    filled = parse(action, **EVERY_ACTION[action], reason="asked for by letter")
    kept = json.loads(json.dumps(filled.model_dump(mode="json", exclude_unset=True)))
    assert kept == {
        "action": action, "instance": ID, "reason": "asked for by letter", **EVERY_ACTION[action]
    }  # fmt: skip
    assert parse_details(kept, world.INVENTORY, today=TODAY) == filled


@pytest.mark.parametrize("action", FORMS)
def test_what_is_missing_is_told_and_a_draft_may_miss_it(action: str) -> None:
    needed = {f"/details/{n}" for n, f in FORMS[action].model_fields.items() if f.is_required()}
    needed -= {"/details/action", "/details/instance"}
    if needed:
        assert set(faults(action)) == needed
    assert parse(action, complete=False).action == action


@pytest.mark.parametrize("action", FORMS)
def test_what_an_action_does_not_ask_for_is_refused(action: str) -> None:
    assert "/details/hostname" in faults(action, **EVERY_ACTION[action], hostname="web")


@pytest.mark.parametrize("action", ["", "destroy", "End", 7, None, ["end"]])
def test_unknown_actions(action: Any) -> None:
    with pytest.raises(Invalid) as caught:
        parse_details({"action": action or "x", "instance": ID}, world.INVENTORY, today=TODAY)
    assert [error.pointer for error in caught.value.errors] == ["/details/action"]


@pytest.mark.parametrize(
    ("action", "details", "pointer", "text"),
    [
        ("resize", {"size": "huge"}, "size", "choose one of: small, medium, tiny"),
        ("resize", {"size": "small", "extra_disk_gb": 10}, "extra_disk_gb", "is not offered"),
        ("resize", {"size": "small", "extra_disk_gb": "x"}, "extra_disk_gb", "number of GB"),
        ("snapshot", {"name": "1st"}, "name", "beginning with a letter"),
        ("snapshot", {"name": "a" * 41}, "name", "2 to 40"),
        ("snapshot", {"name": "a b"}, "name", "2 to 40"),
        ("snapshot", {"name": "Current"}, "name", "meaning of its own"),
        ("snapshot", {"name": "ok", "keep_days": 31}, "keep_days", "at most 30 days"),
        ("snapshot", {"name": "ok", "keep_days": 0}, "keep_days", "number of days"),
        ("snapshot", {"name": "ok", "note": "{{guestname}}"}, "note", "braces"),
        ("backup", {"note": "a\\nb"}, "note", "backslash"),
        ("backup", {"note": "a\nb"}, "note", "one line"),
        ("rollback", {"snapshot": "../x"}, "snapshot", "2 to 40"),
        ("add_key", {"ssh_keys": ["ssh-ed25519 AAAA"]}, "ssh_keys/0", "not a public SSH key"),
        ("add_key", {"ssh_keys": [world.OFFICE_KEY] * 2}, "ssh_keys/1", "already in the list"),
        ("rebuild", {"image": "windows", "confirm": "x"}, "image", "debian-13"),
        ("restore", {"backup": "pbs:../../x", "confirm": "x"}, "backup", "not the name of"),
        ("restore", {"backup": "pbs:x\n", "confirm": "x"}, "backup", "not the name of"),
        ("extend", {"until": "2026-11-22"}, "until", "day in the future"),
        ("extend", {"until": "2036-01-01"}, "until", "five years"),
        ("settle", {"how": "force", "what": ["cores"]}, "how", "one of"),
        ("settle", {"how": "accept", "what": ["$(id)"]}, "what/0", "not one of"),
        ("end", {"confirm": "$(reboot)"}, "confirm", "may not contain"),
    ],
)
def test_answers_that_do_not_hold(
    action: str, details: dict[str, Any], pointer: str, text: str
) -> None:
    found = faults(action, **details)
    assert set(found) == {f"/details/{pointer}"}
    assert text in found[f"/details/{pointer}"]


@pytest.mark.parametrize("instance", ["", "a/b", "a b", "x" * 200, "$(id)", 5])
def test_what_is_no_identifier(instance: Any) -> None:
    assert set(faults("stop", instance=instance)) == {"/details/instance"}
