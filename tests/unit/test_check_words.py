"""What was found is told in the reader's language, down to the words that a driver put in."""

from __future__ import annotations

from provisioner.checks.chain import Chain, Station
from provisioner.checks.diagnosis import diagnose
from provisioner.checks.model import Diagnosis, Finding, Place, Result, Target
from provisioner.checks.rules.all import RULES
from provisioner.checks.words import Words
from provisioner.database import now
from provisioner.texts import render, say

PROBE = Place("device", "pr-pendopo-1")
NOT_SEEN = say("the probe does not see the WiFi")
FOUND = Finding("probe.join", PROBE, {"why": NOT_SEEN})


def test_a_finding_keeps_what_it_says_in_any_language() -> None:
    again = Finding.from_json(FOUND.to_json())
    assert again == FOUND
    words = Words({}, {rule.finding: rule for rule in RULES})
    told, _ = words.told(again, "id")
    assert "alat uji tidak melihat WiFi ini" in told
    assert "does not see" in words.told(again, "en")[0]


def test_a_diagnosis_tells_it_in_the_readers_language_too() -> None:
    target = Target("site", "pendopo")
    chain = Chain(target, "Pendopo", stations=(Station("probe", PROBE.name),))
    found = diagnose(chain, [Result("probe.seat", PROBE, now(), "-", FOUND)])
    kept = Diagnosis.from_json(found.to_json())
    assert kept.first is not None
    assert "does not see" not in render(kept.first.text, "id")
