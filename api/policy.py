"""Who may use which address: one table for pages and JSON; an address missing here is refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from provisioner.people.policy import Permission

P = Permission

PUBLIC = None
"""Nobody needs to be signed in."""

_TABLE: dict[P | None, tuple[str, ...]] = {
    PUBLIC: (
        "GET /healthz", "GET /readyz", "GET /metrics",
        "GET /sign-in", "POST /sign-in", "GET /sign-in/code", "POST /sign-in/code",
        "POST /sign-out",
        "GET /invitation/{token}", "POST /invitation/{token}",
        "POST /language", "POST /keys",
        "GET /source", "GET /source/provisioner.tar.gz",
        "GET /handover/{token}", "POST /handover/{token}",
        "GET /verify", "POST /verify", "GET /verify/{code}", "POST /verify/{code}",
        "GET /services", "GET /services/{service}", "GET /track", "POST /track",
        "GET /api/v1/services", "GET /api/v1/services/{service}",
        "GET /complain", "POST /complain", "GET /complain/find",
        "GET /complain/{number}", "POST /complain/{number}",
        "GET /complain/{number}/files/{id}", "POST /complain/{number}/files/{id}",
    ),
    P.SEE: (
        "GET /", "GET /overview", "GET /api/v1/overview",
        "GET /requests/{number}", "GET /requests/{number}/edit",
        "GET /requests/{number}/received", "GET /requests/{number}/receipt.pdf",
        "GET /requests/{number}/contacts", "GET /requests/{number}/notes",
        "GET /api/v1/requests/{number}/receipt.pdf",
        "GET /requests/{number}/review",
        "GET /requests/{number}/letter", "GET /requests/{number}/letter/original",
        "GET /requests/{number}/approve", "GET /requests/{number}/plan",
        "GET /requests/{number}/cancel", "GET /requests/{number}/reject",
        "GET /requests/{number}/return", "GET /requests/{number}/submit",
        "GET /api/v1/requests", "GET /api/v1/requests/{number}",
        "GET /api/v1/requests/{number}/letter", "GET /api/v1/requests/{number}/plan",
        "GET /api/v1/requests/{number}/events", "GET /api/v1/requests/{number}/report",
        "GET /runs/{id}", "GET /runs/{id}/photos/{sha256}", "GET /runs/{id}/stop",

        "GET /runs/{id}/retry", "GET /runs/{id}/steps/{key}/complete",
        "GET /api/v1/runs/{id}", "GET /api/v1/runs/{id}/tasks",
        "GET /api/v1/runs/{id}/photos/{sha256}",
        "GET /instances", "GET /instances/{id}", "GET /instances/{id}/actions/{action}",
        "GET /instances/{id}/look", "GET /instances/{id}/backups", "GET /instances/{id}/poster",
        "GET /instances/{id}/label", "GET /instances/{id}/sheet", "GET /instances/{id}/poster.pdf",
        "GET /letters", "GET /letters/{id}", "GET /letters/{id}/preview",
        "GET /letters/{id}/letter.pdf", "GET /letters/{id}/signed.pdf",
        "GET /letters/{id}/signed/copy", "GET /letters/{id}/edit", "GET /letters/{id}/ready",
        "GET /letters/{id}/issue", "GET /letters/{id}/signed", "GET /letters/{id}/sent",
        "GET /letters/{id}/void", "GET /letters/{id}/replace",
        "GET /api/v1/letters", "GET /api/v1/letters/{id}", "GET /api/v1/letters/{id}/letter.pdf",
        "GET /api/v1/letters/{id}/signed.pdf", "GET /api/v1/requests/{number}/confirmation.pdf",
        "GET /api/v1/instances", "GET /api/v1/instances/{id}",
        "GET /api/v1/instances/{id}/backups", "GET /api/v1/instances/{id}/drift",
        "GET /checks", "GET /checks/{id}",
        "GET /api/v1/checks/catalogue", "GET /api/v1/checks/rules", "GET /api/v1/checks",
        "GET /api/v1/checks/{id}", "GET /api/v1/drift",
        "GET /complaints", "GET /complaints/{number}", "GET /complaints/{number}/files/{id}",
        *(f"GET /complaints/{{number}}/{one}" for one in (
            "classify", "assign", "begin", "answer", "close", "reopen", "link", "erase",
        )),
        "GET /api/v1/complaints", "GET /api/v1/complaints/{number}",
        "GET /api/v1/complaints/{number}/events",
    ),
    P.REPORT: (
        "POST /reports/{month}/meeting", "PUT /api/v1/reports/monthly/{month}/meeting",
    ),
    P.ISSUE_REPORT: (
        "POST /reports/{month}/issue", "POST /api/v1/reports/monthly/{month}/issue",
    ),
    P.SEE_OFFICE: (
        "GET /reports", "GET /reports/{month}", "GET /reports/{month}.pdf",
        "GET /reports/{month}.xlsx", "GET /reports/{month}/meeting",
        "GET /reports/{month}/meeting.pdf", "GET /reports/{month}/issue",
        "GET /supervision", "GET /supervision/{username}", "GET /api/v1/supervision",
        "GET /api/v1/reports/monthly", "GET /api/v1/reports/monthly/{month}",
        "GET /api/v1/reports/monthly/{month}.pdf", "GET /api/v1/reports/monthly/{month}.xlsx",
        "GET /calendar", "GET /catalogue", "GET /api/v1/calendar", "GET /api/v1/calendar/what-if",
        "GET /racks", "GET /runs/{id}/log.txt", "GET /capacity",
        "GET /findings", "GET /findings/look",
        "GET /topology", "GET /topology/look", "GET /topology/compare",
        "GET /devices", "GET /devices/{name}", "GET /devices/{name}/difference",
        "GET /devices/{name}/configurations/{commit}", "GET /segments", "GET /checks/rules",
        "GET /api/v1/requests/{number}/first-approval",
        "GET /api/v1/topology", "GET /api/v1/topology/differences",
        "GET /api/v1/devices", "GET /api/v1/devices/{name}",
        "GET /api/v1/devices/{name}/configurations",
        "GET /api/v1/devices/{name}/configurations/difference",
        "GET /api/v1/devices/{name}/configurations/{commit}",
        "GET /api/v1/segments", "GET /api/v1/capacity", "GET /api/v1/orphans",
        "GET /complaints/register", "GET /complaints/register/sheet",
        "GET /complaints/register.pdf", "GET /complaints/register.csv",
    ),
    P.RECORD_COMPLAINTS: (
        "GET /complaints/new", "POST /complaints/new", "POST /api/v1/complaints",
    ),
    P.ERASE_REPORTERS: (
        "POST /complaints/{number}/erase", "POST /api/v1/complaints/{number}/erase",
    ),
    P.HANDLE_COMPLAINTS: tuple(
        f"POST {prefix}/complaints/{{number}}/{one}"
        for prefix in ("", "/api/v1")
        for one in ("classify", "assign", "begin", "answer", "close", "reopen")
    ),
    P.CONTACT: (
        "POST /requests/{number}/contacts", "POST /requests/{number}/notes",
        "POST /requests/{number}/notes/{id}/unpin",
        "POST /api/v1/requests/{number}/contacts", "POST /api/v1/requests/{number}/notes",
        "POST /api/v1/requests/{number}/notes/{id}/unpin",
        "POST /complaints/{number}/link", "POST /api/v1/complaints/{number}/link",
    ),
    P.FILE: (
        "GET /ask/{service}", "POST /ask/{service}", "GET /ask/{service}/{id}",
        "GET /ask/{service}/{id}/q/{key}", "POST /ask/{service}/{id}/q/{key}",
        "POST /ask/{service}/{id}/file", "GET /ask/{service}/{id}/check",
        "POST /ask/{service}/{id}/check", "POST /ask/{service}/{id}/discard",
        "GET /requests/new", "POST /requests/new", "POST /requests/{number}/edit",
        "POST /requests/{number}/letter",
        "POST /requests/{number}/submit", "POST /requests/{number}/cancel",
        "POST /api/v1/requests", "PATCH /api/v1/requests/{number}",
        "POST /api/v1/requests/{number}/letter", "POST /api/v1/requests/{number}/submit",
        "POST /api/v1/requests/{number}/cancel",
        "POST /instances/{id}/actions/{action}", "POST /api/v1/instances/{id}/actions/{action}",
        "POST /checks", "POST /api/v1/checks",
        "GET /complaints/{number}/trouble", "POST /complaints/{number}/trouble",
    ),
    P.REVIEW: (
        "POST /requests/{number}/return", "POST /requests/{number}/reject",
        "POST /api/v1/requests/{number}/return", "POST /api/v1/requests/{number}/reject",
    ),
    P.PLAN: ("POST /requests/{number}/plan", "POST /api/v1/requests/{number}/plan"),
    P.DECIDE: ("POST /requests/{number}/approve", "POST /api/v1/requests/{number}/approve"),
    P.OPERATE: (
        "POST /runs/{id}/retry", "POST /runs/{id}/stop", "POST /runs/{id}/steps/{key}/complete",
        "POST /api/v1/runs/{id}/retry", "POST /api/v1/runs/{id}/stop",
        "POST /api/v1/runs/{id}/steps/{key}/complete",
        "POST /checks/{id}/remedies/{key:path}", "POST /api/v1/checks/{id}/remedies/{key:path}",
        "POST /findings/look", "POST /topology/look", "POST /topology/compare",
        "POST /api/v1/topology/look", "POST /api/v1/look",
    ),
    P.DRAFT_LETTERS: (
        "POST /letters", "POST /letters/{id}/edit", "POST /letters/{id}/ready",
        "POST /letters/{id}/issue", "POST /api/v1/letters", "PATCH /api/v1/letters/{id}",
        "POST /api/v1/letters/{id}/ready", "POST /api/v1/letters/{id}/issue",
    ),
    P.WRITE_LETTERS: (
        "POST /letters/{id}/signed", "POST /letters/{id}/sent",
        "POST /letters/{id}/void", "POST /letters/{id}/replace",
        "POST /api/v1/letters/{id}/signed",
        "POST /api/v1/letters/{id}/sent", "POST /api/v1/letters/{id}/void",
        "POST /api/v1/letters/{id}/replace",
    ),
    P.LOOK: ("POST /instances/{id}/look", "POST /api/v1/instances/{id}/look"),
    P.AUDIT: ("GET /audit", "GET /audit.csv", "GET /api/v1/audit"),
    P.OWN_ACCOUNT: (
        "POST /filters", "POST /filters/{id}/delete",
        "GET /account/notices", "POST /account/notices", "POST /account/notices/own",
        "POST /account/notices/trial", "GET /api/v1/account/notices",
        "PUT /api/v1/account/notices", "POST /api/v1/account/notices/trial",
        "GET /account", "POST /account", "POST /account/password",
        "GET /account/code", "POST /account/code", "POST /account/code/end",
        "POST /account/recovery",
        "POST /account/sessions/end", "POST /account/tokens", "POST /account/tokens/revoke",
        "GET /api/v1/account", "PATCH /api/v1/account",
        "GET /api/v1/account/sessions", "DELETE /api/v1/account/sessions/{id}",
        "GET /api/v1/account/tokens", "POST /api/v1/account/tokens",
        "DELETE /api/v1/account/tokens/{id}",
    ),
    P.MANAGE_PEOPLE: (
        "GET /people", "POST /people", "GET /people/new",
        "GET /people/{username}", "POST /people/{username}",
        "POST /people/{username}/active", "POST /people/{username}/invite",
        "POST /people/{username}/code/end", "POST /people/{username}/sessions/end",
        "POST /people/{username}/tokens/revoke", "POST /people/departments",
        "GET /api/v1/people", "POST /api/v1/people",
        "GET /api/v1/people/{username}", "PATCH /api/v1/people/{username}",
        "POST /api/v1/people/{username}/invitation", "DELETE /api/v1/people/{username}/code",
        "GET /api/v1/departments", "POST /api/v1/departments",
    ),
}  # fmt: skip


def _turned(table: Mapping[P | None, tuple[str, ...]]) -> dict[tuple[str, str], P | None]:
    found: dict[tuple[str, str], P | None] = {}
    for permission, routes in table.items():
        for route in routes:
            method, _, path = route.partition(" ")
            if (method, path) in found:
                raise ValueError(f"{route} stands twice in the table of addresses")
            found[method, path] = permission
    return found


ROUTES: Mapping[tuple[str, str], P | None] = MappingProxyType(_turned(_TABLE))
"""(method, path as the route is written) to what is needed; ``PUBLIC`` needs nothing."""
