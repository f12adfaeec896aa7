"""Imports every module that declares tables, so that ``Base.metadata`` is whole."""

from __future__ import annotations

from provisioner import events, idempotency, outbox, secrets
from provisioner.approvals import model as approvals
from provisioner.asking import model as asking
from provisioner.checks import tables as checks
from provisioner.complaints import model as complaints
from provisioner.database import Base
from provisioner.facts import capacity, devices
from provisioner.finding import model as finding
from provisioner.instances import looks
from provisioner.instances import model as instances
from provisioner.notices import model as notices
from provisioner.people import model as people
from provisioner.plans import record as plans
from provisioner.reports.letters import model as out_letters
from provisioner.reports.monthly import model as monthly
from provisioner.requests import deadlines, search
from provisioner.requests import model as requests
from provisioner.runs import model as runs

MODULES = (
    events,
    idempotency,
    notices,
    outbox,
    secrets,
    approvals,
    asking,
    capacity,
    checks,
    complaints,
    deadlines,
    devices,
    finding,
    instances,
    looks,
    monthly,
    out_letters,
    people,
    plans,
    requests,
    runs,
    search,
)
METADATA = Base.metadata
