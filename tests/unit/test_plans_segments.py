"""VLANs and networks of a segment: never given twice, never what is reserved, the lowest first."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.catalogue.segments import Segment
from provisioner.errors import Conflict
from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.plans.segments import Lot, choose, free, keep, lots
from provisioner.services.booking import PAD, Bookings, Window
from provisioner.texts import render, say
from tests.unit.wifi_world import HOUR, NOW

REST = timedelta(hours=24)


def segment(**changes: Any) -> Segment:
    values = {"vlans": ["400-409"], "cidr": "10.40.0.0/16", "prefix": 24}
    return Segment.model_validate({**values, **changes})


def claim(key: str, owner: str = "NET-2026-0001", **more: Any) -> HeldClaim:
    kind = "scope" if "." in key else "vlan"
    return HeldClaim(kind, "opd", key, owner, **more)  # type: ignore[arg-type]


def test_a_vlan_always_goes_with_the_same_network() -> None:
    found = {lot.vlan: lot for lot in lots("opd", segment(reserved=[400, "10.40.2.0/24"]))}
    assert sorted(found) == [401, 403, 404, 405, 406, 407, 408, 409]
    lot = found[403]
    assert (lot.cidr, lot.gateway) == (IPv4Network("10.40.3.0/24"), "10.40.3.1/24")
    assert (lot.first, lot.last, lot.leases) == ("10.40.3.2", "10.40.3.254", 253)
    assert (lot.name, lot.vlan_key) == ("opd:403", "0403")


def test_the_smallest_networks_have_one_client() -> None:
    (lot, *_) = lots("opd", segment(cidr="10.40.0.0/24", prefix=30))
    assert (lot.gateway, lot.first, lot.last, lot.leases) == (
        "10.40.0.1/30", "10.40.0.2", "10.40.0.2", 1,
    )  # fmt: skip


def test_where_networks_run_out_before_vlans_they_bound() -> None:
    assert len(list(lots("opd", segment(cidr="10.40.0.0/23")))) == 2


def test_either_claim_is_in_the_way() -> None:
    taken = [claim("0400"), claim("10.40.1.0/24"), claim("0402 WIFI-2026-0001", quarantine=True)]
    assert [lot.vlan for lot in free("opd", segment(), taken)][:2] == [403, 404]


def test_the_lowest_that_was_looked_at_and_is_clean_is_chosen() -> None:
    def chosen(asked: set[int], seen: dict[int, Any]) -> int:
        return choose("opd", segment(), (), asked, seen).vlan

    assert chosen({400, 401}, {}) == 400
    assert chosen({400, 401}, {400: say("not there")}) == 401
    assert chosen({405}, {}) == 405


def test_what_is_used_up_is_told() -> None:
    small = segment(vlans=["400-402"])
    rests = claim("0401", quarantine=True)
    with pytest.raises(Conflict) as caught:
        choose("opd", small, [claim("0400"), rests], {402}, {402: say("not there")})
    told = render(caught.value.what, "en")
    assert caught.value.slug == "no-capacity"
    assert "of 3 VLANs with their networks 1 are taken, 1 rest after use, and 1 cannot" in told
    assert caught.value.extra == {"segment": "opd", "requests": ["NET-2026-0001"]}
    assert render(caught.value.what, "id") != told


def test_a_choice_is_kept_or_it_is_told_why_not() -> None:
    assert keep("opd", segment(), (), {}, 404) == Lot("opd", 404, IPv4Network("10.40.4.0/24"))
    for vlan, taken, seen in (
        (999, [], {}), (404, [claim("0404", "NET-2026-0002")], {}), (404, [], {404: "GUDANG"}),
    ):  # fmt: skip
        with pytest.raises(Conflict) as caught:
            keep("opd", segment(), taken, seen, vlan)
        assert caught.value.slug == "plan-changed"


def books(*claims: HeldClaim, own: str = "WIFI-2026-0009") -> Bookings:
    return Bookings(Ledger(claims), {own})


def test_events_share_a_vlan_at_different_times_with_the_rest_between_them() -> None:
    held = claim("0400 WIFI-2026-0001", amounts=Window(NOW + HOUR, NOW + 2 * HOUR).amounts())

    def in_the_way(start: timedelta) -> bool:
        window = Window(NOW + start, NOW + start + HOUR)
        return bool(books(held).stock("opd", NOW, window, REST))

    assert in_the_way(HOUR)
    assert in_the_way(2 * HOUR + REST)
    assert not in_the_way(2 * HOUR + REST + PAD)
    assert books(held).stock("opd", NOW, None, REST), "a site stays without end"
    assert not books(held).stock("other", NOW, None, REST)


def test_what_rests_and_what_is_late_is_in_the_way_of_everybody() -> None:
    far = Window(NOW + 1000 * HOUR, NOW + 1001 * HOUR)
    rests = claim("0400", "WIFI-2026-0009", quarantine=True)
    assert books(rests).stock("opd", NOW, far, REST), "our own too"
    past = Window(NOW - 99 * HOUR, NOW - 98 * HOUR).amounts()
    assert books(claim("0400", amounts=past)).stock("opd", NOW, far, REST)
    assert not books(claim("0400", "WIFI-2026-0009")).stock("opd", NOW, None, REST)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 200), st.integers(1, 60)), max_size=12))
def test_nothing_is_given_twice_at_one_time(asked: list[tuple[bool, int, int]]) -> None:
    stock = segment(vlans=["400-405"], reserved=[402])
    every = {lot.vlan for lot in lots("opd", stock)}
    held: list[tuple[HeldClaim, Window | None]] = []
    for count, (always, start, lasts) in enumerate(asked):
        owner = f"R-{count}"
        window = None if always else Window(NOW + start * HOUR, NOW + (start + lasts) * HOUR)
        taken = Bookings(Ledger(tuple(c for c, _ in held)), {owner}).stock("opd", NOW, window, REST)
        try:
            lot = choose("opd", stock, taken, every, {})
        except Conflict:
            continue
        amounts = window.amounts() if window else {}
        for one, other in held:
            if one.key.startswith(lot.vlan_key):
                assert window is not None
                assert other is not None
                assert window.end + REST <= other.start or other.end + REST <= window.start
        held.append((claim(f"{lot.vlan_key} {owner}", owner, amounts=amounts), window))
        assert lot.vlan != 402
