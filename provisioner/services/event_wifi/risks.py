"""What may go wrong with a planned event WiFi, in the reader's words; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioner.drivers.network import Host
from provisioner.facts.event_wifi import EventWifiFacts
from provisioner.plans.model import Risk
from provisioner.services.event_wifi.booking import Bookings, window_of
from provisioner.services.event_wifi.wanted import WifiInput
from provisioner.services.event_wifi.wishes import DeviceWishes
from provisioner.services.risks import gravest_first, without_timer
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
    )


def _of_the_devices(
    wanted: WifiInput,
    devices: Mapping[str, DeviceWishes],
    facts: EventWifiFacts,
    hosts: Mapping[str, Host],
) -> Iterator[Risk]:
    changed = (name for name, device in devices.items() if device.added)
    yield from without_timer(changed, facts.readings, hosts)
    yield Risk(
        "low",
        say(
            "Devices that use other WiFi networks of %(aps)s lose their connection for some "
            "seconds when this one is switched on and off.",
            aps=", ".join(wanted.access_points),
        ),
    )


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
    each = -(-details.expected_users // len(wanted.paths))
    if each > offer.users_per_access_point:
        yield Risk(
            "medium",
            say(
                "%(users)d users on %(aps)d access points are %(each)d for each; above %(limit)d "
                "it becomes slow for all. More access points would help.",
                users=details.expected_users,
                aps=len(wanted.paths),
                each=each,
                limit=offer.users_per_access_point,
            ),
        )
    if details.security == "open":
        yield Risk(
            "medium",
            say(
                "The network is open: everybody near the place can use it and listen to what is "
                "not encrypted."
            ),
        )
    if details.security == "wpa3-personal":
        yield Risk("low", say("Older telephones and laptops cannot join a WPA3 network."))
    if not details.isolate_clients and details.security == "open":
        yield Risk("medium", say("Guests of the open network can reach each other's devices."))
    if details.rate_limit_mbps is not None:
        yield Risk(
            "low",
            say(
                "The limit of %(mbps)d Mbit/s is noted on the record but not set by the program: "
                "what was prepared for the event network counts.",
                mbps=details.rate_limit_mbps,
            ),
        )


def _of_others(
    wanted: WifiInput, devices: Mapping[str, DeviceWishes], bookings: Bookings
) -> Iterator[Risk]:
    shared: dict[str, set[str]] = {}
    for host in devices:
        for claim in bookings.objects(host):
            if window_of(claim.amounts).meets(wanted.window):
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
