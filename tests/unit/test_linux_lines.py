"""What is said to a Linux host: it reads back as it was, is not said twice, hides secrets."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.drivers.linux import changes, lines
from provisioner.drivers.linux.around import survey
from provisioner.drivers.linux.objects import Around, found, problem
from provisioner.drivers.linux.scopes import scope_parts
from provisioner.drivers.linux.scripting import Answer, script
from provisioner.drivers.linux.state import Port, State, masked
from provisioner.drivers.network import (
    AccessPort,
    Description,
    Intent,
    Neighbor,
    RateLimit,
    Reading,
    Scope,
    Ssid,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.errors import Refused

SCOPE = Scope("NET-2026-0001", 412, "lan", "10.40.1.1/24", "10.40.1.10", "10.40.1.99")
printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
ROUTER = State("rt", {"lan": Port("br0", "lan", "ovs", trunks=frozenset({99}))}, {})


def reading(state: State, *intents: Intent, around: Around | None = None) -> Reading:
    about = around or Around(programs={"nft", "dnsmasq", "dnsmasq.service"})
    objects = {intent.key: found(state, intent, about) for intent in intents}
    return Reading("rt", "rt", datetime.now(UTC), objects, configuration=state.text())


@given(st.lists(printable.filter(lambda line: not line.startswith("==>"))))
def test_a_file_is_what_its_line_says(text: list[str]) -> None:
    content = "".join(f"{line}\n" for line in text)
    assert lines.file_of(lines.written("/etc/x", content)) == ("/etc/x", content)


@given(printable.filter(lambda text: bool(text) and text.strip() == text))
def test_a_description_arrives_whole_and_is_known_again(text: str) -> None:
    state = State("sw", {"p1": Port("br0", "p1", "ovs", 1)}, {})
    line = lines.switched("set", "Port", "p1", f"external-ids:description={text}")
    assert lines.remaining([line], state) == (line,)
    after = State("sw", {"p1": Port("br0", "p1", "ovs", 1, ids={"description": text})}, {})
    assert lines.remaining([line], after) == ()
    assert State.parsed(after.text()) == after
    assert shlex.split(line)[0] == "ovs-vsctl"


def test_the_configuration_as_text_is_the_state_again() -> None:
    parts = scope_parts(SCOPE, ROUTER)
    state = State("rt", ROUTER.ports, dict(sorted(parts.files.items())), {"wan": "ke Internet"})
    assert State.parsed(state.text()) == state


@pytest.mark.parametrize(
    "line",
    ["wpa_passphrase=rahasia", "  password: 'rahasia'", "sae_password=rahasia", "wpa_psk=rahasia",
     "private_key = rahasia", "#wpa_passphrase=rahasia", "auth-secret=rahasia"],
)  # fmt: skip
def test_secrets_are_masked(line: str) -> None:
    assert "rahasia" not in masked(f"a=1\n{line}\nb=2\n")
    assert masked(f"a=1\n{line}\nb=2\n").endswith("\nb=2\n")


def test_what_means_something_is_not_masked() -> None:
    text = "wpa_key_mgmt=WPA-PSK\nssid=Kantor\ndhcp-range=10.0.0.1,10.0.0.9\n"
    assert masked(text) == text


@pytest.mark.parametrize(
    "intent",
    [
        Vlan(412, "a b"),
        Vlan(1, "X"),
        TrunkMember("up;reboot", 412),
        AccessPort("$(id)", 412, ""),
        AccessPort("p1", 4095, ""),
        AccessPort("p1", 412, "dua\nbaris"),
        Description("p1", "x" * 201),
        Description("p1", "ü"),
        Scope("NET-2026-0001", 412, "lan", "10.40.1.1", "10.40.1.10", "10.40.1.99"),
        Scope("NET-2026-0001", 412, "lan", "10.40.1.1/24", "10.40.2.10", "10.40.2.99"),
        Scope("NET-2026-0001", 412, "lan", "10.40.1.1/24", "10.40.1.99", "10.40.1.10"),
        Scope("NET-1\n", 412, "lan", "10.40.1.1/24", "10.40.1.10", "10.40.1.99"),
        Scope("NET-2026-0001", 412, "l n", "10.40.1.1/24", "10.40.1.10", "10.40.1.99"),
        RateLimit("NET-2026-0001", 412, "10.40.1.1/24", 8, 8),
        RateLimit("NET-2026-0001", 412, "10.40.1.0/24", 0, 8),
        Ssid("WIFI-2026-0001", "x" * 33, "open", 412, "eth0", isolate=False),
    ],
)
def test_what_cannot_be_said_is_refused(intent: Intent) -> None:
    with pytest.raises(Refused):
        changes.preview(reading(ROUTER, intent), [Wish(intent)])


def test_only_a_scope_that_nobody_else_listens_beside_names_its_interface() -> None:
    def leases(text: str) -> str:
        state = State("rt", ROUTER.ports, {"/etc/dnsmasq.conf": text} if text else {})
        files = scope_parts(SCOPE, state).files
        return next(text for path, text in files.items() if path.endswith(".conf"))

    assert "interface=prov412" in leases("")
    assert "interface=prov412" in leases("interface=eth1\n")
    assert "interface=prov412" not in leases("# comment\ncache-size=500\n")


def test_walls_that_overlap_are_said_once() -> None:
    walls = ("10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/16", "10.0.0.0/8")
    made = Scope(**{**SCOPE.__dict__, "walls": walls})
    text = next(t for p, t in scope_parts(made, ROUTER).files.items() if p.endswith(".nft"))
    assert "{ 10.0.0.0/8, 192.168.0.0/16 }" in text
    assert "ip daddr != { 10.0.0.0/8, 192.168.0.0/16 } masquerade" in text


def test_two_vlans_leave_one_trunk_and_it_carries_none() -> None:
    trunk = Port("br0", "up", "ovs", trunks=frozenset({301, 302}))
    state = State("sw", {"up": trunk}, {})
    wishes = [Wish(TrunkMember("up", vlan), present=False) for vlan in (301, 302)]
    made = changes.preview(reading(state, *(w.intent for w in wishes)), wishes)
    assert lines.remaining(made.lines, state)[0] == "ovs-vsctl add Port up trunks 4095"


def test_a_network_that_is_taken_on_the_host_is_a_problem() -> None:
    about = Around({"lan"}, {"office": ["10.40.0.9/16"]}, {"nft", "dnsmasq", "dnsmasq.service"})
    assert problem(ROUTER, SCOPE, about, [SCOPE]) is not None
    other = scope_parts(SCOPE, ROUTER).files
    overlapping = Scope("NET-2026-0002", 413, "lan", "10.40.1.129/25", "10.40.1.130", "10.40.1.140")
    free = Around({"lan"}, {}, about.programs)
    assert problem(State("rt", ROUTER.ports, other), overlapping, free, []) is not None
    assert problem(ROUTER, overlapping, free, []) is None


def test_a_script_does_nothing_before_its_last_line() -> None:
    sent = script("apply", {"hostname": "x' ; reboot"})
    assert sent.rstrip().endswith("\nmain")
    assert "hostname='x'\"'\"' ; reboot'" in sent


def test_neighbours_of_lldpd_in_its_own_words() -> None:
    told = {
        "lldp": [{"interface": [{
            "name": "eth1", "via": "LLDP",
            "chassis": [{
                "id": [{"type": "mac", "value": "52:54:00:00:00:01"}],
                "name": [{"value": "sw-smp-1.purbalingga.test"}],
                "descr": [{"value": "Cisco IOS"}], "mgmt-ip": [{"value": "10.99.0.7"}],
            }],
            "port": [{"id": [{"type": "ifname", "value": "Gi1/0/24"}]}],
        }]}]
    }  # fmt: skip
    answer = Answer({"hostname": ["rt"]}, {"lldp": json.dumps(told)})
    assert survey("rt", answer).neighbors == (
        Neighbor("eth1", "sw-smp-1.purbalingga.test", "Gi1/0/24", "lldp", "10.99.0.7", "Cisco IOS"),
    )
    assert survey("rt", Answer({}, {"lldp": "no json"})).neighbors == ()
