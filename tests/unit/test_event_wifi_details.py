"""The form of an event's WiFi: what holds, what does not, and that the passphrase stays out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import Invalid
from provisioner.services.event_wifi.details import (
    ActionDraft,
    EndDetails,
    EventWifiDetails,
    EventWifiDraft,
    ExtendDetails,
    parse_details,
)
from provisioner.services.passphrases import generate_passphrase, is_passphrase
from provisioner.texts import render
from tests.unit.wifi_world import DETAILS, HOUR, NOW, inventory

INVENTORY = inventory()


def parse(data: object, complete: bool = True) -> Any:
    return parse_details(data, INVENTORY, complete=complete, at=NOW)


def faults(data: object, complete: bool = True) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse(data, complete)
    return {fault.pointer: render(fault.message, "en") for fault in caught.value.errors}


def test_complete_details_hold_and_come_back_from_what_was_kept() -> None:
    details = parse({**DETAILS, "rate_limit_mbps": "50", "isolate_clients": "true"})
    assert isinstance(details, EventWifiDetails)
    assert (details.rate_limit_mbps, details.isolate_clients) == (50, True)
    kept = json.loads(json.dumps(details.model_dump(mode="json", exclude_unset=True)))
    assert parse(kept) == details
    assert kept["starts_at"] == DETAILS["starts_at"]


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=63))
def test_a_passphrase_leaves_no_dump_and_no_repr(secret: str) -> None:
    details = parse({**DETAILS, "passphrase": secret, "passphrase_given": False})
    assert details.passphrase.get_secret_value() == secret
    assert details.passphrase_given is True
    for kept in (details.model_dump(), details.model_dump(mode="json", exclude_unset=True)):
        assert "passphrase" not in kept
        assert kept["passphrase_given"] is True
    assert f"SecretStr('{secret}')" not in repr(details)
    assert "passphrase=SecretStr('**********')" in repr(details)


def test_a_passphrase_left_out_is_not_given() -> None:
    without = {k: v for k, v in DETAILS.items() if k != "passphrase_given"}
    details = parse({**without, "passphrase": " "})
    assert (details.passphrase, details.passphrase_given) == (None, False)


@pytest.mark.parametrize("secret", ["short77", "x" * 64, "kata sandi é", "tab\there8", 12345678])
def test_a_faulty_passphrase_is_not_repeated(secret: object) -> None:
    with pytest.raises(Invalid) as caught:
        parse({**DETAILS, "passphrase": secret})
    assert [f.pointer for f in caught.value.errors] == ["/details/passphrase"]
    assert str(secret) not in str(caught.value.errors)


def test_an_open_network_has_no_passphrase() -> None:
    assert parse({**DETAILS, "security": "open"}).security == "open"
    found = faults({**DETAILS, "security": "open", "passphrase": "12345678"})
    assert set(found) == {"/details/passphrase"}


@pytest.mark.parametrize(
    "ssid",
    ["a\tb", "a\x00b", " leading", "trailing ", "a\u200bb", "a\u202eb", "é" * 17, "x" * 33, 7,
     "a\u2028b", "\ud800x", "\u00a0wide"],
)  # fmt: skip
def test_what_cannot_be_a_name_is_refused(ssid: object) -> None:
    assert set(faults({**DETAILS, "ssid": ssid})) == {"/details/ssid"}


@given(
    st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=32).filter(
        lambda text: text == text.strip() and text.strip(" ") and len(text.encode()) <= 32
    )
)
def test_every_other_name_is_kept_as_it_is(ssid: str) -> None:
    details = parse({**DETAILS, "ssid": ssid})
    assert details.ssid == ssid
    assert parse(details.model_dump(mode="json", exclude_unset=True)).ssid == ssid


@given(
    st.datetimes(datetime(2026, 11, 22, 2), datetime(2027, 5, 1)),  # noqa: DTZ001 — zone below
    st.integers(-12 * 60, 14 * 60),
)
def test_times_are_kept_in_utc(moment: datetime, offset: int) -> None:
    zone = timezone(timedelta(minutes=offset))
    start = moment.replace(microsecond=0, tzinfo=UTC).astimezone(zone)
    details = parse(
        {**DETAILS, "starts_at": start.isoformat(), "ends_at": (start + HOUR).isoformat()}
    )
    assert details.starts_at == start
    assert details.starts_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "time",
    ["2026-11-25", "2026-11-25T08:00", "2026-11-25 08:00:00", "2026-02-30T08:00:00Z", 5, "soon",
     "2026-11-25T25:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)  # fmt: skip
def test_what_is_no_time_with_its_zone_is_refused(time: object) -> None:
    assert "/details/ends_at" in faults({**DETAILS, "ends_at": time})


@pytest.mark.parametrize(
    ("changes", "pointer", "told"),
    [
        ({"ends_at": "2026-11-22T00:59:00Z", "starts_at": "2026-11-21T00:00:00Z"},
         "ends_at", "in the future"),
        ({"ends_at": DETAILS["starts_at"]}, "ends_at", "after the start"),
        ({"ends_at": "2026-12-08T00:00:00Z"}, "ends_at", "at most 14 days"),
        ({"starts_at": "2027-05-22T00:00:00Z", "ends_at": "2027-05-23T00:00:00Z"},
         "starts_at", "at most 180 days"),
        ({"place": "nowhere"}, "place", "aula-pendopo, alun-alun"),
        ({"event": "two\nlines"}, "event", "one line"),
        ({"expected_users": 0}, "expected_users", "whole number"),
        ({"expected_users": True}, "expected_users", "whole number"),
        ({"isolate_clients": "perhaps"}, "isolate_clients", "true or false"),
        ({"security": "wep"}, "security", "wpa2-personal"),
        ({"colour": "red"}, "colour", "remove it"),
    ],
)  # fmt: skip
def test_a_fault_is_named_at_its_place(changes: dict[str, Any], pointer: str, told: str) -> None:
    found = faults({**DETAILS, **changes})
    assert set(found) == {f"/details/{pointer}"}
    assert told in found[f"/details/{pointer}"]


def test_all_faults_are_told_at_once() -> None:
    found = faults({"place": "nowhere", "ssid": "x" * 40, "security": "open",
                    "passphrase": "12345678"})  # fmt: skip
    assert {"/details/place", "/details/ssid", "/details/passphrase", "/details/event"} <= set(
        found
    )


def test_a_draft_keeps_what_is_given_and_checks_only_that() -> None:
    draft = parse({"ssid": "Festival", "event": " "}, complete=False)
    assert isinstance(draft, EventWifiDraft)
    assert draft.model_dump(mode="json", exclude_unset=True) == {"ssid": "Festival"}
    assert set(faults({"ssid": "x" * 40}, complete=False)) == {"/details/ssid"}


def test_an_action_is_known_by_its_key() -> None:
    extend = parse({"action": "extend", "instance": "ab-1", "ends_at": DETAILS["ends_at"]})
    assert isinstance(extend, ExtendDetails)
    assert isinstance(parse({"action": "end", "instance": "ab-1"}), EndDetails)
    assert parse({"action": "end", "instance": "a", "reason": "hujan deras"}).reason
    assert isinstance(parse({"action": "extend"}, complete=False), ActionDraft)
    assert set(faults({"action": "extend", "instance": "a"})) == {"/details/ends_at"}
    assert set(faults({"action": "dance", "instance": "a"})) == {"/details/action"}
    assert set(faults({"action": ["end"], "instance": "a"})) == {"/details/action"}
    assert set(faults({"action": "end", "instance": "a b"})) == {"/details/instance"}
    assert set(faults({"action": "end", "instance": "a", "ssid": "x"})) == {"/details/ssid"}
    assert set(faults({"action": "extend", "instance": "a", "ends_at": "2026-01-01T00:00:00Z"})) \
        == {"/details/ends_at"}  # fmt: skip


def test_nothing_can_be_asked_where_it_is_not_offered() -> None:
    nowhere = inventory()
    services = nowhere.catalogue.services.model_copy(update={"event_wifi": None})
    catalogue = nowhere.catalogue.model_copy(update={"services": services})
    with pytest.raises(Invalid) as caught:
        parse_details(DETAILS, type(nowhere)(catalogue, nowhere.network, nowhere.office))
    assert caught.value.errors[0].pointer == "/service"
    assert set(faults([])) == {"/details"}


def test_made_passphrases_are_possible_and_differ() -> None:
    made = {generate_passphrase() for _ in range(200)}
    assert len(made) == 200
    assert all(is_passphrase(text) for text in made)
    assert not set("".join(made)) & set("il1o0")
