"""A Proxmox VE cluster (8.x and 9.x) behind the hypervisor protocol."""

from provisioner.drivers.proxmox.cluster import ProxmoxCluster
from provisioner.drivers.proxmox.trust import seen_fingerprint

__all__ = ["ProxmoxCluster", "seen_fingerprint"]
