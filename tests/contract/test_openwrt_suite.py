"""What every platform promises, kept by OpenWrt over real SSH through the playbook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.drivers.network import Confirmed, Order, Preview, Reverted, Vlan, Wish
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable
from tests.contract.openwrt_stage import KEY, MARK, SSID, Stage, staged, until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as stage:
        yield stage


def test_apply_read_confirm_and_take_off(stage: Stage) -> None:
    reading = stage.read()["ap-0"]
    assert reading.objects == {SSID.key: None}
    assert (reading.hostname, reading.pending, reading.no_timer) == ("ap-0", None, None)
    orders = stage.orders()
    assert stage.apply(orders)["ap-0"].changed
    until(lambda: SSID.ssid in stage.device().announced)
    reading = stage.read()["ap-0"]
    assert reading.objects == {SSID.key: SSID}
    assert reading.pending == "run-1"
    assert reading.announced == {SSID.ssid}
    assert stage.platform.confirm(orders) == {"ap-0": Confirmed(True)}
    assert stage.left("ap-0") == []
    assert stage.read()["ap-0"].pending is None

    off = stage.orders(present=False, token="run-2")
    assert off["ap-0"].preview.diff
    assert stage.apply(off)["ap-0"].changed
    assert stage.platform.confirm(off) == {"ap-0": Confirmed(True)}
    assert stage.lab.configurations() == stage.before
    until(lambda: not stage.device().announced)


def test_again_is_unchanged_and_arms_nothing(stage: Stage) -> None:
    orders = stage.orders()
    assert stage.apply(orders)["ap-0"].changed
    assert stage.apply(orders)["ap-0"].changed, "ours is pending still, and keeps its way back"
    assert stage.platform.confirm(orders) == {"ap-0": Confirmed(True)}
    assert not stage.apply(orders)["ap-0"].changed
    assert stage.left("ap-0") == []
    assert stage.platform.confirm(orders) == {"ap-0": Confirmed(False)}
    assert stage.orders()["ap-0"].preview.lines == ()


@pytest.mark.parametrize("minutes", [5, 0])
def test_undo_gives_back_the_same_bytes(stage: Stage, minutes: int) -> None:
    orders = stage.orders(minutes=minutes)
    stage.apply(orders)
    assert stage.lab.configurations() != stage.before
    how = "timer" if minutes else "undo"
    assert stage.platform.revert(orders) == {"ap-0": Reverted(how)}  # type: ignore[arg-type]
    assert stage.lab.configurations() == stage.before
    assert stage.left("ap-0") == []
    assert stage.platform.revert(orders) == {"ap-0": Reverted("nothing")}
    if not minutes:
        assert stage.platform.confirm(orders) == {"ap-0": Confirmed(True)}


def test_undo_of_taking_off_puts_everything_where_it_was(stage: Stage) -> None:
    other = replace(SSID, mark="WIFI-2026-0002", ssid="Kedua", vlan=302, security="open")
    for ssid in (SSID, other):
        stage.apply(stage.orders(ssid=ssid, minutes=0))
    standing = stage.lab.configurations()
    off = stage.orders(present=False, minutes=0)
    stage.apply(off)
    assert stage.platform.revert(off) == {"ap-0": Reverted("undo")}
    assert stage.lab.configurations() == standing


def test_the_timer_takes_it_back(tmp_path: Path) -> None:
    with staged(tmp_path, minute=3) as stage:
        orders = stage.orders(minutes=1)
        stage.apply(orders)
        assert stage.lab.configurations() != stage.before
        until(lambda: stage.lab.configurations() == stage.before)
        until(lambda: stage.left("ap-0") == [])
        until(lambda: not stage.device().announced)
        assert stage.platform.confirm(orders) == {"ap-0": Confirmed(False)}
        assert stage.platform.revert(orders) == {"ap-0": Reverted("nothing")}


def test_a_timer_of_an_older_arming_takes_nothing_back(tmp_path: Path) -> None:
    with staged(tmp_path, minute=8) as stage:
        orders = stage.orders(minutes=1)
        stage.apply(orders)
        stage.platform.confirm(orders)
        standing = stage.lab.configurations()
        off = stage.orders(present=False, minutes=5, token="run-2")
        stage.apply(off)
        until(lambda: not any("sleep" in str(each) for each in stage.device().processes[1:]), 12)
        assert stage.read()["ap-0"].pending == "run-2"
        stage.platform.revert(off)
        assert stage.lab.configurations() == standing


def test_a_strangers_change_is_left_alone(stage: Stage) -> None:
    first = stage.orders(token="somebody")
    stage.apply(first)
    ours = {"ap-0": replace(first["ap-0"], token="run-1")}
    standing = stage.lab.configurations()
    for result in (stage.platform.apply(ours), stage.platform.revert(ours)):
        failure = result["ap-0"]
        assert isinstance(failure, ActionNeeded)
        assert "somebody" in failure.log
    assert stage.platform.confirm(ours) == {"ap-0": Confirmed(False)}
    assert stage.lab.configurations() == standing
    assert stage.read()["ap-0"].pending == "somebody"


def test_a_refused_line_changes_nothing(stage: Stage) -> None:
    order = stage.orders()["ap-0"]
    bad = replace(order.preview, lines=(*order.preview.lines, "set wireless.nowhere.x='1'"))
    failure = stage.platform.apply({"ap-0": replace(order, preview=bad)})["ap-0"]
    assert isinstance(failure, Refused)
    assert any("Invalid argument" in line for line in failure.log)
    assert stage.lab.configurations() == stage.before
    assert stage.left("ap-0") == []

    stage.lab.fault("line-rejected", host="ap-0", line="batch <", text="uci: I/O error")
    failure = stage.platform.apply({"ap-0": order})["ap-0"]
    assert isinstance(failure, Refused)
    assert stage.lab.configurations() == stage.before
    assert stage.left("ap-0") == []


def test_another_hostname_is_not_written_to(stage: Stage) -> None:
    orders = stage.orders()
    long = "titik-akses-aula-pendopo-dipokusumo-purbalingga"
    stage.lab.call(lambda: stage.device()._set_hostname(long.encode()))
    for call in (stage.platform.apply, stage.platform.confirm, stage.platform.revert):
        failure = call(orders)["ap-0"]  # type: ignore[operator]
        assert isinstance(failure, ActionNeeded)
        assert failure.who == "administrator"
        assert long in str(failure)
    assert stage.read()["ap-0"].hostname == long
    stage.lab.call(lambda: stage.device()._set_hostname(b"AP-0"))
    assert stage.apply(orders)["ap-0"].changed


def test_who_cannot_be_reached_or_trusted(stage: Stage) -> None:
    orders = stage.orders()
    stage.lab.fault("device-key-changed", host="ap-0")
    failure = stage.platform.apply(orders)["ap-0"]
    assert isinstance(failure, ActionNeeded)
    assert "host key" in str(failure)
    stage.lab.clear()
    stage.lab.fault("login-refused", host="ap-0")
    failure = stage.platform.apply(orders)["ap-0"]
    assert isinstance(failure, ActionNeeded)
    assert "log in" in str(failure)
    stage.lab.clear()
    stage.lab.fault("device-dead", host="ap-0")
    assert isinstance(stage.platform.apply(orders)["ap-0"], Retriable)
    stage.lab.clear()
    until(lambda: stage.lab.reachable("ap-0"))
    stage.runner.known_hosts.write_text("")
    failure = stage.platform.read({"ap-0": [SSID]})["ap-0"]
    assert isinstance(failure, ActionNeeded)
    assert stage.lab.configurations() == stage.before


def test_a_device_that_answers_nothing_is_unknown_in_time(tmp_path: Path) -> None:
    with staged(tmp_path, connect=2, command=2) as stage:
        orders = stage.orders()
        stage.lab.fault("device-slow", host="ap-0", seconds="30")
        assert isinstance(stage.platform.apply(orders)["ap-0"], OutcomeUnknown)


def test_keys_are_compared_on_the_device(stage: Stage) -> None:
    stage.apply(stage.orders())
    assert stage.read()["ap-0"].objects[SSID.key] == SSID
    found = stage.platform.read({"ap-0": [SSID]}, {MARK: "another key"})["ap-0"]
    assert found.objects[SSID.key] == replace(SSID, keyed=False)  # type: ignore[union-attr]
    found = stage.platform.read({"ap-0": [SSID]})["ap-0"]
    assert found.objects[SSID.key] == SSID  # type: ignore[union-attr]


def test_a_changed_section_of_ours_is_seen_and_others_are_not_touched(stage: Stage) -> None:
    stage.apply(stage.orders(minutes=0))
    files = stage.device().system.files
    path = "/etc/config/wireless"

    def by_hand() -> None:
        text = files.read(path).replace(b"option isolate '1'", b"option isolate '0'", 1)
        files.write(path, text + b"\nconfig wifi-iface 'rumah'\n\toption key 'rahasia-rumah'\n")

    stage.lab.call(by_hand)
    reading = stage.read()["ap-0"]
    assert reading.objects[SSID.key] not in (None, SSID)
    assert "rahasia" not in reading.configuration
    assert "option key '***'" in reading.configuration
    stage.apply(stage.orders())
    assert stage.read()["ap-0"].objects[SSID.key] == SSID
    assert "rahasia-rumah" in stage.lab.configuration("ap-0")


@pytest.mark.parametrize("security", ["wpa3-personal", "open"])
def test_other_kinds_of_security(stage: Stage, security: str) -> None:
    ssid = replace(SSID, security=security, isolate=False)  # type: ignore[arg-type]
    stage.apply(stage.orders(ssid=ssid))
    assert stage.read(ssid=ssid)["ap-0"].objects[ssid.key] == ssid
    until(lambda: ssid.ssid in stage.device().announced)


def test_what_cannot_be_there_is_told(stage: Stage) -> None:
    far = replace(SSID, uplink="lan4")
    vlan = Vlan(301, "PROV-X")
    found = stage.platform.read({"ap-0": [far, vlan]})["ap-0"]
    assert set(found.problems) == {far.key, vlan.key}  # type: ignore[union-attr]
    with pytest.raises(Refused):
        stage.platform.preview(stage.read()["ap-0"], [Wish(vlan)])


def test_without_flash_a_change_needs_best_effort(stage: Stage) -> None:
    orders = stage.orders()
    stage.lab.fault("line-rejected", host="ap-0", line=r"mkdir -p .\$undo", text="No space")
    failure = stage.platform.apply(orders)["ap-0"]
    assert isinstance(failure, ActionNeeded)
    assert stage.lab.configurations() == stage.before
    assert stage.left("ap-0") == []
    stage.change("ap-0", dead_man="best_effort")
    stage.lab.clear()
    stage.lab.fault("line-rejected", host="ap-0", line=r"mkdir -p .\$undo", text="No space")
    assert stage.apply(orders)["ap-0"].changed
    assert stage.platform.confirm(orders) == {"ap-0": Confirmed(True)}
    assert stage.platform.revert(orders) == {"ap-0": Reverted("undo")}
    assert stage.lab.configurations() == stage.before


def test_an_order_without_its_key_is_not_begun(stage: Stage) -> None:
    order = stage.orders()["ap-0"]
    keyless = Order(order.preview, order.token, order.minutes)
    assert isinstance(stage.platform.apply({"ap-0": keyless})["ap-0"], ActionNeeded)
    assert stage.platform.apply({}) == {}
    assert KEY not in str(order.preview.to_json())
    assert Preview.from_json(order.preview.to_json()) == order.preview


def test_check_mode_tells_what_is_needed_and_writes_nothing(stage: Stage) -> None:
    orders = stage.orders()
    tree = stage.lab.call(stage.device().tree)
    lines = stage.platform.evidence(orders)["ap-0"]
    assert not isinstance(lines, ActionNeeded)
    assert "+\toption ssid 'Rapat Jum'\\''at $(id) é'" in lines  # type: ignore[operator]
    assert "+\toption key '***'" in lines  # type: ignore[operator]
    assert stage.lab.call(stage.device().tree) == tree
    assert stage.left("ap-0") == []
    stage.apply(orders)
    stage.platform.confirm(orders)
    assert stage.platform.evidence(orders) == {"ap-0": ()}
    off = stage.orders(present=False)
    assert "-\toption key '***'" in stage.platform.evidence(off)["ap-0"]  # type: ignore[operator]
