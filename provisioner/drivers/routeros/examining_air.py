"""A router's radios and the networks that they announce, in all of its wireless menus; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from provisioner.drivers.network import OnAir, Radio
from provisioner.drivers.routeros.examining_shapes import moment, number
from provisioner.drivers.routeros.facts import Row, fields, rows

MENUS: Mapping[str, tuple[str, ...]] = {
    "wlan": ("wireless",), "wifi": ("wifi", "wifiwave2"), "wifiwave2": ("wifiwave2", "wifi"),
    "cap": ("caps-man",),
}  # fmt: skip
"""By the kind of its interfaces: the menus that it may have for them, the likelier one first."""
_HOUR = timedelta(hours=1)
_SAME = "+00:00"
"""Both are told by the same clock: its zone does not matter."""
_FROM = re.compile(r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}@(?P<interface>[^\s:,]+):?,? (?P<why>.*)", re.I)
_REFUSED = re.compile(
    r"key exchange|handshake|MIC failure|reject|refused|denied|not allowed|authentication"
    r"|access[- ]list|too many",
    re.IGNORECASE,
)


def masters(printed: str) -> list[str]:
    """Radios, not what is announced besides on one of them."""
    return [row.get("name") for row in rows(printed) if row.get("name") and not _master(row)]


def air(
    menu: str, said: Mapping[str, str], states: Mapping[str, str]
) -> tuple[tuple[Radio, ...], tuple[OnAir, ...]]:
    """``states``: what ``monitor`` told of each radio that was asked, '' where it told nothing."""
    there = [row for row in rows(said[menu]) if row.get("name")]
    names = {row.get("name"): row.get("ssid") for row in rows(said.get(f"{menu} names", ""))}
    joined = Counter(row.get("interface") for row in rows(said[f"{menu} clients"]))
    refused = _refused(said["log"], fields(said["clock"]))
    radios = {
        row.get("name"): _radio(row, fields(states.get(row.get("name"), "")))
        for row in there
        if not _master(row)
    }
    on_air = []
    for row in there:
        radio = radios.get(_master(row) or row.get("name"))
        ssid = row.get("ssid") or row.get("configuration.ssid") or names.get(
            row.get("configuration"), ""
        )  # fmt: skip
        if ssid and radio is not None and "X" not in row.flags:
            name = row.get("name")
            up = radio.up and "I" not in row.flags
            on_air.append(OnAir(ssid, radio.name, up, joined[name], refused[name]))
    return tuple(radios.values()), tuple(on_air)


def _master(row: Row) -> str:
    master = row.get("master-interface")
    return "" if master == "none" else master


def _radio(row: Row, state: Mapping[str, str]) -> Radio:
    """The flag R only tells whether somebody is connected: the state counts where it is told."""
    enabled = "X" not in row.flags
    now = state.get("status") or state.get("state") or row.get("current-state")
    up = now.startswith("running") if now else enabled and "I" not in row.flags
    channel = state.get("channel") or row.get("current-channel")
    frequency = number(channel) if up else None
    set_up = " ".join(text for name, text in row.props.items() if "band" in name)
    return Radio(
        name=row.get("name"),
        enabled=enabled,
        up=up,
        band=_band(frequency, set_up),
        channel=_channel(frequency),
        noise_dbm=number(state.get("noise-floor", "")),
    )


def _band(frequency: float | None, set_up: str) -> Literal["2.4", "5", "6"] | None:
    if frequency is not None:
        return "2.4" if frequency < 3000 else "5" if frequency < 5950 else "6"
    if set_up.startswith("2"):
        return "2.4"
    return "5" if set_up.startswith("5") else "6" if set_up.startswith("6") else None


def _channel(frequency: float | None) -> int | None:
    """The channel of a frequency in MHz, by IEEE 802.11."""
    if frequency is None:
        return None
    if frequency == 2484:
        return 14
    base = 2407 if frequency < 3000 else 5000 if frequency < 5950 else 5950
    return int(frequency - base) // 5


def _refused(log: str, clock: Mapping[str, str]) -> Counter[str]:
    """How many were turned away within the last hour, by interface."""
    found: Counter[str] = Counter()
    for row in rows(log):
        told = _FROM.search(row.get("message"))
        if told and _REFUSED.search(told["why"]) and _lately(row.get("time"), clock):
            found[told["interface"]] += 1
    return found


def _lately(time: str, clock: Mapping[str, str]) -> bool:
    """A log leaves out the day where it is today, and the year where it is this one."""
    today, now = clock.get("date", ""), clock.get("time", "")
    day, _, hour = time.rpartition(" ")
    if re.fullmatch(r"\d\d-\d\d", day):
        day = f"{today[:4]}-{day}"
    elif re.fullmatch(r"[a-z]{3}/\d\d", day):
        day = f"{day}{today[-5:]}"
    then, at = moment(day or today, hour, _SAME), moment(today, now, _SAME)
    if then is None or at is None:
        return True
    return timedelta() <= at - then <= _HOUR
