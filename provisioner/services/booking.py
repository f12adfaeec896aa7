"""Who has which event network, name and access point at what time, by the ledger; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.texts import Message

PAD = timedelta(minutes=15)
"""What lies at least between two events on one network: for switching off and on."""
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """From when until when something is needed."""

    start: datetime
    end: datetime

    def meets(self, other: Window) -> bool:
        """Whether less than the pad lies between the two."""
        return other.start - self.end < PAD and self.start - other.end < PAD

    def at(self, moment: datetime) -> bool:
        """Whether it may be in use at that moment, the pad before its start included."""
        return self.start - moment <= PAD and moment <= self.end

    def amounts(self) -> dict[str, str]:
        """As kept with a claim."""
        return {"from": rfc3339(self.start), "to": rfc3339(self.end)}


def window_of(amounts: Mapping[str, Any]) -> Window:
    """When a claim holds; always where it does not say."""
    start, end = amounts.get("from"), amounts.get("to")
    return Window(parse_time(start) if start else _FIRST, parse_time(end) if end else _LAST)


def rfc3339(moment: datetime) -> str:
    """In UTC, whole seconds: ``2026-11-25T01:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime:
    """What ``rfc3339`` wrote."""
    return datetime.fromisoformat(text)


def shown(moment: datetime, zone: tzinfo) -> Message:
    """For people, in their words and zone, such as “25 Nov 2026 08:00 WIB”."""
    return Message("%(moment)s", {"moment": moment.astimezone(zone)})


@dataclass(frozen=True)
class Bookings:
    """The ledger without the claims of the requests in ``own`` and of their extensions."""

    ledger: Ledger
    own: Collection[str]

    def network(self, key: str, window: Window) -> list[HeldClaim]:
        """Who has an event network at that time, the latest end last."""
        found = [
            claim
            for claim in self._of("event_network")
            if claim.scope == key and window_of(claim.amounts).meets(window)
        ]
        return sorted(found, key=lambda claim: (window_of(claim.amounts).end, claim.owner))

    def events(self, window: Window) -> list[HeldClaim]:
        """Every event network claim at that time."""
        return [c for c in self._of("event_network") if window_of(c.amounts).meets(window)]

    def stock(
        self, segment: str, at: datetime, window: Window | None, rest: timedelta
    ) -> list[HeldClaim]:
        """Who has which VLAN and network of a segment, as far as it is in the way of that time.

        ``window`` None: from now on, without end. ``rest`` lies between two holders. What rests
        already, our own too, and what should have been given back by now is always in the way.
        """
        wanted = _rested(window or Window(at, _LAST), rest)
        found = []
        for claim in self.ledger.claims:
            if claim.kind not in ("vlan", "scope") or claim.scope != segment:
                continue
            held = _rested(window_of(claim.amounts), rest)
            late = claim.quarantine or held.end <= at
            if late or (not self._is_own(claim) and held.meets(wanted)):
                found.append(claim)
        return found

    def objects(self, host: str) -> Iterator[HeldClaim]:
        """Every claim on an object of a device, whenever."""
        return (claim for claim in self._of("device_object") if claim.scope == host)

    def begun(self, host: str, moment: datetime) -> set[str]:
        """Keys of objects that others of ours may have put on a device by that moment.

        Also after their end: a device that was dead then is cleaned later.
        """
        return {
            str(claim.amounts["object"])
            for claim in self.objects(host)
            if window_of(claim.amounts).start - moment <= PAD
        }

    def needed(self, host: str, moment: datetime) -> set[str]:
        """Keys of objects of a device that others of ours need at that moment."""
        return {
            str(claim.amounts["object"])
            for claim in self.objects(host)
            if window_of(claim.amounts).at(moment)
        }

    def announcers(self, host: str, ssid: str, moment: datetime | None = None) -> set[str]:
        """Requests that announce a name at an access point: at that moment, or whenever."""
        named = {c.owner for c in self._of("event_network") if c.amounts.get("ssid") == ssid}
        return {
            claim.owner
            for claim in self.objects(host)
            if (claim.owner in named or claim.amounts.get("ssid") == ssid)
            and str(claim.amounts["object"]).startswith("ssid ")
            and (moment is None or window_of(claim.amounts).at(moment))
        }

    def namesakes(self, host: str, ssid: str, window: Window | None = None) -> set[str]:
        """Requests with a name at an access point at that time; None: at any time."""
        return {
            claim.owner
            for claim in self.objects(host)
            if claim.amounts.get("ssid") == ssid
            and (window is None or window_of(claim.amounts).meets(window))
        }

    def on_air(self, host: str, network: str, moment: datetime) -> set[str]:
        """Requests that may have an event network on an access point by that moment."""
        owners = {c.owner for c in self._of("event_network") if c.scope == network}
        return {
            claim.owner
            for claim in self.objects(host)
            if claim.owner in owners and window_of(claim.amounts).start - moment <= PAD
        }

    def most_at_once(self, host: str, window: Window) -> list[HeldClaim]:
        """The most events that an access point has at one time of the window, a claim of each."""
        claims = [
            claim
            for claim in self.objects(host)
            if str(claim.amounts["object"]).startswith("ssid ")
            and window_of(claim.amounts).meets(window)
        ]
        starts = [window_of(claim.amounts).start for claim in claims]
        at_once = (
            [c for c in claims if window_of(c.amounts).meets(Window(start, start))]
            for start in starts
        )
        by_event = ({str(c.amounts["object"]): c for c in found} for found in at_once)
        return list(max(by_event, key=len, default={}).values())

    def _of(self, kind: str) -> Iterator[HeldClaim]:
        for claim in self.ledger.claims:
            if claim.kind == kind and not self._is_own(claim):
                yield claim

    def _is_own(self, claim: HeldClaim) -> bool:
        return claim.owner in self.own or claim.amounts.get("for") in self.own


def _rested(window: Window, rest: timedelta) -> Window:
    """The window with the rest after it."""
    return Window(window.start, min(window.end, _LAST - rest) + rest)
