"""The firewall in front of each guest: the rules as stored, and what they do to its SSH port."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from fakepve.routing import split_list

from provisioner.lab.backups import Backups
from provisioner.lab.base import Values, Vm
from provisioner.lab.guests import Wall
from provisioner.lab.plan import LabPlan

_TCP = ("tcp", "6")
_MACROS = {"SSH": "22", "HTTP": "80", "HTTPS": "443", "Web": "80,443"}
_ACTIONS: dict[str, Wall] = {"ACCEPT": "open", "REJECT": "reject", "DROP": "drop"}


class Walls(Backups):
    """Rules count only when the datacenter's, the VM's and the card's firewall are on."""

    def __init__(self, plan: LabPlan, *args: Any) -> None:
        super().__init__(plan, *args)
        if plan.firewall:
            self.firewall_config("cluster")["options"]["enable"] = 1

    def changed_rules(self, vmid: int | None) -> None:
        """Enforce changed rules, of one VM or all, once the nodes' firewalls have read them."""
        self.spawn(self._enforce(vmid))

    async def _enforce(self, vmid: int | None) -> None:
        await self.pause(self.plan.times.firewall)
        for guest in [g for g in self.guests.values() if vmid in (None, g.vmid)]:
            await guest.show()

    def wall(self, vmid: int) -> Wall:
        vm, cluster = self.vm(vmid), self.firewall_config("cluster")
        own = self._fw()["guests"].get(vmid)
        if vm is None or own is None or not cluster["options"].get("enable"):
            return "open"
        card = re.search(r"(?:^|,)firewall=1", str(vm.config.get("net0", "")))
        if not own["options"].get("enable") or card is None:
            return "open"
        if not self._may_send(vm, own):
            return "drop"
        for rule in self._flat(own["rules"], cluster):
            if self._meets(rule, own, cluster):
                return _ACTIONS.get(rule["action"], "drop")
        return _ACTIONS[own["options"].get("policy_in", "DROP")]

    def _may_send(self, vm: Vm, own: Values) -> bool:
        """The ip-filter lets only its own addresses out; an empty one lets none out."""
        entries = own["ipset"].get("ipfilter-net0")
        if entries is None and not own["options"].get("ipfilter"):
            return True
        address = self.guests[vm.vmid].address if vm.vmid in self.guests else None
        return address is not None and any(
            _within(address, entry["cidr"]) for entry in entries or () if not entry.get("nomatch")
        )

    @staticmethod
    def _flat(rules: list[Values], cluster: Values) -> list[Values]:
        """The rules that are on, those of security groups in their place."""
        found = []
        for rule in rules:
            if rule.get("enable") and rule["type"] == "group":
                found += [r for r in cluster["groups"].get(rule["action"], ()) if r.get("enable")]
            elif rule.get("enable"):
                found.append(rule)
        return [rule for rule in found if rule["type"] == "in"]

    def _meets(self, rule: Values, own: Values, cluster: Values) -> bool:
        macro = rule.get("macro")
        if macro and macro not in _MACROS:
            return False
        if rule.get("proto") and rule["proto"] not in _TCP:
            return False
        ports = _MACROS[macro] if macro else rule.get("dport")
        if ports and not _has(ports, self.plan.network.ssh_port):
            return False
        source = rule.get("source")
        if not source:
            return True
        if source.startswith("+"):
            name = source.removeprefix("+").rpartition("/")[2]
            known = own["ipset"].get(name) or cluster["ipset"].get(name) or ()
            return any(_within(self.plan.network.seat, entry["cidr"]) for entry in known)
        return any(_within(self.plan.network.seat, part) for part in split_list(source))


def _has(ports: str, port: int) -> bool:
    spans = [item.split(":") for item in ports.split(",")]
    return any(
        int(span[0]) <= port <= int(span[-1]) for span in spans if all(n.isdigit() for n in span)
    )


def _within(address: str, given: str) -> bool:
    """Whether the address is in a network, a range or the like; an alias is not known here."""
    first, dash, last = given.partition("-")
    try:
        if dash:
            low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
            return int(low) <= int(ipaddress.ip_address(address)) <= int(high)
        return ipaddress.ip_address(address) in ipaddress.ip_network(given, strict=False)
    except ValueError:
        return False
