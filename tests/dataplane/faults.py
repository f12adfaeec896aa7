"""Faults of real Linux switches and routers, as the library of the lab has those of others."""

from __future__ import annotations

from provisioner.lab.trouble.case import Case, Typed
from provisioner.texts import say
from tests.dataplane.campus import MIDDLE, PANEL, ROUTER, SWITCH

BOX = "pr-data-1"
"""The probe, at the site ``smp-2``."""
HERE = "here"
"""Not on a device: beside it, by whoever holds its power button."""
FAR = "198.51.100.1"
"""An address beyond the next hop."""

_SITE, _SEAT = "site:smp-1", "site:smp-2"
_CABLE = (f"{MIDDLE}:down", f"{SWITCH}:up")
_SCOPE = (f"{ROUTER}:{{cidr}}",)
_USERS = (f"{SWITCH}:swp1",)
_GATEWAY = (f"{ROUTER}:{{vlan}}",)
_NET = "prov{vlan}"
_RANGE = "/etc/dnsmasq.d/PROV-{number}.scope.conf"
_LEASES = "/var/lib/misc/dnsmasq.leases"
_RESTART = "/etc/init.d/dnsmasq restart"


def _ovs(host: str, does: str, back: str) -> Typed:
    return Typed(host, (f"ovs-vsctl {does}",), (f"ovs-vsctl {back}",))


def _wall(chain: str, rule: str) -> Typed:
    """A table that somebody made beside ours."""
    return Typed(
        ROUTER,
        (
            "nft add table ip wall",
            f"nft 'add chain ip wall x {{{{ type filter hook {chain} priority -10; }}}}'",
            f"nft add rule ip wall x {rule} drop",
        ),
        ("nft delete table ip wall",),
    )


_DEAD_NAMES = Typed(
    "office", ("kill -STOP $(cat /run/dns.pid)",), ("kill -CONT $(cat /run/dns.pid)",)
)
_OFF_TRUNK = _ovs(MIDDLE, "remove Port up trunks {vlan}", "add Port up trunks {vlan}")

