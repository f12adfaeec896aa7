"""From an event to a message at a real mail server and a real HTTP receiver."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from sqlalchemy import select, update

from provisioner import events, outbox
from provisioner.database import Database, now
from provisioner.errors import Conflict, Invalid
from provisioner.notices.mail import Mailer
from provisioner.notices.model import NoticePending
from provisioner.notices.rules import RULES, TOPICS, Subject
from provisioner.notices.service import HAPPENED, NOTICE
from provisioner.notifications import Undelivered
from provisioner.outbox import Outbox, OutboxRow
from provisioner.people.model import Person
from provisioner.settings import MailSettings, Settings
from tests.integration.mail_server import PASSWORD, Post, certificate, mail_server
from tests.integration.notices_stage import NUMBER, Desk, Receiver, text_of


@pytest.fixture
def post() -> Iterator[tuple[Post, int]]:
    with mail_server() as (post, port):
        yield post, port


@pytest.fixture
def desk(database: Database, tmp_path: Path, post: tuple[Post, int]) -> Desk:
    return Desk(database, tmp_path, port=post[1])


def test_everybody_concerned_is_told_in_their_language_and_nobody_else(
    desk: Desk, post: tuple[Post, int]
) -> None:
    desk.happens("request:submitted", actor="sari")
    desk.deliver()
    [(to, message)] = post[0].taken
    assert to == "rina@office.example", "the other technician gave no address"
    assert message["Subject"] == f"[Dinkominfo] {NUMBER}: The request was handed in"
    assert f"https://layanan.example/requests/{NUMBER}" in text_of(message)
    assert message["Auto-Submitted"] == "auto-generated"
    post[0].taken.clear()

    desk.happens("request:returned", actor="rina")
    desk.deliver()
    assert sorted(to for to, _ in post[0].taken) == [
        "kepala@puskesmas.example", "sari@dinkes.example",
    ]  # fmt: skip
    for to, message in post[0].taken:
        assert "Mohon lengkapi permohonan" in text_of(message)
        assert "Rahasia" not in text_of(message)
        assert ("/track" in text_of(message)) == (to == "kepala@puskesmas.example")


def test_what_happens_within_a_minute_is_one_message(desk: Desk, post: tuple[Post, int]) -> None:
    desk.happens("request:submitted", "request:updated", "request:due-soon", "request:overdue")
    desk.deliver()
    [(_, message)] = post[0].taken
    assert "It is late, and 2 more" in message["Subject"]
    assert text_of(message).count("\n- ") == 3
    with desk.database.read() as session:
        assert session.scalars(select(NoticePending)).all() == []


def test_an_event_that_is_undone_is_told_to_nobody(desk: Desk, post: tuple[Post, int]) -> None:
    def broken() -> None:
        with desk.database.write() as session:
            events.append(session, NUMBER, "request:submitted")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    desk.deliver()
    assert desk.rows(HAPPENED) == desk.rows() == []


def test_nobody_is_told_of_what_they_did_themselves(desk: Desk, post: tuple[Post, int]) -> None:
    desk.happens("request:submitted", actor="rina")
    desk.deliver()
    assert post[0].taken == []


def test_one_that_is_not_taken_repeats_no_other_and_is_offered_again(
    desk: Desk, post: tuple[Post, int]
) -> None:
    post[0].answers["sari@dinkes.example"] = ["451 4.7.1 greylisted, come again"]
    desk.happens("request:done")
    desk.deliver()
    assert [to for to, _ in post[0].taken] == ["kepala@puskesmas.example"]
    email = desk.choices.get(desk.actors["sari"]).channels[0]
    assert email.failing_since
    assert email.error == "Server surel belum menerimanya (451)."
    desk.due_again()
    desk.deliver()
    desk.due_again()
    desk.deliver()
    assert [to for to, _ in post[0].taken] == ["kepala@puskesmas.example", "sari@dinkes.example"]
    email = desk.choices.get(desk.actors["sari"]).channels[0]
    assert (email.failing_since, email.error) == (None, None)
    assert email.delivered_at


def test_what_is_refused_for_good_is_given_up_and_shown(
    desk: Desk, post: tuple[Post, int], caplog: pytest.LogCaptureFixture
) -> None:
    post[0].answers["rina@office.example"] = ["550 5.1.1 <rina@office.example> unknown"]
    desk.happens("request:attention")
    with caplog.at_level(logging.WARNING):
        desk.deliver()
    assert "given up" in caplog.text
    assert "rina@" not in caplog.text
    assert all(row.done_at for row in desk.rows())
    error = desk.choices.get(desk.actors["rina"]).channels[0].error
    assert error == "The mail server refused it (550)."


def test_after_a_day_it_is_news_no_longer(
    desk: Desk, post: tuple[Post, int], caplog: pytest.LogCaptureFixture
) -> None:
    desk.happens("request:attention")
    desk.outbox.deliver_due()
    [row] = desk.rows()
    payload = {**row.payload, "at": (now() - timedelta(hours=25)).isoformat()}
    with caplog.at_level(logging.WARNING):
        desk.notices.deliver(payload)
    assert "given up" in caplog.text
    assert post[0].taken == []


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_is_verified(
    sqlite_database: Database, tmp_path: Path, trusted: bool
) -> None:
    ca, tls = certificate(tmp_path)
    (tmp_path / "password").write_text(PASSWORD)
    known: dict[str, Any] = {"ca": ca} if trusted else {}
    with mail_server(tls, demand=True) as (post, port):
        desk = Desk(
            sqlite_database, tmp_path, host="localhost", port=port, security="starttls",
            user="layanan", password="file:password", **known,
        )  # fmt: skip
        desk.happens("request:attention")
        desk.deliver()
        if trusted:
            desk.mailer.probe()
        else:
            with pytest.raises(Undelivered, match="certificate"):
                desk.mailer.probe()
    assert len(post.taken) == trusted
    error = desk.choices.get(desk.actors["rina"]).channels[0].error
    assert (error is None) == trusted


def test_a_wrong_password_is_told_and_never_shown(
    sqlite_database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ca, tls = certificate(tmp_path)
    (tmp_path / "password").write_text("bukan-kata-sandinya")
    with mail_server(tls, demand=True) as (_, port):
        desk = Desk(
            sqlite_database, tmp_path, host="localhost", port=port, ca=ca, security="starttls",
            user="layanan", password="file:password",
        )  # fmt: skip
        desk.happens("request:attention")
        desk.deliver()
    assert "535" in (desk.choices.get(desk.actors["rina"]).channels[0].error or "")
    assert "bukan-kata-sandinya" not in f"{caplog.text}{[row.error for row in desk.rows()]}"


def test_a_dead_server_is_asked_once_and_not_by_every_message(
    sqlite_database: Database, tmp_path: Path
) -> None:
    class Counting(Mailer):
        tries: ClassVar[int] = 0

        def _connect(self) -> Any:
            Counting.tries += 1
            return super()._connect()

    terms = {"host": "127.0.0.1", "port": 1, "security": "none", "sender": "a@office.example"}
    mailer = Counting(Settings(base=tmp_path), MailSettings.model_validate(terms))
    for _ in range(5):
        with pytest.raises(Undelivered, match="does not answer"):
            mailer.send("a@b.example", "x", "y", "id", "id")
    assert Counting.tries == 1


@pytest.mark.parametrize("address", ["a,b@c.example", "a@b@c.example", "é,<x>@c.example"])
def test_an_address_that_is_none_is_given_up(
    desk: Desk, post: tuple[Post, int], address: str
) -> None:
    desk.subject = Subject("dindik", address)
    desk.happens("request:returned", actor="tono")
    desk.deliver()
    assert all(row.done_at for row in desk.rows())
    assert post[0].taken == []


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    got: list[dict[str, Any]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Taking", (Receiver,), {"got": got}))
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_own_channel_is_kept_encrypted_and_told_beside_the_mail(
    desk: Desk, post: tuple[Post, int], receiver: tuple[str, list[dict[str, Any]]]
) -> None:
    url, got = receiver
    dewi, rina = desk.actors["dewi"], desk.actors["rina"]
    shown = desk.choices.set_own(dewi, f"{url}/sangat-rahasia")
    desk.choices.set_own(rina, f"{url}/broken")
    assert shown.channels[1].address == "json://"
    assert "sangat-rahasia" not in shown.model_dump_json()
    desk.happens("request:attention")
    desk.deliver()
    assert sum("Perlu tindakan petugas" in one["message"] for one in got) == 1
    assert [to for to, _ in post[0].taken] == ["rina@office.example"]
    assert desk.choices.get(rina).channels[1].failing_since
    assert desk.choices.get(dewi).channels[1].delivered_at
    assert "sangat-rahasia" not in str([row.payload for row in desk.rows()])
    desk.choices.set_own(dewi, "")
    got.clear()
    desk.happens("request:attention")
    desk.deliver()
    assert len(got) == 1, "rina's only"


@pytest.mark.parametrize(
    "url", ["syslog://", "mailto://a:b@c.example", "file:///etc/passwd", "x", "tgram://", "json"]
)
def test_only_kinds_that_the_office_allows_are_kept(desk: Desk, url: str) -> None:
    with pytest.raises(Invalid):
        desk.choices.set_own(desk.actors["sari"], url)


def test_a_choice_is_followed(desk: Desk, post: tuple[Post, int]) -> None:
    heru, rina = desk.actors["heru"], desk.actors["rina"]
    desk.choices.choose(rina, {"attention": []})
    view = desk.choices.choose(heru, {"due": ["email"]})
    assert next(one for one in view.topics if one.topic == "due").channels == ["email"]
    desk.happens("request:attention", "request:overdue")
    desk.deliver()
    told = {to: text_of(message) for to, message in post[0].taken}
    assert set(told) == {"rina@office.example", "heru@office.example"}
    assert "A person has to act" not in told["rina@office.example"]
    with pytest.raises(Invalid):
        desk.choices.choose(desk.actors["sari"], {"complaint": ["email"]})
    with pytest.raises(Invalid):
        desk.choices.choose(heru, {"due": ["pigeon"]})


def test_a_person_who_wants_nothing_is_not_told_by_the_forms_address(
    desk: Desk, post: tuple[Post, int]
) -> None:
    desk.subject = Subject("dinkes", "SARI@dinkes.example")
    desk.choices.choose(desk.actors["sari"], {"done": []})
    desk.happens("request:done")
    desk.deliver()
    assert post[0].taken == []


def test_whoever_left_is_told_nothing(desk: Desk, post: tuple[Post, int]) -> None:
    desk.happens("request:attention")
    desk.outbox.deliver_due()
    with desk.database.write() as session:
        session.execute(update(Person).values(active=False))
    desk.deliver()
    assert post[0].taken == []


def test_a_complaints_officer_and_the_head_are_told(desk: Desk, post: tuple[Post, int]) -> None:
    desk.subject = Subject(named=("rina",))
    desk.happens("complaint:assigned", "complaint:overdue", record="ADU-2026-0001")
    desk.happens("report:issued", record="REP-2026-10")
    desk.deliver()
    told = sorted((to, text_of(message)) for to, message in post[0].taken)
    assert [to for to, _ in told] == [
        "heru@office.example", "heru@office.example", "rina@office.example", "wulan@office.example",
    ]  # fmt: skip
    assert any("/complaints/ADU-2026-0001" in text for _, text in told)
    assert any("/reports/2026-10" in text for _, text in told)


def test_a_trial_says_nothing_and_is_not_repeated(desk: Desk, post: tuple[Post, int]) -> None:
    rina = desk.actors["rina"]
    desk.choices.try_out(rina, "email")
    with pytest.raises(Conflict):
        desk.choices.try_out(rina, "email")
    with pytest.raises(Conflict):
        desk.choices.try_out(rina, "own")
    desk.deliver()
    [(to, message)] = post[0].taken
    assert (to, "This is a trial" in text_of(message)) == ("rina@office.example", True)


def test_two_outboxes_share_the_topics(desk: Desk) -> None:
    done: list[str] = []
    others = Outbox(
        desk.database,
        {"else": lambda payload: done.append(str(payload["x"]))},
        without=(HAPPENED, NOTICE),
    )
    with desk.database.write() as session:
        outbox.put(session, "else", {"x": 1})
        outbox.put(session, "else", {"x": 2}, after=timedelta(hours=1))
        outbox.put(session, NOTICE, {"x": 3}, after=timedelta(hours=1))
    assert (desk.outbox.deliver_due(), others.deliver_due()) == (0, 1)
    assert done == ["1"]
    with desk.database.write() as session:
        outbox.prune(session, now() + timedelta(seconds=1))
        assert len(session.scalars(select(OutboxRow)).all()) == 2


def test_every_rule_has_a_topic_and_every_topic_a_rule() -> None:
    assert {topic for topic, _ in RULES.values()} == set(TOPICS)


def test_letters_are_told_to_those_who_go_on_with_them(desk: Desk, post: tuple[Post, int]) -> None:
    """The office only on demand; the department hears of what it holds, never of drafts."""
    desk.choices.choose(desk.actors["rina"], {"signature": ["email"]})
    desk.happens("letter:drafted", "letter:ready", "letter:issued", "letter:dropped")
    desk.deliver()
    [(to, message)] = post[0].taken
    assert to == "rina@office.example"
    assert text_of(message).count("\n- ") == 2
    assert "A letter waits for its number" in text_of(message)
    post[0].taken.clear()
    desk.happens("letter:sent", "letter:replaced", actor="heru")
    desk.deliver()
    assert sorted(to for to, _ in post[0].taken) == [
        "kepala@puskesmas.example", "sari@dinkes.example",
    ]  # fmt: skip
    assert all("surat baru menyusul" in text_of(message) for _, message in post[0].taken)


def test_a_report_is_told_to_the_head_with_its_own_page(desk: Desk, post: tuple[Post, int]) -> None:
    desk.subject = Subject()
    desk.happens("report:issued", "report:meeting", actor="rina", record="REP-2026-10")
    desk.deliver()
    [(to, message)] = post[0].taken
    assert to == "heru@office.example"
    assert "https://layanan.example/reports/2026-10" in text_of(message)
    assert text_of(message).count("\n- ") == 1, "the meeting is for those who choose it"
