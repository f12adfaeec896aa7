"""Wireless networks on RouterOS: passphrases, bands, security, radios that are off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from provisioner.drivers.network import (
    Applied,
    Band,
    Confirmed,
    Order,
    Reading,
    Reverted,
    Ssid,
    Wish,
)
from provisioner.errors import ActionNeeded
from tests.contract.routeros_stage import KEYS, OLD, RADIOS, SSID, WIFI, a_switch, staged


def test_a_new_passphrase_is_set_and_the_former_one_comes_back(tmp_path: Path) -> None:
    with staged(tmp_path, a_switch(wireless="wifi")) as stage:
        stage.types(*RADIOS["wifi"])
        stage.apply(stage.order(WIFI, minutes=0))
        before = stage.configuration()
        new, ssid = {"WIFI-2026-0002": "kata sandi baru"}, SSID
        reading = stage.platform.read({stage.name: WIFI}, new)[stage.name]
        assert isinstance(reading, Reading)
        preview = stage.platform.preview(reading, [Wish(ssid)])
        assert len(preview.lines) == 1
        order = Order(preview, "r-2-1", 5, new, KEYS)
        both: tuple[Literal["timer", "undo"], ...] = ("timer", "undo")
        for how in both:
            applied = stage.apply(order)
            assert isinstance(applied, Applied)
            assert applied.changed
            assert not stage.read([ssid]).objects[ssid.key].keyed  # type: ignore[union-attr]
            if how == "undo":
                assert stage.confirm(order) == Confirmed(True)
            assert stage.revert(order) == Reverted(how)
            assert stage.configuration() == before


def test_a_passphrase_is_compared_on_the_device_and_shown_nowhere(tmp_path: Path) -> None:
    with staged(tmp_path, a_switch(wireless="wifi")) as stage:
        stage.types(*RADIOS["wifi"])
        order = stage.order(WIFI)
        applied = stage.apply(order)
        assert isinstance(applied, Applied)
        secret = KEYS["WIFI-2026-0002"]
        reading = stage.read(WIFI)
        seen = [applied.transcript, reading.configuration, *order.preview.lines, repr(order),
                *order.preview.undo, *order.preview.diff]  # fmt: skip
        assert not [text for text in seen if secret in text or "ra\\22ha" in text]
        stage.confirm(order)
        menu = "/interface wifi security"
        stage.types(f'{menu} set [find where name="PROV-WIFI-2026-0002"] passphrase=another-one')
        found = stage.read(WIFI).objects["ssid WIFI-2026-0002"]
        assert isinstance(found, Ssid)
        assert not found.keyed
        stage.apply(stage.order(WIFI, minutes=0))
        assert stage.read(WIFI).objects == {i.key: i for i in WIFI}
        assert "Café 'Aula' $1?" in stage.read(WIFI).announced


@pytest.mark.parametrize(("band", "radios"), [("2.4", {"wlan1"}), ("5", {"wlan2"})])
def test_a_band_is_a_radio(tmp_path: Path, band: Band, radios: set[str]) -> None:
    wanted = [WIFI[0], replace(SSID, band=band)]
    with staged(tmp_path, a_switch(OLD, wireless="wireless")) as stage:
        stage.types(*RADIOS["wireless"])
        stage.apply(stage.order(wanted, minutes=0))
        lines = stage.configuration().splitlines()
        made = [line for line in lines if "master-interface=" in line]
        assert {word.partition("=")[2] for line in made for word in line.split()
                if word.startswith("master-interface=")} == radios  # fmt: skip
        assert stage.read(wanted).objects == {i.key: i for i in wanted}


def test_old_radios_know_no_wpa3_and_open_ones_need_no_key(tmp_path: Path) -> None:
    with staged(tmp_path, a_switch(OLD, wireless="wireless")) as stage:
        stage.types("/interface wireless set [find] disabled=yes")
        assert "switched off" in str(stage.read(WIFI).problems[SSID.key])
        stage.types(*RADIOS["wireless"])
        safe = replace(SSID, security="wpa3-personal")
        assert "no WPA3" in str(stage.read([safe]).problems[safe.key])
        open_ = [WIFI[0], replace(SSID, security="open", isolate=False)]
        stage.apply(replace(stage.order(open_, minutes=0), keys={}))
        assert stage.read(open_).objects == {i.key: i for i in open_}


def test_without_its_key_nothing_is_written(tmp_path: Path) -> None:
    with staged(tmp_path, a_switch(wireless="wifi")) as stage:
        stage.types(*RADIOS["wifi"])
        before = stage.configuration()
        failure = stage.apply(replace(stage.order(WIFI), keys={}))
        assert isinstance(failure, ActionNeeded)
        assert stage.configuration() == before


@pytest.mark.parametrize(("band", "radio"), [("2.4", "wifi1"), ("5", "wifi2")])
def test_version_7_knows_wpa3_and_one_radio_alone(tmp_path: Path, band: Band, radio: str) -> None:
    wanted = [WIFI[0], replace(SSID, security="wpa3-personal", band=band, isolate=False)]
    with staged(tmp_path, a_switch(wireless="wifi")) as stage:
        stage.types(*RADIOS["wifi"])
        before = stage.configuration()
        order = stage.order(wanted)
        assert isinstance(stage.apply(order), Applied)
        assert stage.confirm(order) == Confirmed(True)
        assert stage.read(wanted).objects == {i.key: i for i in wanted}
        assert f"master-interface={radio}" in stage.configuration()
        assert "wpa3-psk" in stage.configuration()
        assert stage.revert(order) == Reverted("undo")
        assert stage.configuration() == before
