"""Who is told that something broke or works again: once per cause, over channels that may fail."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from provisioner.checks import store
from provisioner.checks.alerts import CALM, Alerts
from provisioner.checks.chain import Chain
from provisioner.checks.examining import Examined
from provisioner.checks.model import Place, Result, Target
from provisioner.database import Database, now
from provisioner.notifications import NOTIFY, Notifications, Undelivered
from provisioner.outbox import Outbox, OutboxRow
from provisioner.texts import say
from tests.integration.check_stage import SITES, VM, Stage, diagnosis, result

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""Of a library of Apprise's."""
CHANNEL = "env:CHANNEL"
TARGETS = [f"site:{key}" for key in SITES]


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database, channels=(CHANNEL,))


def test_twenty_sites_and_one_cause_are_one_message(stage: Stage) -> None:
    stage.found |= {key: [result("port.down")] for key in TARGETS}
    for target in TARGETS:
        stage.check(target)
    [text] = stage.sent()
    assert "port down" in text
    assert "sw-core-1:Gi1/0/24" in text
    assert "site-01" in text
    assert "http://office.example/checks/check-" in text
    for target in TARGETS:  # still there: nothing is said again
        stage.check(target)
    assert len(stage.sent()) == 1
    for target in TARGETS[:-1]:
        del stage.found[target]
        stage.check(target)
    assert len(stage.sent()) == 1, "one site still hangs on it"
    del stage.found[TARGETS[-1]]
    stage.check(TARGETS[-1])
    assert len(stage.sent()) == 2
    assert "port down" in stage.sent()[1]
    with stage.database.read() as session:
        assert store.open_alerts(session) == []


def test_two_causes_are_two_messages(stage: Stage) -> None:
    other = Place("port", "sw-core-1", "Gi1/0/23")
    stage.found[TARGETS[0]] = [result("port.down"), result("port.down", other)]
    stage.check(TARGETS[0])
    assert len(stage.sent()) == 2


def test_what_will_only_hurt_wakes_nobody(stage: Stage) -> None:
    stage.found[TARGETS[0]] = [result("port.down", weight="weak")]
    stage.check(TARGETS[0])
    assert stage.sent() == []


def test_some_checks_only_open_a_cause_but_never_close_one(stage: Stage) -> None:
    stage.found[TARGETS[0]] = [result("port.down")]
    stage.check(TARGETS[0], checks=["port.state"])
    stage.found.clear()
    stage.check(TARGETS[0], checks=["gateway"])
    assert len(stage.sent()) == 1
    stage.check(TARGETS[0])
    assert len(stage.sent()) == 2


def test_what_cannot_be_looked_at_any_more_is_not_in_order_again(stage: Stage) -> None:
    target, dead = TARGETS[0], Place("device", "sw-core-1")
    stage.found[target] = [result("port.down")]
    stage.check(target)
    silent = Result("port.state", dead, now(), skipped=say("It does not answer."))
    lost = replace(result("device.unreachable", dead), check="device.reach")
    stage.found[target] = [silent, lost]
    stage.check(target)
    assert [text.split(":")[0] for text in stage.sent()] == ["Gangguan", "Gangguan"]
    stage.found.clear()
    stage.check(target)
    assert len(stage.sent()) == 4


def test_what_comes_from_another_cause_now_is_not_in_order_again(stage: Stage) -> None:
    target, other = TARGETS[0], Place("port", "sw-core-1", "Gi1/0/1")
    stage.found[target] = [result("port.down")]
    stage.check(target)
    with stage.database.allocate() as session:
        [alert] = store.open_alerts(session)
        both = (result("port.down"), result("port.down", other))
        looked = Examined(
            Target("site", SITES[0]), Chain(Target("site", SITES[0]), ""), both, diagnosis(both[1])
        )
        Alerts(stage.notices.announce, "").after(session, stage.rows()[-1], looked, ())
        assert [each.place for each in store.open_alerts(session)] == [
            alert.place, "port sw-core-1 Gi1/0/1",
        ]  # fmt: skip


def test_flapping_is_told_once_and_again_only_when_it_stays(stage: Stage) -> None:
    target, broken = TARGETS[0], [result("port.down")]
    for _ in range(3):
        stage.found[target] = broken
        stage.check(target)
        stage.found.clear()
        stage.check(target)
    assert len(stage.sent()) == 2, "it broke, it works again; the rest is flapping"
    stage.found[target] = broken
    stage.check(target)
    assert len(stage.sent()) == 2
    stage.later(CALM + timedelta(minutes=1))
    stage.check(target)
    assert len(stage.sent()) == 3, "it has stood for long enough"
    stage.found.clear()
    stage.check(target)
    assert len(stage.sent()) == 4


