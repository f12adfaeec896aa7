"""Configurations through time: real git, many writers, processes that die in the middle."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provisioner.errors import Retriable
from provisioner.runs.configuration_texts import kept
from provisioner.runs.configurations import Cause, ConfigurationHistory

CAUSE = Cause("NET-2026-0001", "run-1", "budi")
TEXT = "hostname sw-1\n!\ninterface GigabitEthernet1/0/1\n switchport access vlan 10\n!\nend\n"
WRITER = """
import sys
from pathlib import Path
from provisioner.runs.configurations import Cause, ConfigurationHistory
history = ConfigurationHistory(Path(sys.argv[1]))
print("begun", flush=True)
for number in range(int(sys.argv[3])):
    texts = {f"{sys.argv[2]}-{device}": f"hostname x\\nline {number}\\n" for device in range(60)}
    history.keep_all(Cause(), "backup", texts)
    history.keep(Cause(), sys.argv[2], "after", f"line {number}\\n")
"""


@pytest.fixture
def history(tmp_path: Path) -> ConfigurationHistory:
    return ConfigurationHistory(tmp_path / "configurations")


def git(directory: Path, *words: str) -> str:
    told = subprocess.run(
        ["git", "-C", str(directory), *words], capture_output=True, text=True, check=True
    )
    return told.stdout + told.stderr


def writer(directory: Path, name: str, times: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(directory), name, str(times)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_versions_are_told_and_any_git_reads_them(
    history: ConfigurationHistory, tmp_path: Path
) -> None:
    history.keep(CAUSE, "sw-1", "before", TEXT)
    history.keep(CAUSE, "sw-1", "before", "! Last configuration change at 10:00:00\n" + TEXT)
    changed = TEXT.replace("vlan 10", "vlan 20")
    history.keep(CAUSE, "sw-1", "after", changed)
    history.keep_all(Cause(), "backup", {"sw-1": changed, "sw-2": TEXT})
    newest, oldest = history.log("sw-1")
    assert (newest.number, newest.run_id, newest.when, newest.author) == (
        "NET-2026-0001", "run-1", "after", "budi",
    )  # fmt: skip
    assert oldest.when == "before"
    assert [kept.when for kept in history.log("sw-2")] == ["backup"]
    assert history.log("sw-3") == []
    assert history.show("sw-1") == changed
    assert history.show("sw-1", oldest.commit) == TEXT
    lines = history.difference("sw-1", oldest.commit, newest.commit)
    assert [line for line in lines if line[0] in "+-" and line[:3] not in ("---", "+++")] == [
        "- switchport access vlan 10", "+ switchport access vlan 20",
    ]  # fmt: skip
    directory = tmp_path / "configurations"
    assert git(directory, "fsck", "--strict").strip() == ""
    assert git(directory, "show", "main:sw-1.cfg") == changed
    assert "NET-2026-0001 after: sw-1" in git(directory, "log", "main", "--", "sw-1.cfg")
    assert directory.stat().st_mode & 0o077 == 0
    with pytest.raises(KeyError):
        history.show("sw-3")


def test_no_secret_gets_in(tmp_path: Path) -> None:
    history = ConfigurationHistory(tmp_path / "configurations", lambda: ["rahasia sekali"])
    text = (
        "enable secret 9 $9$abcdef\nusername budi password 7 0822455D0A16\n"
        "add name=x wpa2-pre-shared-key=\"tamu acara\" wpa-pre-shared-key='x y'\n"
        "\toption key 'tamu1234'\n\toption ssid 'key wordy'\n"
        "wireless.default_radio0.key='tamu1234'\n"
        " description the password is with budi\n"
        "snmp contact rahasia sekali\n-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n"
        "-----END RSA PRIVATE KEY-----\n"
    )
    history.keep(CAUSE, "sw-1", "before", text)
    shown = history.show("sw-1")
    secrets = ("abcdef", "0822", "tamu", "x y", "rahasia", "MIIabc")
    assert [secret for secret in secrets if secret in shown] == []
    assert " description the password is with budi" in shown
    assert "option ssid 'key wordy'" in shown
    assert kept(shown) == shown


def test_a_disk_that_takes_nothing_is_told_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    history = ConfigurationHistory(tmp_path / "data" / "configurations")
    with pytest.raises(Retriable) as told:
        history.keep("run-1", "sw-1", "before", "hostname sw-1")
    assert str(tmp_path / "data" / "configurations") in str(told.value)


def test_what_others_changed_since_is_told(history: ConfigurationHistory) -> None:
    history.keep(CAUSE, "sw-1", "before", TEXT)
    assert history.changed_outside({"sw-1": TEXT.replace("10", "30")}) == []  # never ours
    history.keep(CAUSE, "sw-1", "after", TEXT)
    assert history.changed_outside({"sw-1": TEXT, "sw-2": TEXT, "sw-3": ""}) == []
    assert history.changed_outside({"sw-1": TEXT.replace("vlan 10", "vlan 30")}) == [
        {
            "host": "sw-1", "object": "interface GigabitEthernet1/0/1",
            "before": " switchport access vlan 10", "now": " switchport access vlan 30",
        }
    ]  # fmt: skip
    history.keep_all(Cause(), "backup", {"sw-1": TEXT.replace("vlan 10", "vlan 30")})
    assert history.changed_outside({"sw-1": TEXT.replace("vlan 10", "vlan 30")})
    history.keep(CAUSE, "sw-1", "unread", "")
    assert history.changed_outside({"sw-1": TEXT.replace("vlan 10", "vlan 30")}) == []


def test_files_of_earlier_releases_are_taken_over(tmp_path: Path) -> None:
    old = tmp_path / "configurations" / "sw-1"
    old.mkdir(parents=True)
    for stamp, when, text in (
        ("20261120T080000", "before", "one\n"), ("20261120T080009", "after", "two\n"),
    ):  # fmt: skip
        (old / f"{stamp}-run-7-{when}.txt").write_text(text)
    history = ConfigurationHistory(tmp_path / "configurations")
    history.keep(CAUSE, "sw-1", "before", "three\n")
    found = history.log("sw-1")
    assert [kept.when for kept in found] == ["before", "after", "before"]
    assert found[1].run_id == "run-7"
    assert f"{found[2].at:%Y-%m-%d %H:%M}" == "2026-11-20 08:00"
    assert history.show("sw-1", found[2].commit) == "one\n"


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "configurations"
    others = [writer(directory, name, 5) for name in ("a", "b")]
    history = ConfigurationHistory(directory)

    def write(number: int) -> None:
        history.keep(CAUSE, f"sw-{number % 5}", "after", f"version {number}\n")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(60)))
    for other in others:
        other.communicate()
    assert [other.returncode for other in others] == [0, 0]
    assert sum(len(history.log(f"sw-{number}")) for number in range(5)) == 60
    assert len(history.log("a")) == len(history.log("b-59")) == 5
    assert git(directory, "fsck", "--strict").strip() == ""


def test_a_killed_writer_leaves_a_whole_repository(tmp_path: Path) -> None:
    directory = tmp_path / "configurations"
    chance = random.Random(5)  # noqa: S311 - no secret
    history = ConfigurationHistory(directory)
    for number in range(12):
        dying = writer(directory, f"w{number}", 1000)
        assert dying.stdout is not None
        dying.stdout.readline()
        time.sleep(chance.uniform(0, 0.25))
        dying.send_signal(signal.SIGKILL)
        dying.wait()
        dying.stdout.close()
        history.keep(CAUSE, "sw-1", "after", f"version {number}\n")
        assert "error" not in git(directory, "fsck").lower()
    assert len(history.log("sw-1")) == 12


def test_single_files_become_a_pack(tmp_path: Path) -> None:
    directory = tmp_path / "configurations"
    history = ConfigurationHistory(directory)
    for number in range(900):
        history.keep(CAUSE, "sw-1", "before", f"version {number}\n")
    assert list((directory / "objects" / "pack").glob("*.pack"))
    assert len(history.log("sw-1", 2000)) == 900
    assert git(directory, "fsck").strip() == ""
