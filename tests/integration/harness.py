"""An office for tests: a real lab cluster, the wired product, people, and complete requests."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import Timer
from typing import Any, Self, cast
from uuid import uuid4

import pikepdf
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from provisioner import bootstrap
from provisioner.database import Database
from provisioner.drivers.hypervisor import Clone, Hypervisor, Order, TaskHandle
from provisioner.drivers.seat import UserSeat
from provisioner.drivers.ssh import SshSeat
from provisioner.errors import OutcomeUnknown
from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import LabNetwork, LabPlan
from provisioner.lab.up import write_configuration
from provisioner.people.model import Role
from provisioner.people.rules import Actor
from provisioner.plans import store as plans
from provisioner.plans.model import Plan
from provisioner.plans.record import Reservation
from provisioner.requests import store as requests
from provisioner.requests.model import Request
from provisioner.requests.views import NewRequest, RequestView
from provisioner.runs import store as runs
from provisioner.runs.model import Lease, StepAttempt, StepRecord
from provisioner.runs.runner import Runner, Tools
from provisioner.runs.views import RunView
from provisioner.secrets import new_key
from provisioner.settings import Settings, load_settings
from provisioner.texts import say

SPEED = 400.0
"""Of the lab: guests boot in 0.06 seconds."""
SETTLE = 0.4
"""Seconds after which the effect of a lost call counts as absent; the lab shows it at once."""
PATIENCE = 60.0


def free_network() -> LabNetwork:
    """An address plan of its own for each lab, so that tests may run side by side."""
    chosen = uuid4().bytes
    return LabNetwork(
        cidr=f"127.{64 + chosen[0] % 128}.{chosen[1]}.0/24", ssh_port=20000 + chosen[2] * 40
    )


@contextmanager
def lab_cluster(certificates: Path, **plan: Any) -> Iterator[LabCluster]:
    """A lab that is up; certificates are made once per directory."""
    values = {"speed": SPEED, "network": free_network(), **plan}
    with LabCluster(LabPlan(**values), certificates) as lab:
        yield lab


def public_key() -> str:
    """A new applicant's public key."""
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def letter() -> bytes:
    """A PDF of one page."""
    written = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(written)
    return written.getvalue()


def settings_for(
    directory: Path, lab: LabCluster, changes: Mapping[str, str], database_url: str | None
) -> Settings:
    """Ordinary configuration for the lab; ``changes`` replace text in the written files."""
    toml = write_configuration(directory, [lab])
    (directory / "var" / "secret.key").write_text(new_key())
    for path in (toml, *(directory / "inventory").iterdir()):
        text = path.read_text()
        for before, after in changes.items():
            text = text.replace(before, after)
        path.write_text(text)
    settings = load_settings(toml)
    return settings.model_copy(update={"database_url": database_url}) if database_url else settings


def make_tables(settings: Settings, template: Path) -> None:
    """All tables; a SQLite file is made once per run of the tests and then copied.

    A PostgreSQL database has them already where it is a copy of the server's own template.
    """
    url = settings.absolute_database_url
    if not url.startswith("sqlite"):
        bootstrap.upgrade_database(settings)
        return
    target = Path(url.removeprefix("sqlite:///"))
    if not template.exists():
        bootstrap.upgrade_database(settings)
        shutil.copy(target, template)
    else:
        shutil.copy(template, target)


class Watched:
    """A hypervisor that tells of every order before it passes it on."""

    def __init__(self, inner: Hypervisor, before: Callable[[object], None]) -> None:
        self._inner, self._before = inner, before

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def submit(self, order: Order) -> TaskHandle:
        self._before(order)
        return self._inner.submit(order)


