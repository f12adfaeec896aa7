"""A VM that stands and what is asked of it: each action by request, plan, approval and run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from provisioner.database import now
from provisioner.drivers.hypervisor import Configure, Destroy, Machine, Order, PowerOff
from provisioner.instances.model import Instance
from provisioner.instances.terms import VmTerms
from provisioner.instances.upkeep import Upkeep
from provisioner.instances.views import InstanceView
from provisioner.runs.views import RunView
from tests.integration.harness import Office, public_key

CHANGES = {'disk_storage = "shared"': 'disk_storage = "shared"\npool = "opd-{department}"'}
"""Of the configuration: a pool per department, which the lab's own does not have."""


@dataclass
class Server:
    """One VM of an office, by the instance that stands for it."""

    office: Office
    id: str

    @classmethod
    def made(cls, office: Office, **details: Any) -> Server:
        """Asked for, approved, carried out."""
        number, run = office.approved(**details)
        office.carry_out(run)
        request = office.request(number)
        assert request.instance is not None, office.told(number)
        return cls(office, request.instance)

    @property
    def view(self) -> InstanceView:
        return self.office.product.instances.get(self.office.budi, self.id)

    @property
    def vm(self) -> dict[str, Any]:
        """As the cluster has it."""
        found = self.office.lab.vm(self.view.vmid or 0)
        assert found is not None
        return found

    def ask(self, action: str, **details: Any) -> str:
        """The action's request, handed in; returns its number."""
        return self.office.product.instances.act(self.office.budi, self.id, action, details).number

    def approve(self, action: str, **details: Any) -> tuple[str, str]:
        """Planned and approved: the request's number and its run."""
        number = self.ask(action, **details)
        return number, self.office.approve(number, self.office.tono)

    def do(self, action: str, **details: Any) -> RunView:
        """Carried out to the end, and done."""
        number, run_id = self.approve(action, **details)
        run = self.office.carry_out(run_id)
        assert self.office.request(number).state == "done", self.office.told(number)
        assert [lease for lease in self.office.leases() if lease.run_id == run_id] == []
        return run

    def alter(self, **values: Any) -> None:
        """As if time had passed, or the record were stale."""
        with self.office.product.database.write() as session:
            row = session.get_one(Instance, self.id)
            for name, value in values.items():
                setattr(row, name, value)

    def note(self, **facts: Any) -> None:
        """As if its facts had become other ones."""
        with self.office.product.database.write() as session:
            row = session.get_one(Instance, self.id)
            row.facts = {**row.facts, **facts}

    def answer(self, **details: Any) -> Mapping[str, Any]:
        """What the VM's own name is needed for."""
        return {"confirm": self.view.name, **details}


@dataclass
class Timekeeper:
    """The worker's clock for VMs, by hand."""

    office: Office
    queue: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        product = self.office.product
        terms = VmTerms(product.settings.clusters, product.inventory)
        self._upkeep = Upkeep(product.database, self._enqueue, terms)

    def _enqueue(self, session: Session, run_id: str, attempt: int, partition: str) -> None:
        self.queue.append(run_id)

    def tick(self) -> list[RunView]:
        """What is due begins and is carried out to its end."""
        self._upkeep.once()
        due, self.queue = self.queue, []
        return [self.office.carry_out(run) for run in due]


ACTIONS: Mapping[str, Callable[[Server], Mapping[str, Any]]] = {
    "resize": lambda server: {"size": "medium"},
    "snapshot": lambda server: {"name": "before", "note": "sebelum pembaruan"},
    "rollback": lambda server: {"snapshot": "base"},
    "delete_snapshot": lambda server: {"snapshot": "base"},
    "restart": lambda server: {},
    "stop": lambda server: {},
    "start": lambda server: {},
    "add_key": lambda server: {"ssh_keys": [public_key()]},
    "rebuild": lambda server: server.answer(),
    "move": lambda server: {},
    "backup": lambda server: {"note": "sebelum pembaruan"},
    "restore": lambda server: server.answer(backup=backup_of(server)),
    "extend": lambda server: {"until": _later(server)},
    "suspend": lambda server: {},
    "end": lambda server: server.answer(),
}
"""Every action that may be asked for a VM that runs, with what it is asked with.

``rollback`` and ``delete_snapshot`` need a snapshot ``base``, ``restore`` a backup.
"""


def prepare(server: Server, action: str) -> None:
    """What has to be there before the action makes sense."""
    running = server.vm["status"] == "running"
    if action in ("rollback", "delete_snapshot") and "base" not in server.view.snapshots:
        server.do("snapshot", name="base")
    if action == "restore" and not server.office.product.instances.backups(
        server.office.budi, server.id
    ):
        server.do("backup")
    if action == "start" and running:
        server.do("stop")
    if action != "start" and not running:
        server.do("start")


def backup_of(server: Server) -> str:
    """The newest backup's volume."""
    vmid = server.view.vmid or 0
    return server.office.product.clusters["dc1"].backups(vmid)[0].volume


def remove_by_hand(server: Server) -> None:
    """Somebody removes it on the cluster, past all our books."""
    cluster, vmid = server.office.product.clusters["dc1"], server.view.vmid or 0

    def order(make: Callable[[Machine], Order]) -> None:
        machine = cluster.machine(vmid)
        assert machine is not None
        task = cluster.submit(make(machine))
        while task.id and cluster.task(task).status == "running":
            time.sleep(0.02)

    order(lambda vm: PowerOff(vm.vmid, vm.node))
    order(lambda vm: Configure(vm.vmid, vm.node, {"protection": "0"}))
    order(lambda vm: Destroy(vm.vmid, vm.node, vm.uuid, vm.description))


def ago(**span: float) -> datetime:
    """A moment in the past."""
    return now() - timedelta(**span)


def _later(server: Server) -> str:
    """A last day of use after the present one."""
    return ((server.view.expires_at or now()) + timedelta(days=10)).date().isoformat()
