"""Ansible, always in a process of its own: reads the inventory of devices and runs playbooks."""
