"""What a request is about, as a target of checks; and whether checks are known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from provisioner.checks.model import Check, Target
from provisioner.errors import Conflict, FieldError, Invalid
from provisioner.requests.model import Request
from provisioner.texts import say


def target_of_request(request: Request, parse: Callable[[str], Target]) -> Target:
    """What it names itself, what stands for it, else where it is to be.

    Raises Conflict(``nothing-to-check``) where it says none of that yet.
    """
    details = request.details
    if named := details.get("target"):
        return parse(str(named))
    if instance := request.instance_id or details.get("instance"):
        return Target("instance", str(instance))
    if place := details.get("place"):
        return Target("place", str(place))
    if site := details.get("site"):
        return Target("site", str(site))
    if device := details.get("device"):
        return Target("device", str(device))
    raise Conflict(
        say("There is nothing to check yet for %(number)s.", number=request.number),
        slug="nothing-to-check",
    )


def unknown_checks(wanted: Collection[str], catalogue: Mapping[str, Check]) -> None:
    """Raise Invalid with every key that is in no catalogue."""
    faults = [
        FieldError(f"/checks/{index}", say("there is no check %(key)s", key=key[:60]))
        for index, key in enumerate(wanted)
        if key not in catalogue
    ]
    if faults:
        raise Invalid(faults)
