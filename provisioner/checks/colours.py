"""How results come down to a colour; pure."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.checks.model import Result


def colour_of(results: Sequence[Result]) -> str:
    """Red where something is broken, weak where something will hurt or nothing could be made."""
    weights = {each.finding.weight for each in results if each.finding is not None}
    if "broken" in weights:
        return "red"
    if "weak" in weights or not any(each.passed for each in results):
        return "weak"
    return "green"
