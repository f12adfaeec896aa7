"""Real faults of a real switch and router, each seen by the driver, which changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from provisioner.drivers.linux.examining import question
from provisioner.drivers.linux.session import Session
from provisioner.drivers.network import (
    TOPICS,
    BouncePort,
    CyclePower,
    EnablePort,
    Examination,
    Inquiry,
    Remedied,
    Topic,
)
from provisioner.drivers.sessions.access import Access
from provisioner.drivers.sessions.terminal import NotReadingError
from provisioner.errors import ActionNeeded, Refused, Retriable
from tests.contract.linux_stage import Stage, site, staged
from tests.dataplane.campus import DNS, OFFICE_NAME, ROUTER, SWITCH, Campus
from tests.dataplane.nodes import Relay, cable, until

pytestmark = pytest.mark.xdist_group("dataplane")

FAR = "198.51.100.1"
"""An address beyond the next hop."""

_ALL = """
find /etc /run /var/lib/misc -xdev -type f ! -path '/run/openvswitch/*' | sort |
  xargs -d '\\n' stat -c '%n %s %Y %Z %a'
ls -d /run/* /etc/*
nft -s list ruleset; ip -4 -br address; ip -4 rule; ip -4 route show table all; ls /run/netns
ovs-vsctl --columns=name,tag,trunks,vlan_mode,external_ids list Port | sort
"""


@pytest.fixture(scope="module")
def stage(standing: Campus) -> Iterator[Stage]:
    """A site that works; each test leaves it so."""
    standing.reset()
    with staged(standing, connect=5) as made:
        for host, wanted in site(1, 412, "swp1").items():
            made.put(host, wanted)
        assert standing.lease("c1")
        standing["internet"].run(f"ip address replace {FAR}/32 dev lo")
        yield made
    standing["internet"].run(f"ip address del {FAR}/32 dev lo")


def ask(stage: Stage, *topics: Topic, host: str = SWITCH, **more: object) -> Examination:
    inquiry = replace(Inquiry(frozenset(topics)), **more)  # type: ignore[arg-type]
    found = stage.platform.examine({host: inquiry})[host]
    assert isinstance(found, Examination), found.to_json()
    assert found.cut is None
    return found


@dataclass(frozen=True)
class Fault:
    """What is done on which machine, what is asked, and what shows it; not so before."""

    name: str
    at: str
    does: str
    ask: Inquiry
    host: str
    shows: Callable[[Examination], bool]
    undo: str


def inquiry(*topics: Topic, pings: tuple[str, ...] = (), names: tuple[str, ...] = ()) -> Inquiry:
    return Inquiry(frozenset(topics), pings, names)


def pinged(found: Examination, address: str) -> int:
    return next(each.received for each in found.pings if each.address == address)


def resolved(found: Examination) -> tuple[str, ...]:
    return found.names[0].addresses


FAULTS = (
    Fault(
        "cable out", "c1", "ip link set eth0 down", inquiry("ports"), SWITCH,
        lambda e: e.ports["swp1"].enabled and not e.ports["swp1"].up, "ip link set eth0 up",
    ),
    Fault(
        "port switched off", SWITCH, "ip link set swp1 down", inquiry("ports"), SWITCH,
        lambda e: not e.ports["swp1"].enabled, "ip link set swp1 up",
    ),
    Fault(
        "wrong VLAN", SWITCH, "ovs-vsctl set Port swp1 tag=413", inquiry("vlans"), SWITCH,
        lambda e: e.ports["swp1"].mode == "access" and e.ports["swp1"].untagged != 412,
        "ovs-vsctl set Port swp1 tag=412",
    ),
    Fault(
        "VLAN missing on the trunk", SWITCH, "ovs-vsctl remove Port up trunks 412",
        inquiry("vlans"), SWITCH, lambda e: 412 not in (e.ports["up"].tagged or ()),
        "ovs-vsctl add Port up trunks 412",
    ),
    Fault(
        "another native VLAN", SWITCH,
        "ovs-vsctl set Port up tag=7 vlan_mode=native-untagged",
        inquiry("vlans"), SWITCH, lambda e: e.ports["up"].untagged is not None,
        "ovs-vsctl clear Port up tag vlan_mode",
    ),
    Fault(
        "DHCP server dead", ROUTER, "kill -KILL $(cat /run/dnsmasq.pid)",
        inquiry("addresses"), ROUTER, lambda e: not e.scopes[0].enabled,
        "/etc/init.d/dnsmasq restart",
    ),
    Fault(
        "scope's interface without its address", ROUTER, "ip address flush dev prov412",
        inquiry("addresses"), ROUTER, lambda e: not e.scopes[0].enabled,
        "ip address add 10.40.1.1/24 dev prov412",
    ),
    Fault(
        "scope exhausted", ROUTER,
        "sed -i 's/10.40.1.10,10.40.1.200/10.40.1.201,10.40.1.202/' /etc/dnsmasq.d/PROV-*; "
        "for n in 1 2; do echo \"9999999999 02:00:00:00:00:0$n 10.40.1.20$n * *\"; done "
        ">>/var/lib/misc/dnsmasq.leases; /etc/init.d/dnsmasq restart",
        inquiry("addresses"), ROUTER,
        lambda e: e.scopes[0].size == e.scopes[0].used == len(e.leases) - 1,
        "sed -i 's/10.40.1.201,10.40.1.202/10.40.1.10,10.40.1.200/' /etc/dnsmasq.d/PROV-*; "
        "sed -i /10.40.1.20[12]/d /var/lib/misc/dnsmasq.leases; /etc/init.d/dnsmasq restart",
    ),
    Fault(
        "nothing outside answers", ROUTER,
        f"nft add table ip wall; nft 'add chain ip wall out {{ type filter hook output "
        f"priority 0; }}'; nft add rule ip wall out ip daddr {FAR} drop",
        inquiry(pings=(FAR, "203.0.113.1")), ROUTER,
        lambda e: pinged(e, FAR) == 0 and pinged(e, "203.0.113.1") == 3,
        "nft delete table ip wall",
    ),
    Fault(
        "next hop dead", "internet", "ip link set eth0 down",
        inquiry(pings=("203.0.113.1",)), ROUTER,
        lambda e: e.gateway == "203.0.113.1" and pinged(e, e.gateway) == 0,
        "ip link set eth0 up",
    ),
    Fault(
        "no default route", ROUTER, "ip route del default", inquiry(), ROUTER,
        lambda e: e.gateway == "", "ip route replace default via 203.0.113.1",
    ),
    Fault(
        "resolver dead", "office", "kill -STOP $(cat /run/dns.pid)",
        inquiry(names=(OFFICE_NAME,)), ROUTER, lambda e: resolved(e) == (),
        "kill -CONT $(cat /run/dns.pid)",
    ),
    Fault(
        "clock two hours ahead", ROUTER,
        "printf '#!/bin/sh\\nexec /usr/bin/date -d +2hours \"$@\"\\n' >/usr/local/sbin/date; "
        "chmod 755 /usr/local/sbin/date",
        inquiry("system"), ROUTER, lambda e: 7190 < (e.system.clock_offset or 0) < 7210,
        "rm /usr/local/sbin/date",
    ),
    Fault(
        "a port's device gone", SWITCH, "ovs-vsctl add-port br0 usb0 || true",
        inquiry("system", "ports"), SWITCH,
        lambda e: any("usb0" in alarm for alarm in e.system.alarms) and not e.ports["usb0"].up,
        "ovs-vsctl del-port br0 usb0",
    ),
)  # fmt: skip
SAMPLED = {
    "cable out", "wrong VLAN", "VLAN missing on the trunk", "another native VLAN",
    "DHCP server dead", "nothing outside answers", "no default route", "scope exhausted",
}  # fmt: skip


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(each, id=each.name, marks=[] if each.name in SAMPLED else pytest.mark.slow)
        for each in FAULTS
    ],
)
def test_a_fault_is_seen_and_was_not_before(stage: Stage, fault: Fault) -> None:
    def now() -> Examination:
        return ask(
            stage, *fault.ask.topics, host=fault.host, pings=fault.ask.pings, names=fault.ask.names
        )  # fmt: skip

    assert "usb0" in fault.does or not fault.shows(now())
    node = stage.campus[fault.at]
    node.run(fault.does)
    try:
        assert fault.shows(now())
    finally:
        node.run(fault.undo)


def test_what_is_well_is_told_as_well(stage: Stage) -> None:
    switch = ask(stage, *TOPICS)
    assert switch.hostname == SWITCH
    port, up = switch.ports["swp1"], switch.ports["up"]
    assert (port.up, port.mode, port.untagged, port.duplex) == (True, "access", 412, "full")
    assert (up.up, up.mode, up.tagged) == (True, "trunk", {99, 412})
    assert port.in_bps is not None
    assert port.changes is not None
    assert port.in_errors == 0
    mac = stage.campus["c1"].run("cat /sys/class/net/eth0/address")
    assert any(each.port == "swp1" and each.mac == mac for each in switch.learned)
    assert switch.untold == {
        "neighbors": "no lldpd", "power": "no power over Ethernet here"
    }  # fmt: skip
    router = ask(
        stage, *TOPICS, host=ROUTER, pings=("203.0.113.1",), names=(OFFICE_NAME, "nix.test")
    )  # fmt: skip
    (held,) = router.scopes
    assert (held.network, held.interface, held.vlan) == ("10.40.1.0/24", "prov412", 412)
    assert (held.size, held.used, held.enabled) == (191, 1, True)
    assert (router.gateway, router.outside) == ("203.0.113.1", "wan")
    assert router.names[0].addresses == ("203.0.113.1",)
    assert router.names[1].addresses == ()
    assert DNS in router.names[1].error
    system = router.system
    assert system.uptime
    assert system.version
    assert system.alarms == ()
    assert system.memory_percent
    assert system.storage_percent
    assert system.clock_offset == 0


def test_looking_changes_nothing(stage: Stage) -> None:
    def held() -> dict[str, list[str]]:
        return {name: stage.campus[name].run(_ALL).splitlines() for name in (SWITCH, ROUTER)}

    before = held()
    for host in before:
        ask(stage, *TOPICS, host=host, pings=(DNS,), names=(OFFICE_NAME,))
    after = held()
    assert {host: set(after[host]) ^ set(before[host]) for host in before} == {
        host: set() for host in before
    }


def test_a_session_for_looking_runs_nothing_else(stage: Stage) -> None:
    campus = stage.campus
    access = Access(campus.known_hosts, lambda: campus.identity)
    session = Session(access.login(stage.hosts[SWITCH]), 5, 5)
    session.open()
    try:
        session.only_read(5)
        for script in (
            "true\n",
            f"x=$(reboot)\n{question(Inquiry())}",
            f"{question(Inquiry())}id\n",
        ):
            with pytest.raises(NotReadingError):
                session.run(script)
        assert "prov-end" in session.run(question(Inquiry(frozenset())))
    finally:
        session.disconnect()


@pytest.mark.parametrize(
    "asked", [Inquiry(pings=("1.1.1.1; reboot",)), Inquiry(names=("$(reboot)",))]
)
def test_what_is_no_address_and_no_name_is_refused(stage: Stage, asked: Inquiry) -> None:
    assert isinstance(stage.platform.examine({ROUTER: asked})[ROUTER], Refused)


# ---------------------------------------------------------------- out of its mind

_STRANGE = {
    "hangs": "sleep 600",
    "floods": "yes 0123456789abcdef",
    "floods in words of ours": "echo prov-hostname x; yes ' prov-port 0123456789abcdef'",
    "garbles": "head -c 4000 /dev/urandom",
    "closes": "exit 1",
}


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(how, marks=[] if how in ("hangs", "garbles") else pytest.mark.slow)
        for how in _STRANGE
    ],
)
def test_a_host_out_of_its_mind_costs_its_limit_and_one_line(stage: Stage, how: str) -> None:
    switch = stage.campus.switch
    switch.run(
        f"printf '#!/bin/sh\\n%s\\n' \"{_STRANGE[how]}\" >/usr/local/sbin/strange; "
        "chmod 755 /usr/local/sbin/strange; "
        "sed -i 's|^root:.*|root:*:0:0:root:/run:/usr/local/sbin/strange|' /etc/passwd"
    )
    try:
        found = stage.platform.examine({SWITCH: Inquiry(limit=2), ROUTER: Inquiry(limit=10)})
    finally:
        switch.run("sed -i 's|^root:.*|root:*:0:0:root:/run:/bin/sh|' /etc/passwd")
    assert isinstance(found[ROUTER], Examination), "the others are not concerned"
    if how == "floods in words of ours":
        switch_said = found[SWITCH]
        assert isinstance(switch_said, Examination)
        assert switch_said.cut is not None
    else:
        assert isinstance(found[SWITCH], Retriable)


def test_what_was_said_before_it_hung_is_there(stage: Stage) -> None:
    stage.campus.switch.run(
        "cd /usr/local/sbin; printf '#!/bin/sh\\nsleep 600\\n' >bridge; chmod 755 bridge"
    )
    try:
        found = stage.platform.examine({SWITCH: Inquiry(limit=2)})[SWITCH]
    finally:
        stage.campus.switch.run("rm /usr/local/sbin/bridge")
    assert isinstance(found, Examination)
    assert found.cut is not None
    assert found.ports["swp1"].up
    assert found.system.uptime
    assert {"vlans", "learned", "addresses", "wireless"} <= found.untold.keys()
    assert "system" not in found.untold
    assert "ports" not in found.untold


# ---------------------------------------------------------------- what helps


def test_a_port_is_switched_on_again(stage: Stage) -> None:
    stage.campus.switch.run("ip link set swp1 down")
    done = stage.platform.remedy({SWITCH: EnablePort("swp1")})[SWITCH]
    assert isinstance(done, Remedied)
    assert ask(stage, "ports").ports["swp1"].up
    before = ask(stage, "ports").ports["swp1"].changes
    done = stage.platform.remedy({SWITCH: BouncePort("swp1")})[SWITCH]
    assert isinstance(done, Remedied)
    assert "swp1 down" in done.transcript
    port = ask(stage, "ports").ports["swp1"]
    assert port.up
    assert port.changes != before


def test_what_a_linux_host_cannot_do_or_is_not_there_is_refused(stage: Stage) -> None:
    for remedy in (CyclePower("swp1"), BouncePort("swp99"), BouncePort("a; reboot")):
        assert isinstance(stage.platform.remedy({SWITCH: remedy})[SWITCH], Refused)
    stage.campus.switch.run("hostname sw-stranger-1")
    try:
        done = stage.platform.remedy({SWITCH: EnablePort("swp1")})[SWITCH]
    finally:
        stage.campus.switch.run(f"hostname {SWITCH}")
    assert isinstance(done, ActionNeeded)


def test_the_port_that_carries_the_session_is_not_touched(stage: Stage) -> None:
    """Reached from the office's machine over the wire, not over the loopback."""
    campus = stage.campus
    relay = Relay(campus["office"].pid, "10.10.10.254")
    sshd = (
        "/usr/sbin/sshd", "-D", "-f", "/etc/ssh/own/config", "-o", "PidFile=/run/sshd-office.pid",
        "-o", "ListenAddress=10.10.10.254",
    )  # fmt: skip
    before = stage.hosts[ROUTER]
    try:
        with campus.router.serving(*sshd):
            until(lambda: campus.router.does("ss -ltn | grep -q 10.10.10.254:22"))
            stage.hosts[ROUTER] = replace(before, port=relay.port)
            key = campus.keys[ROUTER].replace(f":{before.port} ", f":{relay.port} ")
            campus.known_hosts.write_text("".join([*campus.keys.values(), key]))
            assert isinstance(
                stage.platform.remedy({ROUTER: BouncePort("office")})[ROUTER], Refused
            )
            assert isinstance(stage.platform.remedy({ROUTER: BouncePort("lan")})[ROUTER], Remedied)
    finally:
        relay.close()
        campus.router.run("kill $(cat /run/sshd-office.pid)", check=False)
        stage.hosts[ROUTER] = before
        campus.known_hosts.write_text("".join(campus.keys.values()))


@pytest.mark.slow
def test_a_loop_is_blocked_and_told(stage: Stage) -> None:
    campus = stage.campus
    cable(campus.switch, "up2", campus.router, "lan2")
    try:
        for node, port in ((campus.switch, "up2"), (campus.router, "lan2")):
            node.run(f"ovs-vsctl set Bridge br0 rstp_enable=true -- add-port br0 {port}")
        until(
            lambda: {port.tree for host in (SWITCH, ROUTER)
                     for port in ask(stage, "spanning_tree", host=host).ports.values()}
            >= {"blocking", "forwarding"}
        )  # fmt: skip
    finally:
        for node, port in ((campus.switch, "up2"), (campus.router, "lan2")):
            node.run(f"ovs-vsctl del-port br0 {port} -- set Bridge br0 rstp_enable=false")
        campus.switch.run("ip link del up2")