@dataclass
class Office:
    """Lab, product and people; ``carry_out`` stands in for the engine, one turn after the other."""

    directory: Path
    lab: LabCluster
    changes: Mapping[str, str] = field(default_factory=dict)
    database_url: str | None = None

    def __enter__(self) -> Self:
        self.settings = settings_for(self.directory, self.lab, self.changes, self.database_url)
        make_tables(self.settings, self.directory.parent / "empty.db")
        self.product = bootstrap.build(self.settings)
        people = self.product.people
        people.add_department("dinkes", "Dinas Kesehatan")
        for name, role in _PEOPLE.items():
            of = "dinkes" if role is Role.APPLICANT else None
            people.add_person(name, name.title(), None, [role], of, language="en")
        self.sari, self.budi, self.tono = (people.actor(name) for name in _PEOPLE)
        return self

    def __exit__(self, *_: object) -> None:
        self.product.stop()

    # ------------------------------------------------------------- people

    def file(self, **details: Any) -> str:
        """A complete request with its letter, submitted; returns its number."""
        service = self.product.requests
        new = service.create(self.sari, new_request(self.lab.plan.network.name, details))
        service.attach_letter(self.sari, new.number, "surat.pdf", _LETTER)
        service.submit(self.sari, new.number)
        return new.number

    def approve(self, number: str, actor: Actor | None = None) -> str:
        """Plan and approve; returns the run's id."""
        plan = self.product.plans.make(self.budi, number)
        return self.product.approvals.approve(actor or self.budi, number, plan.digest).run

    def approved(self, **details: Any) -> tuple[str, str]:
        """A request that was filed, planned and approved: its number and its run."""
        number = self.file(**details)
        return number, self.approve(number)

    # ------------------------------------------------------------ the run

    def tools(self, hypervisor: Hypervisor | None = None, seat: UserSeat | None = None) -> Tools:
        """The product's own tools, with other ways to the cluster where given."""
        product = self.product
        identity = self.settings.secret(self.settings.ssh.identity)
        return replace(
            product.tools,
            hypervisors={"dc1": hypervisor or product.clusters["dc1"]},
            seat=seat or SshSeat(lambda: identity),
            settle=SETTLE,
        )

    @cached_property
    def office_key(self) -> str:
        public = (self.directory / "var" / "id_ed25519.pub").read_text()
        return " ".join(public.split()[:2])

    def runner_that(self, before: Callable[[object], None]) -> Runner:
        """A runner that tells of every order right before it goes to the cluster."""
        return self.runner(cast(Hypervisor, Watched(self.product.clusters["dc1"], before)))

    @contextmanager
    def late_clone(self, meanwhile: Callable[[], object] = lambda: None) -> Iterator[Runner]:
        """A runner whose first clone gets no answer and is carried out half of SETTLE later."""
        cluster = self.product.clusters["dc1"]
        late: list[Timer] = []

        def before(order: object) -> None:
            if isinstance(order, Clone) and not late:
                late.append(Timer(SETTLE / 2, cluster.submit, (order,)))
                late[0].start()
                meanwhile()
                raise OutcomeUnknown(say("No answer."), meaning=say("?"), next=say("Look."))

        yield self.runner_that(before)
        late[0].join()

    def runner(
        self,
        hypervisor: Hypervisor | None = None,
        seat: UserSeat | None = None,
        database: Database | None = None,
    ) -> Runner:
        """As the engine has one."""
        return Runner(
            database or self.product.database,
            self.tools(hypervisor, seat),
            _nap,
            finished=lambda: None,
        )

    def carry_out(
        self,
        run_id: str,
        runner: Runner | None = None,
        until: Callable[[RunView], bool] | None = None,
    ) -> RunView:
        """Turn after turn until the run ends or waits for a person (or ``until`` says so)."""
        runner = runner or self.runner()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            run = self.run(run_id)
            turn = runner.turn(run_id, run.attempt)
            run = self.run(run_id)
            if turn.next == "end" or (until is not None and until(run)):
                self.product.outbox.deliver_due()
                return self.run(run_id)
            _nap(turn.after)
        raise AssertionError(f"the run does not end: {self.story(self.run(run_id).request)}")

    def run(self, run_id: str) -> RunView:
        return self.product.runs.get(self.budi, run_id)

    def reconnect(self) -> None:
        """The same product with fresh drivers, as after a restart."""
        self.product.stop()
        self.product = bootstrap.build(self.settings)

    def request(self, number: str) -> RequestView:
        return self.product.requests.get(self.budi, number)

    def told(self, number: str) -> str:
        """What went wrong, for the message of a failed assertion."""
        run = self.run(self.request(number).run or "")
        errors = [step.error for step in run.steps if step.error]
        return "\n".join(map(str, [run.state, run.waiting_for, run.difference, errors,
                                   self.story(number)]))  # fmt: skip

    def story(self, number: str) -> list[str]:
        """The tags of the request's record, in order."""
        return [event.tag for event in self.product.requests.events(self.budi, number)]

    def texts(self, number: str) -> str:
        """Everything that the request's record says, in one string."""
        events = self.product.requests.events(self.budi, number, 0, "en")
        return "\n".join(event.text for event in events)

    # ---------------------------------------------------------- to assert

    def machines(self, number: str) -> list[dict[str, Any]]:
        """The VMs of the cluster that carry the request's mark."""
        sign = f"request {number} "
        return [
            vm for vm in self.lab.state()["vms"] if sign in str(vm["config"].get("description", ""))
        ]

    def choices(self, number: str) -> Mapping[str, Any]:
        """What the request's current plan has chosen."""
        with self.product.database.read() as session:
            request = requests.by_number(session, number)
            record = plans.current(session, request.id)
            assert record is not None
            return Plan.from_json(record.body).choices

    def clones_of(self, number: str) -> int:
        """How many clone tasks of the cluster made or tried to make the request's VM."""
        (vm,) = self.machines(number)
        named = f"with ID {vm['vmid']}"
        tasks = [t for t in self.lab.state()["tasks"] if t["type"] == "qmclone"]
        return sum(named in str(task["log"]) for task in tasks)

    def volumes(self, vmid: int) -> list[str]:
        return [v["volid"] for v in self.lab.state()["volumes"] if v["vmid"] == vmid]

    def reservations(self, number: str) -> list[Reservation]:
        with self.product.database.read() as session:
            query = select(Reservation).join(Request, Request.id == Reservation.request_id)
            return list(session.scalars(query.where(Request.number == number)))

    def leases(self) -> list[Lease]:
        with self.product.database.read() as session:
            return list(session.scalars(select(Lease)))

    def steps(self, run_id: str) -> list[StepRecord]:
        with self.product.database.read() as session:
            return runs.steps(session, run_id)

    def attempts(self, run_id: str) -> list[StepAttempt]:
        with self.product.database.read() as session:
            query = select(StepAttempt).where(StepAttempt.run_id == run_id)
            return list(session.scalars(query.order_by(StepAttempt.id)))

    def assert_fulfilled(self, number: str) -> dict[str, Any]:
        """Done and proven, exactly one VM, nothing held without an owner; returns the VM."""
        request = self.request(number)
        assert request.state == "done", self.told(number)
        report = self.product.reports.get(self.budi, number)
        assert report.outcome == "succeeded"
        assert report.instance is not None
        assert {p.check for p in report.proof} == _PROOFS
        assert all(p.passed for p in report.proof)
        (vm,) = self.machines(number)
        assert (vm["vmid"], vm["status"]) == (report.instance.vmid, "running")
        assert vm["guest"]["address"] == report.instance.addresses[0]
        rows = [row for row in self.reservations(number) if row.state != "quarantine"]
        assert {row.kind for row in rows} == {"vmid", "address", "name", "capacity"}
        assert {row.instance_id for row in rows} == {report.instance.id}
        keys = {row.key for row in rows if row.kind in ("vmid", "capacity")}
        assert keys == {str(vm["vmid"])}
        assert all(lease.run_id != request.run for lease in self.leases())
        assert all(step.state in ("changed", "unchanged") for step in self.steps(request.run or ""))
        return vm

    def assert_undone(self, number: str, vmid: int) -> None:
        """Nothing of ours stands; the request waits for a person to decide."""
        assert self.machines(number) == []
        assert self.lab.vm(vmid) is None
        assert self.volumes(vmid) == []
        assert {row.state for row in self.reservations(number)} <= {"quarantine"}
        assert {row.kind for row in self.reservations(number)} <= {"vmid", "address"}
        request = self.request(number)
        assert (request.state, request.busy) == ("attention", False)
        assert all(lease.run_id != request.run for lease in self.leases())
        assert all(step.state in ("pending", "undone") for step in self.steps(request.run or ""))


