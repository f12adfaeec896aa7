"""OpenWrt access points: an SSID and its VLAN as uci sections, through our playbook."""

from provisioner.drivers.openwrt.platform import OpenWrtPlatform

__all__ = ["OpenWrtPlatform"]
