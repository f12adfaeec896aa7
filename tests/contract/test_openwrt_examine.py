"""How an OpenWrt device is doing, and what is done about it, over real SSH."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import asyncssh
import pytest

from provisioner.drivers.linux.scripting import alone
from provisioner.drivers.network import (
    TOPICS,
    Examination,
    Inquiry,
)
from provisioner.drivers.openwrt.session import PACKAGE, Session
from provisioner.drivers.sessions.terminal import NotReadingError
from provisioner.errors import Refused, Retriable
from provisioner.lab.openwrt import syntax
from provisioner.lab.openwrt.parser import lines
from tests.contract.openwrt_looks import ASKED, SCOPE, SECRET, Stage, looked_at
from tests.contract.openwrt_stage import until


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with looked_at(tmp_path_factory.mktemp("openwrt")) as stage:
        yield stage


@pytest.fixture
def stage(everything: Stage) -> Iterator[Stage]:
    yield everything
    everything.lab.clear()


# ---------------------------------------------------------------------- a network that is well


def test_an_access_point_that_is_well(stage: Stage) -> None:
    stage.lab.call(lambda: stage.device("ap-0").radios.clients_join("phy1-ap0", 3))
    found = stage.seen()
    assert (found.hostname, found.system.version) == ("ap-0", "23.05.5")
    system = found.system
    assert system.uptime is not None
    assert system.uptime > 86400
    assert system.clock_offset is not None
    assert abs(system.clock_offset) < 3
    assert (system.memory_percent, system.temperature) == (pytest.approx(41, abs=1), 52)
    assert (system.storage_percent, system.alarms) == (pytest.approx(3, abs=1), ())
    port = found.ports["eth0"]
    assert (port.up, port.enabled, port.duplex, port.speed_mbps) == (True, True, "full", 1000)
    assert (port.in_errors, port.collisions, port.drops) == (0, 0, 0)
    assert port.in_bps == pytest.approx(2e6, rel=0.1)
    radios = {each.name: each for each in found.radios}
    assert not radios["radio0"].enabled
    assert (radios["radio1"].up, radios["radio1"].band, radios["radio1"].channel) == (True, "5", 36)
    assert (radios["radio1"].busy_percent, radios["radio1"].noise_dbm) == (
        pytest.approx(11, abs=3),
        -95,
    )
    assert [
        (each.ssid, each.radio, each.up, each.clients, each.refused) for each in found.on_air
    ] == [("Rapat Jum'at", "radio1", True, 3, 0)]
    assert [(each.sent, each.received) for each in found.pings] == [(3, 3), (3, 3)]
    assert found.names[0].addresses
    assert (found.gateway, found.outside) == ("192.0.2.1", "br-lan")
    assert "192.0.2.1" in found.arp
    assert set(found.untold) <= {"power"}
    assert found.cut is None
    assert 0 < found.login_seconds < found.seconds


def test_a_router_that_is_well(stage: Stage) -> None:
    found = stage.seen("ap-1")
    assert set(found.ports) == {"lan1", "lan2", "lan3", "lan4", "wan"}
    trunk, access = found.ports["lan1"], found.ports["lan3"]
    assert (trunk.mode, trunk.tagged, trunk.untagged) == ("trunk", {99, 412}, None)
    assert (access.mode, access.tagged, access.up) == ("access", frozenset(), False)
    assert found.vlans is not None
    assert {99: "", 412: "PROV-NET"}.items() <= found.vlans.items()
    (scope,) = found.scopes
    assert (scope.network, scope.vlan, scope.size, scope.used) == (SCOPE, 412, 20, 0)
    assert scope.enabled
    assert found.strangers == ()


def test_only_what_is_asked_is_looked_at(stage: Stage) -> None:
    stage.lab.forget()
    found = stage.seen(inquiry=Inquiry(frozenset({"spanning_tree"})))
    assert (found.system.uptime, found.on_air, found.pings) == (None, (), ())
    told = " ".join(stage.lab.lines("ap-0"))
    assert not re.search(r"\b(logread|ping|nslookup|wireless|leases|meminfo)\b", told)


# ---------------------------------------------------------------------- what is wrong


def _port(fact: str) -> Callable[[Examination], object]:
    return lambda found: getattr(found.ports["eth0"], fact)


def _radio(fact: str) -> Callable[[Examination], object]:
    return lambda found: getattr(found.radios[1], fact)


def _system(fact: str) -> Callable[[Examination], float]:
    return lambda found: getattr(found.system, fact) or 0


SHOWN: list[tuple[str, str, dict[str, str], Callable[[Examination], object], object]] = [
    ("radio-off", "ap-0", {"radio": "radio1"}, _radio("up"), False),
    ("radio-off", "ap-0", {}, lambda f: [each.up for each in f.on_air], [False]),
    ("channel-jammed", "ap-0", {}, _radio("busy_percent"), pytest.approx(95, abs=1)),
    ("join-fails", "ap-0", {}, lambda f: [each.refused for each in f.on_air], [40]),
    ("cpu-busy", "ap-0", {}, lambda f: _system("cpu_percent")(f) > 90, True),
    ("memory-low", "ap-0", {}, _system("memory_percent"), pytest.approx(97, abs=1)),
    ("flash-full", "ap-0", {}, _system("storage_percent"), 100),
    ("overheated", "ap-0", {}, _system("temperature"), 91),
    ("clock-wrong", "ap-0", {}, _system("clock_offset"), pytest.approx(7200, abs=5)),
    ("clock-wrong", "ap-0", {}, lambda f: f.system.synchronized, False),
    ("rebooted", "ap-0", {}, _system("uptime"), pytest.approx(120, abs=20)),
    ("port-half-duplex", "ap-0", {"port": "eth0"}, _port("duplex"), "half"),
    ("port-saturated", "ap-0", {"port": "eth0"}, _port("in_bps"), pytest.approx(98e7, rel=0.1)),
    ("scope-empty", "ap-1", {"network": SCOPE}, lambda f: f.scopes[0].used, 20),
    ("dhcp-dead", "ap-1", {}, lambda f: f.scopes[0].enabled, False),
    ("dns-dead", "ap-1", {}, lambda f: "timed out" in f.names[0].error, True),
    ("internet-dead", "ap-1", {}, lambda f: [p.received for p in f.pings], [0, 3]),
    ("gateway-dead", "ap-1", {}, lambda f: [p.received for p in f.pings], [0, 0]),
    ("gateway-dead", "ap-1", {}, lambda f: "192.0.2.1" in f.arp, False),
    ("internet-lossy", "ap-1", {}, lambda f: [p.received for p in f.pings], [1, 3]),
    ("rogue-dhcp", "ap-1", {"port": "lan3", "vlan": "412"},
     lambda f: [each.vlan for each in f.strangers], [412]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "host", "options", "fact", "value"), SHOWN)
def test_each_condition_is_seen(
    stage: Stage,
    name: str,
    host: str,
    options: dict[str, str],
    fact: Callable[[Examination], object],
    value: object,
) -> None:
    assert fact(stage.seen(host)) != value
    stage.lab.fault(name, host=host, **options)
    assert fact(stage.seen(host)) == value
    stage.lab.clear()
    assert fact(stage.seen(host)) != value


@pytest.mark.parametrize(
    ("fault", "fact"),
    [("port-errors", "in_errors"), ("port-flaps", "changes"), ("port-half-duplex", "collisions")],
)
def test_counters_grow_only_where_something_is_wrong(stage: Stage, fault: str, fact: str) -> None:
    asked = Inquiry(frozenset({"ports"}))

    def count() -> int:
        return int(getattr(stage.seen("ap-1", asked).ports["lan1"], fact))

    assert count() == count()
    stage.lab.fault(fault, host="ap-1", port="lan1")
    first = count()
    until(lambda: count() > first)


# ---------------------------------------------------------------------- nothing is changed


def _state(stage: Stage) -> object:
    return stage.lab.call(
        lambda: [
            {path: data for top in ("/etc", "/tmp") for path, data in device.tree(top).items()}
            for device in (stage.device("ap-0"), stage.device("ap-1"))
        ]
    )


def test_nothing_is_changed_and_no_secret_is_told(stage: Stage) -> None:
    before, restarts = _state(stage), dict(stage.device("ap-0").radios.restarts)
    stage.lab.forget()
    for name in ("ap-0", "ap-1"):
        assert SECRET not in repr(stage.seen(name))
    assert _state(stage) == before
    assert stage.device("ap-0").radios.restarts == restarts
    text = alone(PACKAGE, "examine", {"topics": " ".join(TOPICS), "pings": "", "names": ""})
    host = stage.lab.hosts()["ap-0"]
    client = stage.lab.run(_raw(stage, host.port, host.address, text))
    assert "Rapat" in client
    assert SECRET not in client


async def _raw(stage: Stage, port: int, address: str, text: str) -> str:
    password = stage.lab.plan.password
    async with asyncssh.connect(
        address, port, username="root", password=password, known_hosts=None, config=None,
        client_keys=None,
    ) as connection:  # fmt: skip
        return str((await connection.run("exec sh -s", input=text)).stdout)


_SHELL = "[ : break echo exec export main printf read return shift true wait"
_OWN = """around air block channels counted feeding first has leasing logged of_ports pinged
    resolved runs servers switching system tell tried untold wants ways"""
_HARMLESS = "cat command date df grep head nslookup pidof ping sed sleep sort tail tr iwinfo"
READING = frozenset(f"{_SHELL} {_OWN} {_HARMLESS}".split())
"""Of the shell, of this script, and programs that only read whatever their arguments."""
ARGUMENTS = {
    "ubus": r"ubus -t 3 (call (system board|network\.wireless status|poe info|\"\$name\" "
    r"get_status)|list \S+)",
    "uci": r"uci -q (-X )?(show|get) \S+",
    "iw": r"iw dev( \"\$name\" (survey|station) dump)?",
    "ip": r"ip -4 route show",
    "bridge": r"bridge (vlan|fdb) show",
    "brctl": r'brctl showmacs "\$\{port##\*/\}"',
    "swconfig": r'swconfig (list|dev "\$switch" show)',
    "lldpcli": r"lldpcli -f json show neighbors",
    "logread": r"logread( -t)?",
    "chronyc": r"chronyc -n tracking",
    "timeout": r'timeout (1 true|"\$seconds" "\$@")',
}


def _commands(node: object) -> Iterator[syntax.Simple]:
    """Every simple command of a script, those in substitutions too."""
    if isinstance(node, syntax.Simple):
        yield node
    if isinstance(node, list | tuple):
        for each in node:
            yield from _commands(each)
    elif hasattr(node, "__dataclass_fields__"):
        for name in node.__dataclass_fields__:
            yield from _commands(getattr(node, name))


def test_the_script_has_no_command_but_reading_ones() -> None:
    text = alone(PACKAGE, "examine", {})
    found = list(_commands(list(lines(text))))
    assert len(found) > 80
    for each in found:
        if not each.words:
            continue
        line = each.source.strip()
        words = line.split()
        while words and re.match(r"[A-Za-z_]+=", words[0]):
            words.pop(0)
        if not words or words[0].startswith('"$@"'):
            continue
        if words[0] == "within":
            words = words[2:]
        name = words[0].strip('"')
        allowed = ARGUMENTS.get(name)
        if allowed is not None:
            said = re.sub(r"\s*2>&1", "", " ".join(words))
            assert re.match(rf"(?:{allowed})(?!\S)", said), line
        else:
            assert name in READING, line
        for redirection in each.redirections:
            assert redirection.operator in ("<", ">&") or "/dev/null" in line, line


def test_a_session_that_only_reads_takes_no_other_script(stage: Stage) -> None:
    sessions = stage.platform._batches._sessions
    host = sessions.hosts()["ap-0"]
    session = Session(sessions.access.login(host), 10, 10)
    session.open()
    try:
        session.only_read(10)
        for bad in ("reboot\n", alone(PACKAGE, "remedy", {"hostname": "ap-0"})):
            with pytest.raises(NotReadingError):
                session.run(bad)
    finally:
        session.disconnect()


@pytest.mark.parametrize("bad", ["1.1.1.1;reboot", "$(reboot)", "::1", "-c"])
def test_what_is_no_address_is_refused(stage: Stage, bad: str) -> None:
    assert isinstance(stage.ask(inquiry=Inquiry(pings=(bad,))), Refused)
    assert isinstance(stage.ask(inquiry=Inquiry(names=(f"{bad}'",))), Refused)


# ---------------------------------------------------------------------- devices out of their mind


def test_a_device_that_hangs_tells_what_it_said_before(stage: Stage) -> None:
    stage.lab.fault("device-hangs", host="ap-0", line="network.wireless")
    found = stage.seen(inquiry=replace(ASKED, limit=2))
    assert found.cut is not None
    assert found.ports["eth0"].up
    assert found.seconds < 5
    assert {"pings", "names"} <= set(found.untold)
    assert "system" not in found.untold


def test_a_device_that_never_answers_is_one_failure(stage: Stage) -> None:
    stage.lab.fault("device-hangs", host="ap-0")
    asked = replace(ASKED, limit=1)
    results = stage.platform.examine({"ap-0": asked, "ap-1": ASKED})
    assert isinstance(results["ap-0"], Retriable)
    assert len(str(results["ap-0"]).splitlines()) == 1
    assert isinstance(results["ap-1"], Examination)


@pytest.mark.parametrize("fault", ["device-floods", "device-garbles"])
def test_rubbish_costs_no_more_than_its_limit(stage: Stage, fault: str) -> None:
    stage.lab.fault(fault, host="ap-0", line="meminfo|iw dev")
    found = stage.ask(inquiry=replace(ASKED, limit=10))
    if fault == "device-floods":
        assert isinstance(found, Examination)
        assert found.cut is not None
    else:
        assert isinstance(found, Examination)
        assert found.ports["eth0"].up


def test_a_session_that_is_closed_tells_what_it_said_before(stage: Stage) -> None:
    stage.lab.fault("session-drop", host="ap-0", line="meminfo")
    found = stage.seen()
    assert found.cut is not None
    assert found.hostname == "ap-0"
    assert found.system.uptime
