"""The queue and the audit trail in the states that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.web.bodies import in_hours

if TYPE_CHECKING:
    from tests.web.screens import Screen
    from tests.web.stage import Stage


def screens(stage: Stage) -> list[Screen]:
    """With something in each group, a saved filter, and a record with people in it."""
    from tests.web.screens import Screen

    stage.submitted(hostname="antre-satu")
    stage.planned(hostname="antre-dua")
    stage.draft(hostname="antre-draf")
    back = stage.submitted(hostname="antre-kembali")
    stage["rina"].post(f"/api/v1/requests/{back}/return", json={"reason": "Stempel belum ada."})
    stage.approved(
        service="event_wifi", starts_at=in_hours(9), ends_at=in_hours(14), event="Gelar Wicara"
    )
    with stage.browser("rina") as client:
        form = {"name": "VPS Dinkes", "service": "cloud_vps", "department": "dinkes"}
        client.post("/filters", data=form)
    return [
        Screen("queue-office", "rina", "/"),
        Screen("queue-one-group", "rina", "/?group=mine"),
        Screen("queue-empty-group", "rina", "/?group=attention"),
        Screen("queue-filtered", "rina", "/?state=submitted&overdue=1"),
        Screen("queue-saved", "rina", "/?service=cloud_vps&department=dinkes"),
        Screen("queue-found", "rina", "/?q=antre"),
        Screen("queue-department", "sari", "/"),
        Screen("queue-head", "heru", "/"),
        Screen("audit", "heru", "/audit"),
        Screen("audit-sign-ins", "arif", "/audit?group=person"),
        Screen("audit-record", "arif", f"/audit?record={back}"),
        Screen("audit-nothing", "arif", "/audit?person=nobody&since=2020-13-01"),
        Screen("audit-refused", "rina", "/audit"),
    ]
