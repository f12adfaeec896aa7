"""Makes a template from a cloud image, step by step; broken off anywhere, it is taken up again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from provisioner.drivers.hypervisor import (
    ClusterFacts,
    Destroy,
    Download,
    FreeVolume,
    Hypervisor,
    Machine,
    MakeTemplate,
    MakeVm,
    Order,
    TaskHandle,
    VmidTaken,
)
from provisioner.errors import ActionNeeded, OutcomeUnknown, Retriable, StepFailure
from provisioner.settings import ClusterSettings
from provisioner.templates.order import ImageOrder, Site, choose_site, choose_vmid
from provisioner.texts import Message, say

Tell = Callable[[Message], None]
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
_NUMBERS_TRIED = 5


@dataclass(frozen=True)
class Intent:
    """What was about to be made, kept before the call: the cluster shows no mark until its end."""

    mark: str
    vmid: int
    task: TaskHandle | None = None


@dataclass(frozen=True)
class Made:
    """The template that stands; ``new`` is false when it stood already."""

    vmid: int
    node: str
    shared: bool
    image_volume: str
    new: bool


class Importer:
    """One import. ``folder`` keeps the intent from one attempt to the next."""

    def __init__(
        self, driver: Hypervisor, settings: ClusterSettings, folder: Path, tell: Tell
    ) -> None:
        self._driver, self._settings, self._folder, self._tell = driver, settings, folder, tell

    def run(self, order: ImageOrder) -> Made:
        """The template, made or found. Raises Invalid or a failure of the cluster.

        A VM without the mark of this very image is never touched. What a failed attempt made is
        removed; what cannot be is named.
        """
        facts = self._driver.facts()
        site = choose_site(order, facts)
        path = self._folder / f"{facts.cluster}-{order.image}-{site.node}.json"
        volume = f"{site.image_storage}:import/{order.file_name}"
        machine = self._earlier(order, site, facts, path)
        if machine and machine.template:
            path.unlink(missing_ok=True)
            return Made(machine.vmid, machine.node, site.shared, volume, new=False)
        if machine is None:
            self._download(order, site)
            machine = self._make(order, site, facts, volume, path)
        self._tell(say("VM %(vmid)s becomes a template.", vmid=machine.vmid))
        self._do(MakeTemplate(machine.vmid, machine.node))
        path.unlink(missing_ok=True)
        return Made(machine.vmid, machine.node, site.shared, volume, new=True)

    # ------------------------------------------------------------- what stands already

    def _earlier(
        self, order: ImageOrder, site: Site, facts: ClusterFacts, path: Path
    ) -> Machine | None:
        """Our own VM of this image on that node, whole; one that is not is removed first."""
        vmids = [g.vmid for g in facts.guests if order.tag in g.tags and g.node == site.node]
        intent = self._intent(order, path)
        if intent:
            vmids.insert(0, intent.vmid)
            if intent.task:
                self._tell(say("An earlier attempt is waited for."))
                self._end_of(intent.task)
        for vmid in dict.fromkeys(vmids):
            machine = self._driver.machine(vmid)
            if machine is None or not order.made(machine):
                if machine and intent and vmid == intent.vmid and machine.lock == "create":
                    raise self._left(machine)
                continue
            if machine.lock and not machine.template:
                raise self._left(machine)
            if machine.template or order.is_whole(machine):
                self._tell(say("VM %(vmid)s of an earlier attempt is taken up.", vmid=vmid))
                return machine
            self._tell(say("VM %(vmid)s of an earlier attempt is removed.", vmid=vmid))
            self._remove(machine)
        return None

    def _intent(self, order: ImageOrder, path: Path) -> Intent | None:
        if not path.exists():
            return None
        kept = json.loads(path.read_text())
        task = TaskHandle(**kept["task"]) if kept["task"] else None
        return Intent(kept["mark"], kept["vmid"], task) if kept["mark"] == order.mark else None

    # ------------------------------------------------------------- steps

    def _download(self, order: ImageOrder, site: Site) -> None:
        """The cluster itself compares the checksum, of a file that is there already too."""
        self._tell(
            say(
                "The image is downloaded to storage %(storage)s by node %(node)s.",
                storage=site.image_storage,
                node=site.node,
            )
        )
        self._do(
            Download(
                site.node,
                site.image_storage,
                order.url,
                order.file_name,
                order.checksum,
                order.algorithm,
            )
        )

    def _make(
        self, order: ImageOrder, site: Site, facts: ClusterFacts, volume: str, path: Path
    ) -> Machine:
        taken = {guest.vmid for guest in facts.guests}
        vmid = 0
        for _ in range(_NUMBERS_TRIED):
            vmid = choose_vmid(order, taken, self._settings.vmid_range)
            if not self._driver.volumes(vmid):  # else a stranger's disks wait for their VM (15)
                try:
                    return self._make_as(order, site, vmid, volume, path)
                except VmidTaken:
                    if order.vmid is not None:
                        raise
            if order.vmid is not None:
                break
            taken.add(vmid)
        raise ActionNeeded(
            say("Disks of another guest carry the number %(vmid)s.", vmid=vmid),
            meaning=say("A VM of that number would meet them."),
            next=say("Choose another number with --vmid, or find out whose disks they are."),
            who="administrator",
        )

    def _make_as(
        self, order: ImageOrder, site: Site, vmid: int, volume: str, path: Path
    ) -> Machine:
        self._tell(say("VM %(vmid)s is made on node %(node)s.", vmid=vmid, node=site.node))
        intent = Intent(order.mark, vmid)
        _keep(path, intent)
        task = None
        try:
            task = self._driver.submit(MakeVm(vmid, site.node, order.options(volume)))
            _keep(path, replace(intent, task=task))
            self._wait(task)
        except (OutcomeUnknown, Retriable):
            raise  # it may still come about; the next attempt looks at the intent
        except StepFailure as failure:
            path.unlink()
            if task and not isinstance(failure, VmidTaken):
                self._clean(order, vmid)
            raise
        machine = self._driver.machine(vmid)
        if machine is None or not order.made(machine):
            raise _vanished(vmid)
        return machine

    def _clean(self, order: ImageOrder, vmid: int) -> None:
        """After a failed making: the VM if it is ours, and disks that it left."""
        machine = self._driver.machine(vmid)
        if machine and not order.made(machine):
            if machine.lock == "create":
                raise self._left(machine)
            return  # somebody took the number meanwhile
        if machine:
            self._remove(machine)
        for node, volume in self._driver.volumes(vmid):
            self._do(FreeVolume(vmid, node, volume))

    def _remove(self, machine: Machine) -> None:
        self._do(Destroy(machine.vmid, machine.node, machine.uuid, machine.description))

    # ------------------------------------------------------------- tasks

    def _do(self, order: Order) -> None:
        self._wait(self._driver.submit(order))

    def _wait(self, task: TaskHandle) -> None:
        """Raises what the task's failure means, or Retriable when it goes on for too long."""
        deadline = time.monotonic() + self._settings.timeouts.task
        pause = _FIRST_PAUSE
        while time.monotonic() < deadline:
            state = self._driver.task(task)
            if state.status == "ok":
                return
            if state.status == "failed":
                raise state.failure or _unexplained(state.exit, state.log)
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        raise Retriable(
            say("The task on node %(node)s goes on for very long.", node=task.node),
            meaning=say("Nothing is broken off; the cluster works on."),
            next=say("Run the same command again later: it takes up where this one stopped."),
        )

    def _end_of(self, task: TaskHandle) -> None:
        """However it ended: the VM itself tells what came of it."""
        try:
            self._wait(task)
        except Retriable:
            raise
        except StepFailure as failure:
            self._tell(failure.what)

    def _left(self, machine: Machine) -> ActionNeeded:
        return ActionNeeded(
            say("VM %(vmid)s on node %(node)s is left half made.",
                vmid=machine.vmid, node=machine.node),
            meaning=say(
                "The cluster holds it locked (%(lock)s), and it does not carry our mark yet; so it "
                "is not removed by us.",
                lock=machine.lock or "-",
            ),
            next=say(
                "If no task works on it any more, on node %(node)s: qm unlock %(vmid)s && "
                "qm destroy %(vmid)s. Then run the same command again.",
                node=machine.node,
                vmid=machine.vmid,
            ),
        )  # fmt: skip


def _keep(path: Path, intent: Intent) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(intent)))
    fresh.replace(path)


def _vanished(vmid: int) -> ActionNeeded:
    return ActionNeeded(
        say("VM %(vmid)s is not as it was just made.", vmid=vmid),
        meaning=say("Somebody changed or removed it, or another one has its number now."),
        next=say("Look at the cluster, then run the same command again."),
    )


def _unexplained(exit_: str, log: tuple[str, ...]) -> ActionNeeded:
    return ActionNeeded(
        say("A task of the cluster failed: %(why)s", why=exit_),
        meaning=say("What was made for it is removed."),
        next=say("Mend the cause, then run the same command again."),
        log=log,
    )
