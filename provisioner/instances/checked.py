"""Our books as the checks need them: what stands, on what, and what was changed lately."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner.catalogue import Network
from provisioner.catalogue.network_fields import Port
from provisioner.checks import store as checks
from provisioner.checks.chain import Net, VmPoint
from provisioner.checks.model import Change
from provisioner.checks.records import Compared, Stands
from provisioner.checks.seen import Sighting
from provisioner.database import Database
from provisioner.drivers.network import AccessPort, Intent, Reading, Scope, Ssid, TrunkMember
from provisioner.instances.drift import DriftService, at_work
from provisioner.instances.making import EVENT_WIFI, VM
from provisioner.instances.model import Instance, InstanceState
from provisioner.instances.network_drift import NetworkDriftService
from provisioner.instances.network_records import network_records
from provisioner.instances.records import details_now, is_ending
from provisioner.plans.model import Step
from provisioner.runs import leases
from provisioner.runs import store as runs
from provisioner.runs.configurations import BACKUP, BEFORE, Cause, ConfigurationHistory
from provisioner.runs.model import Run, StepRecord
from provisioner.runs.rules import StepState
from provisioner.services.cloud_vps.drift import Finding
from provisioner.services.network_findings import NetworkRecord, network_findings
from provisioner.settings import ClusterSettings
from provisioner.texts import from_json, say

_VERSIONS = 20
"""How many versions of a configuration are looked through for changes of others."""
_VERB = re.compile(r" (?:add|set|remove) ")
"""Behind it is no section any more, where every line names its own."""
_LINES, _LONGEST = 6, 160
"""So many lines of a change are told, and so much of each."""
_WEB = {80: "http", 443: "https"}


@dataclass(frozen=True)
class CheckedRecords:
    """Implements ``checks.records.Records``."""

    database: Database
    network: Network
    clusters: Mapping[str, ClusterSettings]
    network_drift: NetworkDriftService
    vm_drift: DriftService
    history: ConfigurationHistory

    def stands(self, *, site: str = "", instance: str = "") -> tuple[Stands, ...]:
        """See ``Records``; what has ended, or whose end has begun, stands no longer."""
        query = select(Instance).where(Instance.state != InstanceState.ENDED).order_by(Instance.id)
        if instance:
            query = query.where(Instance.id == instance)
        with self.database.read() as session:
            rows = [row for row in session.scalars(query) if not is_ending(row)]
            nets = network_records(session, [row.id for row in rows])
            found = [self._stands(session, row, nets.get(row.id)) for row in rows]
        return tuple(each for each in found if not site or each.site == site)

    def compare(self, instances: Collection[str], since: datetime) -> Compared:
        """See ``Records``."""
        with self.database.read() as session:
            records = _free(session, instances)
        wanted: dict[str, dict[str, Intent]] = {}
        for record in records.values():
            for host in record.standing.wishes:
                for intent in record.standing.intents(host):
                    wanted.setdefault(host, {})[intent.key] = intent
        asked = {host: list(intents.values()) for host, intents in wanted.items()}
        answers = self.network_drift.read(asked, whole=True) if asked else {}
        with self.database.read() as session:
            still = _free(session, instances)
        whole = {
            id: record
            for id, record in records.items()
            if still.get(id) == record
            and all(isinstance(answers.get(host), Reading) for host in record.standing.wishes)
        }
        hosts = {host for record in whole.values() for host in record.standing.wishes}
        read = {h: a.configuration for h, a in answers.items() if isinstance(a, Reading)}
        return Compared(
            drift={
                id: network_findings(record, {h: answers[h] for h in record.standing.wishes})
                for id, record in whole.items()
            },
            outside=self._outside({h: text for h, text in read.items() if h in hosts}, since),
        )

    def settings(self, instance: str) -> tuple[Finding, ...] | None:
        """See ``Records``."""
        return self.vm_drift.compare(instance)

    def changes(self, devices: Collection[str], since: datetime) -> tuple[Change, ...]:
        """See ``Records``."""
        with self.database.read() as session:
            found = [*_by_runs(session, devices, since)]
        found += self._by_others(devices, since)
        return tuple(sorted(found, key=lambda each: each.at, reverse=True))

    def sightings(self, devices: Collection[str]) -> Mapping[str, Sighting]:
        """See ``Records``."""
        with self.database.read() as session:
            return checks.sightings(session, devices)

    # ------------------------------------------------------------------ inside

    def _stands(self, session: Session, row: Instance, record: NetworkRecord | None) -> Stands:
        place = str(row.facts.get("place") or "") if row.kind == EVENT_WIFI else ""
        known = self.network.places.get(place)
        return Stands(
            instance=row.id,
            name=row.name,
            kind=row.kind,
            number=row.request_number,
            department=row.department_id,
            site=known.site if known else str(row.facts.get("site") or ""),
            place=place,
            net=self._net(record, row.facts) if record else None,
            vm=self._vm(row, details_now(session, row)) if row.kind == VM else None,
        )

    def _net(self, record: NetworkRecord, facts: Mapping[str, Any]) -> Net | None:
        """Its network as its plans wish it; what was prepared beforehand by network.yml."""
        wished = [(h, i) for h in record.standing.wishes for i in record.standing.intents(h)]
        scopes = [(host, intent) for host, intent in wished if isinstance(intent, Scope)]
        ssids = [(host, intent) for host, intent in wished if isinstance(intent, Ssid)]
        ports = [(host, intent) for host, intent in wished if isinstance(intent, AccessPort)]
        trunks = [(host, intent) for host, intent in wished if isinstance(intent, TrunkMember)]
        carriers = {Port(host, intent.port) for host, intent in trunks}
        carriers |= {Port(host, intent.port) for host, intent in scopes if intent.port}
        vlans = [i.vlan for each in (scopes, ssids, ports, trunks) for _, i in each]
        if not vlans:
            return None
        router, scope = scopes[0] if scopes else ("", None)
        name = str(facts.get("network"))
        event, servers = (
            self.network.event_networks.get(name), self.network.colocation_networks.get(name)
        )  # fmt: skip
        prepared = event or servers
        cidr = scope.cidr if scope else str(prepared.cidr) if prepared else ""
        gateway = scope.gateway.partition("/")[0] if scope else ""
        return Net(
            vlan=vlans[0],
            router=router,
            cidr=cidr,
            gateway=gateway or (str(servers.gateway) if servers else ""),
            ssids=tuple(sorted({intent.ssid for _, intent in ssids})),
            access_points=tuple(sorted({host for host, _ in ssids})),
            ports=tuple(sorted(Port(host, intent.port) for host, intent in ports)),
            trunks=tuple(sorted(carriers)),
            number=record.number,
            resolvers=scope.dns if scope else (),
            served=scope is not None or event is not None,
        )

    def _vm(self, row: Instance, details: Mapping[str, Any]) -> VmPoint:
        cluster = row.cluster or ""
        settings = self.clusters.get(cluster)
        return VmPoint(
            instance=row.id,
            name=row.name,
            cluster=cluster,
            vmid=row.vmid or 0,
            node=row.node or "",
            addresses=tuple(row.addresses),
            ssh_port=int(row.facts.get("ssh_port") or 22),
            running=row.state != InstanceState.SUSPENDED,
            since=row.backups_since,
            backed_up=settings is not None and settings.backup_job is not None,
            urls=tuple(_urls(row, details)),
        )

    def _outside(self, texts: Mapping[str, str], since: datetime) -> dict[str, tuple[str, ...]]:
        """What differs from what we left on each device, where it has not been so for long."""
        self.history.keep_all(Cause(), BACKUP, texts)
        found: dict[str, list[str]] = {host: [] for host in texts}
        for place in self.history.changed_outside(texts):
            section = _VERB.split(place["object"], 1)[0]
            for sign, text in (("-", place["before"]), ("+", place["now"])):
                for line in text.splitlines():
                    told = line.removeprefix(section).strip() or line
                    found[place["host"]].append(f"{section}: {sign} {told}")
        return {
            host: tuple(lines) if lines and self._is_young(host, since) else ()
            for host, lines in found.items()
        }

    def _is_young(self, host: str, since: datetime) -> bool:
        return any(kept.at >= since for kept in self.history.log(host, 1))

    def _by_others(self, devices: Collection[str], since: datetime) -> Iterator[Change]:
        """A version that was there before a change of ours, or at a backup, is somebody else's;
        of the first one ever nothing is known."""
        for device in sorted(devices):
            versions = self.history.log(device, _VERSIONS + 1)
            for kept, older in pairwise(versions):
                if kept.at >= since and kept.when in (BEFORE, BACKUP):
                    changed = self.history.difference(device, older.commit, kept.commit)[2:]
                    lines = [line[:_LONGEST] for line in changed if not line.startswith((" ", "@"))]
                    more = ["…"] if len(lines) > _LINES else []
                    text = say(
                        "Changed by somebody else; seen then for the first time: %(lines)s",
                        lines="; ".join([*lines[:_LINES], *more]),
                    )
                    yield Change(kept.at, device, text)


def _free(session: Session, instances: Collection[str]) -> dict[str, NetworkRecord]:
    """Those of the instances that no run is at work on."""
    busy, held = at_work(session), leases.holders(session)
    return {
        id: record
        for id, record in network_records(session, instances).items()
        if id not in busy and not record.ended and not held.keys() & record.standing.wishes.keys()
    }


def _by_runs(session: Session, devices: Collection[str], since: datetime) -> Iterator[Change]:
    query = (
        select(StepRecord, Run)
        .join(Run, Run.id == StepRecord.run_id)
        .where(
            StepRecord.ended_at >= since,
            StepRecord.state.in_([StepState.CHANGED, StepState.UNDONE]),
        )
    )
    for record, run in session.execute(query):
        step = next((s for s in runs.plan_of(session, run).steps if s.key == record.key), None)
        for device in sorted(_touched(step) & set(devices)) if step else ():
            title = from_json(record.title)
            text = (
                say("Taken back: %(what)s", what=title)
                if record.state == StepState.UNDONE
                else title
            )
            yield Change(record.ended_at or since, device, text, run.number)


def _touched(step: Step) -> set[str]:
    """The network devices that a step changes."""
    named = step.params.get("device")
    return {*step.params.get("wishes", ()), *([str(named)] if named else ())}


def _urls(row: Instance, details: Mapping[str, Any]) -> Iterator[str]:
    """By its name where that is one of the whole Internet, else by its address."""
    host = row.name if "." in row.name else next(iter(row.addresses), "")
    for opened in details.get("open_ports") or ():
        scheme = _WEB.get(int(opened["port"]))
        if scheme and host and opened.get("protocol", "tcp") == "tcp":
            yield f"{scheme}://{host}/"
