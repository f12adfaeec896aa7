"""A VLAN-aware bridge of the kernel: what is told to it, that it is told again at boot, and gone.

The kernel of most test machines has no VLAN filtering and no VLAN interfaces; there two programs
stand in for that part of ``bridge`` and ``ip``. Everything else is real.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from provisioner.drivers.network import (
    AccessPort,
    Applied,
    Description,
    Intent,
    Reverted,
    TrunkMember,
    Vlan,
)
from tests.contract.linux_stage import Stage, scope, staged
from tests.dataplane.campus import ROUTER, Campus
from tests.dataplane.conftest import ground, standing

__all__ = ["ground", "standing"]  # fixtures
pytestmark = pytest.mark.xdist_group("dataplane")
MARK = "PROV-NET-2026-0001"
WANTED: list[Intent] = [
    Vlan(412, MARK),
    TrunkMember("e1", 412),
    AccessPort("e2", 412, f"{MARK} Loket 'dua'"),
]

_BRIDGE = """import json, pathlib, sys
path = pathlib.Path("/run/vlans.json")
told = json.loads(path.read_text())
words = sys.argv[1:]
if words == ["-j", "vlan", "show"]:
    rows = [{"ifname": name, "vlans": list(vlans.values())} for name, vlans in told.items()]
    print(json.dumps(rows))
elif words[:1] == ["vlan"]:
    name, vid, flags = words[3], words[5], words[6:]
    if words[1] == "del":
        if told[name].pop(vid, None) is None:
            sys.exit("RTNETLINK answers: No such file or directory")
    else:
        if "pvid" in flags:
            for each in told[name].values():
                each["flags"] = [f for f in each.get("flags", []) if f != "PVID"]
        kept = [{"pvid": "PVID", "untagged": "Egress Untagged"}[f] for f in flags if f != "self"]
        told[name][vid] = {"vlan": int(vid), "flags": kept}
    path.write_text(json.dumps(told))
elif words == ["-j", "fdb", "show"]:
    print("[]")
"""
_IP = """import json, os, subprocess, sys
words, real = sys.argv[1:], "/usr/sbin/ip"
if words == ["-j", "-d", "link", "show"]:
    found = json.loads(subprocess.run([real, *words], capture_output=True, text=True).stdout)
    for link in found:
        if link["ifname"] == "br1":
            link["linkinfo"]["info_data"]["vlan_filtering"] = 1
    print(json.dumps(found))
    sys.exit()
if words[-4:-1] == ["type", "vlan", "id"]:
    words = ["link", "add", "name", words[words.index("name") + 1], "type", "bridge"]
os.execv(real, [real, *words])
"""


@pytest.fixture
def stage(ground: Campus) -> Iterator[Stage]:
    router = ground.router
    for name, text in (("bridge", _BRIDGE), ("ip", _IP)):
        router.path(f"/usr/local/sbin/{name}").write_text(f"#!{sys.executable}\n{text}")
    alone = '{"1": {"vlan": 1, "flags": ["PVID", "Egress Untagged"]}}'
    router.path("/run/vlans.json").write_text(f'{{"br1": {alone}, "e1": {alone}, "e2": {alone}}}')
    router.run(
        "chmod 755 /usr/local/sbin/*; ip link add br1 type bridge; ip link set dev br1 up; "
        "for n in 1 2; do ip link add e$n type veth peer name f$n; "
        "ip link set dev e$n master br1 up; ip link set dev f$n up; done; "
        "bridge vlan add dev e1 vid 99"
    )
    with staged(ground) as made:
        yield made
    router.run(
        "rm /usr/local/sbin/bridge /usr/local/sbin/ip; "
        "for port in br1 e1 e2; do ip link del $port; done"
    )


def forget(stage: Stage) -> None:
    """What a reboot leaves of a bridge: nothing."""
    for line in ("dev e1 vid 412", "dev e2 vid 412", "dev br1 vid 412 self"):
        stage.campus.router.run(f"bridge vlan del {line}", check=False)
    stage.campus.router.run(
        "bridge vlan add dev e2 vid 1 pvid untagged; ip link set dev e2 alias ''"
    )
    stage.campus.router.run("ip link del prov412", check=False)
    stage.campus.reboot(ROUTER)


def test_made_said_again_at_boot_and_taken_back_exactly(stage: Stage) -> None:
    before = stage.configuration(ROUTER)
    order = stage.put(ROUTER, WANTED)
    wanted = {intent.key: intent for intent in WANTED}
    assert stage.read(ROUTER, WANTED).objects == wanted
    forget(stage)
    assert stage.read(ROUTER, WANTED).objects == wanted
    assert stage.order(ROUTER, WANTED).preview.lines == ()
    assert stage.platform.revert({ROUTER: order}) == {ROUTER: Reverted("undo")}
    assert stage.configuration(ROUTER) == before


def test_unconfirmed_it_goes_with_the_copy(stage: Stage) -> None:
    before = stage.configuration(ROUTER)
    order = stage.order(ROUTER, WANTED)
    assert isinstance(stage.apply(order), Applied)
    assert stage.platform.revert({ROUTER: order}) == {ROUTER: Reverted("timer")}
    assert stage.configuration(ROUTER) == before


def test_a_port_moved_twice_goes_back_to_what_the_office_had(stage: Stage) -> None:
    stage.campus.router.run(
        "bridge vlan del dev e2 vid 1; bridge vlan add dev e2 vid 30 pvid untagged"
    )
    before = stage.configuration(ROUTER)
    first = stage.put(ROUTER, WANTED)
    moved: list[Intent] = [Vlan(413, f"{MARK}9"), AccessPort("e2", 413, "pindah")]
    second = stage.put(ROUTER, moved)
    assert stage.read(ROUTER, moved).objects == {i.key: i for i in moved}
    stage.platform.revert({ROUTER: second})
    assert stage.read(ROUTER, WANTED).objects == {i.key: i for i in WANTED}
    stage.platform.revert({ROUTER: first})
    assert stage.configuration(ROUTER) == before
    theirs: list[Intent] = [AccessPort("e2", 30, ""), TrunkMember("e1", 99)]
    stage.put(ROUTER, theirs, present=False)
    assert stage.read(ROUTER, theirs).objects == dict.fromkeys(i.key for i in theirs)
    notes: list[Intent] = [Description("e1", "ke gedung B")]
    stage.put(ROUTER, notes)
    assert stage.read(ROUTER, notes).objects == {notes[0].key: notes[0]}


@pytest.mark.parametrize("port", ["e1", "wan", ""])
def test_a_scope_on_a_bridge_on_a_plain_port_and_on_a_switch_that_routes(
    stage: Stage, port: str
) -> None:
    wanted: list[Intent] = [scope(port=port)]
    before = stage.configuration(ROUTER)
    order = stage.put(ROUTER, wanted)
    assert stage.read(ROUTER, wanted).objects == {wanted[0].key: wanted[0]}
    forget(stage)
    assert stage.read(ROUTER, wanted).objects == {wanted[0].key: wanted[0]}
    assert stage.platform.revert({ROUTER: order}) == {ROUTER: Reverted("undo")}
    assert stage.configuration(ROUTER) == before
    assert not stage.campus.router.does("ip link show dev prov412")
