"""The lab's cluster answers what a recorded Proxmox VE 9.1 answered, or the reason is listed."""

from __future__ import annotations

import re

import pytest

from provisioner.lab.cluster import LabCluster
from tests.lab.transcript import TRANSCRIPT, Replay, entries, known, recorded_plan

DIFFERENCES = {
    r"^(0|163) \.data\.cap\.": "rights of a sign-in; the product signs in with a token",
    r"^8 \.data\.(boot-info|cpuinfo|current-kernel|kversion|loadavg): only": (
        "the recorded node lacked them, having no hardware of its own; the schema has them"
    ),
    r"^(9|154) \.data\[(import|iso)\]": "the lab holds no ISO images and no imports",
    r"^16 \.data\[": "the recorded cluster had a history of tasks",
    r"^70 \.data\.(blockstat|proxmox-support)": "counters of a real QEMU",
    r"^75 .*status: 'stopped' -> 'running'": "pvestatd's next reading came sooner in the lab",
    r"^94 .*version": "the agent calls itself 9.0.0 in fakepve",
    r"^(37|168|209) log line: (Formatting|clone #)": "words of qemu-img about a new file",
    r"^142 .*\.id: ": "the id of a job is drawn at random",
}


@pytest.mark.skipif(
    not TRANSCRIPT.exists(), reason="the recorded transcript is not beside this repository"
)
def test_answers_as_the_recorded_cluster() -> None:
    unexplained, used = [], set()
    recorded = entries()
    with LabCluster(recorded_plan()) as lab:
        replay = Replay(lab)
        for number, entry in enumerate(recorded):
            for difference in replay.differences(number, entry):
                reason = known(number, difference, DIFFERENCES)
                if reason is None:
                    what = f"{entry['method']} {entry['path']} ({entry['note']})"
                    unexplained.append(f"{number} {what}: {difference}")
                else:
                    used.add(reason)
        replay.session.close()
    assert len(recorded) > 200
    assert unexplained == []
    maybe = DIFFERENCES[r"^75 .*status: 'stopped' -> 'running'"]
    assert set(DIFFERENCES.values()) - used - {maybe} == set(), "listed differences that are gone"


def test_the_comparison_sees_what_it_should() -> None:
    from tests.lab.transcript import compare

    assert list(compare({"a": 1}, {"a": "1"})) == [".a: number -> text"]
    assert list(compare({"a": 1}, {})) == [".a: missing"]
    assert list(compare({"status": "x"}, {"status": "y"})) == [".status: 'x' -> 'y'"]
    assert list(compare([{"volid": "v", "content": "iso"}], [])) == ["[iso]: missing"]
    assert re.search("only", next(compare({}, {"b": 1})))
