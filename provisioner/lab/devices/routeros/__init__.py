"""The dialect of MikroTik RouterOS, versions 6 and 7."""

from provisioner.lab.devices.routeros.box import Client, RouterOsDevice

__all__ = ["Client", "RouterOsDevice"]
