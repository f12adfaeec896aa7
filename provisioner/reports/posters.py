"""The poster of an event's WiFi, and its link as soon as the event is certain: it hangs before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from provisioner.catalogue import Inventory
from provisioner.database import Database, now
from provisioner.errors import NotFound
from provisioner.instances.model import Instance
from provisioner.requests import store as requests
from provisioner.runs import store as runs
from provisioner.runs.rules import RunState
from provisioner.runs.starting import end_of
from provisioner.runs.steps.network import PASSPHRASE
from provisioner.secrets import HANDOVER_HOURS, Handovers, SecretStore
from provisioner.services.event_wifi.details import EventWifiDetails
from provisioner.services.event_wifi.passphrases import generate_passphrase
from provisioner.services.event_wifi.poster import Poster, poster
from provisioner.texts import say

SERVICE = "event_wifi"


class Posters:
    """Posters of the events that were asked for."""

    def __init__(self, database: Database, inventory: Inventory) -> None:
        self._database, self._inventory = database, inventory

    def make(self, number: str, passphrase: str | None) -> Poster:
        """The poster; times are those of now, a later end included. Raises NotFound."""
        with self._database.read() as session:
            request = requests.by_number(session, number)
            if request.service != SERVICE or "action" in request.details:
                raise NotFound(say("There is no poster for %(number)s.", number=number))
            made = session.get(Instance, request.instance_id) if request.instance_id else None
        details = EventWifiDetails.model_validate(request.details)
        place = self._inventory.network.places.get(details.place)
        return poster(
            event=details.event,
            place=place.title if place else details.place,
            ssid=details.ssid,
            security=details.security,
            passphrase=passphrase,
            starts_at=details.starts_at,
            ends_at=(made.expires_at if made else None) or details.ends_at,
            zone=self._inventory.office.zone,
        )

    def has(self, number: str | None) -> bool:
        """Whether what a link hands over is printed as a poster."""
        if number is None:
            return False
        with self._database.read() as session:
            request = requests.by_number(session, number)
            return request.service == SERVICE and "action" not in request.details


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
            secret = self._secrets.find(session, PASSPHRASE, run.number)
            if secret is None:
                secret = self._secrets.put(session, PASSPHRASE, run.number, generate_passphrase())
            hours = _hours_until(end_of(runs.plan_of(session, run)))
            self._handovers.create(session, run.number, [secret], hours)


def _hours_until(ends_at: datetime | None) -> float:
    """As long as the event may need its poster, and no shorter than any link."""
    left = (ends_at - now()) / timedelta(hours=1) if ends_at else 0.0
    return max(left, HANDOVER_HOURS)
