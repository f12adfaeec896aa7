"""What may go wrong with a planned event WiFi, in the reader's words; pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from provisioner.drivers.network import Host
from provisioner.facts.event_wifi import EventWifiFacts
from provisioner.plans.model import Risk
from provisioner.services.air import crowd, interrupted, openness
from provisioner.services.booking import Bookings, window_of
from provisioner.services.event_wifi.wanted import WifiInput
from provisioner.services.risks import gravest_first, without_timer
from provisioner.services.wishes import DeviceWishes
from provisioner.texts import say


def risks(
    wanted: WifiInput,
    devices: Mapping[str, DeviceWishes],
    facts: EventWifiFacts,
    hosts: Mapping[str, Host],
    bookings: Bookings,
    seconds: int,
) -> tuple[Risk, ...]:
    """The risks, gravest first; ``seconds`` is how long switching on is expected to take."""
    return gravest_first(
        *_of_the_devices(wanted, devices, facts, hosts),
        *_of_the_time(wanted, facts, seconds),
        *_of_the_air(wanted),
        *_of_others(wanted, devices, bookings),
        *_of_the_crowd(wanted, bookings),
    )


def of_the_change(
    wanted: WifiInput,
    devices: Mapping[str, DeviceWishes],
    facts: EventWifiFacts,
    hosts: Mapping[str, Host],
) -> tuple[Risk, ...]:
    """The risks of giving a WiFi that is on other values."""
    return gravest_first(*_of_the_devices(wanted, devices, facts, hosts))


def _of_the_devices(
    wanted: WifiInput,
    devices: Mapping[str, DeviceWishes],
    facts: EventWifiFacts,
    hosts: Mapping[str, Host],
) -> Iterator[Risk]:
    changed = (name for name, device in devices.items() if device.added or device.altered)
    yield from without_timer(changed, facts.readings, hosts)
    if here := [host for host in wanted.access_points if host in devices]:
        yield interrupted(here)


def _of_the_time(wanted: WifiInput, facts: EventWifiFacts, seconds: int) -> Iterator[Risk]:
    left = (wanted.window.start - facts.at).total_seconds()
    if left < seconds:
        yield Risk(
            "medium",
            say(
                "The start is sooner than switching on takes (about %(seconds)d seconds here): "
                "the WiFi will be late.",
                seconds=seconds,
            ),
        )


def _of_the_air(wanted: WifiInput) -> Iterator[Risk]:
    details, offer = wanted.details, wanted.offer
    yield from crowd(details.expected_users, len(wanted.paths), offer.users_per_access_point)
    yield from openness(details.security, isolated=details.isolate_clients)
    if details.rate_limit_mbps is not None and wanted.unrouted is not None:
        yield Risk(
            "medium",
            say(
                "The limit of %(mbps)d Mbit/s is noted on the record but cannot be set: %(why)s "
                "What was prepared for the event network counts.",
                mbps=details.rate_limit_mbps,
                why=wanted.unrouted,
            ),
        )


def _of_others(
    wanted: WifiInput, devices: Mapping[str, DeviceWishes], bookings: Bookings
) -> Iterator[Risk]:
    shared: dict[str, set[str]] = {}
    for host in devices:
        for claim in bookings.objects(host):
            timed = "from" in claim.amounts  # what stands for good is no overlap
            if timed and window_of(claim.amounts).meets(wanted.window):
                shared.setdefault(claim.owner, set()).add(host)
    for number in sorted(shared):
        yield Risk(
            "low",
            say(
                "Request %(number)s uses some of the same devices at that time: %(devices)s. They "
                "share cables and air.",
                number=number,
                devices=", ".join(sorted(shared[number])),
            ),
        )


def _of_the_crowd(wanted: WifiInput, bookings: Bookings) -> Iterator[Risk]:
    """Events at the same time whose users share the radios."""
    here = set(wanted.access_points)
    others: dict[str, float] = {}
    for claim in bookings.events(wanted.window):
        place = wanted.network.places.get(str(claim.amounts.get("place")))
        shared = here & set(place.access_points) if place else set()
        if place and shared:
            share = len(shared) / len(place.access_points)
            others[claim.owner] = float(claim.amounts.get("users", 0)) * share
    own, limit = wanted.details.expected_users, wanted.offer.users_per_access_point
    each = math.ceil((own + sum(others.values())) / len(here))
    if sum(others.values()) and each > limit >= -(-own // len(here)):
        yield Risk(
            "medium",
            say(
                "Together with the users of %(requests)s there are %(each)d users for each access "
                "point at that time; above %(limit)d it becomes slow for all.",
                requests=", ".join(sorted(others)),
                each=each,
                limit=limit,
            ),
        )
