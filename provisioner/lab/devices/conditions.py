"""Faults in a device's own state: what it shows of its ports, radios, addresses, and itself."""

from __future__ import annotations

from provisioner.lab.faults import FaultKind
from provisioner.texts import say

_HOST = {"host": ""}
_PORT = {"host": "", "port": ""}
CONDITIONS = (
    FaultKind("device-hangs", say("a device never answers a line that matches"),
              {**_HOST, "line": "."}),
    FaultKind("device-floods", say("a device answers a line that matches without end"),
              {**_HOST, "line": "."}),
    FaultKind("device-garbles", say("a device answers a line that matches with rubbish"),
              {**_HOST, "line": "."}),
    FaultKind("port-errors", say("broken frames arrive at a port: a bad cable"),
              {**_PORT, "rate": "50"}),
    FaultKind("port-half-duplex", say("a port is in half duplex and sees late collisions"), _PORT),
    FaultKind("port-flaps", say("a port goes up and down all the time"), _PORT),
    FaultKind("port-err-disabled", say("the device has switched a port off because of a fault"),
              {**_PORT, "reason": "bpduguard"}),
    FaultKind("port-looped", say("spanning tree blocks a port because of a loop"), _PORT),
    FaultKind("port-saturated", say("a port is full"), {**_PORT, "percent": "98"}),
    FaultKind("poe-denied", say("no power is left for what is plugged in there"), _PORT),
    FaultKind("poe-fault", say("a port has switched its power off because of a short"), _PORT),
    FaultKind("cpu-busy", say("the processor has no time left"), {**_HOST, "percent": "97"}),
    FaultKind("memory-low", say("hardly any memory is left"), {**_HOST, "percent": "97"}),
    FaultKind("flash-full", say("the flash or root file system is full"),
              {**_HOST, "percent": "100"}),
    FaultKind("overheated", say("a device is too hot"), {**_HOST, "celsius": "91"}),
    FaultKind("clock-wrong", say("the clock is ahead by so many seconds, and follows no server"),
              {**_HOST, "seconds": "7200"}),
    FaultKind("rebooted", say("a device has started anew so many seconds ago"),
              {**_HOST, "seconds": "120", "reason": "power-on"}),
    FaultKind("scope-empty", say("all addresses of a scope are given away"),
              {**_HOST, "network": ""}),
    FaultKind("dhcp-dead", say("the DHCP server of a scope does not answer"),
              {**_HOST, "network": ""}),
    FaultKind("rogue-dhcp", say("a stranger behind a port answers DHCP"),
              {**_PORT, "vlan": "", "address": "192.168.1.1", "mac": "02:66:6f:6f:00:01"}),
    FaultKind("dns-dead", say("names are not resolved at a device"), _HOST),
    FaultKind("internet-dead", say("nothing outside answers a router"), _HOST),
    FaultKind("gateway-dead", say("the next hop of a router's default route does not answer"),
              _HOST),
    FaultKind("internet-lossy", say("so many percent of packets to the outside are lost"),
              {**_HOST, "loss": "67"}),
    FaultKind("radio-off", say("a radio does not transmit although it is set up"),
              {**_HOST, "radio": ""}),
    FaultKind("channel-jammed", say("somebody else uses so many percent of a radio's channel"),
              {**_HOST, "radio": "", "percent": "95"}),
    FaultKind("join-fails", say("clients are turned away when they join"),
              {**_HOST, "ssid": "", "count": "40"}),
)  # fmt: skip
"""A dialect asks for them with ``Device.shows``; options left empty concern all ports, radios …"""
