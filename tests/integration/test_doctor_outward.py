"""The doctor signs in to a real mail server, and knows what next year's holidays need."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.doctor.outward import examine_holidays, examine_mail
from provisioner.settings import Settings
from provisioner.texts import render
from tests.integration.mail_server import mail_server
from tests.integration.test_deadlines import inventory


def settings(folder: Path, port: int) -> Settings:
    mail = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "a@office.example"}
    return Settings.model_validate({"base": folder, "notifications": {"mail": mail}})


def test_a_mail_server_that_answers_and_one_that_does_not(tmp_path: Path) -> None:
    with mail_server() as (post, port):
        [fine] = examine_mail(settings(tmp_path, port))
    [gone] = examine_mail(settings(tmp_path, port))
    assert (fine.verdict, gone.verdict) == ("ok", "failed")
    assert "does not answer" in render(gone.what, "en")
    assert post.taken == []
    assert list(examine_mail(Settings(base=tmp_path))) == []


def test_holidays_are_known_far_enough() -> None:
    [finding] = examine_holidays(inventory())
    assert finding.subject == "calendar"
    assert finding.verdict == "ok"


@pytest.mark.parametrize(
    "mail",
    [
        {"user": "a"},
        {"user": "a", "password": "env:X", "security": "none"},
        {"sender": "no address"},
        {"password": "the secret itself", "user": "a"},
    ],
)
def test_a_mail_server_that_cannot_be_meant(tmp_path: Path, mail: dict[str, str]) -> None:
    whole = {"host": "127.0.0.1", "sender": "a@office.example", **mail}
    with pytest.raises(ValueError, match=r"notifications\.mail"):
        Settings.model_validate({"base": tmp_path, "notifications": {"mail": whole}})
