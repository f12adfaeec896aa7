"""Which checks prove that a remedy was carried out and has helped."""

from __future__ import annotations

from provisioner.services.proving import Check
from provisioner.texts import say

REMEDY_DONE, REMEDY_HELPED = "remedy.done", "remedy.helped"

CHECKS: tuple[Check, ...] = (
    Check(
        REMEDY_DONE,
        say("The remedy was carried out on the device"),
        say("The device did not take it."),
        say("Look at the device, then choose retry."),
    ),
    Check(
        REMEDY_HELPED,
        say("What was red is green now"),
        say("The remedy was carried out and the fault is still there."),
        say("Look at the new diagnosis; somebody may have to go there."),
    ),
)
"""The proofs of a diagnosis are the checks themselves (``provisioner.checks``)."""
