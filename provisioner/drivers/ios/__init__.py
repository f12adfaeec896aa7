"""Cisco IOS switches, spoken to with Netmiko through a session class of our own."""
