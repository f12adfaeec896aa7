"""Whether browsers trust the certificates of the public services, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from provisioner.checks.machines import Judged, Values, result
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.outlook import Fetched
from provisioner.texts import say

CHECK = Check(
    "service.certificate",
    title=say("Web service's certificate is valid"),
    proves=say("Browsers trust the certificate, for two weeks or more."),
    meaning=say("Browsers warn people away from the service."),
    next=say("Renew the certificate in the VM, or look why its renewal failed."),
    needs=frozenset({"service"}),
)
SOON = timedelta(days=14)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each address that showed a certificate."""
    for url, fetched in seen.fetched.items():
        if fetched.certificate_until is not None or fetched.certificate_error:
            place = Place("service", url)
            yield result(seen, CHECK, place, _judged(fetched, seen.at))


def _judged(fetched: Fetched, now: datetime) -> Judged:
    until, why = fetched.certificate_until, fetched.certificate_error
    evidence = f"until {until:%Y-%m-%d %H:%M}" if until else ""
    values: Values = {"date": f"{until:%Y-%m-%d}"} if until else {}
    if until and until <= now:
        return Judged(evidence, "service.certificate_expired", values=values)
    if why:
        text = f"{evidence} {why}".strip()
        return Judged(text, "service.certificate_invalid", values={"why": why})
    if until and until - now < SOON:
        values["days"] = (until - now).days
        return Judged(evidence, "service.certificate_expiring", "weak", values)
    return Judged(evidence)
