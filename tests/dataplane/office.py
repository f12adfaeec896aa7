"""An office whose devices are the campus of namespaces: sites asked for, approved, carried out."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self, cast

import asyncssh
import yaml
from PIL import Image

from provisioner.drivers.fleet import Fleet
from provisioner.drivers.hypervisor import Hypervisor
from provisioner.drivers.network import Applied, Confirmed, Intent, Order, Reading, Result
from provisioner.drivers.seat import UserSeat
from provisioner.instances.views import InstanceView
from provisioner.lab.up import write_configuration
from provisioner.people.model import Role
from provisioner.people.rules import Actor
from provisioner.requests.views import NewRequest
from provisioner.runs import store
from provisioner.runs.manual import Photo
from provisioner.runs.runner import Tools
from tests.dataplane.campus import DNS, MIDDLE, ROUTER, SWITCH, Campus
from tests.integration.harness import Office, letter

MINUTE = 2.0
"""Seconds in a minute of the devices: a timer runs ten of them."""
PORTS = {"smp-1": "swp1", "smp-2": "swp2", "smp-3": "swp3"}
_TERMS = {"sla_working_days": 1, "letters": ["signed", "srikandi"]}
_CATALOGUE = {
    "services": {
        "internet": {**_TERMS, "default_mbps": 8, "max_mbps": 100, "team": "Tim jaringan"},
        "event_wifi": _TERMS,
    }
}
_NETWORK = {
    "segments": {
        "opd": {
            "title": "Jaringan OPD", "vlans": ["400-449"], "cidr": "10.40.0.0/16", "prefix": 24,
            "dns": [DNS], "lease_hours": 8, "nat": True,
            "walls": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"], "quarantine_hours": 0,
            "reserved": [400, "10.40.0.0/24"],
        }
    },
    "routers": {ROUTER: {"outside": "wan"}},
    "management_vlan": 99,
}  # fmt: skip
_SETTINGS = f"\n[devices]\nminute = {MINUTE}\nconnect = 2\ncommand = 20\n"
_LETTER = letter()
Happens = Callable[[str, frozenset[str]], None]
"""Told what is done to which devices."""
_HELD = """
for file in $(find /etc/provisioner /etc/nftables.d /etc/dnsmasq.d /etc/cron.d /etc/dnsmasq.conf \
  -type f ! -name README 2>/dev/null | sort); do echo "== $file"; cat "$file"; done
