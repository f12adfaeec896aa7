"""Who is let in: host keys, logins, old switches, full ones, slow ones; and what is never told."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.drivers.ios.session import Session
from provisioner.drivers.network import AccessPort, Applied, Order, Reading, Vlan, Wish
from provisioner.drivers.platforms.cisco_ios import IosPlatform
from provisioner.drivers.sessions.access import Access
from provisioner.drivers.sessions.batches import Sessions
from provisioner.drivers.sessions.terminal import RejectedError
from provisioner.errors import ActionNeeded, Misconfigured, Refused, Retriable
from provisioner.lab.devices.plan import tree
from provisioner.texts import say
from tests.contract.ios_stage import LEAF, WANTED, Stage, staged, until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, connect=2) as made:
        yield made


def refusal(stage: Stage) -> ActionNeeded:
    found = stage.platform.read({LEAF: WANTED})[LEAF]
    assert isinstance(found, ActionNeeded)
    assert found.who == "administrator"
    return found


def test_a_changed_host_key_stops_before_the_login(stage: Stage) -> None:
    fingerprint = stage.lab.host_key("sw-001").get_fingerprint()
    seen = stage.lab.lines(LEAF)
    lines = stage.lab.known_hosts_lines()
    mixed = [lines[0], " ".join([lines[1].split()[0], *lines[0].split()[1:]])]
    stage.known_hosts.write_text("\n".join(mixed) + "\n")
    failure = refusal(stage)
    assert stage.lab.host_key(LEAF).get_fingerprint() in str(failure.what)
    assert fingerprint not in str(failure.what)
    assert f"provisioner trust {stage.hosts[LEAF].address}" in str(failure.next)
    assert stage.lab.lines(LEAF) == seen


def test_a_host_key_that_changes_later_is_noticed_too(stage: Stage) -> None:
    stage.read()
    stage.lab.fault("device-key-changed", host=LEAF)
    assert "another host key" in str(refusal(stage).what)
    stage.lab.clear()
    stage.read()


def test_an_unknown_host_is_not_spoken_to(stage: Stage) -> None:
    stage.known_hosts.write_text(stage.lab.known_hosts_lines()[0] + "\n")
    failure = refusal(stage)
    assert stage.lab.host_key(LEAF).get_fingerprint() in str(failure.what)
    stage.known_hosts.unlink()
    assert "not known" in str(refusal(stage).what)
    stage.lab.known_hosts(stage.known_hosts)
    stage.read()


@pytest.mark.parametrize("key", ["ssh-ed25519 AAAA", "ssh-ed25519 ?", "ssh-unheard AAAA"])
def test_a_damaged_entry_is_told_and_marked_or_hashed_ones_do_not_count(
    stage: Stage, key: str
) -> None:
    line = stage.lab.known_hosts_lines()[1]
    name = line.split()[0]
    stage.known_hosts.write_text(f"\n# told by hand\n{name} {key}\n")
    assert str(stage.known_hosts) in str(refusal(stage).what)
    stage.known_hosts.write_text(f"@revoked {line}\n|1|{line}\n")
    assert "not known" in str(refusal(stage).what)
    stage.known_hosts.write_text(f"one,{line} with a comment\n")
    stage.read()


def test_known_hosts_of_the_machine_are_not_read(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    stage.lab.known_hosts(home / ".ssh" / "known_hosts")
    stage.known_hosts.write_text("")
    monkeypatch.setenv("HOME", str(home))
    assert "not known" in str(refusal(stage).what)


def test_a_wrong_password_is_for_the_administrator(stage: Stage) -> None:
    stage.change(password="wrong-PASSWORD")
    failure = refusal(stage)
    assert "wrong-PASSWORD" not in repr(failure.to_json())
    stage.lab.fault("login-refused", host="sw-003")
    assert isinstance(stage.platform.read({"sw-003": WANTED})["sw-003"], ActionNeeded)


def test_keys_open_as_well(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    private = key.export_private_key("openssh").decode()
    public = key.export_public_key("openssh").decode()
    (tmp_path / "id").write_text(private)
    with staged(tmp_path, tree(3, authorized_keys=public, password=None)) as stage:
        stage.change(private_key_file=str(tmp_path / "id"))
        stage.read()
        stage.change(private_key_file=str(tmp_path / "none"))
        assert str(tmp_path / "none") in str(refusal(stage).what)
        stage.change(private_key_file=None)
        assert "identity" in str(refusal(stage).what)
        identity = [private]
        office = IosPlatform(
            Sessions(lambda: stage.hosts, stage.settings, stage.known_hosts, lambda: identity[0])
        )
        assert isinstance(office.read({LEAF: WANTED})[LEAF], Reading)
        identity[0] = "-----BEGIN OPENSSH PRIVATE KEY-----\nno\n"
        assert isinstance(office.read({LEAF: WANTED})[LEAF], ActionNeeded)


def test_no_identity_is_for_the_administrator(stage: Stage) -> None:
    def none() -> str:
        raise Misconfigured("provisioner.toml", "identity", say("Nothing was changed."))

    stage.change(password=None)
    office = IosPlatform(Sessions(lambda: stage.hosts, stage.settings, stage.known_hosts, none))
    assert isinstance(office.read({LEAF: WANTED})[LEAF], ActionNeeded)


def test_privileges_are_taken_where_they_are_not_given(stage: Stage) -> None:
    device = stage.lab.device(LEAF)
    stage.lab.call(lambda: setattr(device, "enable_password", "enable-SECRET"))
    assert "privileges" in str(refusal(stage).what)
    stage.change(become_password="another")
    assert "privileges" in str(refusal(stage).what)
    stage.change(become_password="enable-SECRET")
    applied = stage.apply(stage.order())
    assert isinstance(applied, Applied)
    assert "enable-SECRET" not in applied.transcript


@pytest.mark.filterwarnings(
    "ignore:Diffie-Hellman over finite fields"  # asyncssh's, on the side of the old switch
)
def test_old_switches_are_spoken_to_only_where_the_inventory_says_so(tmp_path: Path) -> None:
    plan = tree(3)
    old = replace(plan.devices[1], legacy=True, key_type="ssh-rsa")
    plan = replace(plan, devices=(plan.devices[0], old, plan.devices[2]))
    with staged(tmp_path, plan) as stage:
        stage.read()
        stage.change(legacy_crypto=False)
        assert "provisioner_legacy_crypto" in str(refusal(stage).next)


@pytest.mark.parametrize("fault", ["vty-full", "device-dead", "device-mute"])
def test_no_session_is_tried_again_later(stage: Stage, fault: str) -> None:
    order = stage.order()
    stage.lab.fault(fault, host=LEAF)
    failure = stage.apply(order)
    assert isinstance(failure, Retriable)
    stage.lab.clear()
    assert isinstance(stage.apply(order), Applied)


def test_a_slow_switch_is_waited_for(stage: Stage) -> None:
    stage.lab.fault("device-slow", host=LEAF, seconds="0.05")
    order = stage.order()
    assert isinstance(stage.apply(order), Applied)


def test_every_session_is_closed(stage: Stage) -> None:
    order = stage.order()
    stage.lab.fault("line-rejected", host=LEAF, after="3")
    stage.apply(order)
    stage.platform.revert({LEAF: order})
    until(lambda: stage.lab.sessions_open[LEAF] == 0)


def test_without_an_archive_no_timer_is_armed(tmp_path: Path) -> None:
    plan = tree(3)
    bare = replace(plan.devices[1], archive=False)
    plan = replace(plan, devices=(plan.devices[0], bare, plan.devices[2]))
    with staged(tmp_path, plan) as stage:
        assert stage.read("sw-001").no_timer is None
        assert stage.read().no_timer
        before = stage.configuration()
        failure = stage.apply(stage.order())
        assert isinstance(failure, ActionNeeded)
        assert stage.configuration() == before
        assert isinstance(stage.apply(stage.order(minutes=0)), Applied)


def test_nothing_secret_is_told(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    secrets = {"snmp-server": "snmp-server community C0MMUNITY RO"}
    running = stage.lab.device(LEAF).running  # type: ignore[attr-defined]  # an IosDevice
    stage.lab.call(lambda: running.others.update(secrets))
    with caplog.at_level(logging.DEBUG):
        reading = stage.read()
        applied = stage.apply(replace(stage.order(), keys={"WIFI-2026-0001": "MEJA"}))
    assert isinstance(applied, Applied)
    told = reading.configuration + applied.transcript + repr(applied) + caplog.text
    assert "snmp-server community <masked>" in reading.configuration
    assert "C0MMUNITY" not in told
    assert str(stage.hosts[LEAF].password) not in told
    assert not [record for record in caplog.records if record.name.startswith("paramiko")]


def test_what_the_device_echoes_has_to_be_what_was_sent(stage: Stage) -> None:
    login = Access(stage.known_hosts, lambda: "").login(stage.hosts[LEAF])
    with Session(login, 5, 0.5) as session:
        session.open()
        with pytest.raises(RejectedError, match="nonsense"):
            session.tell("nonsense")


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("lasting")) as made:
        yield made


PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=PRINTABLE, name=st.text("abcXYZ019_.:/+@=,-", min_size=1, max_size=32))
def test_descriptions_and_names_come_back_as_they_were_given(
    lasting: Stage, text: str, name: str
) -> None:
    wanted = [Vlan(301, name), AccessPort("GigabitEthernet1/0/7", 301, text)]
    before = lasting.configuration()
    reading = lasting.read(wanted=wanted)
    try:
        preview = lasting.platform.preview(reading, [Wish(intent) for intent in wanted])
    except Refused:
        assert "?" in text or text != text.strip()
        return
    order = Order(preview, "token", 0)
    assert isinstance(lasting.apply(order), Applied)
    assert lasting.read(wanted=wanted).objects == {intent.key: intent for intent in wanted}
    lasting.platform.revert({LEAF: order})
    assert lasting.configuration() == before
