"""The poster of an event's WiFi, and its link as soon as the event is certain: it hangs before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from provisioner.catalogue import Inventory
from provisioner.database import Database, now
from provisioner.errors import NotFound
from provisioner.instances.model import Instance
from provisioner.instances.records import details_now
from provisioner.requests import store as requests
from provisioner.runs import store as runs
from provisioner.runs.rules import RunState
from provisioner.runs.starting import end_of
from provisioner.runs.steps.network import passphrase_kind
from provisioner.secrets import HANDOVER_HOURS, Handovers, SecretStore
from provisioner.services.event_wifi.details import EventWifiDetails
from provisioner.services.event_wifi.poster import Poster, poster
from provisioner.services.internet.details import InternetDetails
from provisioner.services.passphrases import generate_passphrase
from provisioner.texts import say

EVENT_WIFI, INTERNET = "event_wifi", "internet"


@dataclass(frozen=True)
class _Wifi:
    """A wireless network that was asked for, with the answers that count now."""

    service: str
    details: Mapping[str, Any]
    made: Instance | None


class Posters:
    """Posters of events, and of the permanent WiFi of connected sites."""

    def __init__(self, database: Database, inventory: Inventory) -> None:
        self._database, self._inventory = database, inventory

    def make(self, number: str, passphrase: str | None) -> Poster:
        """The poster; name and times are those of now. Raises NotFound where there is no WiFi."""
        with self._database.read() as session:
            wifi = _wifi(session, number)
        if wifi is None:
            raise NotFound(say("There is no poster for %(number)s.", number=number[:40]))
        return (self._of_event if wifi.service == EVENT_WIFI else self._of_site)(wifi, passphrase)

    def has(self, number: str | None) -> bool:
        """Whether what a link hands over is printed as a poster."""
        if number is None:
            return False
        with self._database.read() as session:
            return _wifi(session, number) is not None

    def _of_event(self, wifi: _Wifi, passphrase: str | None) -> Poster:
        details = EventWifiDetails.model_validate(wifi.details)
        place = self._inventory.network.places.get(details.place)
        return poster(
            event=details.event,
            place=place.title if place else details.place,
            ssid=details.ssid,
            security=details.security,
            passphrase=passphrase,
            starts_at=details.starts_at,
            ends_at=(wifi.made.expires_at if wifi.made else None) or details.ends_at,
            zone=self._inventory.office.zone,
        )

    def _of_site(self, wifi: _Wifi, passphrase: str | None) -> Poster:
        details = InternetDetails.model_validate(wifi.details)
        site = self._inventory.network.sites.get(details.site)
        return poster(
            event=site.title if site else details.site,
            place=details.location,
            ssid=details.ssid or "",
            security=details.security or "open",
            passphrase=passphrase,
            starts_at=None,
            ends_at=wifi.made.expires_at if wifi.made else None,
            zone=self._inventory.office.zone,
        )


def _wifi(session: Session, number: str) -> _Wifi | None:
    """What the request asked for, or what its change is about; None where that is no WiFi."""
    request = requests.by_number(session, number)
    action = request.details.get("action")
    about = request.details.get("instance") if action else request.instance_id
    made = session.get(Instance, about) if about else None
    if request.service not in (EVENT_WIFI, INTERNET) or action not in (None, "change"):
        return None
    if action is not None and made is None:
        return None
    details = details_now(session, made) if made is not None else dict(request.details)
    return _Wifi(request.service, details, made) if details.get("ssid") else None


class EarlyHandover:
    """Handles the outbox topic ``run-scheduled``: passphrase and link are there before the event.

    Doing it twice is doing it once.
    """

    def __init__(self, database: Database, secrets: SecretStore, handovers: Handovers) -> None:
        self._database, self._secrets, self._handovers = database, secrets, handovers

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Payload: ``run_id``."""
        with self._database.allocate() as session:
            run = runs.get(session, str(payload["run_id"]))
            request = runs.request_of(session, run)
            keyed = request.details.get("security", "open") != "open"
            if run.state != RunState.SCHEDULED or not keyed:
                return
            if self._handovers.has(session, run.number):
                return
            kind = passphrase_kind(run.number)
            secret = self._secrets.find(session, kind, run.number)
            if secret is None:
                secret = self._secrets.put(session, kind, run.number, generate_passphrase())
            hours = _hours_until(end_of(runs.plan_of(session, run)))
            self._handovers.create(session, run.number, [secret], hours)


def _hours_until(ends_at: datetime | None) -> float:
    """As long as the event may need its poster, and no shorter than any link."""
    left = (ends_at - now()) / timedelta(hours=1) if ends_at else 0.0
    return max(left, HANDOVER_HOURS)
