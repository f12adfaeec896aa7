"""Faults that somebody makes by hand: a line typed on a device that nobody had planned."""

from __future__ import annotations

from provisioner.lab.trouble.case import Case, Part, Shown, Typed
from provisioner.texts import Message, say

_SMP, _SKPD = "site:smp-1", "site:skpd"
_ROUTER, _SWITCH, _CORE, _AP, _OTHER = "rt-core-1", "sw-smp-1", "sw-core-1", "ap-smp-1", "sw-skpd-1"
_UP, _TO_AP, _USERS = "GigabitEthernet1/0/24", "GigabitEthernet1/0/1", "{smp_port}"
_DOWN = "GigabitEthernet1/0/3"
_RANGE = "10.40.1.2-10.40.1"
_SCOPE = (f"{_ROUTER}:{{smp_cidr}}",)
_AIR = "wireless.{smp_section}_radio"


def _ros(
    name: str, title: Message, lines: tuple[str, str], causes: tuple[str, ...],
    places: tuple[str, ...], host: str = _ROUTER, target: str = _SMP,
) -> Case:  # fmt: skip
    typed = Typed(host, (lines[0],), (lines[1],))
    return Case(name, title, "mikrotik_routeros", target, (typed,), causes, places)


def _ios(
    name: str, title: Message, host: str, port: str, lines: tuple[str, str],
    causes: tuple[str, ...], places: tuple[str, ...],
) -> Case:  # fmt: skip
    where = (f"interface {port}",) if port else ()
    make, back = (("configure terminal", *where, line, "end") for line in lines)
    return Case(name, title, "cisco_ios", _SMP, (Typed(host, make, back),), causes, places)


def _air(
    name: str, title: Message, option: str, values: tuple[str, str], causes: tuple[str, ...]
) -> Case:
    make, back = (
        (
            *(f"uci set {_AIR}{radio}.{option}='{value}'" for radio in (0, 1)),
            "uci commit wireless",
            "wifi reload",
        )
        for value in values
    )
    places = (f"{_AP}:{{smp_ssid}}",)
    return Case(name, title, "openwrt", _SMP, (Typed(_AP, make, back),), causes, places)


def _shown(
    name: str, title: Message, part: Part, make: tuple[Shown, ...], causes: tuple[str, ...],
    places: tuple[str, ...], more: tuple[str, ...] = (),
) -> Case:  # fmt: skip
    return Case(name, title, part, _SMP, make, causes, places, more)