nft list tables | sort | while read -r _ table; do nft -s list table $table; done
ip -br -4 address; ip -br link | sed 's/ .*//' | sort
ovs-vsctl --columns=name,tag,trunks,vlan_mode,external_ids list Port | sort
ls -d /etc/provisioner /etc/nftables.d 2>&1
pidof dnsmasq >/dev/null && echo dnsmasq runs
true
"""


class Told(Fleet):
    """The fleet, which tells of what it is about to do to devices, and of what it has done."""

    def __init__(self, inner: Fleet, happens: Happens) -> None:
        self.__dict__.update(vars(inner))
        self._happens = happens

    def read(
        self, wanted: Mapping[str, Sequence[Intent]], keys: Mapping[str, str] | None = None
    ) -> Result[Reading]:
        self._happens("before read", frozenset(wanted))
        return super().read(wanted, keys)

    def apply(self, orders: Mapping[str, Order]) -> Result[Applied]:
        self._happens("before apply", frozenset(orders))
        found = super().apply(orders)
        self._happens("after apply", frozenset(orders))
        return found

    def confirm(self, orders: Mapping[str, Order]) -> Result[Confirmed]:
        self._happens("before confirm", frozenset(orders))
        found = super().confirm(orders)
        self._happens("after confirm", frozenset(orders))
        return found


@dataclass
class SiteOffice(Office):
    """``lab`` is a cluster that nobody uses here."""

    campus: Campus = field(kw_only=True)
    ports: Mapping[str, str] = field(default_factory=lambda: PORTS)
    """The switch's port of each site."""
    more_settings: str = ""
    happens: Happens = field(default=lambda what, hosts: None)

    def __enter__(self) -> Self:
        self._write()
        super().__enter__()
        people = self.product.people
        people.add_department("dindikbud", "Dinas Pendidikan")
        people.add_person("rina", "Rina", None, [Role.APPLICANT], "dindikbud", language="en")
        self.rina = people.actor("rina")
        return self

    def _write(self) -> None:
        folder = self.directory
        (folder / "inventory").mkdir(parents=True)
        for name, data in (
            ("catalogue", _CATALOGUE), ("network", self._network()), ("hosts", self._hosts()),
        ):  # fmt: skip
            (folder / "inventory" / f"{name}.yml").write_text(yaml.safe_dump(data))
        (folder / "var").mkdir(mode=0o700)
        identity = folder / "var" / "id_ed25519"
        identity.touch(mode=0o600)
        identity.write_text(self.campus.identity)
        public = asyncssh.import_private_key(self.campus.identity).export_public_key()
        identity.with_suffix(".pub").write_bytes(public)
        shutil.copy(self.campus.known_hosts, folder / "var" / "known_hosts")
        toml = write_configuration(folder, [self.lab])
        toml.write_text(toml.read_text() + _SETTINGS + self.more_settings)

    def _network(self) -> dict[str, Any]:
        way = [f"{SWITCH}:up", f"{ROUTER}:lan"]
        if MIDDLE in self.campus.managed:
            way[1:1] = [f"{MIDDLE}:down", f"{MIDDLE}:up"]
        return {
            **_NETWORK,
            "sites": {
                name: {"title": name.upper(), "ports": [f"{SWITCH}:{port}"], "segment": "opd"}
                for name, port in self.ports.items()
            },
            "links": [way[at : at + 2] for at in range(0, len(way), 2)],
        }

    def _hosts(self) -> dict[str, Any]:
        groups: dict[str, Any] = {}
        for name, host in self.campus.hosts.items():
            (group,) = host.groups
            known = {
                "ansible_host": host.address, "ansible_port": host.port,
                "ansible_user": host.user, "provisioner_platform": "linux",
            }  # fmt: skip
            if host.probe_interface:
                known |= {
                    "provisioner_site": host.site,
                    "provisioner_probe_interface": host.probe_interface,
                }
            groups.setdefault(group, {"hosts": {}})["hosts"][name] = known
        return {"all": {"children": groups}}

    # ------------------------------------------------------------- requests

    def connect(self, site: str, who: Actor | None = None, **details: Any) -> str:
        """A complete request to connect that site, submitted."""
        who = who or self.sari
        service = self.product.requests
        new = service.create(
            who,
            NewRequest.model_validate({
                "service": "internet", "department": who.department,
                "applicant": {
                    "name": who.name, "position": "Kasubbag", "phone": "0281 891010",
                    "email": f"{who.username}@purbalingga.example.id",
                },
                "letter": {
                    "kind": "srikandi", "number": "045/1/2026", "date": "2026-11-20",
                    "signatory": {"name": "dr. Jusi", "position": "Kepala Dinas"},
                },
                "details": {
                    "site": site, "location": "Ruang TU", "purpose": "Ujian berbasis komputer",
                    "expected_users": 30, "fieldwork": "none", **details,
                },
            }),
        )  # fmt: skip
        service.attach_letter(who, new.number, "surat.pdf", _LETTER)
        service.submit(who, new.number)
        return new.number

    def fulfil(self, number: str) -> str:
        """Planned, approved and carried out to the end. Returns the run."""
        run_id = self.approve(number)
        run = self.carry_out(run_id)
        assert run.state == "succeeded", self.told(number)
        return run_id

    def connected(self, site: str, who: Actor | None = None, **details: Any) -> str:
        """The same for a site; returns the request's number."""
        number = self.connect(site, who, **details)
        self.fulfil(number)
        return number

    def worked(self, run_id: str) -> None:
        """The team reports the work on site as done."""
        with self.product.database.read() as session:
            plan = store.plan_of(session, store.get(session, run_id))
        points = next(s.params["checklist"] for s in plan.steps if s.key == "site.fieldwork")
        out = io.BytesIO()
        Image.new("RGB", (40, 30), "green").save(out, "JPEG")
        self.product.manual.complete(
            self.budi, run_id, "site.fieldwork",
            checklist={point["key"]: True for point in points}, answers={},
            photos=[Photo("kabel.jpg", out.getvalue())],
        )  # fmt: skip

    def instance(self, number: str) -> InstanceView:
        found = self.request(number).instance
        assert found is not None, self.told(number)
        return self.product.instances.get(self.budi, found)

    def act(self, number: str, action: str, who: Actor | None = None, **said: Any) -> str:
        """Ask for an action on what the request made; returns the new request's number."""
        instance = self.instance(number)
        return self.product.instances.act(who or self.sari, instance.id, action, said).number

    def end(self, *numbers: str) -> None:
        """Disconnect them."""
        for number in numbers:
            self.fulfil(self.act(number, "end", self._of(number), reason="Selesai"))

    def _of(self, number: str) -> Actor:
        return self.rina if self.request(number).department == "dindikbud" else self.sari

    # -------------------------------------------------------------- devices

    def tools(self, hypervisor: Hypervisor | None = None, seat: UserSeat | None = None) -> Tools:
        """As the harness has them; ``happens`` is told of every touch of a device."""
        fleet = Told(self.product.tools.fleet, lambda what, hosts: self.happens(what, hosts))
        return replace(super().tools(hypervisor, seat), fleet=fleet)

    @contextmanager
    def meanwhile(self, what: str, host: str, does: Callable[[], object]) -> Iterator[None]:
        """Once, when that happens to that device, ``does`` is called; it has to happen."""
        waiting = [does]

        def happens(now: str, hosts: frozenset[str]) -> None:
            if waiting and now == what and host in hosts:
                waiting.pop()()

        self.happens = happens
        try:
            yield
        finally:
            self.happens = _nothing
        assert not waiting, f"{what} {host} never happened"

    def held(self) -> dict[str, str]:
        """What each device has, as its own tools tell it: files, ports, tables, addresses."""
        return {name: self.campus[name].run(_HELD) for name in self.campus.managed}

    def configurations(self) -> dict[str, str]:
        """What each device has, as the driver reads it."""
        found: Result[Reading] = self.product.fleet.read(dict.fromkeys(self.campus.managed, ()))
        return {host: cast(Reading, reading).configuration for host, reading in found.items()}

    def foreign(self) -> Iterable[Mapping[str, str]]:
        """What the product takes for somebody else's change now."""
        return self.product.configurations.changed_outside(self.configurations())


@contextmanager
def undisturbed(campus: Campus, client: str, address: str) -> Iterator[None]:
    """Whatever happens within, no packet of that client is lost but one in flight at the end."""
    with campus[client].serving("ping", "-q", "-i", "0.1", "-W", "2", address) as ping:
        yield
        campus[client].run("pkill -INT -x ping")
        said = ping.communicate(timeout=10)[0].decode()
    sent, received = map(int, re.findall(r"(\d+) (?:packets transmitted|received)", said))
    assert received >= max(sent - 1, 1), said


def reached(campus: Campus, client: str, *addresses: str) -> set[str]:
    """Which of these a client reaches; asked at once."""
    asks = (f"{{ ping -c 1 -W 1 {each} >/dev/null && echo {each}; }} &" for each in addresses)
    return set(campus[client].run(f"{' '.join(asks)} wait").split())


def leases(campus: Campus, *clients: str) -> list[str]:
    """The addresses that these clients are given, '' for none; asked at once."""
    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(campus.lease, clients))


def _nothing(what: str, hosts: frozenset[str]) -> None:
    """Nobody listens."""
