"""A lab cluster to start and stop from synchronous code; its loop runs in a thread of its own."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar

from fakepve.certs import make_cert

from provisioner.errors import Mistake
from provisioner.lab.faults import Faults
from provisioner.lab.plan import LabGuest, LabPlan
from provisioner.lab.pve import LabPve, fingerprint_of
from provisioner.texts import say

T = TypeVar("T")
PATIENCE = 60
_SHOWN = ("type", "id", "node", "user", "status", "exitstatus", "log", "seconds")
"""What ``state`` tells of a task; ``seconds`` of this machine, once it has ended."""


class LabCluster:
    """One simulated cluster over real HTTPS, with guests over real SSH.

    ``directory`` keeps the nodes' certificates over a restart; without it they live as long as
    the object. All methods may be called from any thread while the lab is up.
    """

    def __init__(self, plan: LabPlan | None = None, directory: Path | None = None) -> None:
        self.plan = plan or LabPlan()
        self._directory = directory
        self._temporary: Path | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pve: LabPve | None = None
        self._ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ----------------------------------------------------------- life cycle

    def start(self) -> None:
        """Listen. Raises OSError when a port is taken."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(
            target=loop.run_forever, name=f"lab-{self.plan.name}", daemon=True
        )
        thread.start()
        self._loop, self._thread = loop, thread
        try:
            self._ports = self._run(self._listen())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything; does nothing when it is not up."""
        if self._loop is None or self._thread is None:
            return
        if self._pve is not None:
            self._run(self._pve.close())
        self._run(_end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()
        self._loop = self._thread = self._pve = None
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            work.close()
            raise Mistake(say("The lab is not up."))
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _listen(self) -> dict[str, int]:
        self._pve = LabPve(self.plan, Faults())
        return await self._pve.listen(self._certificates())

    def _certificates(self) -> dict[str, tuple[Path, Path, str]]:
        where = self._directory
        if where is None:
            where = self._temporary = Path(tempfile.mkdtemp(prefix="provisioner-lab-"))
        where.mkdir(parents=True, exist_ok=True)
        found = {}
        for node in self.plan.nodes:
            name = f"{self.plan.name}-{node.name}"
            cert, key = where / f"{name}.crt", where / f"{name}.key"
            der = where / f"{name}.der"
            if not key.exists():
                _, _, data = make_cert(str(where), name, (node.name,))
                der.write_bytes(data)
            found[node.name] = (cert, key, fingerprint_of(der.read_bytes()))
        return found

    # ------------------------------------------------------------- to know

    @property
    def pve(self) -> LabPve:
        """The simulation itself; touch it only through ``call``."""
        if self._pve is None:
            raise Mistake(say("The lab is not up."))
        return self._pve

    @property
    def urls(self) -> list[str]:
        """One address per node, in the nodes' order."""
        return [f"https://127.0.0.1:{self._ports[node.name]}" for node in self.plan.nodes]

    @property
    def url(self) -> str:
        return self.urls[0]

    @property
    def fingerprints(self) -> list[str]:
        """``sha256:AB:CD…`` of each node's certificate, as ``verify`` of the configuration."""
        return ["sha256:" + self.pve.fingerprints[node.name] for node in self.plan.nodes]

    @property
    def fingerprint(self) -> str:
        return self.fingerprints[0]

    @property
    def token_id(self) -> str:
        return self.plan.token_id

    @property
    def token_secret(self) -> str:
        return self.plan.token_secret

    def state(self) -> dict[str, Any]:
        """VMs, volumes, faults and running tasks, as plain data for tests and people."""
        return self._run(self._state())

    async def _state(self) -> dict[str, Any]:
        pve = self.pve
        return {
            "name": self.plan.name,
            "urls": self.urls,
            "vms": [
                {
                    "vmid": vm.vmid,
                    "node": vm.node,
                    "name": vm.name,
                    "status": vm.status,
                    "template": bool(vm.template),
                    "lock": vm.lock,
                    "pool": vm.pool,
                    "config": dict(vm.config),
                    "pending": dict(vm.pending),
                    "snapshots": list(vm.snapshots),
                    "guest": _guest_state(pve, vm.vmid),
                }
                for vm in pve.vms
            ],
            "volumes": [
                {"volid": f"{sid}:{name}", "vmid": vol.get("vmid"), "node": vol.get("node")}
                for sid, store in pve.storages.items()
                for name, vol in store["volumes"].items()
            ],
            "tasks": [{k: t.get(k) for k in _SHOWN} for t in pve.tasklog],
            "calls": pve.calls,
            "faults": [fault.to_json() for fault in pve.faults],
        }

    def vm(self, vmid: int) -> dict[str, Any] | None:
        """One VM of ``state()``, or None."""
        return next((vm for vm in self.state()["vms"] if vm["vmid"] == vmid), None)

    # --------------------------------------------------------------- to do

    def fault(self, name: str, **options: object) -> dict[str, Any]:
        """Activate a fault (``faults.KINDS``). Raises Mistake for an unknown name or option."""
        return self._run(self._fault(name, options))

    async def _fault(self, name: str, options: dict[str, object]) -> dict[str, Any]:
        fault = self.pve.faults.make(name, options)
        try:
            await self.pve.set_fault(fault)
        except OSError as error:
            self.pve.faults.remove(name)
            raise Mistake(say("%(why)s", why=str(error))) from error
        return fault.to_json()

    def clear(self, name: str | None = None) -> int:
        """Take away all faults, or those of one name; returns how many there were."""
        return len(self._run(self.pve.clear_faults(name)))

    def stand(self, guest: LabGuest) -> None:
        """Put a VM there without any task, as another administrator would have done."""
        self.call(lambda pve: pve.stand(guest))

    def call(self, work: Callable[[LabPve], T]) -> T:
        """Run ``work`` on the simulation in its own thread; for tests with wishes of their own."""

        async def run() -> T:
            return work(self.pve)

        return self._run(run())


def _guest_state(pve: LabPve, vmid: int) -> dict[str, Any] | None:
    guest = pve.guests.get(vmid)
    if guest is None:
        return None
    return {
        "address": guest.address,
        "user": guest.user,
        "agent": guest.agent_up,
        "booted": guest.cloud_init_done,
        "keys": list(guest.keys),
        "wall": pve.wall(vmid),
        "trouble": guest.trouble,
    }


async def _end_tasks() -> None:
    mine = asyncio.current_task()
    rest = [task for task in asyncio.all_tasks() if task is not mine]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
    await asyncio.get_running_loop().shutdown_default_executor()
