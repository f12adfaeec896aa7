"""Address scopes and rate limits as a router has them: pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network, NetmaskValueError

from provisioner.drivers.network import Intent, RateLimit, Scope, Vlan
from provisioner.drivers.routeros.configuration import (
    BRIDGE,
    BRIDGE_VLAN,
    FILTER,
    NAT,
    QUEUE,
    VLAN_INTERFACE,
    Configuration,
    Item,
)
from provisioner.drivers.routeros.kits import Kit, carried, item, only
from provisioner.drivers.routeros.lines import MARK, Member, mark_of
from provisioner.drivers.routeros.switching import (
    TAGGED_ONLY,
    bridge_port,
    entries,
    filtering,
)
from provisioner.drivers.routeros.syntax import duration, seconds
from provisioner.texts import Message, say

_ADDRESS, _POOL = "/ip address", "/ip pool"
_SERVER, _NETWORK, _DNS = "/ip dhcp-server", "/ip dhcp-server network", "/ip dns"
_SCOPE_MENUS = (BRIDGE_VLAN, VLAN_INTERFACE, _ADDRESS, _POOL, _SERVER, _NETWORK, NAT, FILTER)
_RATE_MENUS = (FILTER, QUEUE)


def scope_kit(now: Configuration, wanted: Scope) -> Kit:
    """Everything that a scope is made of on this router."""
    name, net = MARK + wanted.mark, wanted.cidr
    kind = f"{name} scope"
    parent, members, entry = _ground(now, wanted)
    gateway = str(IPv4Interface(wanted.gateway).ip)
    items = [
        *entry,
        item(VLAN_INTERFACE, {"comment": f"{kind} interface", "interface": parent, "name": name,
                              "vlan-id": str(wanted.vlan)}),
        item(_ADDRESS, {"address": wanted.gateway, "comment": f"{kind} gateway",
                        "interface": name}),
        item(_POOL, {"name": name, "ranges": f"{wanted.first}-{wanted.last}"}),
        item(_SERVER, {"address-pool": name, "disabled": "no", "interface": name,
                       "lease-time": duration(wanted.lease_seconds), "name": name}),
        item(_NETWORK, {"address": net, "comment": f"{kind} leases",
                        "dns-server": ",".join(wanted.dns) or gateway, "gateway": gateway}),
    ]  # fmt: skip
    if wanted.nat:
        away = {} if wanted.outside else {"dst-address": f"!{net}"}
        items.append(item(NAT, {"action": "masquerade", "chain": "srcnat",
                                "comment": f"{kind} translation", **away,
                                "out-interface": wanted.outside, "src-address": net}))  # fmt: skip
    items += _rules(wanted, name, kind)
    return Kit(wanted.mark, "scope", tuple(items), members, _SCOPE_MENUS)


def _rules(wanted: Scope, name: str, kind: str) -> list[Item]:
    """What its clients may begin. Replies are never judged here: only what is new is."""

    def rule(what: str, chain: str, action: str, **more: str) -> Item:
        props = {"action": action, "chain": chain, "comment": f"{kind} {what}",
                 "connection-state": "new", "in-interface": name}  # fmt: skip
        return item(FILTER, {**props, **{k.replace("_", "-"): v for k, v in more.items()}})

    rules = []
    for server in wanted.dns:
        rules += [
            rule(f"dns {server} {p}", "forward", "accept", dst_address=server, protocol=p,
                 dst_port="53")
            for p in ("udp", "tcp")
        ]  # fmt: skip
    rules += [rule(f"wall {wall}", "forward", "drop", dst_address=wall) for wall in wanted.walls]
    rules.append(rule("way out", "forward", "accept", out_interface=wanted.outside))
    rules.append(rule("asks dhcp dns", "input", "accept", protocol="udp", dst_port="53,67"))
    rules.append(rule("asks dns", "input", "accept", protocol="tcp", dst_port="53"))
    rules.append(rule("pings", "input", "accept", protocol="icmp"))
    rules.append(rule("no more", "input", "drop"))
    return rules


def _ground(now: Configuration, wanted: Scope) -> tuple[str, tuple[Member, ...], list[Item]]:
    """On what the VLAN interface stands, and by what the VLAN gets there."""
    port = bridge_port(now, wanted.port) if wanted.port else None
    if wanted.port and port is None:
        return wanted.port, (), []
    bridges = filtering(now) or now.at(BRIDGE)
    chosen = port.get("bridge") if port else next((b.name for b in bridges), "")
    through = [chosen, port.get("interface")] if port else [chosen]
    return chosen, *carried(now, chosen, wanted.vlan, f"{MARK}{wanted.mark} scope", through)


def rate_kit(now: Configuration, wanted: RateLimit) -> Kit:
    """A queue; and where connections are fast-tracked past all queues, exceptions from that."""
    name = MARK + wanted.mark
    kind = f"{name} rate"
    state = "established,related"
    exempt = [
        item(FILTER, {"action": "accept", "chain": "forward", "comment": f"{kind} {way}",
                      "connection-state": state, side: wanted.cidr})
        for way, side in (("from", "src-address"), ("to", "dst-address"))
    ]  # fmt: skip
    limit = f"{wanted.up_mbps}M/{wanted.down_mbps}M"
    queue = item(QUEUE, {"comment": f"{kind} limit", "max-limit": limit, "name": name,
                         "target": wanted.cidr})  # fmt: skip
    items = [*(exempt if _fast(now) else ()), queue]
    return Kit(wanted.mark, "rate", tuple(items), (), _RATE_MENUS)


def found_scope(now: Configuration, wanted: Scope) -> Scope | None:
    """``wanted`` where all of it stands; what can be told of another; None where nothing is."""
    kit = scope_kit(now, wanted)
    if kit.is_whole(now):
        return wanted
    there = kit.standing(now)
    if not there:
        return None
    vlan, address, pool = (only(there, menu) for menu in (VLAN_INTERFACE, _ADDRESS, _POOL))
    first, _, last = pool.get("ranges").partition("-") if pool else ("", "", "")
    leased = only(there, _SERVER)
    walls = tuple(i.get("dst-address") for i in there if " scope wall " in i.get("comment"))
    told = replace(
        wanted,
        vlan=int(vlan.get("vlan-id")) if vlan and vlan.get("vlan-id").isdecimal() else 0,
        gateway=address.get("address") if address else "0.0.0.0/0",
        first=first, last=last, walls=walls,
        lease_seconds=(seconds(leased.get("lease-time")) if leased else 0) or 0,
        nat=only(there, NAT) is not None,
    )  # fmt: skip
    return told if told != wanted else replace(told, port=f"? {kit.amiss(now)}")


def found_rate(now: Configuration, wanted: RateLimit) -> RateLimit | None:
    """As ``found_scope``."""
    kit = rate_kit(now, wanted)
    if kit.is_whole(now):
        return wanted
    there = kit.standing(now)
    if not there:
        return None
    queue = only(there, QUEUE)
    up, _, down = queue.get("max-limit").partition("/") if queue else ("", "", "")
    told = replace(wanted, cidr=queue.get("target") if queue else "", up_mbps=_megabits(up),
                   down_mbps=_megabits(down))  # fmt: skip
    return told if told != wanted else replace(told, cidr=f"{told.cidr} ? {kit.amiss(now)}")


# ---------------------------------------------------------------------- why it cannot be


def problem(
    now: Configuration, intent: Scope | RateLimit, wanted: Sequence[Intent], ports: Collection[str]
) -> Message | None:
    """Why it could not be put there, whatever of ours stands there already."""
    if isinstance(intent, RateLimit):
        return _rate_problem(now, intent)
    for name in filter(None, (intent.port, intent.outside)):
        if name not in ports:
            return say("there is no port %(port)s", port=name)
    if not intent.port and not now.at(BRIDGE):
        return say("it has no bridge for VLAN %(vlan)s", vlan=intent.vlan)
    port = bridge_port(now, intent.port)
    if port is not None and port.get("frame-types") not in ("admit-all", TAGGED_ONLY):
        return say("%(port)s is not set up as a trunk", port=intent.port)
    asked = {(other.id, other.name) for other in wanted if isinstance(other, Vlan)}
    for entry in entries(now, intent.vlan):
        known = mark_of(entry) or (intent.vlan, entry.get("comment")) in asked
        if intent.port and not known:
            return say("VLAN %(vlan)s is in use there by something else", vlan=intent.vlan)
    return _taken(now, intent)


def _taken(now: Configuration, intent: Scope) -> Message | None:
    mine, net = MARK + intent.mark, IPv4Network(intent.cidr)
    parent = scope_kit(now, intent)
    base = only(parent.items, VLAN_INTERFACE)
    for vlan in now.at(VLAN_INTERFACE):
        same = vlan.get("vlan-id") == str(intent.vlan)
        if same and base and vlan.get("interface") == base.get("interface") and vlan.name != mine:
            return say("VLAN %(vlan)s is in use there by something else", vlan=intent.vlan)
    for path, prop in ((_ADDRESS, "address"), (_NETWORK, "address")):
        for each in now.at(path):
            other = _network(each.get(prop))
            theirs = mark_of(each) != mine and each.get("disabled") != "yes"
            if other and theirs and other.prefixlen and other.overlaps(net):
                return say("%(network)s is in use there by something else", network=str(net))
    for pool in now.at(_POOL):
        if pool.name != mine and any(_within(r, net) for r in pool.listed("ranges")):
            return say("%(network)s is in use there by something else", network=str(net))
    answers = any(each.get("allow-remote-requests") == "yes" for each in now.at(_DNS))
    if not intent.dns and not answers:
        return say("it answers no DNS questions (allow-remote-requests=no)")
    return None


def _rate_problem(now: Configuration, intent: RateLimit) -> Message | None:
    for queue in now.at(QUEUE):
        if intent.cidr in queue.listed("target") and mark_of(queue) != MARK + intent.mark:
            return say("%(network)s is limited there by something else", network=intent.cidr)
    return None


def _fast(now: Configuration) -> bool:
    """Whether some connections go past the queues."""
    return any(
        rule.get("action") == "fasttrack-connection" and rule.get("disabled") != "yes"
        for rule in now.at(FILTER)
    )


def _network(text: str) -> IPv4Network | None:
    try:
        return IPv4Interface(text).network
    except (AddressValueError, NetmaskValueError, ValueError):
        return None


def _within(span: str, net: IPv4Network) -> bool:
    low, _, high = span.partition("-")
    try:
        first, last = IPv4Address(low), IPv4Address(high or low)
    except AddressValueError:
        found = _network(span)
        return bool(found and found.overlaps(net))
    return first <= net.broadcast_address and last >= net.network_address


def _megabits(text: str) -> int:
    number = text.rstrip("MkGbps")
    if not number.isdecimal():
        return 0
    return int(int(number) * {"G": 1000, "k": 0.001, "M": 1}.get(text[-1], 0.000001))
