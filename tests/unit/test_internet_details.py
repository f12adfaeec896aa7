"""The details of a request for a connected site: each fault at its place, secrets never kept."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from provisioner.errors import Invalid
from provisioner.services.internet.details import (
    ActionDraft,
    ChangeDetails,
    ChangeDraft,
    EndDetails,
    ExtendDetails,
    InternetDetails,
    InternetDraft,
    parse_details,
)
from provisioner.texts import render
from tests.unit.internet_world import DETAILS, REGENCY, WIFI, inventory
from tests.unit.wifi_world import inventory as without_internet

TODAY = date(2026, 11, 22)
SECRET = "kunci rahasia 7"


def parse(data: object, complete: bool = True, **offer: Any) -> Any:
    return parse_details(data, inventory(**offer), complete=complete, today=TODAY)


def faults(data: object, complete: bool = True, **offer: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse(data, complete, **offer)
    for fault in caught.value.errors:
        assert SECRET not in str(fault.message)
        assert render(fault.message, "id") != render(fault.message, "en")
    return {fault.pointer: render(fault.message, "en") for fault in caught.value.errors}


def test_complete_details_hold_and_come_back_from_what_was_kept() -> None:
    given = {**DETAILS, **WIFI, "until": "2027-01-31", "poe": "true", "rate_limit_mbps": "30"}
    details = parse(given)
    assert isinstance(details, InternetDetails)
    assert (details.poe, details.rate_limit_mbps, details.until) == (True, 30, date(2027, 1, 31))
    kept = details.model_dump(mode="json", exclude_unset=True)
    assert parse(kept) == details


def test_a_passphrase_leaves_no_dump_and_no_repr() -> None:
    details = parse({**DETAILS, **WIFI, "passphrase": SECRET})
    assert SECRET not in repr(details)
    assert SECRET not in str(details.model_dump(mode="json"))
    assert details.passphrase_given
    assert not details.without_secrets
    assert parse({**DETAILS, **WIFI, "security": "open", "passphrase_given": False}).without_secrets
    assert parse(DETAILS).without_secrets


@pytest.mark.parametrize(
    ("changes", "pointer", "told"),
    [
        ({"site": "nowhere"}, "site", "choose one of: smp-1, balai"),
        ({"site": "dinkominfo"}, "site", "choose one of"),
        ({"site": "balai", **WIFI}, "ssid", "no access points"),
        ({"location": "x"}, "location", "at least 3"),
        ({"expected_users": 0}, "expected_users", "whole number"),
        ({"rate_limit_mbps": 101}, "rate_limit_mbps", "at most 100"),
        ({"fieldwork": "digging"}, "fieldwork", "one of"),
        ({"ssid": "SMP"}, "security", "fill this in"),
        ({"security": "open"}, "security", "belongs to a WiFi"),
        ({"passphrase": SECRET}, "passphrase", "belongs to a WiFi"),
        ({"isolate_clients": True}, "isolate_clients", "belongs to a WiFi"),
        ({**WIFI, "security": "open", "passphrase": SECRET}, "passphrase", "has none"),
        ({**WIFI, "passphrase": "pendek"}, "passphrase", "8 to 63"),
        ({**WIFI, "ssid": "x" * 33}, "ssid", "32 bytes"),
        ({"until": "2026-11-22"}, "until", "in the future"),
        ({"vlan": 12}, "vlan", "not asked for"),
    ],
)
def test_a_fault_is_named_at_its_place(changes: dict[str, Any], pointer: str, told: str) -> None:
    found = faults({**DETAILS, **changes})
    assert list(found) == [f"/details/{pointer}"]
    assert told in found[f"/details/{pointer}"]


def test_how_long_it_lasts_is_bounded_where_the_office_says_so() -> None:
    assert "fill this in" in faults(DETAILS, max_days=30)["/details/until"]
    late = {**DETAILS, "until": "2026-12-31"}
    assert "at most 30 days" in faults(late, max_days=30)["/details/until"]
    parse({**DETAILS, "until": "2026-12-22"}, max_days=30)


def test_all_faults_come_at_once_and_drafts_may_have_gaps() -> None:
    assert set(faults({"site": "x", "until": "never"})) >= {
        "/details/site", "/details/until", "/details/location", "/details/fieldwork",
    }  # fmt: skip
    draft = parse({"ssid": "SMP", "isolate_clients": "", "security": "open"}, complete=False)
    assert isinstance(draft, InternetDraft)
    assert draft.isolate_clients is None
    assert "/details/site" in faults({"site": "x"}, complete=False)


def test_an_action_is_known_by_its_key() -> None:
    def of(**given: Any) -> Any:
        return parse({"instance": "site-1", **given})

    assert isinstance(of(action="change", rate_limit_mbps=5), ChangeDetails)
    assert isinstance(of(action="extend", until="2027-01-31"), ExtendDetails)
    assert isinstance(of(action="end", reason="Pindah gedung"), EndDetails)
    assert isinstance(parse({"action": "change"}, complete=False), ChangeDraft)
    draft = parse({"action": "extend"}, complete=False)
    assert isinstance(draft, ActionDraft)
    assert "passphrase" not in type(draft).model_fields, "what keeps drafts would note one"
    changed = of(action="change", passphrase=SECRET)
    assert changed.passphrase_given
    assert SECRET not in repr(changed)
    assert (
        "nothing would change"
        in faults({"action": "change", "instance": "site-1"})["/details/action"]
    )
    assert "/details/action" in faults({"action": "melt"})
    assert "/details/rate_limit_mbps" in faults(
        {"action": "change", "instance": "site-1", "rate_limit_mbps": 1000}
    )
    assert "/details/until" in faults({"action": "extend", "instance": "site-1"})


def test_where_it_is_not_offered_nothing_holds() -> None:
    with pytest.raises(Invalid):
        parse_details(DETAILS, without_internet(REGENCY))
