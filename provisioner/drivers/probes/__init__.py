"""Probes of the inventory, each a small box at a site that is reached over SSH."""

from __future__ import annotations

from provisioner.drivers.probes.probing import InventoryProbes

__all__ = ["InventoryProbes"]
