"""Are names resolved?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, Pen, each_device
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import Examination
from provisioner.drivers.outlook import Resolved
from provisioner.texts import say

CHECK = Check(
    "dns.names",
    title=say("Names (DNS)"),
    proves=say("The resolver that users ask answers with addresses."),
    meaning=say("Pages do not open, though the Internet may be there."),
    next=say("Look whether the resolver runs and reaches its own; give users another until then."),
    needs=frozenset({"names"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    yield from each_device(CHECK, seen, _router)
    pen = Pen(CHECK, seen.at)
    asked = {address for net in seen.chain.nets for address in net.resolvers}
    asked |= {each.name for each in seen.chain.stations if each.kind == "resolver"}
    for server in sorted(asked & seen.resolved.keys()):
        yield _resolver(pen, seen, server, seen.resolved[server])


def _router(look: Look) -> Iterator[Result]:
    names = look.health.names
    evidence = ", ".join(
        f"{each.name}: {' '.join(each.addresses) or each.error or '-'}" for each in names
    )
    if not names:
        if "names" in look.health.untold:
            yield look.skip(look.health.untold["names"])
        return
    if any(each.addresses for each in names):
        yield look.ok(evidence)
    else:
        resolvers = ", ".join(look.health.resolvers) or "-"
        yield look.wrong("dns.dead", evidence, resolver=resolvers, name=names[0].name)


def _resolver(pen: Pen, seen: Seen, server: str, found: Resolved) -> Result:
    """As the office asked it: its silence alone proves little, for we may not be let in."""
    place = Place("service", server)
    evidence = f"{found.name}: {' '.join(found.addresses) or found.error or '-'}"
    if found.addresses:
        return pen.ok(place, evidence)
    users = [h for h in seen.examined.values() if isinstance(h, Examination) and h.names]
    fine = any(server in h.resolvers and any(n.addresses for n in h.names) for h in users)
    refused = "refused" in found.error.casefold()
    vain = any(server in h.resolvers and not any(n.addresses for n in h.names) for h in users)
    if fine or refused or not vain:
        return pen.skip(place, say("The office gets no answer from it; users may."))
    return pen.wrong("dns.dead", place, evidence, resolver=server, name=found.name)
