"""The configuration of a simulated router with a DSA switch, a firewall and shaping."""

from __future__ import annotations

PORTS = ("lan1", "lan2", "lan3", "lan4", "wan")


_NETWORK = """
config interface 'loopback'
	option device 'lo'
	option proto 'static'
	option ipaddr '127.0.0.1'
	option netmask '255.0.0.0'

config globals 'globals'
	option packet_steering '1'

config device
	option name 'br-lan'
	option type 'bridge'
	list ports 'lan1'
	list ports 'lan2'
	list ports 'lan3'
	list ports 'lan4'

config bridge-vlan
	option device 'br-lan'
	option vlan '1'
	list ports 'lan2:u*'
	list ports 'lan3:u*'
	list ports 'lan4:u*'

config bridge-vlan
	option device 'br-lan'
	option vlan '99'
	list ports 'lan1:t'

config interface 'management'
	option device 'br-lan.99'
	option proto 'static'
	option ipaddr '{address}'
	option netmask '{netmask}'

config interface 'wan'
	option device 'wan'
	option proto 'dhcp'

"""
_FIREWALL = """
config defaults
	option input 'REJECT'
	option output 'ACCEPT'
	option forward 'REJECT'
	option synflood_protect '1'

config zone
	option name 'wan'
	list network 'wan'
	option input 'REJECT'
	option output 'ACCEPT'
	option forward 'REJECT'
	option masq '1'
	option mtu_fix '1'

config rule
	option name 'Allow-Ping'
	option src 'wan'
	option proto 'icmp'
	option icmp_type 'echo-request'
	option family 'ipv4'
	option target 'ACCEPT'

"""
_DHCP = """
config dnsmasq
	option domainneeded '1'
	option localise_queries '1'
	option leasefile '/tmp/dhcp.leases'

config dhcp 'wan'
	option interface 'wan'
	option ignore '1'

"""


def configuration(address: str, netmask: str) -> dict[str, str]:
    """The files of /etc/config; management is VLAN 99 on lan1, the office VLAN 1."""
    network = _NETWORK.format(address=address, netmask=netmask)
    return {"network": network, "firewall": _FIREWALL, "dhcp": _DHCP, "sqm": "\n"}
