"""SSIDs and keys never break out of their place and come back exactly; undo is the reverse."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.drivers.ansible.runner import Verdict
from provisioner.drivers.network import Intent, Preview, Reading, Ssid, Wish
from provisioner.drivers.openwrt import changes, wifi
from provisioner.drivers.openwrt.answers import answer, on_air
from provisioner.drivers.openwrt.sections import Section, making, parsed
from provisioner.errors import Refused
from provisioner.lab.openwrt import uci_files

SCRIPTS = Path(__file__).parents[2] / "playbooks/files/access_point"
EMPTY = (
    "package network\n\nconfig interface 'lan'\n\toption device 'br-lan'\n\n"
    "package wireless\n\nconfig wifi-device 'radio0'\n\nconfig wifi-device 'radio1'\n"
    "\toption disabled '1'\n\nconfig wifi-device 'r_2g'\n\n"
)
SSID = Ssid("WIFI-2026-0001", "Acara", "wpa2-personal", 301, "eth0", isolate=True)
names = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\x00"), min_size=1
).filter(lambda text: len(text.encode()) <= 32)
keys = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8, max_size=63)


def reading(configuration: str, objects: dict[str, Intent | None] | None = None) -> Reading:
    found = {SSID.key: None} if objects is None else objects
    return Reading("ap-1", "ap-1", datetime.now(UTC), found, configuration=configuration)


def batch(configuration: str, lines: list[str]) -> str:
    """What uci makes of the lines, by the rules of its files and not by ours."""
    packages = {
        name: uci_files.loads(name, text)
        for part in configuration.split("package ")[1:]
        for name, text in [part.split("\n", 1)]
    }
    for line in lines:
        ((_, words),) = uci_files.split(line)
        verb, pointer = words
        path, _, value = pointer.partition("=")
        package, name, *option = path.split(".")
        sections = packages[package].sections
        section = packages[package].find(name)
        if verb == "delete":
            if section:
                sections.remove(section)
        elif verb == "reorder":
            assert section
            sections.remove(section)
            sections.insert(int(value), section)
        elif not option:
            if not section:
                sections.append(uci_files.Section(value, name, anonymous=False))
        elif verb == "add_list":
            assert section
            uci_files.add_to_list(section, option[0], value)
        else:
            assert section
            section.options |= {option[0]: value}
            if not value:  # as uci does
                del section.options[option[0]]
    return "".join(uci_files.dumps(each, with_name=True) for each in packages.values())


def through_a_shell(lines: list[str]) -> list[str]:
    """As the device's own shell hands them to uci."""
    script = f"lines={shlex.quote(chr(10).join(lines))}\nprintf '%s\\n' \"$lines\"\n"
    done = subprocess.run(["dash", "-s"], input=script.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode().split("\n")[:-1]


@settings(max_examples=30, deadline=None)
@given(name=names, key=keys)
def test_any_name_and_key_round_trip_exactly(name: str, key: str) -> None:
    ssid = replace(SSID, ssid=name)
    preview = changes.preview(reading(EMPTY), [Wish(ssid)])
    assert Preview.from_json(preview.to_json()) == preview
    filled, missing = wifi.with_keys(preview.lines, {SSID.mark: key})
    assert missing is None
    made = batch(EMPTY, through_a_shell(filled))
    sections = parsed(made)
    ours = wifi.ours(sections, SSID.mark)
    assert [section.text("ssid") for section in ours if section.package == "wireless"] == [name] * 2
    assert {section.text("key") for section in ours if section.package == "wireless"} == {key}
    keyed = frozenset(section.name for section in ours)
    assert wifi.state(sections, ssid, keyed) == ssid
    assert batch(made, filled) == made, "a second time changes nothing"
    undo, _ = wifi.with_keys(preview.undo, {})
    assert batch(made, undo) == EMPTY


@settings(max_examples=60, deadline=None)
@given(value=names, other=names)
def test_any_value_is_parsed_as_uci_writes_it(value: str, other: str) -> None:
    section = Section("network", "device", "x", {"a": value, "list": (value, other)})
    made = batch("package network\n\n", making(section))
    assert parsed(made) == [section]


@settings(max_examples=200, deadline=None)
@given(name=st.text(max_size=40))
def test_what_is_no_name_is_refused(name: str) -> None:
    sayable = 1 <= len(name.encode("utf-8", "replace")) <= 32 and name.isprintable()
    try:
        changes.preview(reading(EMPTY), [Wish(replace(SSID, ssid=name))])
    except Refused:
        assert not sayable


@pytest.mark.parametrize(
    "values",
    [
        {"ssid": "a\nb"},
        {"ssid": "\x85"},
        {"ssid": "é" * 17},
        {"mark": "WIFI 1"},
        {"mark": "x'; reboot"},
        {"uplink": "eth0; reboot"},
        {"vlan": 4095},
        {"security": "wep"},
    ],
)
def test_what_cannot_be_said_is_refused(values: dict[str, object]) -> None:
    wrong = replace(SSID, **values)  # type: ignore[arg-type]
    with pytest.raises(Refused):
        changes.preview(reading(EMPTY, {}), [Wish(wrong)])


@pytest.mark.parametrize("key", ["short", "x" * 64, "umlaut-ä-drin", "line\nbreak", ""])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    preview = changes.preview(reading(EMPTY), [Wish(SSID)])
    with pytest.raises(Refused) as caught:
        wifi.with_keys(preview.lines, {SSID.mark: key})
    assert not key or key not in str(caught.value)


def test_taking_off_and_back_keeps_every_place() -> None:
    configuration = EMPTY
    for mark, vlan in (("WIFI-2026-0001", 301), ("WIFI-2026-0002", 302)):
        ssid = replace(SSID, mark=mark, vlan=vlan)
        lines = changes.preview(reading(configuration, {}), [Wish(ssid)]).lines
        configuration = batch(configuration, wifi.with_keys(lines, {mark: "a long key"})[0])
    preview = changes.preview(reading(configuration, {SSID.key: SSID}), [Wish(SSID, present=False)])
    off = batch(configuration, list(preview.lines))
    assert "0001" not in off
    assert "0002" in off
    undo, missing = wifi.with_keys(preview.undo, {SSID.mark: "a long key"})
    assert missing is None
    assert batch(off, undo) == configuration


def test_a_passphrase_is_in_no_preview() -> None:
    standing = batch(
        EMPTY,
        wifi.with_keys(
            changes.preview(reading(EMPTY), [Wish(SSID)]).lines, {SSID.mark: "sangat-rahasia"}
        )[0],
    )
    off = changes.preview(reading(standing, {SSID.key: SSID}), [Wish(SSID, present=False)])
    assert "sangat-rahasia" not in str(off.to_json())


def test_another_use_of_the_vlan_is_a_problem() -> None:
    sections = parsed(EMPTY + "package network\n\nconfig device 'x'\n\toption name 'eth0.301'\n")
    assert wifi.problem(sections, frozenset({"eth0"}), SSID)
    assert not wifi.problem(parsed(EMPTY), frozenset({"eth0"}), SSID)
    assert wifi.problem(parsed("package wireless\n"), frozenset({"eth0"}), SSID)


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_posix_shell(script: Path) -> None:
    subprocess.run(["dash", "-n", str(script)], check=True)


def test_nothing_runs_of_a_script_that_was_cut_off() -> None:
    """Every phase is functions and assignments up to its last line."""
    library = (SCRIPTS / "library.sh").read_text()
    for name in ("read", "apply", "compare", "confirm", "revert"):
        text = library + (SCRIPTS / f"{name}.sh").read_text()
        assert text.endswith("\n}\n\nmain\n")
        cut = text.removesuffix("main\n")
        done = subprocess.run(["dash", "-s"], input=cut, capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("", "")


def test_what_is_on_the_air_is_told_by_hostapd_else_by_iwinfo() -> None:
    def heard(*lines: str) -> frozenset[str]:
        text = "\n".join([*lines, "prov-end"])
        return on_air(answer(Verdict("ok", "", ({"stdout": text},))))

    new = ("prov-hostapd hostapd.a", ' {"status": "ENABLED", "ssid": "Satu"}')
    down = ("prov-hostapd hostapd.b", ' {"status": "DISABLED", "ssid": "Dua"}')
    old = ("prov-iwinfo all", ' Tiga "3"', " Empat")
    assert heard(*new, *down, *old) == {"Satu"}
    assert heard(*old) == {'Tiga "3"', "Empat"}
    assert heard("prov-hostapd hostapd.a", " Command failed", *old) == {'Tiga "3"', "Empat"}
    assert heard("prov-iwinfo all", " ") == frozenset()
