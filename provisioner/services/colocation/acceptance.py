"""Which checks prove that a department's server is in its rack and reached, and that it is gone."""

from __future__ import annotations

from provisioner.services.proving import Check
from provisioner.texts import say

PORT_SET_UP = "port.set_up"
SERVER_RACKED = "server.racked"
SERVER_ANSWERS = "server.answers"
SERVER_PORT_OPEN = "server.port_open"
SERVER_TAKEN_OUT = "server.taken_out"
PORT_FREED = "port.freed"
SERVER_SILENT = "server.silent"

CHECKS: tuple[Check, ...] = (
    Check(
        PORT_SET_UP,
        say("The switch port is set up for the server"),
        say("The server would reach another network, or none."),
        say("Look at the port (show running-config interface), then choose retry."),
    ),
    Check(
        SERVER_RACKED,
        say("A person has put the server into its place and ticked off the list"),
        say("Nobody has confirmed yet that the server stands where it was planned."),
        say("Do what the list says and report it as done."),
    ),
    Check(
        SERVER_ANSWERS,
        say("The server answers at its address"),
        say("The department cannot reach its server."),
        say(
            "See whether it is switched on, the lamp of the port is lit, and address, mask and "
            "gateway are as on the label; then choose retry."
        ),
    ),
    Check(
        SERVER_PORT_OPEN,
        say("The service that was named accepts connections"),
        say("The server stands, but this service of it cannot be reached."),
        say("Ask the contact to start the service or to open its firewall, then choose retry."),
    ),
    Check(
        SERVER_TAKEN_OUT,
        say("A person has taken the server out and handed it back"),
        say("The server may still stand in the rack and draw power."),
        say("Do what the list says and report it as done."),
    ),
    Check(
        PORT_FREED,
        say("The switch port is free again"),
        say("What is plugged in there would still reach the department's network."),
        say("Look at the port (show running-config interface), then choose retry."),
    ),
    Check(
        SERVER_SILENT,
        say("Nothing answers any more at the address that was given back"),
        say("The server, or another one with its address, is still connected somewhere."),
        say("Find what answers and disconnect it, then choose retry."),
    ),
)
"""In the order in which they are made."""
