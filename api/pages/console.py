"""All pages of the console, in the order in which their addresses are tried."""

from __future__ import annotations

from api.pages import (
    account,
    acting,
    ask,
    audit,
    calendar,
    catalogue,
    checks,
    complain,
    complaint_trouble,
    complaints,
    contacts,
    decisions,
    devices,
    handover,
    instances,
    letters,
    notices,
    people,
    queue,
    racks,
    received,
    reports,
    request,
    request_form,
    review,
    run,
    run_log,
    seeing,
    services,
    session,
    source,
    supervision,
    topology,
    track,
    verify,
)

PAGES = (
    calendar, catalogue, notices,
    session, account, people, source, queue, audit, services, ask, received, contacts, track,
    request_form, review, decisions, run, run_log, acting,
    instances, letters, verify, handover, racks, seeing, topology, devices, checks, complain,
    complaint_trouble, complaints, reports, supervision, request,
)  # fmt: skip
"""One beside the other: a router in a router would try every address twice."""
