"""The dialect of Cisco IOS switches."""

from provisioner.lab.devices.ios.switch import IosDevice

__all__ = ["IosDevice"]
