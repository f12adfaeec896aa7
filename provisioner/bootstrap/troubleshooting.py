"""What planning a look at a fault, or a remedy, needs to know of network.yml and our books."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provisioner.catalogue import Network
from provisioner.catalogue.network_fields import Port
from provisioner.checks.chain import Chain
from provisioner.checks.store import no_such_check
from provisioner.drivers import platforms
from provisioner.drivers.network import Host
from provisioner.errors import NotFound
from provisioner.plans.refusals import refuse
from provisioner.services.paths import downstream, uplinks
from provisioner.services.troubleshooting.details import RemedyDetails
from provisioner.services.troubleshooting.planner import RemedySight, TroubleSight
from provisioner.texts import say

Hosts = Callable[[], Mapping[str, Host]]


def trouble_sight(
    chain_of: Callable[[str], Chain],
    department_of: Callable[[str], str | None],
    target: str,
    department: str,
) -> TroubleSight:
    """What a department's request names. Raises Conflict where that is not theirs or not there.

    ``department_of``: whose an instance is, by its id.
    """
    try:
        chain = chain_of(target)
    except NotFound as error:
        refuse(error.what, pointer="/details/target")
    if chain.target.kind == "instance" and department_of(chain.target.key) != department:
        refuse(
            say("%(target)s does not belong to this department.", target=str(chain.target)),
            pointer="/details/target",
        )
    return TroubleSight(str(chain.target), chain.title, chain.devices)


def remedy_sight(
    network: Network, hosts: Hosts, has_check: Callable[[str], bool], details: RemedyDetails
) -> RemedySight:
    """What the remedy would cut off, by the cables of network.yml.

    Raises Conflict where the check that is to prove it is not there.
    """
    if details.check is not None and not has_check(details.check):
        refuse(no_such_check(details.check), pointer="/details/check")
    known, device = hosts(), details.device
    if device not in known or known[device].platform not in platforms.names():
        return RemedySight(known=False)
    if details.port is None:
        return RemedySight(known=True)
    here = Port(device, details.port)
    others = {
        far.device
        for one, other in network.cables()
        for near, far in ((one, other), (other, one))
        if near == here
    }
    to_core = details.port in uplinks(network, known).get(device, frozenset())
    behind = downstream(others, network, known) - {device} if others and not to_core else ()
    return RemedySight(known=True, leads_on=tuple(sorted(behind)), to_core=to_core)
