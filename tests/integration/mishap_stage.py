"""One mishap in the middle of one run of a VM, its healing, and what must hold afterwards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from provisioner.drivers.hypervisor import Hypervisor, Order, PowerOn, TaskHandle, TaskState
from provisioner.runs.views import RunView
from tests.integration import vm_stage
from tests.integration.harness import Office
from tests.integration.mishap_death import live
from tests.integration.mishap_look import effect_missing, errors, is_open, shown, text_of
from tests.integration.mishap_points import (
    KEYWORDS,
    LOST,
    NEVER,
    ONCE,
    OWN_RUNS,
    SLOW,
    STOPPED,
    Point,
)
from tests.integration.mortal import Life
from tests.integration.vm_stage import ACTIONS, Server, Timekeeper, ago, prepare

CHANGES = {**vm_stage.CHANGES, "guest_boot = 20": "guest_boot = 5"}


class Struck:
    """A cluster on which something happens at one moment of one order."""

    def __init__(
        self,
        inner: Hypervisor,
        point: Point,
        strike: Callable[[object], None],
        orders: list[str],
    ) -> None:
        self._inner, self._moment, self._strike, self.orders = inner, point.moment, strike, orders
        self._at = point.order
        self._watched: str | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def submit(self, order: Order) -> TaskHandle:
        self.orders.append(type(order).__name__)
        first = len(self.orders) == self._at
        if first and self._moment == "before":
            self._strike(order)
        task = self._inner.submit(order)
        if first and self._moment == "running" and task.id:
            self._watched, self._order = task.id, order
        elif first and self._moment != "before":
            self._strike(order)
        return task

    def task(self, task: TaskHandle) -> TaskState:
        if task.id == self._watched:
            self._watched = None
            self._strike(self._order)  # slow as it is, it still runs
        return self._inner.task(task)


class Clock(Timekeeper):
    """What is due begins; somebody else carries it out."""

    def begun(self) -> list[str]:
        self._upkeep.once()
        due, self.queue = self.queue, []
        return due


@dataclass
class Outcome:
    """What a trial came to: how the run went on, what it said, and what does not hold."""

    how: str
    said: str
    wrong: list[str]
    orders: list[str]


@dataclass
class Trial:
    """One point on an office whose faults are none; the server is its own or a new one."""

    office: Office
    point: Point
    server: Server | None = None
    request: str | None = None
    run: str = ""
    asked: list[RunView] = field(default_factory=list)

    def carry_out(self) -> Outcome:
        """Begin, strike, wait, heal, go on, and look what stands."""
        self._begin()
        office, point = self.office, self.point
        self._before, self._backups_before = self._look(), self._backups()
        self._since = len(office.lab.state()["tasks"])
        if point.moment == "running":
            office.lab.fault("task-slow", seconds=SLOW)
        self._orders: list[str] = []
        struck = Struck(office.product.clusters["dc1"], point, self._strike, self._orders)
        self._struck_node: str | None = None
        self._struck = False
        view = office.carry_out(
            self.run, office.runner(cast(Hypervisor, struck)), None if point.lasting else self._seen
        )
        self._waits = 0
        while view.state not in ("succeeded", "failed", "stopped"):
            view = self._go_on(view)
        office.lab.clear()
        if point.fault == "token-revoked":
            office.reconnect()
        wrong = self._wrong(view)
        how = "stopped and undone" if self._stopped else "went on by itself"
        if self.asked and not point.stop:
            how = f"waited for {self.asked[0].waiting_for.who}"  # type: ignore[union-attr]
        elif not self.asked and not self._waits:
            how = "not touched"
        return Outcome(how, self._said(), wrong, self._orders)

    @property
    def _stopped(self) -> bool:
        return self.point.stop and (bool(self.asked) or self.point.fault == STOPPED)

    @property
    def leaves_it_usable(self) -> bool:
        """Whether the server stands as others need it."""
        kind, stopped = self.point.kind, self._stopped
        gone = ("create", "suspend", "end", "expiry", "removal", "snapshot", "resize")
        if self.point.fault in LOST:  # a task of a moment ago could be taken for the one looked for
            return False
        return kind not in gone and not stopped

    def die(self, moment: int) -> Outcome | None:
        """Instead of a mishap: the process dies after that lasting effect, another goes on.

        None when the run was over before.
        """
        self._begin()
        office = self.office
        self._before, self._backups_before = self._look(), self._backups()
        self._since = len(office.lab.state()["tasks"])
        life = Life(moment)
        if live(office, self.run, life):
            return None
        self._orders = [each for each in life.effects if each != "commit"]
        wrong = self._wrong(self._on())
        return Outcome(f"died after {life.effects[-1]} {moment}", "", wrong, self._orders)

    # ------------------------------------------------------------ beginning

    def _begin(self) -> None:
        kind, office = self.point.kind, self.office
        if kind == "create":
            self.request, self.run = office.approved()
            return
        if self.server is None:
            self.server = Server.made(office)
        server = self.server
        if kind in OWN_RUNS:
            self.run = self._own_run(server, kind)
            return
        if kind == "resume":
            server.do("suspend")
            self.request, self.run = server.approve("resume")
            return
        prepare(server, kind)
        self.request, self.run = server.approve(kind, **ACTIONS[kind](server))

    def _own_run(self, server: Server, kind: str) -> str:
        if kind == "removal":
            server.do("suspend")
            server.alter(expires_at=ago(days=20), remove_at=ago(minutes=1))
        elif kind == "expiry":
            server.alter(expires_at=ago(minutes=1))
        else:
            server.do("snapshot", name="base")
            past = ago(minutes=1)
            server.note(snapshots={"base": past.isoformat()})
            server.alter(next_tidy_at=past)
        (run,) = Clock(self.office).begun()
        return run

    # -------------------------------------------------------------- mishap

    def _strike(self, order: object) -> None:
        self._struck, lab, fault = True, self.office.lab, self.point.fault
        lab.clear("task-slow")
        if fault == "node-gone":
            node = getattr(order, "node", None) or self._node()
            self._struck_node = node
            lab.fault(fault, node=node)
        elif fault == STOPPED:
            self.office.product.runs.stop(self.office.tono, self.run)
        elif fault in LOST:
            lab.fault(fault, path="")
        else:
            lab.fault(fault)

    def _seen(self, view: RunView) -> bool:
        """Whether the run has met it often enough to have it healed while it waits by itself."""
        return self._struck and view.state == "waiting_retry"

    def _go_on(self, view: RunView) -> RunView:
        """Heal, and what a person does who was asked; then to the next stop."""
        office, point = self.office, self.point
        if view.state == "waiting_person":
            assert len(self.asked) < 4, f"asked again and again: {self._said()}"
            self.asked.append(view)
            if point.stop and len(self.asked) == 1:
                office.product.runs.stop(office.tono, self.run)
                return self._on()  # the fault stays
            self._heal(view)
            office.product.runs.retry(office.tono, self.run)
            return self._on()
        self._waits += 1
        self._heal(view)
        return self._on()

    def _on(self) -> RunView:
        return self.office.carry_out(
            self.run, self.office.runner_that(lambda o: self._orders.append(type(o).__name__))
        )

    def _heal(self, view: RunView) -> None:
        """As the administrator does, with what the run has told."""
        office = self.office
        office.lab.clear()
        if self._struck_node is not None:
            self._node_is_back(self._struck_node, view)
            self._struck_node = None
        office.reconnect()  # the driver spares the cluster a refused secret for a while

    def _node_is_back(self, node: str, view: RunView) -> None:
        """Its locks stand until `qm unlock`; what is to run from the start on is switched on."""
        vmid = self._vmid()

        def boot(pve: Any) -> None:
            vm = pve.vm(vmid)
            if vm is not None and vm.lock:
                self.locked = vm.lock
                pve._qm_lock(vm, None)

        office = self.office
        office.lab.call(boot)
        machine = office.lab.vm(vmid) if vmid else None
        if machine is None or machine["status"] == "running" or machine["node"] != node:
            return
        if self._before.get("status") == "running" and int(machine["config"].get("onboot", 0)):
            task = office.product.clusters["dc1"].submit(PowerOn(vmid, node))
            deadline = time.monotonic() + 5
            while office.product.clusters["dc1"].task(task).status == "running":
                assert time.monotonic() < deadline
                time.sleep(0.02)

    # ---------------------------------------------------------------- look

    def _vmid(self) -> int:
        if self.server is not None:
            return self.server.view.vmid or self._before.get("vmid", 0)
        return int(self.office.choices(self.request or "")["vmid"])

    def _node(self) -> str:
        if self.server is not None:
            return str(self.server.view.node)
        return str(self.office.choices(self.request or "")["node"])

    def _look(self) -> dict[str, Any]:
        vm = self.office.lab.vm(self._vmid()) if self.server else None
        return shown(vm) if vm else {}

    def _backups(self) -> list[str]:
        return [v for v in self.office.volumes(self._vmid()) if "vzdump" in v]

    def _said(self) -> str:
        if not self.asked:
            return ""
        return text_of(self.asked[0])

    def _wrong(self, view: RunView) -> list[str]:
        wrong = [*self._texts_wrong(), *self._tasks_wrong()]
        if [lease for lease in self.office.leases() if lease.run_id == self.run]:
            wrong.append("a lease is left")
        stopped = self._stopped
        wanted = "stopped" if stopped else "succeeded"
        if view.state != wanted:
            wrong.append(f"the run is {view.state}: {view.reason} {errors(view)}")
            return wrong
        if stopped:
            return wrong + self._undone_wrong()
        if self.request is not None and self.office.request(self.request).state != "done":
            wrong.append(f"the request is {self.office.request(self.request).state}")
        return wrong + self._standing_wrong()

    def _texts_wrong(self) -> list[str]:
        wrong = []
        for view in self.asked:
            if view.waiting_for is None or not view.waiting_for.what:
                wrong.append("nobody is named, or not what to do")
        if self.asked and self.point.fault not in KEYWORDS:
            wrong.append(f"asked {self.asked[0].waiting_for}: {self._said()}")
        elif self.asked and self.asked[0].waiting_for is not None:
            who, parts = KEYWORDS[self.point.fault]
            said, asked = self._said(), self.asked[0].waiting_for.who
            if who and asked != who:
                wrong.append(f"asked {asked}, not {who}: {said}")
            wrong += [
                f"does not name {part}: {said}"
                for part in parts
                if not any(way in said for way in part.split("|"))
            ]
            if getattr(self, "locked", None) and not any(
                "qm unlock" in text_of(view) for view in self.asked
            ):
                wrong.append(f"nobody was told of the lock {self.locked}")
        return wrong

    def _tasks_wrong(self) -> list[str]:
        vmid = str(self._vmid())
        tasks = self.office.lab.state()["tasks"][self._since :]
        ended_well = Counter(
            task["type"]
            for task in tasks
            if task.get("exitstatus") == "OK"
            and (task["id"] == vmid or f"with ID {vmid}" in str(task["log"]))
        )
        once = ONCE.get(self.point.kind, {})
        undoing = self._stopped
        return [
            f"{kind} ended well {count} times"
            for kind, count in ended_well.items()
            if count > once.get(kind, 0 if kind in NEVER else 9) and not undoing
        ]

    def _undone_wrong(self) -> list[str]:
        request = self.office.request(self.request or "")
        wrong = []
        if (request.state, request.busy) != ("attention", False):
            wrong.append(f"the request is {request.state}, busy {request.busy}")
        vm = self.office.lab.vm(self._vmid())
        if self.point.kind == "create":
            return wrong + (["a VM is left"] if vm or self.office.volumes(self._vmid()) else [])
        if vm is None:
            return wrong if self.point.kind == "rebuild" else [*wrong, "the VM is gone"]
        same = {"node", "cores", "memory", "onboot", "protection", "snapshots", "uuid", "status"}
        after = shown(vm)
        if self.point.kind == "delete_snapshot":
            same -= {"snapshots"}  # what is not undone, as the plan says
        if self.point.fault == "node-gone" or (
            self.point.kind == "restore" and self.point.fault != STOPPED
        ):
            same -= {"status"}  # it lost its power, or its disks
        if self.point.kind == "backup" and self._backups() != self._backups_before:
            wrong.append("a backup is left")
        wrong += [
            f"{key} was {self._before[key]}, is {after[key]}"
            for key in sorted(same)
            if self._before[key] != after[key]
        ]
        return wrong + (["the VM is locked"] if vm["lock"] else [])

    def _standing_wrong(self) -> list[str]:
        kind, office = self.point.kind, self.office
        if kind == "create":
            office.assert_fulfilled(self.request or "")
            instance = office.request(self.request or "").instance
            assert instance
            self.server = Server(office, instance)
        server = self.server
        assert server is not None
        view, vm = server.view, office.lab.vm(self._vmid())
        if kind == "removal":
            left = [v for v in office.volumes(self._vmid()) if "vzdump" not in v]
            return [f"left: {vm} {left}"] if vm or left or view.state != "ended" else []
        if vm is None:
            return ["the VM is gone"]
        wrong = ["the VM is locked"] if vm["lock"] else []
        if (view.uuid or "?") not in vm["config"]["smbios1"] or view.node != vm["node"]:
            wrong.append(f"not ours, or not where the record says: {view.node} {vm['node']}")
        off = kind in ("stop", "suspend", "end", "expiry")
        if vm["status"] != ("stopped" if off else "running"):
            wrong.append(f"it is {vm['status']}")
        elif not off and not is_open(view.addresses[0], view.ssh_port or 22):
            wrong.append("it is not to be reached")
        return wrong + effect_missing(kind, view, vm)
