"""OpenWrt access points: an SSID and its VLAN as uci sections, through our playbook."""
