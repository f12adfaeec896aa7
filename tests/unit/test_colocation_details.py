"""The form of a place in the data centre: what holds, and what each fault is called."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from provisioner.errors import Invalid
from provisioner.services.colocation.details import (
    ColocationDetails,
    EndDetails,
    ExtendDetails,
    parse_details,
)
from provisioner.texts import render
from tests.unit.colocation_world import DETAILS, inventory

TODAY = date(2026, 11, 22)
PORT = {"port": 443, "protocol": "tcp"}


def faults(**changes: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_details({**DETAILS, **changes}, inventory(), today=TODAY)
    for error in caught.value.errors:
        assert render(error.message, "id") != render(error.message, "en")
    return {error.pointer: render(error.message, "en") for error in caught.value.errors}


def test_complete_details_hold_and_come_back_the_same() -> None:
    given = {
        **DETAILS, "serial": "ABC-123", "mac": "3C-EC-EF-00-11-22", "units": "2", "watts": "450",
        "power_feeds": "2", "open_ports": [PORT], "delivery_on": "2026-11-22",
        "until": "2027-11-22",
    }  # fmt: skip
    found = parse_details(given, inventory(), today=TODAY)
    assert isinstance(found, ColocationDetails)
    assert (found.units, found.watts, found.power_feeds) == (2, 450, 2)
    assert found.mac == "3c:ec:ef:00:11:22"
    kept = found.model_dump(mode="json", exclude_unset=True)
    assert parse_details(kept, inventory(), today=TODAY) == found


@pytest.mark.parametrize(
    ("changes", "pointer", "word"),
    [
        ({"server_name": "Server 1"}, "server_name", "small letters"),
        ({"units": 0}, "units", "whole number"),
        ({"units": True}, "units", "whole number"),
        ({"units": 5}, "units", "at most 4"),
        ({"watts": 801}, "watts", "at most 800"),
        ({"power_feeds": 3}, "power_feeds", "one of"),
        ({"network": "lain"}, "network", "colo-1"),
        ({"serial": "a;b"}, "serial", "letters"),
        ({"mac": "01:00:5e:00:00:01"}, "mac", "network card"),
        ({"mac": "00:00:00:00:00:00"}, "mac", "network card"),
        ({"mac": "zz"}, "mac", "network card"),
        ({"open_ports": [PORT, PORT]}, "open_ports/1", "already"),
        ({"delivery_on": "2026-11-21"}, "delivery_on", "today"),
        ({"until": "2026-11-22"}, "until", "future"),
        ({"until": "2032-11-22"}, "until", "five years"),
        ({"delivery_on": "2026-12-10", "until": "2026-12-10"}, "until", "delivery"),
        ({"purpose": "$(reboot)"}, "purpose", "may not contain"),
        ({"colour": "red"}, "colour", "remove it"),
        ({"model": None}, "model", "fill this in"),
    ],
)
def test_each_fault_is_named_at_its_place(changes: dict[str, Any], pointer: str, word: str) -> None:
    found = faults(**changes)
    assert list(found) == [f"/details/{pointer}"]
    assert word in found[f"/details/{pointer}"]


def test_all_faults_come_at_once_and_drafts_may_have_gaps() -> None:
    assert len(faults(units=9, watts=9000, network="lain", until="2020-01-01")) == 4
    draft = parse_details({"server_name": "simpeg"}, inventory(), complete=False, today=TODAY)
    assert draft.model_dump(exclude_unset=True) == {"server_name": "simpeg"}


def test_actions_have_forms_of_their_own() -> None:
    stands = {"instance": "colocation-1"}
    extend = parse_details(
        {**stands, "action": "extend", "until": "2027-01-31"}, inventory(), today=TODAY
    )
    assert isinstance(extend, ExtendDetails)
    end = parse_details({**stands, "action": "end", "confirm": "simpeg"}, inventory(), today=TODAY)
    assert isinstance(end, EndDetails)
    for wrong in ({"action": "paint"}, {"action": "extend"}, {"action": "end"}):
        with pytest.raises(Invalid):
            parse_details({**stands, **wrong}, inventory(), today=TODAY)
    draft = parse_details({"action": "end"}, inventory(), complete=False, today=TODAY)
    assert draft.model_dump(exclude_unset=True) == {"action": "end"}


def test_where_it_is_not_offered_nothing_holds() -> None:
    data = inventory()
    closed = data.catalogue.model_copy(
        update={"services": data.catalogue.services.model_copy(update={"colocation": None})}
    )
    with pytest.raises(Invalid, match="corrected"):
        parse_details(DETAILS, type(data)(closed, data.network, data.office), today=TODAY)