_PEOPLE = {"sari": Role.APPLICANT, "budi": Role.TECHNICIAN, "tono": Role.TECHNICIAN}
_PROOFS = {
    "agent.address",
    "cloud_init.done",
    "tcp.ssh",
    "ssh.applicant_key",
    "ssh.office_login",
    "ssh.host_key",
}
_LETTER = letter()


def _nap(seconds: float) -> None:
    """The engine's waits, short: the lab is fast, and backing off is not what is tested."""
    time.sleep(min(seconds, 0.04))


def new_request(network: str, details: Mapping[str, Any]) -> NewRequest:
    """What a complete request for a VPS asks for."""
    return NewRequest.model_validate(
        {
            "service": "cloud_vps",
            "department": "dinkes",
            "applicant": {
                "name": "Sari Wulandari",
                "position": "Kasubag TU",
                "phone": "0281 123456",
                "email": "sari@dinkes.example.id",
            },
            "letter": {
                "kind": "signed",
                "number": "045/1",
                "date": "2026-11-20",
                "signatory": {"name": "dr. Ani", "position": "Kepala Dinas"},
            },
            "details": {
                "hostname": f"simpus-{uuid4().hex[:10]}",
                "purpose": "Aplikasi puskesmas",
                "size": "small",
                "image": "debian-13",
                "network": network,
                "ssh_keys": [public_key()],
                "admin_user": "dinkes",
                "open_ports": [{"port": 443, "protocol": "tcp"}],
                **details,
            },
        }
    )
