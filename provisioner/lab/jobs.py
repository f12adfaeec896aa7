"""Backup jobs as the cluster's list keeps them, and pools with what their members use."""

from __future__ import annotations

import time
import uuid
from typing import Any

from fakepve.routing import die, param_error, split_list

from provisioner.lab.base import Values
from provisioner.lab.high_availability import HighAvailability
from provisioner.lab.plan import LabPlan


class Jobs(HighAvailability):
    """/cluster/backup and the members of pools."""

    def __init__(self, plan: LabPlan, *args: Any) -> None:
        super().__init__(plan, *args)
        self.jobs: dict[str, Values] = {
            job.id: {
                "enabled": 1,
                "id": job.id,
                "mode": "snapshot",
                "schedule": job.schedule,
                "storage": job.storage,
                "type": "vzdump",
                "vmid": ",".join(map(str, job.vmids)),
            }
            for job in plan.jobs
        }

    def _routes_jobs(self) -> list[Any]:
        jobs, one = "/cluster/backup", "/cluster/backup/{id}"
        return [
            ("GET", jobs, self._jobs_list),
            ("POST", jobs, self._job_create),
            ("GET", one, self._job_read),
            ("PUT", one, self._job_update),
            ("DELETE", one, self._job_delete),
        ]

    @staticmethod
    def _shown(job: Values) -> Values:
        return {**job, "next-run": int(time.time()) // 86400 * 86400 + 86400 + 9000}

    def _job(self, id: str) -> Values:
        if id not in self.jobs:
            raise param_error(id=f"No such job '{id}'")
        return self.jobs[id]

    async def _jobs_list(self, v: Values, user: str) -> list[Values]:
        return [self._shown(job) for job in self.jobs.values()]

    @staticmethod
    def _check_job(job: Values) -> None:
        if not (job.get("vmid") or job.get("all") or job.get("pool")):
            raise param_error(vmid="property is missing")
        for option in ("all", "pool", "exclude"):
            if job.get("vmid") and job.get(option):
                raise param_error(**{option: "option conflicts with option 'vmid'"})
        if job.get("schedule") is None and job.get("starttime") is None:
            raise param_error(schedule="neither 'starttime' nor 'schedule' were set")

    async def _job_create(self, v: Values, user: str) -> None:
        self.need_quorum()
        id = v.get("id") or str(uuid.uuid4())
        if id in self.jobs:
            raise die(f"Job '{id}' already exists")
        self._check_job(v)
        self.jobs[id] = {"enabled": 1, **v, "id": id, "type": "vzdump"}

    async def _job_read(self, v: Values, user: str) -> Values:
        return dict(self._job(v["id"]))

    async def _job_update(self, v: Values, user: str) -> None:
        self.need_quorum()
        if len(v) <= 1:
            raise die("no options specified")
        if v["id"] not in self.jobs:
            raise die("no such vzdump job")
        job = dict(self.jobs[v["id"]])
        for key in split_list(v.get("delete")):
            job.pop(key, None)
        job.update({k: x for k, x in v.items() if k not in ("id", "delete")})
        for chosen in ("vmid", "all", "pool"):  # what is chosen now replaces the other choices
            if v.get(chosen):
                for other in {"vmid", "all", "pool", "exclude"} - {chosen} - set(v):
                    if other != "exclude" or chosen == "vmid":
                        job.pop(other, None)
        self._check_job(job)
        self.jobs[v["id"]] = job

    async def _job_delete(self, v: Values, user: str) -> None:
        self.need_quorum()
        self._job(v["id"])
        del self.jobs[v["id"]]

    def purge(self, vmid: int) -> None:
        for id, job in list(self.jobs.items()):
            members = split_list(job.get("vmid"))
            if str(vmid) in members:
                members.remove(str(vmid))
                job["vmid"] = ",".join(members)
                if not members:
                    del self.jobs[id]

    def _members(self, name: str, kind: str | None) -> list[Values]:
        members: list[Values] = super()._members(name, kind)
        for member in members:
            vm = self.vm(member["vmid"]) if "vmid" in member else None
            if vm is not None:
                member.update(self._vm_usage(vm), template=int(bool(vm.template)))
        return members
