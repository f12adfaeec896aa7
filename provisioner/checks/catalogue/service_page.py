"""Whether the public services answer."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, result
from provisioner.checks.model import Check, Place, Result, Weight
from provisioner.checks.seen import Seen
from provisioner.drivers.outlook import Fetched
from provisioner.texts import say

CHECK = Check(
    "service.page",
    title=say("Web service answers"),
    proves=say("The web service answers, and not with an error of its own."),
    meaning=say("Nobody can use the service."),
    next=say("Look at the VM that it runs in, then at the web server in it."),
    needs=frozenset({"service"}),
)
_OWN_ERROR = 500


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each address that was fetched; a page that is forbidden or missing answers."""
    for url, fetched in seen.fetched.items():
        asked = seen.chain.target.kind == "url"
        yield result(seen, CHECK, Place("service", url), _judged(fetched, asked))


def _judged(fetched: Fetched, asked: bool) -> Judged:
    """``asked``: somebody says that there is a page. Of a VM it is only taken from its open ports,
    and most VMs are empty on their first day."""
    if fetched.status is None:
        weight: Weight = "broken" if asked else "weak"
        why = {"why": fetched.error or "-"}
        return Judged(fetched.error, "service.down", weight, why)
    evidence = f"HTTP {fetched.status}, {fetched.ms or 0:.0f} ms"
    if fetched.status >= _OWN_ERROR:
        return Judged(evidence, "service.error", values={"status": fetched.status})
    return Judged(evidence)