def test_a_cause_that_comes_back_much_later_is_news(stage: Stage) -> None:
    for _ in range(2):
        stage.found[TARGETS[0]] = [result("port.down")]
        stage.check(TARGETS[0])
        stage.found.clear()
        stage.check(TARGETS[0])
        stage.later(CALM + timedelta(minutes=1))
    assert len(stage.sent()) == 4


def test_the_records_of_what_stands_there_say_so_once_each(stage: Stage) -> None:
    both = TARGETS[:2]
    for target in both:
        stage.found[target] = [result("port.down")]
        stage.instances[target] = (VM,)
        stage.check(target)
        stage.check(target)
    stage.found.clear()
    for target in both:
        stage.check(target)
    tags = [each.tag for each in stage.events("VPS-2026-0001")]
    assert tags == ["check:red", "check:green"]


def test_an_instance_is_named_by_its_number_and_nobody_by_name(stage: Stage) -> None:
    stage.found[f"instance:{VM}"] = [result("port.down", client="Sari Wulandari")]
    stage.check(f"instance:{VM}")
    [text] = stage.sent()
    assert "VPS-2026-0001" in text
    assert "Sari" not in text


def test_a_target_that_is_gone_hangs_on_nothing(stage: Stage) -> None:
    stage.found[TARGETS[0]] = [result("port.down")]
    stage.check(TARGETS[0])
    with stage.database.allocate() as session:
        [alert] = store.open_alerts(session)
        alert.targets = {"site:gone": alert.targets[TARGETS[0]]}
    stage.later(timedelta(hours=2))
    stage.schedule.again()
    stage.work()
    with stage.database.read() as session:
        assert store.open_alerts(session) == []


def test_an_unknown_cause_of_a_red_look_is_told_too(stage: Stage) -> None:
    stage.found[TARGETS[0]] = [result("odd.thing")]
    assert diagnosis(*stage.found[TARGETS[0]]).causes
    stage.check(TARGETS[0])
    assert len(stage.sent()) == 1


# ---------------------------------------------------------------- channels


class Receiver(BaseHTTPRequestHandler):
    """Takes what Apprise posts; a path with ``broken`` answers 500."""

    got: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fine = "broken" not in self.path
        if fine:
            self.got.append(json.loads(body))
        self.send_response(200 if fine else 500)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    got: list[dict[str, Any]] = []
    handler = type("Taking", (Receiver,), {"got": got})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_channel_that_fails_is_tried_again_and_repeats_no_other(
    sqlite_database: Database,
    receiver: tuple[str, list[dict[str, Any]]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    url, got = receiver
    addresses = {"env:GOOD": f"{url}/good", "env:BAD": f"{url}/broken?+Token=very-secret"}
    stage = Stage(sqlite_database, channels=list(addresses), secret=addresses.__getitem__)
    stage.found[TARGETS[0]] = [result("port.down")]
    stage.check(TARGETS[0])
    outbox = Outbox(sqlite_database, {NOTIFY: stage.notices.deliver})
    assert outbox.deliver_due() == 1
    assert [each["message"] for each in got] == stage.sent()[:1]
    addresses["env:BAD"] = f"{url}/mended"
    with sqlite_database.write() as session:
        for row in session.scalars(select(OutboxRow)):
            assert "very-secret" not in f"{row.payload} {row.error}"
            row.next_at = now()
    assert outbox.deliver_due() == 1
    assert outbox.deliver_due() == 0
    assert len(got) == 2
    assert "very-secret" not in caplog.text


def test_news_of_yesterday_are_not_delivered(caplog: pytest.LogCaptureFixture) -> None:
    notices = Notifications([CHANNEL], lambda reference: "json://127.0.0.1:1/")
    old = {"channel": CHANNEL, "text": "x", "at": (now() - timedelta(hours=25)).isoformat()}
    with caplog.at_level(logging.WARNING):
        notices.deliver(old)
    assert "given up" in caplog.text
    with pytest.raises(Undelivered):
        notices.deliver({**old, "at": now().isoformat()})
    notices.deliver({**old, "at": now().isoformat(), "channel": "env:REMOVED"})
