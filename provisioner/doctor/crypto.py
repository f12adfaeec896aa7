"""Which devices need weak SSH algorithms, which are allowed them in vain, and what they offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioner.doctor.finding import Finding
from provisioner.drivers.network import Host
from provisioner.drivers.ssh_offers import Offer, offers
from provisioner.errors import ProvisionerError
from provisioner.texts import say

_REMEDY: Mapping[str, str] = {
    "cisco_ios": "ip ssh server algorithm encryption aes256-ctr aes128-ctr",
    "mikrotik_routeros": "/ip ssh set strong-crypto=yes",
}
"""The line that makes a device stop offering them, where there is one."""


def examine_crypto(hosts: Mapping[str, Host]) -> Iterator[Finding]:
    """One finding for each device that is not as it should be; asks all of them at once.

    A device that does not answer is told elsewhere, and gives nothing here.
    """
    found: Mapping[str, Offer | ProvisionerError] = offers(hosts)
    for name, offer in sorted(found.items()):
        if isinstance(offer, Offer):
            yield from _of_device(hosts[name], offer)


def _of_device(host: Host, offer: Offer) -> Iterator[Finding]:
    weak = ", ".join(offer.weak)
    if offer.needs_legacy and not host.legacy_crypto:
        yield Finding(
            host.name,
            "failed",
            say("It offers only weak SSH algorithms (%(weak)s); nobody can log in.", weak=weak),
            say("Update its firmware, or set provisioner_legacy_crypto: true in the inventory."),
        )
    elif offer.needs_legacy:
        yield Finding(
            host.name,
            "warning",
            say("It is spoken to with weak SSH algorithms (%(weak)s), as allowed.", weak=weak),
            say("Keep its management network apart, and update its firmware when you can."),
        )
    elif host.legacy_crypto:
        yield Finding(
            host.name,
            "warning",
            say("Weak SSH algorithms are allowed for it, but it does not need them."),
            say("Take provisioner_legacy_crypto out of its inventory entry."),
        )
    elif offer.weak:
        line = _REMEDY.get(host.platform)
        yield Finding(
            host.name,
            "warning",
            say("It still offers weak SSH algorithms: %(weak)s. They are not used.", weak=weak),
            say("Switch them off there: %(line)s", line=line)
            if line
            else say("Switch them off in its SSH server."),
        )
