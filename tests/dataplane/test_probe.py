"""A probe at a site: a real sshd, a real lease, real pages; and all is as it was afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import asyncssh
import pytest

from provisioner.drivers.network import Host
from provisioner.drivers.probe import ProbeOrder, ProbeReport
from provisioner.drivers.probes import InventoryProbes
from provisioner.drivers.sessions.batches import Sessions
from provisioner.errors import ActionNeeded, Refused, Retriable
from provisioner.settings import DeviceSettings
from tests.contract.linux_stage import Stage, site, staged
from tests.dataplane.campus import DNS, OFFICE_NAME, OUTSIDE, ROUTER, SWITCH, Campus
from tests.dataplane.nodes import Node, Relay, cable, node, until
from tests.dataplane.seat import SSHD, seat

pytestmark = pytest.mark.xdist_group("dataplane")

PROBE = "pr-data-1"
PAGE = f"http://{OFFICE_NAME}:8080/page"
SMALL = f"http://{OFFICE_NAME}:8080/small"
ORDER = ProbeOrder(
    names=(OFFICE_NAME, "nix.test"),
    urls=(PAGE, SMALL, f"http://{OFFICE_NAME}:8080/none"),
    pings=(OUTSIDE, "203.0.113.77"),
    forbidden=(DNS, "10.10.10.254", "10.40.2.1"),
    limit=30,
)
_ALL = """
find /etc /run -xdev -type f | sort | grep -v passwd | xargs -d '\\n' stat -c '%n %s %Y %a'
ls -d /run/* /etc/* /tmp/prov-probe.* 2>/dev/null; ls /run/netns
ip -br link; ip -4 -br address; ip -4 rule; ip -4 route show table all; cat /etc/resolv.conf
ps -eo args= | grep -v -e ' ps ' -e sshd -e 'sh -c' -e '^ps' -e '^sort' -e '^grep' | sort
"""


@dataclass
class Ground:
    stage: Stage
    box: Node
    hosts: dict[str, Host]
    probes: InventoryProbes

    def tries(self, order: ProbeOrder = ORDER) -> ProbeReport:
        found = self.probes.try_out({PROBE: order})[PROBE]
        assert isinstance(found, ProbeReport), found.to_json()
        return found

    def held(self) -> list[str]:
        return self.box.run(_ALL, check=False).splitlines()

    def without_macvlan(self) -> None:
        self.box.run(
            'cd /usr/local/sbin; printf \'#!/bin/sh\\ncase "$*" in *macvlan*) exit 2 ;; esac\\n'
            'exec /usr/sbin/ip "$@"\\n\' >ip; chmod 755 ip'
        )


@pytest.fixture(scope="module")
def made(standing: Campus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    standing.reset()
    folder = tmp_path_factory.mktemp("probe")
    key = asyncssh.generate_private_key("ssh-ed25519")
    with node(folder, PROBE, seat(standing.identity, key), SSHD) as box, staged(standing) as stage:
        cable(box, "eth0", standing.switch, "swp5")
        standing.switch.run("ovs-vsctl add-port br0 swp5 tag=1")
        for host, wanted in site(1, 412, "swp5").items():
            stage.put(host, wanted)
        relay = Relay(box.pid)
        public = key.export_public_key("openssh").decode().strip()
        known = folder / "known_hosts"
        known.write_text(f"[127.0.0.1]:{relay.port} {public}\n")
        hosts = {
            PROBE: Host(
                PROBE, "linux", frozenset({"probes"}), "127.0.0.1", relay.port, "root",
                site="data", probe_interface="eth0",
            )
        }  # fmt: skip
        settings = DeviceSettings(connect=5, command=20)
        sessions = Sessions(lambda: hosts, settings, known, lambda: standing.identity)
        web = folder / "web"
        web.mkdir()
        (web / "page").write_bytes(bytes(2_000_000))
        (web / "small").write_bytes(b"success\n")
        with standing["internet"].serving("python3", "-m", "http.server", "-d", str(web), "8080"):
            until(lambda: standing["internet"].does("ss -ltn | grep -q :8080"))
            yield Ground(stage, box, hosts, InventoryProbes(sessions))
        relay.close()
        standing.switch.run("ovs-vsctl del-port br0 swp5")
    standing.reset()


@pytest.fixture
def ground(made: Ground) -> Iterator[Ground]:
    before = made.held()
    while (settled := made.held()) != before:  # a session that ended just now lets go of its shell
        before = settled
    yield made
    made.box.run("rm -f /usr/local/sbin/*")
    try:
        until(lambda: made.held() == before)
    finally:
        assert made.held() == before, "all is as it was"


def test_it_uses_the_network_as_a_person_would(ground: Ground) -> None:
    said = ground.tries()
    assert (said.joined, said.join_error, said.leased) == (None, "", True)
    assert said.address.startswith("10.40.1.")
    assert (said.gateway, said.server, said.resolvers) == ("10.40.1.1", "10.40.1.1", (DNS,))
    assert said.gateway_ms is not None
    assert said.pings[OUTSIDE] is not None
    assert said.pings["203.0.113.77"] is None
    assert said.names == {OFFICE_NAME: (OUTSIDE,), "nix.test": ()}
    assert said.pages == {PAGE: 200, SMALL: 200, f"http://{OFFICE_NAME}:8080/none": 404}
    assert said.mbps is not None
    assert 4 < said.mbps < 16, "the site has 8, and a second of it at once"
    assert said.reached == ()
    leases = ground.stage.campus.router.run("cat /var/lib/misc/dnsmasq.leases")
    assert said.address not in leases, "it was given back"


def test_where_there_is_no_macvlan_the_interface_itself_goes_and_comes_back(
    ground: Ground,
) -> None:
    ground.without_macvlan()
    said = ground.tries(replace(ORDER, urls=(SMALL,), pings=(), forbidden=()))
    assert said.leased
    assert said.pages == {SMALL: 200}
    assert said.mbps is None, "a page of eight bytes says nothing"


def test_an_interface_in_use_is_left_alone(ground: Ground) -> None:
    ground.without_macvlan()
    ground.box.run("ip address add 192.0.2.9/24 dev eth0")
    try:
        assert isinstance(ground.probes.try_out({PROBE: ORDER})[PROBE], ActionNeeded)
    finally:
        ground.box.run("ip address del 192.0.2.9/24 dev eth0")


@pytest.mark.parametrize(
    ("at", "does", "undo", "shows"),
    [
        pytest.param(
            SWITCH, "ovs-vsctl set Port swp5 tag=1", "ovs-vsctl set Port swp5 tag=412", "lease",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "office", "kill -STOP $(cat /run/dns.pid)", "kill -CONT $(cat /run/dns.pid)", "names",
            marks=pytest.mark.slow,
        ),
        (ROUTER, "", "", "isolation"),
    ],
    ids=["lease", "names", "isolation"],
)  # fmt: skip
def test_what_is_wrong_is_told_apart(
    ground: Ground, at: str, does: str, undo: str, shows: str
) -> None:
    order = ProbeOrder(names=(OFFICE_NAME,), forbidden=(DNS, "10.10.10.254"), limit=25)
    place = ground.stage.campus[at]
    if shows == "isolation":
        tables = place.run("nft list tables | grep scope | sed 's/^table//'").splitlines()
        rules = place.run("nft -s list ruleset")
        place.path("/run/rules").write_text(f"flush ruleset\n{rules}\n")
        does, undo = f"nft delete table {tables[0]}", "nft -f /run/rules; rm /run/rules"
    place.run(does)
    try:
        said = ground.tries(order)
    finally:
        place.run(undo)
    if shows == "lease":
        assert (said.leased, said.names, said.gateway_ms) == (False, {}, None)
    elif shows == "names":
        assert said.leased
        assert said.names == {OFFICE_NAME: ()}
    else:
        assert "10.10.10.254" in said.reached


@pytest.mark.slow
def test_no_link_is_told(ground: Ground) -> None:
    ground.without_macvlan()
    ground.stage.campus.switch.run("ip link set swp5 down")
    try:
        said = ground.tries()
    finally:
        ground.stage.campus.switch.run("ip link set swp5 up")
        until(lambda: ground.box.does("grep -q 1 /sys/class/net/eth0/carrier"))
    assert (said.joined, said.join_error, said.leased) == (None, "no-link", None)


@pytest.mark.parametrize(
    "moved", [pytest.param(False, marks=pytest.mark.slow), True], ids=["beside", "moved"]
)
def test_a_trial_that_is_killed_is_cleared_away(ground: Ground, moved: bool) -> None:
    """Even with SIGKILL, which nothing can catch: its watcher puts things back."""
    if moved:
        ground.without_macvlan()
    killer = (
        "while ! [ -s /run/prov-probe/pid ] || ! ip netns pids prov-probe | grep -q .; do "
        "sleep 0.05; done; sleep 0.3; kill -KILL $(cat /run/prov-probe/pid)"
    )
    with ground.box.serving("sh", "-c", killer):
        found = ground.probes.try_out({PROBE: replace(ORDER, limit=4)})[PROBE]
    assert not isinstance(found, ProbeReport) or not found.pages
    until(lambda: not ground.box.path("/run/prov-probe").exists(), 20)


def test_two_trials_at_once_are_told_and_what_was_left_behind_is_cleared(ground: Ground) -> None:
    ground.box.run("mkdir /run/prov-probe; echo 1 >/run/prov-probe/pid")
    assert isinstance(ground.probes.try_out({PROBE: ORDER})[PROBE], Retriable)
    ground.box.run(
        "echo 999999 >/run/prov-probe/pid; echo eth0 0x1003 >/run/prov-probe/was; "
        "ip netns add prov-probe"
    )
    assert ground.tries(ProbeOrder(limit=20)).leased


def test_what_it_cannot_do_is_told(ground: Ground) -> None:
    wifi = ProbeOrder(ssid="Rapat", security="wpa2-personal", passphrase="kata sandi 1", limit=10)
    found = ground.probes.try_out({PROBE: wifi})[PROBE]
    assert isinstance(found, ActionNeeded)
    assert "kata sandi" not in repr(found.to_json())
    for order in (
        ProbeOrder(pings=("1.1.1.1;id",)),
        ProbeOrder(names=("$(id)",)),
        ProbeOrder(urls=("file:///etc/passwd",)),
        replace(wifi, passphrase="short"),
    ):
        assert isinstance(ground.probes.try_out({PROBE: order})[PROBE], Refused)
    assert ground.probes.at("data") == (PROBE,)
    assert ground.probes.at("elsewhere") == ()
    ground.hosts[PROBE] = replace(ground.hosts[PROBE], probe_interface=None)
    try:
        assert ground.probes.at("data") == ()
        assert isinstance(ground.probes.try_out({PROBE: ORDER})[PROBE], ActionNeeded)
    finally:
        ground.hosts[PROBE] = replace(ground.hosts[PROBE], probe_interface="eth0")


@pytest.mark.slow
@pytest.mark.parametrize(
    "how", ["sleep 12.5", "yes prov-joined", "head -c 4000 /dev/urandom", "exit"]
)
def test_a_probe_out_of_its_mind_costs_its_limit_and_one_line(ground: Ground, how: str) -> None:
    ground.box.run(
        f"printf '#!/bin/sh\\n{how}\\n' >/usr/local/sbin/strange; "
        "chmod 755 /usr/local/sbin/strange; "
        "sed -i 's|^root:.*|root:*:0:0:root:/run:/usr/local/sbin/strange|' /etc/passwd"
    )
    try:
        found = ground.probes.try_out({PROBE: ProbeOrder(limit=2)})[PROBE]
    finally:
        ground.box.run("sed -i 's|^root:.*|root:*:0:0:root:/run:/bin/sh|' /etc/passwd")
        until(lambda: not ground.box.does("pgrep -f '[/]sbin/strange'"))
    if isinstance(found, ProbeReport):
        assert not found.leased
    else:
        assert isinstance(found, Retriable)
