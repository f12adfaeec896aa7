"""That every known trap, and every recorded difference, has a test of its own by its number."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.contract.conftest import exclusions

HERE = Path(__file__).parent
PITFALLS = 34
RECORDED = 15


def named(pattern: str) -> Counter[str]:
    """How often the pattern's group stands in the name of a test of the driver."""
    texts = [path.read_text() for path in sorted(HERE.glob("test_proxmox_*.py"))]
    return Counter(found for text in texts for found in re.findall(pattern, text, re.MULTILINE))


def test_every_pitfall_has_a_test() -> None:
    found = named(r"^def test_pitfall_(\d\d)_\w+\(")
    assert sorted(found) == [f"{number:02}" for number in range(1, PITFALLS + 1)]


def test_every_recorded_difference_has_a_test() -> None:
    found = named(r"^def test_recorded_(\d\d)_\w+\(")
    assert sorted(found) == [f"{number:02}" for number in range(1, RECORDED + 1)]


def test_every_exclusion_names_a_test_of_the_suite() -> None:
    suite = "\n".join(path.read_text() for path in sorted(HERE.glob("test_proxmox_suite*.py")))
    tests = set(re.findall(r"^def (test_\w+)\(", suite, re.MULTILINE))
    assert set(exclusions()) <= tests
    assert all(len(reason) > 10 for reason in exclusions().values())
