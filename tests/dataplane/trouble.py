"""The product in front of real Linux switches and a router: faults made by hand, and diagnosed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncssh

from provisioner.drivers.network import Host
from provisioner.lab.control import RemoteLab
from provisioner.lab.trouble.case import Scenery
from provisioner.lab.trouble.trial import Trial
from tests.dataplane.campus import MIDDLE, OFFICE_NAME, ROUTER, SWITCH, Campus, campus
from tests.dataplane.faults import BOX, FAR, HERE
from tests.dataplane.nodes import Relay, cable, node, until
from tests.dataplane.office import SiteOffice
from tests.dataplane.seat import SSHD, seat
from tests.integration.harness import lab_cluster

HEALTHY = ("site:smp-1", "site:smp-2", "site:smp-3", f"device:{MIDDLE}", f"device:{ROUTER}")
_PORTS = {"smp-1": "swp1", "smp-2": "swp5", "smp-3": "swp3"}
_SETTINGS = f"""
[checks]
internet = ["{FAR}"]
names = ["{OFFICE_NAME}"]
page = "http://{OFFICE_NAME}:8080/page"
"""


@dataclass
class Hands:
    """What the trial needs of a lab: lines typed on a machine."""

    campus: Campus

    def type(self, host: str, lines: Sequence[str]) -> None:
        text = "\n".join(("set -e", *lines))
        if host == HERE:
            subprocess.run(["sh", "-c", text], check=True)
        else:
            self.campus[host].run(text)

    def clear(self) -> None:
        """There is nothing that shows by itself."""


class Watching(Trial):
    """A trial that compares what the devices have before and after each look."""

    def __init__(self, office: SiteOffice, scenery: Scenery) -> None:
        super().__init__(cast(RemoteLab, Hands(office.campus)), _call(office), scenery)
        self._office = office

    def diagnosed(self, target: str) -> tuple[list[Mapping[str, Any]], float]:
        before = self._office.held()
        found = super().diagnosed(target)
        assert self._office.held() == before, "a look changes nothing"
        return found


@dataclass(frozen=True)
class Ground:
    """What stands, with three sites connected and a probe at the second."""

    office: SiteOffice
    trial: Watching
    start: Mapping[str, list[str]]
    """What the devices had when all was well."""

    def held(self) -> dict[str, list[str]]:
        """What they have now, in whichever order."""
        return _sorted(self.office)


@contextmanager
def ground(folder: Path, certificates: Path) -> Iterator[Ground]:
    """Everything, connected by the product itself."""
    with ExitStack() as stack:
        standing = stack.enter_context(campus(_made(folder / "campus"), middle=True))
        _outside(standing, folder, stack)
        _plug_in(standing, _made(folder / "seat"), stack)
        lab = stack.enter_context(lab_cluster(certificates))
        office = stack.enter_context(
            SiteOffice(
                folder / "office", lab, campus=standing, ports=_PORTS, more_settings=_SETTINGS
            )
        )
        number = office.connected("smp-1", rate_limit_mbps=40)
        second = office.connected("smp-2", office.rina, rate_limit_mbps=40)
        assert standing.lease("c1")
        trial = Watching(office, _scenery(office, number, second))
        yield Ground(office, trial, _sorted(office))


def _sorted(office: SiteOffice) -> dict[str, list[str]]:
    return {name: sorted(text.splitlines()) for name, text in office.held().items()}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _outside(standing: Campus, folder: Path, stack: ExitStack) -> None:
    """An address beyond the next hop, and a page."""
    internet, web = standing["internet"], _made(folder / "web")
    internet.run(f"ip address replace {FAR}/32 dev lo")
    (web / "page").write_bytes(bytes(1_000_000))
    stack.enter_context(internet.serving("python3", "-m", "http.server", "-d", str(web), "8080"))
    until(lambda: internet.does("ss -ltn | grep -q :8080"))


def _plug_in(standing: Campus, folder: Path, stack: ExitStack) -> None:
    """The probe: its own key, a cable to the site's port."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    box = stack.enter_context(node(folder, BOX, seat(standing.identity, key), SSHD))
    cable(box, "eth0", standing.switch, "swp5")
    standing.switch.run("ovs-vsctl add-port br0 swp5 tag=1")
    relay = Relay(box.pid)
    stack.callback(relay.close)
    public = key.export_public_key("openssh").decode().strip()
    with standing.known_hosts.open("a") as known:
        known.write(f"[127.0.0.1]:{relay.port} {public}\n")
    standing.hosts[BOX] = Host(
        BOX, "linux", frozenset({"probes"}), "127.0.0.1", relay.port, "root",
        site="smp-2", probe_interface="eth0",
    )  # fmt: skip


def _scenery(office: SiteOffice, number: str, second: str) -> Scenery:
    mine, seat = office.instance(number), office.instance(second)
    prefix = str(mine.cidr).removesuffix(".0/24")
    pids = {name: str(office.campus[name].pid) for name in (SWITCH, MIDDLE)}
    settings = f"/etc/dnsmasq.d/PROV-{number}.scope.conf"
    line = office.campus.router.run(f"grep ^dhcp-range= {settings}")
    first, last = f"{prefix}.201", f"{prefix}.202"
    words = line.split(",")
    at = next(index for index, word in enumerate(words) if word.startswith(f"{prefix}."))
    words[at : at + 2] = [first, last]
    return Scenery({
        "number": number, "vlan": str(mine.vlan), "cidr": str(mine.cidr), "prefix": prefix,
        "gateway": f"{prefix}.1", "seat_vlan": str(seat.vlan), "narrow": ",".join(words),
        "switch": pids[SWITCH], "middle": pids[MIDDLE],
    })  # fmt: skip


def _call(office: SiteOffice) -> Any:
    """What the API does, without HTTP."""
    product = office.product

    def call(method: str, path: str, json: Mapping[str, Any] | None = None) -> Any:
        if method == "POST":
            assert json is not None
            view = product.checks.start(office.budi, target=json["target"])
            product.check_worker.once()
            path = view.id
        found = product.checks.get(office.budi, path.rpartition("/")[2])
        return found.model_dump(mode="json")

    return call
