"""An address scope and a rate limit as files of a Linux router: pure."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network

from provisioner.drivers.linux import parts
from provisioner.drivers.linux.parts import Parts
from provisioner.drivers.linux.state import DNSMASQ, NFT, UP, State
from provisioner.drivers.linux.vlan_port import VlanPort, vlan_port
from provisioner.drivers.network import RateLimit, Scope

_BURST = 64
"""Kilobytes on top of the second's worth that nftables lets through at once by itself."""


def scope_parts(scope: Scope, state: State, *, adds: bool | None = None) -> Parts:
    """Everything that makes the scope on that host; see ``vlan_port`` for ``adds``."""
    name = parts.owner(scope.mark, "scope")
    port = vlan_port(state, scope.vlan, scope.port, name, adds=adds)
    comment = parts.note(scope, adds=port.adds)
    files = {
        f"{UP}{name}.sh": _up(scope, port, comment),
        f"{NFT}{name}.nft": _walls(scope, port.name),
        f"{DNSMASQ}{name}.conf": _leases(scope, port.name, state.listens_by_name),
    }
    return Parts(files, {port.name: port.inner} if port.inner else {}, port.trunk)


def rate_parts(rate: RateLimit) -> Parts:
    """Both directions, whichever interface they take."""
    name = parts.owner(rate.mark, "rate")
    table = _table(rate.mark, "rate")
    rows = [
        f"ip saddr {rate.cidr} {_over(rate.up_mbps)}",
        f"ip daddr {rate.cidr} {_over(rate.down_mbps)}",
    ]
    text = _file(
        [f"# {name}", parts.note(rate)], table,
        [("forward", "type filter hook forward priority filter + 10; policy accept;", rows)],
    )  # fmt: skip
    return Parts({f"{NFT}{name}.nft": text})


def _up(scope: Scope, port: VlanPort, comment: str) -> str:
    address = f"ip address {{}} {scope.gateway} dev {port.name}"
    return parts.script(
        comment,
        [*port.up, address.format("replace")],
        [address.format("del"), *port.down],
        [f"ip -o -4 address show dev {port.name} up | grep -qF ' {scope.gateway} '"],
    )


def _leases(scope: Scope, port: str, by_name: bool) -> str:
    tag = parts.owner(scope.mark, "scope")
    own = IPv4Interface(scope.gateway)
    dns = ",".join(scope.dns) or str(own.ip)
    lines = [
        f"# {tag}",
        *([f"interface={port}", "bind-dynamic"] if by_name else []),
        f"dhcp-range=set:{tag},{scope.first},{scope.last},{own.netmask},{scope.lease_seconds}",
        f"dhcp-option=tag:{tag},option:router,{own.ip}",
        f"dhcp-option=tag:{tag},option:dns-server,{dns}",
    ]
    return "\n".join([*lines, ""])


def _walls(scope: Scope, port: str) -> str:
    """Clients begin no connection to the walls nor to the router, but for DHCP, DNS and ping."""
    own = IPv4Interface(scope.gateway)
    asks = _addresses((str(own.ip), *scope.dns))
    client, dns = (
        f'iifname "{port}"',
        f"ip daddr {asks} meta l4proto {{ tcp, udp }} th dport 53 accept",
    )
    known = f"{client} ct state established,related accept"
    answer = [
        known,
        f"{client} udp dport 67 accept",
        f"{client} ip saddr != {own.network} drop",
        f"{client} {dns}",
        f"{client} ip daddr {own.ip} icmp type echo-request accept",
        f"{client} drop",
    ]
    forward = [known, f"{client} ip saddr != {own.network} drop", f"{client} {dns}"]
    if scope.walls:
        forward.append(f"{client} ip daddr {_addresses(scope.walls)} drop")
    forward.append(f"{client} meta nfproto ipv6 drop")
    chains = [
        ("input", "type filter hook input priority filter; policy accept;", answer),
        ("forward", "type filter hook forward priority filter; policy accept;", forward),
    ]
    if scope.nat:
        chains.append(
            ("nat", "type nat hook postrouting priority srcnat; policy accept;", [_nat(scope)])
        )
    comment = [f"# {parts.owner(scope.mark, 'scope')}"]
    return _file(comment, _table(scope.mark, "scope"), chains)


def _nat(scope: Scope) -> str:
    out = f'oifname "{scope.outside}"' if scope.outside else ""
    if not out and scope.walls:
        out = f"ip daddr != {_addresses(scope.walls)}"
    return " ".join(filter(None, [f"ip saddr {scope.cidr}", out, "masquerade"]))


def _over(mbps: int) -> str:
    return f"limit rate over {mbps * 125_000} bytes/second burst {_BURST} kbytes drop"


def _addresses(texts: tuple[str, ...]) -> str:
    """As a set; nftables takes no overlapping networks."""
    networks = sorted({IPv4Network(text) for text in texts}, key=lambda net: net.prefixlen)
    kept: list[IPv4Network] = []
    for network in networks:
        if not any(network.subnet_of(other) for other in kept):
            kept.append(network)
    words = (str(net.network_address) if net.prefixlen == 32 else str(net) for net in sorted(kept))
    return f"{{ {', '.join(words)} }}"


def _table(mark: str, kind: str) -> str:
    return f"inet prov_{mark.lower().replace('-', '_')}_{kind}"


def _file(comment: list[str], table: str, chains: list[tuple[str, str, list[str]]]) -> str:
    """Loaded again it takes its own place."""
    lines = [*comment, f"table {table}", f"delete table {table}", f"table {table} {{"]
    for name, kind, rows in chains:
        lines += [f"\tchain {name} {{", f"\t\t{kind}", *(f"\t\t{row}" for row in rows), "\t}"]
    return "\n".join([*lines, "}", ""])