FAULTS: tuple[Case, ...] = (
    Case("cable-out", say("cable out between two switches"), "linux", _SITE,
         (Typed(PANEL, ("ip link set dev left down", "ip link set dev right down"),
                ("ip link set dev left up", "ip link set dev right up")),),
         ("port.down",), _CABLE, settle=0.5),
    Case("port-disabled-users", say("port of the users switched off"), "linux", _SITE,
         (Typed(SWITCH, ("ip link set dev swp1 down",), ("ip link set dev swp1 up",)),),
         ("port.disabled",), _USERS),
    Case("port-disabled-trunk", say("port between two switches switched off"), "linux", _SITE,
         (Typed(MIDDLE, ("ip link set dev down down",), ("ip link set dev down up",)),),
         ("port.disabled",), _CABLE[:1]),
    Case("wrong-vlan", say("port of the users in another VLAN"), "linux", _SITE,
         (_ovs(SWITCH, "set Port swp1 tag=77", "set Port swp1 tag={vlan}"),),
         ("port.wrong_vlan",), _USERS),
    Case("vlan-missing-middle", say("VLAN taken off a trunk in the middle"), "linux", _SITE,
         (_OFF_TRUNK,), ("trunk.vlan_missing",), (f"{MIDDLE}:up",)),
    Case("vlan-missing-uplink", say("VLAN taken off the site's uplink"), "linux", _SITE,
         (_ovs(SWITCH, "remove Port up trunks {vlan}", "add Port up trunks {vlan}"),),
         ("trunk.vlan_missing",), _CABLE[1:]),
    Case("vlan-missing-router", say("VLAN taken off the router's trunk"), "linux", _SITE,
         (_ovs(ROUTER, "remove Port lan trunks {vlan}", "add Port lan trunks {vlan}"),),
         ("trunk.vlan_missing",), (f"{ROUTER}:lan",)),
    Case("gateway-off", say("the router's interface of the network switched off"), "linux", _SITE,
         (Typed(ROUTER, (f"ip link set dev {_NET} down",), (f"ip link set dev {_NET} up",)),),
         ("gateway.missing",), _GATEWAY),
    Case("gateway-gone", say("the router's interface of the network removed"), "linux", _SITE,
         (Typed(ROUTER, (f"ovs-vsctl del-port {_NET}",),
                (f"ovs-vsctl add-port br0 {_NET} tag={{vlan}} "
                 "external-ids:provisioner=PROV-{number}.scope "
                 f"-- set Interface {_NET} type=internal",
                 "sh /etc/provisioner/up.d/PROV-{number}.scope.sh up")),),
         ("gateway.missing", "vlan.missing"), _GATEWAY),
    Case("gateway-address", say("the gateway's address taken away"), "linux", _SITE,
         (Typed(ROUTER, (f"ip address del {{gateway}}/24 dev {_NET}",),
                (f"ip address add {{gateway}}/24 dev {_NET}",)),),
         ("gateway.missing",), _GATEWAY),
    Case("dhcp-dead", say("DHCP server killed"), "linux", _SITE,
         (Typed(ROUTER, ("kill -KILL $(cat /run/dnsmasq.pid)",), (_RESTART,)),),
         ("scope.disabled",), _SCOPE),
    Case("scope-empty", say("no address left"), "linux", _SITE,
         (Typed(ROUTER,
                (f"cp -p {_RANGE} {_LEASES} /run/",
                 f"sed -i 's/^dhcp-range=.*/{{narrow}}/' {_RANGE}",
                 f"for n in 1 2; do echo 9999999999 02:00:00:00:00:0$n {{prefix}}.20$n x x; "
                 f"done >>{_LEASES}", _RESTART),
                (f"mv /run/PROV-{{number}}.scope.conf {_RANGE}",
                 "/etc/init.d/dnsmasq stop", f"mv /run/dnsmasq.leases {_LEASES}", _RESTART)),),
         ("scope.exhausted",), _SCOPE),
    Case("outside-dropped", say("nothing outside answers"), "linux", _SITE,
         (_wall("output", f"ip daddr {FAR}"),), ("internet.dead",), (ROUTER,)),
    Case("outside-cable-out", say("cable to the provider out"), "linux", _SITE,
         (Typed("internet", ("ip link set dev eth0 down",),
                ("ip link set dev eth0 up",)),), ("port.down",), (f"{ROUTER}:wan",)),
    Case("next-hop-dead", say("the provider's router does not answer"), "linux", _SITE,
         (Typed("internet", ("ip address del 203.0.113.1/24 dev eth0",),
                ("ip address add 203.0.113.1/24 dev eth0",)),),
         ("internet.gateway",), (ROUTER,)),
    Case("no-route", say("default route removed"), "linux", _SITE,
         (Typed(ROUTER, ("ip route del default",),
                ("ip route replace default via 203.0.113.1",)),),
         ("internet.no_route",), (ROUTER,)),
    Case("names-dead", say("names are not resolved"), "linux", _SITE, (_DEAD_NAMES,),
         ("dns.dead",), (ROUTER, "10.10.10.1")),
    Case("ssh-stopped", say("a switch lets nobody in"), "linux", _SITE,
         (Typed(HERE, ("kill -STOP {switch}",), ("kill -CONT {switch}",)),),
         ("device.unreachable",), (SWITCH,)),
    Case("ssh-stopped-middle", say("a switch at work lets nobody in"), "linux", _SITE,
         (Typed(HERE, ("kill -STOP {middle}",), ("kill -CONT {middle}",)),),
         ("device.login",), (MIDDLE,)),
    Case("switching-dead", say("the switch's program died"), "linux", _SITE,
         (Typed(MIDDLE, ("ovs-appctl -t ovs-vswitchd exit",
                         "while pidof ovs-vswitchd; do sleep 0.05; done"),
                ("ovs-vswitchd unix:/run/openvswitch/db.sock "
                 "--pidfile=/run/openvswitch/ovs-vswitchd.pid --detach",)),),
         ("device.alarm", "port.down"), (MIDDLE, f"{MIDDLE}:down", f"{MIDDLE}:up")),
    Case("loop-blocked", say("spanning tree blocks the way in use"), "linux", _SITE,
         (_ovs(ROUTER,
               "set Bridge br0 rstp_enable=true other_config:rstp-priority=4096 "
               "-- add-port br0 lan2 trunks=99",
               "del-port br0 lan2 -- set Bridge br0 rstp_enable=false "
               "-- clear Bridge br0 other_config"),
          _ovs(MIDDLE,
               "set Bridge br0 rstp_enable=true -- add-port br0 up2 trunks=99 "
               "-- set Port up other_config:rstp-path-cost=20000000",
               "del-port br0 up2 -- set Bridge br0 rstp_enable=false "
               "-- clear Port up other_config")),
         ("port.blocked",), (f"{MIDDLE}:up", f"{ROUTER}:lan"), settle=8.0),
    Case("clock-wrong", say("clock two hours ahead"), "linux", _SITE,
         (Typed(ROUTER,
                ("printf '#!/bin/sh\\nexec /usr/bin/date -d +2hours \"$@\"\\n' "
                 ">/usr/local/sbin/date; chmod 755 /usr/local/sbin/date",),
                ("rm /usr/local/sbin/date",)),), ("device.clock",), (ROUTER,)),
    # ---------------------------------------------------------------- two at once
    Case("two-vlan-and-names", say("VLAN off a trunk, and names not resolved"), "linux", _SITE,
         (_OFF_TRUNK, _DEAD_NAMES), ("trunk.vlan_missing", "dns.dead"),
         (f"{MIDDLE}:up", ROUTER, "10.10.10.1"), more=("trunk.vlan_missing", "dns.dead")),
    # ---------------------------------------------------------------- from the user's seat
    Case("isolation-broken", say("users reach another department"), "linux", _SEAT,
         (Typed(ROUTER,
                ("nft add table ip tamu",
                 "nft 'add chain ip tamu x {{ type nat hook prerouting priority -110; }}'",
                 f"nft add rule ip tamu x ip daddr {{gateway}} dnat to {FAR}"),
                ("nft delete table ip tamu",)),),
         ("probe.isolation",), (BOX,)),
    Case("page-blocked", say("pages are blocked, names and pings are not"), "linux", _SEAT,
         (_wall("forward", "tcp dport 8080"),), ("unknown",), (BOX,)),
    Case("seat-vlan-missing", say("VLAN off a trunk, seen from the seat as well"), "linux", _SEAT,
         (_ovs(MIDDLE, "remove Port down trunks {seat_vlan}", "add Port down trunks {seat_vlan}"),),
         ("trunk.vlan_missing",), _CABLE[:1]),
)  # fmt: skip
SAMPLED = (
    "cable-out", "wrong-vlan", "vlan-missing-middle", "dhcp-dead", "no-route", "names-dead",
    "two-vlan-and-names", "isolation-broken",
)  # fmt: skip
"""Of which each change of the product is proven; the others are slow."""