_DRIFT = ("config.drift",)
_OTHERS = ("config.others",)
TAMPERING: tuple[Case, ...] = (
    # ---------------------------------------------------------------- router
    _ros("translation-off", say("address translation of the site switched off"),
         ('/ip firewall nat disable [find comment="{smp_vlan_name} scope translation"]',
          '/ip firewall nat enable [find comment="{smp_vlan_name} scope translation"]'),
         _DRIFT, _SCOPE),
    _ros("rule-before-ours", say("a rule before ours drops what the site sends"),
         ("/ip firewall filter add chain=forward action=drop src-address={smp_cidr} "
          "place-before=0 comment=uji",
          "/ip firewall filter remove [find comment=uji]"), _DRIFT, _SCOPE),
    _ros("leased-gateway-wrong", say("clients are told another gateway"),
         ("/ip dhcp-server network set [find address={smp_cidr}] gateway=10.40.1.254",
          "/ip dhcp-server network set [find address={smp_cidr}] gateway=10.40.1.1"),
         _DRIFT, _SCOPE),
    _ros("leased-resolver-wrong", say("clients are told another resolver"),
         ("/ip dhcp-server network set [find address={smp_cidr}] dns-server=10.99.99.99",
          "/ip dhcp-server network set [find address={smp_cidr}] dns-server=10.10.10.1"),
         _DRIFT, _SCOPE),
    _ros("pool-shrunk", say("hardly any address may be leased"),
         (f'/ip pool set [find name="{{smp_vlan_name}}"] ranges={_RANGE}.3',
          f'/ip pool set [find name="{{smp_vlan_name}}"] ranges={_RANGE}.254'), _DRIFT, _SCOPE),
    _ros("lease-server-off", say("DHCP server switched off by somebody"),
         ('/ip dhcp-server disable [find name="{smp_vlan_name}"]',
          '/ip dhcp-server enable [find name="{smp_vlan_name}"]'), ("scope.disabled",), _SCOPE),
    _ros("gateway-off", say("the gateway's address switched off"),
         ('/ip address disable [find address="10.40.1.1/24"]',
          '/ip address enable [find address="10.40.1.1/24"]'),
         ("gateway.missing",), (f"{_ROUTER}:{{smp_vlan}}",)),
    _ros("vlan-interface-off", say("the router's interface of the VLAN switched off"),
         ('/interface vlan disable [find name="{smp_vlan_name}"]',
          '/interface vlan enable [find name="{smp_vlan_name}"]'),
         ("vlan.missing", "gateway.missing"), (f"{_ROUTER}:{{smp_vlan}}",)),
    _ros("route-off", say("default route switched off"),
         ("/ip route disable [find gateway=203.0.113.1]",
          "/ip route enable [find gateway=203.0.113.1]"), ("internet.no_route",), (_ROUTER,)),
    _ros("route-wrong", say("default route to an address where nobody is"),
         ("/ip route set [find gateway=203.0.113.1] gateway=203.0.113.77",
          "/ip route set [find gateway=203.0.113.77] gateway=203.0.113.1"),
         ("internet.gateway",), (_ROUTER,)),
    _ros("outside-address-off", say("the router's own address outside switched off"),
         ('/ip address disable [find address="203.0.113.2/24"]',
          '/ip address enable [find address="203.0.113.2/24"]'),
         ("internet.no_route",), (_ROUTER,)),
    _ros("outside-port-off", say("port to the provider switched off"),
         ("/interface ethernet disable ether1", "/interface ethernet enable ether1"),
         ("port.disabled",), (f"{_ROUTER}:ether1",)),
    _ros("resolver-wrong", say("the router asks a resolver that is not there"),
         ("/ip dns set servers=203.0.113.99", "/ip dns set servers=203.0.113.1"),
         ("dns.dead",), (_ROUTER,)),
    _ros("limit-tiny", say("speed of the site limited to almost nothing"),
         ('/queue simple set [find name="{smp_vlan_name}"] max-limit=64k/64k',
          '/queue simple set [find name="{smp_vlan_name}"] max-limit=20M/20M'),
         _DRIFT, (_ROUTER,)),
    # ------------------------------------------- router, beside what we have set up there
    _ros("translation-bypassed", say("a rule before ours takes the site out of translation"),
         ("/ip firewall nat add chain=srcnat action=accept src-address={smp_cidr} "
          "place-before=0 comment=uji", "/ip firewall nat remove [find comment=uji]"),
         _OTHERS, (_ROUTER,)),
    _ros("address-twice", say("the gateway's address given to a second port"),
         ("/ip address add address=10.40.1.1/24 interface=ether3 comment=uji",
          "/ip address remove [find comment=uji]"), _OTHERS, (_ROUTER,)),
    _ros("frames-too-small", say("frames limited to a small size on the trunk"),
         ("/interface ethernet set ether2 mtu=1280", "/interface ethernet set ether2 mtu=1500"),
         _OTHERS, (_ROUTER,)),
    _ros("name-pinned", say("a name pinned to a wrong address"),
         ("/ip dns static add name=kominfo.example.test address=10.66.6.6 comment=uji",
          "/ip dns static remove [find comment=uji]"), _OTHERS, (_ROUTER,)),
    _ros("strangers-unheard", say("the router learns no users by ARP"),
         ('/interface vlan set [find name="{smp_vlan_name}"] arp=reply-only',
          '/interface vlan set [find name="{smp_vlan_name}"] arp=enabled'), _OTHERS, (_ROUTER,)),
    _ros("route-stray", say("a part of the Internet routed to nowhere"),
         ("/ip route add dst-address=198.51.100.0/24 gateway=203.0.113.77 comment=uji",
          "/ip route remove [find comment=uji]"), _OTHERS, (_ROUTER,)),
    # ---------------------------------------------------------------- switches
    _ios("allowed-replaced", say("list of VLANs of a trunk replaced"), _CORE, _DOWN,
         ("switchport trunk allowed vlan 99", "switchport trunk allowed vlan 99,{smp_vlan}"),
         ("trunk.vlan_missing",), (f"{_CORE}:{_DOWN}",)),
    _shown("strange-address", say("port switched off because of a stranger's address"),
           "cisco_ios", (Shown("port-err-disabled", {"host": _SWITCH, "port": _USERS,
                                                     "reason": "psecure-violation"}),),
           ("port.err_disabled",), (f"{_SWITCH}:{_USERS}",)),
    _shown("broadcast-storm", say("trunk switched off because of a storm"),
           "cisco_ios", (Shown("port-err-disabled", {"host": _CORE, "port": _DOWN,
                                                     "reason": "storm-control"}),),
           ("port.err_disabled",), (f"{_CORE}:{_DOWN}",)),
    _ros("port-out-of-bridge", say("port of the users taken out of the bridge"),
         ("/interface bridge port disable [find interface={skpd_port}]",
          "/interface bridge port enable [find interface={skpd_port}]"),
         ("port.wrong_vlan",), (f"{_OTHER}:{{skpd_port}}",), _OTHER, _SKPD),
    _ros("bridge-heeds-no-vlan", say("bridge without VLAN filter"),
         ("/interface bridge set bridge1 vlan-filtering=no",
          "/interface bridge set bridge1 vlan-filtering=yes"),
         ("port.wrong_vlan",), (f"{_OTHER}:{{skpd_port}}",), _OTHER, _SKPD),
    _ios("users-in-a-trunk", say("port of the users made a trunk"), _SWITCH, _USERS,
         ("switchport mode trunk", "switchport mode access"),
         ("port.wrong_vlan",), (f"{_SWITCH}:{_USERS}",)),
    _ios("trunk-made-access", say("trunk between switches made an access port"), _CORE, _DOWN,
         ("switchport mode access", "switchport mode trunk"),
         ("trunk.management_missing",), (f"{_CORE}:{_DOWN}",)),
    _ios("trunk-carries-nothing", say("trunk to an access point carries no VLAN"), _SWITCH, _TO_AP,
         ("switchport trunk allowed vlan none", "switchport trunk allowed vlan 99,{smp_vlan}"),
         ("trunk.management_missing",), (f"{_SWITCH}:{_TO_AP}",)),
    _ios("vlan-missing-router", say("VLAN taken off the trunk to the router"), _CORE, _UP,
         ("switchport trunk allowed vlan remove {smp_vlan}",
          "switchport trunk allowed vlan add {smp_vlan}"),
         ("trunk.vlan_missing",), (f"{_CORE}:{_UP}",)),
    _ios("speed-forced", say("uplink of the site set to 10 Mbit/s"), _SWITCH, _UP,
         ("speed 10", "no speed"), ("port.slow",),
         (f"{_SWITCH}:{_UP}", f"{_CORE}:{_DOWN}")),
    _ios("management-off", say("a switch's own address switched off, its users at work"),
         _SWITCH, "Vlan99", ("shutdown", "no shutdown"), ("device.login",), (_SWITCH,)),
    # ---------------------------------------------------------------- WiFi
    _air("ssid-renamed", say("WiFi renamed on an access point"), "ssid",
         ("GURU", "{smp_ssid}"), ("ap.ssid_missing",)),
    _air("ssid-in-another-network", say("WiFi put into another network"), "network",
         ("lan", "{smp_section}"), _DRIFT),
    _air("isolation-on", say("clients of the WiFi kept apart"), "isolate", ("1", "0"), _DRIFT),
    # ---------------------------------------------------------------- several at once
    _shown("router-hung", say("router hangs, its link is up"), "mikrotik_routeros",
           (Shown("device-mute", {"host": _ROUTER}),), ("device.unreachable",), (_ROUTER,)),
    _shown("two-sites", say("cables of two sites out"), "cisco_ios",
           (Shown("cable-pulled", {"host": _CORE, "port": _DOWN}),
            Shown("cable-pulled", {"host": _CORE, "port": "GigabitEthernet1/0/4"})),
           ("port.down",), (f"{_CORE}:{_DOWN}", f"{_SWITCH}:{_UP}")),
    _shown("three-at-once", say("Internet dead, no address left, radio off"), "mikrotik_routeros",
           (Shown("internet-dead", {"host": _ROUTER}),
            Shown("scope-empty", {"host": _ROUTER, "network": "{smp_cidr}"}),
            Shown("radio-off", {"host": _AP})),
           ("internet.dead", "scope.exhausted"), (_ROUTER, *_SCOPE),
           ("internet.dead", "scope.exhausted", "ap.radio_off")),
)  # fmt: skip
