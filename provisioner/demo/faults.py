"""The library of faults on a lab of its own: what stands there, each fault, the table."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from provisioner.commands.output import tell
from provisioner.demo.scenes import ask
from provisioner.demo.stage import Stage, staged
from provisioner.errors import Mistake
from provisioner.lab.control import RemoteLab
from provisioner.lab.trouble.case import Scenery
from provisioner.lab.trouble.library import chosen
from provisioner.lab.trouble.trial import Trial
from provisioner.texts import say

HEALTHY = ("site:smp-1", "site:skpd", "site:pendopo", "instance:{vm}", "cluster:{cluster}")
_FINAL = {"done", "attention", "planned", "rejected", "cancelled"}


def try_faults(directory: Path, names: Sequence[str], every: int, *, as_json: bool) -> bool:
    """Every fault chosen, diagnosed and told; whether 95 % are right and none is wrong."""
    cases = chosen(names, every)
    with staged(directory, 0, 60.0) as stage:
        scenery = scenery_of(stage)
        trial = Trial(RemoteLab(directory), technician(stage), scenery)
        found = trial.healthy(HEALTHY)
        for cause in found:
            tell(
                say(
                    "Found although nothing is wrong: %(cause)s",
                    cause=f"{cause['target']}: {cause['cause']}",
                )
            )
        outcomes = []
        for outcome in trial.run(cases):
            outcomes.append(outcome)
            if not as_json:
                tell(outcome.line())
    right = sum(outcome.verdict == "right" for outcome in outcomes)
    wrong = sum(outcome.verdict == "wrong" for outcome in outcomes)
    if as_json:
        tell(json.dumps([outcome.to_json() for outcome in outcomes], indent=1))
    else:
        tell(
            say(
                "%(right)d of %(count)d named rightly, %(wrong)d wrongly and surely.",
                right=right, count=len(outcomes), wrong=wrong,
            )
        )  # fmt: skip
    return not found and wrong == 0 and right >= 0.95 * len(outcomes)


def technician(stage: Stage) -> Any:
    def call(method: str, path: str, **arguments: Any) -> Any:
        return stage.call("budi", method, path, **arguments)

    return call


def scenery_of(stage: Stage) -> Scenery:
    """Two connected sites and a server, made as ever: asked for, approved, carried out."""
    smp = _made(stage, "internet", _site("smp-1", ssid="Guru-SMP", security="wpa2-personal"))
    skpd = _made(stage, "internet", _site("skpd"))
    server = _made(stage, "cloud_vps", {
        "hostname": "simpus", "purpose": "Aplikasi", "size": "small", "image": "debian-13",
        "network": "server-opd", "ssh_keys": [stage.public_key], "admin_user": "dinkes",
    })  # fmt: skip
    return Scenery(
        {
            "smp_port": smp["port"],
            "smp_vlan": str(smp["vlan"]),
            "smp_vlan_name": f"PROV-{smp['request']}",
            "smp_cidr": smp["cidr"],
            "smp_ssid": smp["ssid"],
            "smp_section": f"prov-{smp['request']}".lower().replace("-", "_"),
            "skpd_port": skpd["port"],
            "skpd_vlan": str(skpd["vlan"]),
            "skpd_tagged": "ether1",
            "vm": server["id"],
            "vmid": str(server["vmid"]),
            "vm_place": f"{server['cluster']}/{server['vmid']}",
            "node": server["node"],
            "cluster": server["cluster"],
        }
    )


def _site(site: str, **more: str) -> dict[str, Any]:
    return {
        "site": site, "location": "Ruang TU", "purpose": "Ujian", "expected_users": 30,
        "fieldwork": "none", **more,
    }  # fmt: skip


def _made(stage: Stage, service: str, details: dict[str, Any]) -> dict[str, Any]:
    """What stands after a request was carried out."""
    number = ask(stage, service, "Uji gangguan", details)
    plan = stage.call("budi", "POST", f"/requests/{number}/plan")
    stage.call("rina", "POST", f"/requests/{number}/approve", json={"digest": plan["digest"]})
    return _stands(stage, number)


def _stands(stage: Stage, number: str) -> dict[str, Any]:
    while (request := stage.call("budi", "GET", f"/requests/{number}"))["state"] not in _FINAL:
        time.sleep(0.3)
    if request["state"] != "done":
        raise Mistake(say("%(number)s could not be carried out in the lab.", number=number))
    found: dict[str, Any] = stage.call("budi", "GET", f"/instances/{request['instance']}")
    return found
