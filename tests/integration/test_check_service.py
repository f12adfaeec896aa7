"""Checks are asked for, carried out by workers that may die, and seen by whom they concern."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from provisioner.checks import store
from provisioner.checks.model import Place
from provisioner.checks.seen import Sighting
from provisioner.checks.store import SILENT
from provisioner.checks.tables import CheckRow, CheckState
from provisioner.database import Database, now
from provisioner.errors import Conflict, Forbidden, Invalid, NotFound
from tests.integration.check_stage import (
    ARIF,
    RINA,
    SARI,
    TONO,
    VM,
    Stage,
    request,
    result,
    working,
)

SITE = "site:site-01"


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database)


def test_a_green_check_says_what_it_proved(stage: Stage) -> None:
    view = stage.check(SITE)
    assert (view.state, view.colour, view.diagnosis, view.trouble) == ("done", "green", None, None)
    [one] = view.results
    assert (one.check, one.target, one.passed) == ("port.state", "sw-core-1:Gi1/0/24", True)
    assert (one.meaning, one.next, one.evidence) == ("Proven", "", "up")
    assert view.started_at
    assert view.ended_at
    assert view.asked_by == "rina"
    assert view.progress == [f"Looking at {SITE}"]


def test_a_red_check_names_cause_meaning_and_next_step(stage: Stage) -> None:
    stage.found[SITE] = [result("port.down"), result(place=Place("device", "rt-1"))]
    view = stage.check(SITE)
    assert view.colour == "red"
    red, _ = view.results
    assert red.meaning == "sw-core-1:Gi1/0/24 has no link since noon"
    assert red.next == "Look at sw-core-1:Gi1/0/24"
    assert view.diagnosis is not None
    assert view.diagnosis.cause == view.cause == "no link at sw-core-1:Gi1/0/24"
    assert view.diagnosis.confidence == "certain"
    assert view.diagnosis.ruled_out == ["The rest is in order"]


def test_what_will_only_hurt_is_weak(stage: Stage) -> None:
    stage.found[SITE] = [result("port.down", weight="weak")]
    assert stage.check(SITE).colour == "weak"


def test_turned_since_the_last_green_look_and_mended_since_the_last(stage: Stage) -> None:
    green = stage.check(SITE)
    stage.found[SITE] = [result("port.down")]
    red = stage.check(SITE)
    assert red.comparison is not None
    assert red.comparison.green == green.id
    assert [each.target for each in red.comparison.turned_red] == ["sw-core-1:Gi1/0/24"]
    stage.found.clear()
    mended = stage.check(SITE)
    assert mended.comparison is not None
    assert (mended.comparison.green, mended.comparison.before) == (green.id, red.id)
    assert [each.check for each in mended.comparison.turned_green] == ["port.state"]
    assert mended.comparison.turned_red == []


def test_only_some_checks_are_no_measure_for_others(stage: Stage) -> None:
    stage.check(SITE, checks=["gateway"])
    whole = stage.check(SITE)
    assert whole.comparison is not None
    assert whole.comparison.before is None
    with pytest.raises(Invalid, match="corrected"):
        stage.service.start(RINA, target=SITE, checks=["no.such"])


def test_who_may_start_a_check(stage: Stage) -> None:
    for allowed, target in ((RINA, SITE), (SARI, f"instance:{VM}"), (SARI, "VPS-2026-0001")):
        assert stage.service.start(allowed, target=target).state == "queued"
    for refused in (ARIF, SARI):
        with pytest.raises(Forbidden):
            stage.service.start(refused, target=SITE)
    with pytest.raises(Forbidden):
        stage.service.start(ARIF, instance=VM)
    with pytest.raises(NotFound):
        stage.service.start(TONO, instance=VM)
    with pytest.raises(NotFound):
        stage.service.start(RINA, target="nowhere")
    with pytest.raises(Invalid):
        stage.service.start(RINA)
    with pytest.raises(Invalid):
        stage.service.start(RINA, target=SITE, instance=VM)


def test_a_request_gives_nobody_a_look_at_what_is_not_theirs(stage: Stage) -> None:
    request(stage.database, "TRB-2026-0001", {"target": "instance:vm-other"})
    for actor in (SARI, RINA):
        with pytest.raises(NotFound):
            stage.service.start(actor, request="TRB-2026-0001")


def test_who_sees_a_check(stage: Stage) -> None:
    stage.found[f"instance:{VM}"] = [result("port.down")]
    own, site = stage.check(f"instance:{VM}"), stage.check(SITE)
    assert {one.id for one in stage.service.list(ARIF)} == {own.id, site.id}
    assert [one.id for one in stage.service.list(SARI)] == [own.id]
    assert stage.service.list(TONO) == []
    for hidden in (own.id, site.id):
        with pytest.raises(NotFound):
            stage.service.get(TONO, hidden)
    with pytest.raises(NotFound):
        stage.service.get(SARI, site.id)


def test_a_department_reads_the_cause_and_nothing_of_devices(stage: Stage) -> None:
    stage.found[f"instance:{VM}"] = [result("port.down")]
    id = stage.check(f"instance:{VM}").id
    view = stage.service.get(SARI, id)
    assert view.colour == "red"
    assert view.diagnosis is not None
    assert view.diagnosis.cause.startswith("no link")
    assert view.diagnosis.next == "go there"
    assert (view.results, view.skipped, view.remedies, view.progress) == ([], [], [], [])
    assert (view.diagnosis.ruled_out, view.diagnosis.changes, view.comparison) == ([], [], None)
    assert stage.service.way(SARI, id) == []


def test_a_request_is_checked_for_what_it_is_about_and_told_on_its_record(stage: Stage) -> None:
    request(stage.database, "NET-2026-0001", {"site": "site-01"}, service="internet")
    request(stage.database, "NET-2026-0002", {}, service="internet")
    view = stage.service.start(RINA, request="NET-2026-0001")
    assert view.target == SITE
    assert view.request == "NET-2026-0001"
    stage.found[SITE] = [result("port.down")]
    stage.work()
    asked, finished = stage.events("NET-2026-0001")[:2]
    assert (asked.tag, finished.tag) == ("check:asked", "check:finished")
    assert finished.payload is not None
    assert (finished.payload["colour"], finished.payload["cause"]) == ("red", "port.down")
    assert [one.id for one in stage.service.list(SARI, request="NET-2026-0001")] == [view.id]
    with pytest.raises(Conflict, match="nothing to check"):
        stage.service.start(RINA, request="NET-2026-0002")


def test_a_run_begins_a_check_once_and_reads_values(stage: Stage) -> None:
    request(stage.database, "TRB-2026-0001", {"target": SITE}, service="troubleshooting")
    begin = stage.service.begin
    id = begin(SITE, purpose="complaint", request="TRB-2026-0001")
    assert begin(SITE, purpose="complaint", request="TRB-2026-0001") == id
    assert stage.service.outcome(id) is None
    stage.found[SITE] = [result("port.down")]
    stage.work()
    outcome = stage.service.outcome(id)
    assert outcome is not None
    assert outcome.diagnosis is not None
    assert outcome.diagnosis.first is not None
    assert outcome.diagnosis.first.key == "port.down"
    again = stage.service.again(id)
    assert stage.service.again(id) == again
    with stage.database.read() as session:
        assert store.get(session, again).wanted == ["port.state"]
    with pytest.raises(Forbidden):
        begin("instance:vm-other", purpose="complaint", request="TRB-2026-0001")


def test_a_killed_worker_is_noticed_and_its_check_made_by_another(stage: Stage) -> None:
    id = stage.service.start(RINA, target=SITE).id
    with stage.database.allocate() as session:
        assert store.claim(session, "worker-that-dies") is not None
    assert not stage.worker.once(), "it is in another's hand"
    age(stage.database, id, SILENT + timedelta(seconds=1))
    assert stage.worker.once()
    assert stage.service.get(RINA, id).state == "done"
    with stage.database.read() as session:
        assert store.get(session, id).tries == 2


def test_a_worker_that_was_taken_for_dead_changes_nothing_any_more(stage: Stage) -> None:
    def meanwhile(target: str) -> None:
        stage.before = lambda target: None
        age(stage.database, asked, SILENT + timedelta(seconds=1))
        assert stage.another_worker().once()

    asked = stage.service.start(RINA, target=SITE).id
    stage.before = meanwhile
    stage.found[SITE] = [result("port.down")]
    assert stage.worker.once()
    assert stage.examined == [SITE, SITE]
    with stage.database.read() as session:
        assert [row.state for row in store.find(session)] == ["done"]
        assert len(store.open_alerts(session)) == 1


def test_a_check_that_kills_its_workers_is_given_up(stage: Stage) -> None:
    id = stage.service.start(RINA, target=SITE).id
    for _ in range(3):
        with stage.database.allocate() as session:
            assert store.claim(session, "worker-that-dies") is not None
        age(stage.database, id, SILENT + timedelta(seconds=1))
    assert stage.worker.once()
    view = stage.service.get(RINA, id)
    assert (view.state, view.colour, stage.examined) == ("broken_off", None, [])
    assert view.trouble is not None
    assert "ended several times" in view.trouble.what


def test_never_two_at_once_for_one_target(stage: Stage) -> None:
    for target in (SITE, SITE, "site:site-02"):
        stage.service.start(RINA, target=target)
    with stage.database.allocate() as session:
        taken = [store.claim(session, "one") for _ in range(3)]
        assert [row and row.target for row in taken] == [SITE, "site:site-02", None]


def test_two_workers_make_every_check_once_and_at_once(stage: Stage) -> None:
    both = threading.Barrier(2, timeout=30)
    stage.before = lambda target: both.wait()
    ids = [stage.service.start(RINA, target=f"site:site-0{n}").id for n in (1, 2, 3, 4)]
    with working(stage.worker, stage.another_worker()):
        over = threading.Event()
        while not all(stage.service.progress(RINA, id).state == "done" for id in ids):
            over.wait(0.05)
    assert sorted(stage.examined) == [f"site:site-0{n}" for n in (1, 2, 3, 4)]


def test_a_worker_that_stops_gives_back_what_is_in_its_hand(stage: Stage) -> None:
    begun, go = threading.Event(), threading.Event()

    def hang(target: str) -> None:
        begun.set()
        go.wait(30)

    stage.before = hang
    id = stage.service.start(RINA, target=SITE).id
    stage.worker.start()
    assert begun.wait(30)
    stopping = threading.Thread(target=stage.worker.stop)
    stopping.start()
    while stage.service.progress(RINA, id).state != "queued":
        stopping.join(0.05)
    go.set()
    stopping.join()
    with stage.database.read() as session:
        assert (store.get(session, id).tries, store.get(session, id).state) == (0, "queued")


def test_a_target_that_is_gone_breaks_the_check_off(stage: Stage) -> None:
    with stage.database.write() as session:
        row = CheckRow(
            id="check-1", target="site:gone", title="gone", asked_by="rina", purpose="asked",
            wanted=[], due_at=now(), asked_at=now(), progress=[], results=[],
        )  # fmt: skip
        session.add(row)
    stage.work()
    view = stage.service.get(RINA, "check-1")
    assert view.state == CheckState.BROKEN_OFF
    assert view.trouble is not None
    assert view.trouble.what == "There is no site:gone."


def test_a_fault_of_ours_breaks_off_one_check_only(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(target: str) -> None:
        if target == SITE:
            raise ZeroDivisionError

    stage.before = stumble
    assert stage.check(SITE).state == "broken_off"
    assert "ZeroDivisionError" in caplog.text
    assert stage.check("site:site-02").state == "done"


def test_what_cannot_be_stored_breaks_off_one_check_and_not_the_worker(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.found[SITE] = [replace(result(), evidence=cast(str, now()))]
    assert stage.check(SITE).state == "broken_off"
    assert "cannot be stored" in caplog.text
    assert stage.check("site:site-02").state == "done"


def test_sightings_are_kept_and_an_older_one_never_wins(stage: Stage) -> None:
    late, early = now(), now() - timedelta(hours=1)
    for at, count in ((late, 7), (early, 3)):
        stage.sightings = {"sw-1": Sighting(at, 5.0, errors={"Gi1/0/1": count})}
        stage.check(SITE)
    with stage.database.read() as session:
        found = store.sightings(session, ["sw-1", "sw-2"])
    assert found == {"sw-1": Sighting(late, 5.0, errors={"Gi1/0/1": 7})}


def test_old_checks_are_forgotten(stage: Stage) -> None:
    old = stage.check(SITE)
    stage.later(timedelta(days=3))
    new = stage.check(SITE)
    with stage.database.write() as session:
        store.prune(session, now() - timedelta(days=2))
    assert [row.id for row in stage.rows()] == [new.id]
    assert new.comparison is not None
    assert new.comparison.green == old.id
    assert stage.service.get(RINA, new.id).comparison is not None


def age(database: Database, id: str, by: timedelta) -> None:
    """Its worker was last heard of so long ago."""
    with database.write() as session:
        row = store.get(session, id, lock=True)
        assert row.beat_at is not None
        row.beat_at -= by
