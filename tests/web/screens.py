"""Every screen of the console in the states that matter, opened one after the other."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import httpx
from playwright.sync_api import Browser, Page

from tests.web.bodies import FAR, in_hours
from tests.web.cluster import administrator
from tests.web.stage import PASSWORD, Stage

Scheme = Literal["light", "dark"]
PARTS = 2
"""The screens are looked at by so many tests, each within its time."""
PIECES = ("people", "asking", "letters", "complaints", "reports", "time", "finding", "acting")
"""Of the service desk; each has a module of its own."""
PRINTED = frozenset(
    {
        "review", "wifi-review", "internet-review-second", "run-done", "run-failed", "wifi-run",
        "letter-request", "wifi-done", "report-issued", "colocation-label", "colocation-sheet",
        "internet-sheet", "poster", "internet-poster", "queue-office", "audit-record",
        "complaint-answered", "services-card", "calendar", "supervision", "person-with-codes",
    }
)  # fmt: skip
"""What people print and file."""


@dataclass(frozen=True)
class Screen:
    """A screen: its name, who looks at it, where it is, and what they do there.

    One whose path ends with ``.pdf`` is a paper, not a page.
    """

    name: str
    who: str | None
    path: str
    then: Callable[[Page], object] | None = None

    @property
    def paper(self) -> bool:
        return self.path.endswith(".pdf")

    def open(self, page: Page, url: str) -> None:
        """Raises AssertionError when the server fails, playwright's Error when it cannot."""
        answer = page.goto(f"{url}{self.path}")
        assert answer is None or answer.status < 500, self.path
        if self.then:
            self.then(page)
            page.wait_for_load_state()


@dataclass(frozen=True)
class Screens:
    """All that could be set up on a stage, and what could not, with why."""

    all: tuple[Screen, ...]
    failed: tuple[str, ...]

    @property
    def pages(self) -> tuple[Screen, ...]:
        return tuple(screen for screen in self.all if not screen.paper)

    @property
    def papers(self) -> tuple[Screen, ...]:
        return tuple(screen for screen in self.all if screen.paper)


_made: dict[str, Screens] = {}


def screens_of(stage: Stage) -> Screens:
    """Made once for a stage; a piece that fails is told and the others go on."""
    if stage.url not in _made:
        modules = [importlib.import_module(f"tests.web.screens_{piece}") for piece in PIECES]
        found: list[Screen] = []
        failed: list[str] = []
        for piece in (_of_requests, _of_network, _of_servers, _of_faults, *modules):
            make = piece if callable(piece) else piece.screens
            try:
                found += make(stage)
            except (AssertionError, LookupError, httpx.HTTPError) as wrong:
                failed.append(f"{piece.__name__}: {wrong!r}")
        _made[stage.url] = Screens(tuple(found), tuple(failed))
    return _made[stage.url]


@contextmanager
def signed_in(
    chromium: Browser, stage: Stage, who: str | None, width: int, scheme: Scheme = "light"
) -> Iterator[Page]:
    """A page of that person's, or of somebody who has not signed in."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
        locale="id-ID",
        timezone_id="Asia/Jakarta",
    )
    page = context.new_page()
    if who:
        page.goto(f"{stage.url}/sign-in")
        page.fill("#username", who)
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{stage.url}/")
    yield page
    context.close()


def open_screens(
    chromium: Browser, stage: Stage, width: int, scheme: Scheme = "light", part: int | None = None
) -> Iterator[tuple[str, Page]]:
    """Each screen as (name, page), at that width; with ``part`` every PARTS-th of them."""
    made = screens_of(stage)
    assert not made.failed
    screens = made.pages if part is None else made.pages[part::PARTS]
    for who in dict.fromkeys(screen.who for screen in screens):
        with signed_in(chromium, stage, who, width, scheme) as page:
            for screen in screens:
                if screen.who == who:
                    screen.open(page, stage.url)
                    yield screen.name, page


def _of_requests(stage: Stage) -> list[Screen]:
    done, run = stage.approved(hostname="data-kesehatan")
    stage.request_until(done, "done")
    failed, failed_run = _failed(stage)
    submitted = stage.submitted(hostname="portal-wisata")
    planned, _ = stage.planned(hostname="layanan-antrean")
    own, _ = stage.planned("dewi", hostname="cadangan")
    draft = stage.draft(hostname="arsip-digital")
    returned = stage.submitted(hostname="lapor-warga")
    stage["rina"].post(
        f"/api/v1/requests/{returned}/return", json={"reason": "Stempel pada surat belum ada."}
    )
    wifi, wifi_run = stage.approved(
        service="event_wifi", starts_at=in_hours(0), ends_at=in_hours(30), ssid="Pendopo Wicara"
    )
    to_come, run_to_come = stage.approved(
        service="event_wifi", place="alun-alun", starts_at=in_hours(5), ends_at=in_hours(9),
        event="Sedekah Bumi Alun-Alun", ssid="Sedekah Bumi",
    )  # fmt: skip
    stage.request_until(wifi, "done")
    wifi_planned, _ = stage.planned(service="event_wifi", ssid="Bazar UMKM")
    wifi_draft = stage.draft(service="event_wifi", passphrase="sebuah rahasia")
    instance = stage["sari"].get(f"/api/v1/requests/{wifi}").json()["instance"]
    poster = _open_network(stage)
    handover = stage["sari"].get(f"/api/v1/requests/{wifi}/report").json()["handover"]["url"]
    return [
        Screen("sign-in", None, "/sign-in"),
        Screen("source", None, "/source"),
        Screen("hand-over-closed", None, "/handover/none"),
        Screen("hand-over-wifi", None, "/handover/" + handover.rpartition("/")[2]),
        Screen("queue", "dewi", "/"),
        Screen("search", "dewi", "/?q=data"),
        Screen("request-choice", "dewi", "/requests/new"),
        Screen("request-form", "dewi", "/requests/new?service=cloud_vps"),
        Screen("wifi-form", "dewi", "/requests/new?service=event_wifi"),
        Screen("wifi-review", "dewi", f"/requests/{wifi_planned}/review"),
        Screen("wifi-done", "dewi", f"/requests/{wifi}"),
        Screen("wifi-run", "dewi", f"/runs/{wifi_run}"),
        Screen("wifi-run-to-come", "dewi", f"/runs/{run_to_come}"),
        Screen("wifi-to-come", "dewi", f"/requests/{to_come}"),
        Screen("wifi-instance", "dewi", f"/instances/{instance}"),
        Screen("poster", "dewi", f"/instances/{poster}/poster"),
        Screen("poster-paper", "dewi", f"/instances/{poster}/poster.pdf"),
        Screen("topology", "dewi", "/topology"),
        Screen("request-submitted", "dewi", f"/requests/{submitted}"),
        Screen("review-without-plan", "dewi", f"/requests/{submitted}/review"),
        Screen("review", "dewi", f"/requests/{planned}/review"),
        Screen("review-own", "dewi", f"/requests/{own}/review"),
        Screen("run-done", "dewi", f"/runs/{run}"),
        Screen("run-failed", "dewi", f"/runs/{failed_run}"),
        Screen("request-attention", "dewi", f"/requests/{failed}"),
        Screen("instances", "dewi", "/instances"),
        Screen("not-found", "dewi", "/requests/VPS-2026-9999"),
        Screen("applicant-list", "sari", "/"),
        Screen("applicant-draft", "sari", f"/requests/{draft}"),
        Screen("applicant-edit-wifi", "sari", f"/requests/{wifi_draft}/edit"),
        Screen("applicant-edit", "sari", f"/requests/{draft}/edit"),
        Screen("applicant-returned", "sari", f"/requests/{returned}"),
        Screen("applicant-done", "sari", f"/requests/{done}"),
    ]


def _of_servers(stage: Stage) -> list[Screen]:
    """What is shown of servers that stand, in the cluster and in the rack."""
    done, _ = stage.approved(hostname="data-puskesmas")
    stage.request_until(done, "done")
    vm, resize = _lived_with(stage, done)
    rebuild = _rebuilt(stage)
    waiting, waiting_run = stage.approved(service="colocation")
    stage.run_until(waiting_run, "waiting_person")
    racked, racked_run = _racked(stage)
    return [
        Screen("vm-instance", "dewi", f"/instances/{vm}"),
        Screen("vm-resize", "dewi", f"/instances/{vm}/actions/resize"),
        Screen("vm-snapshot", "dewi", f"/instances/{vm}/actions/snapshot"),
        Screen("vm-settle", "dewi", f"/instances/{vm}/actions/settle"),
        Screen("vm-rebuild", "dewi", f"/instances/{vm}/actions/rebuild"),
        Screen("vm-restore", "dewi", f"/instances/{vm}/actions/restore"),
        Screen("vm-backups", "dewi", f"/instances/{vm}/backups"),
        Screen("vm-resize-review", "dewi", f"/requests/{resize}/review"),
        Screen("vm-rebuild-review", "dewi", f"/requests/{rebuild}/review"),
        Screen("vm-resize-request", "dewi", f"/requests/{resize}"),
        Screen("capacity", "dewi", "/capacity"),
        Screen("overview", "dewi", "/overview"),
        Screen("findings", "dewi", "/findings"),
        Screen("racks", "dewi", "/racks"),
        Screen("colocation-form", "dewi", "/requests/new?service=colocation"),
        Screen("colocation-review", "dewi", f"/requests/{waiting}/review"),
        Screen("colocation-run", "dewi", f"/runs/{waiting_run}"),
        Screen("colocation-run-done", "dewi", f"/runs/{racked_run}"),
        Screen("colocation-instance", "dewi", f"/instances/{racked}"),
        Screen("colocation-label", "dewi", f"/instances/{racked}/label"),
        Screen("colocation-sheet", "dewi", f"/instances/{racked}/sheet"),
        Screen("applicant-racked", "sari", f"/requests/{_request(stage, racked)}"),
        Screen("applicant-vm", "sari", f"/instances/{vm}"),
        Screen("applicant-overview", "sari", "/overview"),
        Screen("applicant-rack", "sari", f"/instances/{racked}"),
    ]


def _of_network(stage: Stage) -> list[Screen]:
    """Sites that are connected, waited for and far, and the devices on their ways."""
    site, run = stage.approved(
        service="internet", fieldwork="cabling", ssid="Ruang TU SMP", security="open",
        location="Ruang TU",
    )  # fmt: skip
    stage.on_site(run)
    id = stage.request_until(site, "done")["instance"]
    waiting, waiting_run = stage.approved(service="internet", fieldwork="mounting")
    stage.run_until(waiting_run, "waiting_person", "failed")
    far, plan = stage.planned(service="internet", site=FAR, location="Lantai 2")
    first = {"digest": plan["digest"], "comment": "Sudah saya periksa"}
    assert stage["rina"].post(f"/api/v1/requests/{far}/approve", json=first).status_code == 202
    stage.type("sw-smp-1", "interface GigabitEthernet1/0/5", "description punya siapa")
    assert stage["rina"].post(f"/api/v1/instances/{id}/look").status_code == 200
    assert stage["rina"].post("/api/v1/topology/look").status_code == 200
    device = "/api/v1/devices/sw-smp-1/configurations"
    after, before, *_ = (one["commit"] for one in stage["rina"].get(device).json())
    return [
        Screen("internet-form", "dewi", "/requests/new?service=internet"),
        Screen("internet-review", "dewi", f"/requests/{waiting}/review"),
        Screen("internet-review-second", "dewi", f"/requests/{far}/review"),
        Screen("internet-run", "dewi", f"/runs/{waiting_run}"),
        Screen("internet-run-done", "dewi", f"/runs/{run}"),
        Screen("internet-done", "dewi", f"/requests/{site}"),
        Screen("internet-instance", "dewi", f"/instances/{id}"),
        Screen("internet-change", "dewi", f"/instances/{id}/actions/change"),
        Screen("internet-settle", "dewi", f"/instances/{id}/actions/settle"),
        Screen("internet-sheet", "dewi", f"/instances/{id}/sheet"),
        Screen("internet-poster", "dewi", f"/instances/{id}/poster"),
        Screen("devices", "dewi", "/devices"),
        Screen("device", "dewi", "/devices/sw-smp-1"),
        Screen("device-version", "dewi", f"/devices/sw-smp-1/configurations/{after}"),
        Screen(
            "device-difference", "dewi", f"/devices/sw-smp-1/difference?from={before}&to={after}"
        ),
        Screen("segments", "dewi", "/segments"),
        Screen("applicant-site", "sari", f"/instances/{id}"),
    ]


def _of_faults(stage: Stage) -> list[Screen]:
    """A fault that was told, its cause, and what can be done."""
    stage.lab.fault("port-err-disabled", host="sw-smp-1", port="GigabitEthernet1/0/1")
    try:
        number = stage.submitted(service="troubleshooting")
        while not (made := stage["rina"].get(f"/api/v1/checks?request={number}").json()):
            time.sleep(0.2)
        path = f"/api/v1/checks/{made[0]['id']}"
        while stage["rina"].get(path).json()["state"] in ("queued", "running"):
            time.sleep(0.2)
    finally:
        stage.lab.clear("port-err-disabled")
    healthy = stage["rina"].post("/api/v1/checks", json={"target": "device:sw-core-1"}).json()
    while stage["rina"].get(f"/api/v1/checks/{healthy['id']}").json()["state"] != "done":
        time.sleep(0.2)
    return [
        Screen("trouble-form", "dewi", "/requests/new?service=troubleshooting"),
        Screen("trouble-request", "dewi", f"/requests/{number}"),
        Screen("checks", "dewi", "/checks"),
        Screen("check-red", "dewi", f"/checks/{made[0]['id']}"),
        Screen("check-green", "dewi", f"/checks/{healthy['id']}"),
        Screen("check-rules", "dewi", "/checks/rules"),
        Screen("applicant-checks", "sari", "/checks"),
        Screen("applicant-check", "sari", f"/checks/{made[0]['id']}"),
        Screen("applicant-trouble", "sari", f"/requests/{number}"),
    ]


def _request(stage: Stage, instance: str) -> str:
    return str(stage["sari"].get(f"/api/v1/instances/{instance}").json()["request"])


def _lived_with(stage: Stage, number: str) -> tuple[str, str]:
    """A server with a snapshot that differs from its record, and a planned request about it."""
    id = str(stage["sari"].get(f"/api/v1/requests/{number}").json()["instance"])
    actions = f"/api/v1/instances/{id}/actions"
    asked = stage["sari"].post(f"{actions}/snapshot", json={"name": "sebelum-pembaruan"})
    stage.carried_out(asked.json()["number"])
    resize = stage["sari"].post(f"{actions}/resize", json={"size": "medium"}).json()["number"]
    assert stage["rina"].post(f"/api/v1/requests/{resize}/plan").status_code == 201
    with administrator(stage) as pve:
        one = stage["rina"].get(f"/api/v1/instances/{id}").json()
        pve.set(one, {"name": "ganti-nama", "cores": "2"})
    assert stage["rina"].post("/api/v1/look").status_code == 200
    return id, resize


def _rebuilt(stage: Stage) -> str:
    """A planned request that deletes, of a server of its own."""
    done, _ = stage.approved(hostname="situs-lama")
    id = stage.request_until(done, "done")["instance"]
    said = {"image": "debian-13", "confirm": "situs-lama", "reason": "Sistemnya rusak"}
    asked = stage["sari"].post(f"/api/v1/instances/{id}/actions/rebuild", json=said)
    assert asked.status_code in (201, 202), asked.text
    number = str(asked.json()["number"])
    assert stage["rina"].post(f"/api/v1/requests/{number}/plan").status_code == 201
    return number


def _racked(stage: Stage) -> tuple[str, str]:
    """A server in its rack, and the run that brought it."""
    number, run = stage.approved(service="colocation", until="2027-12-31")
    stage.run_until(run, "waiting_person")
    with stage.racked(run):
        return str(stage.request_until(number, "done")["instance"]), run


def _open_network(stage: Stage) -> str:
    """The instance of an open network, whose poster holds no secret."""
    number, _ = stage.approved(
        service="event_wifi", place="alun-alun", security="open", event="Pasar Malam",
        ssid="Pasar Malam", starts_at=in_hours(0), ends_at=in_hours(3),
    )  # fmt: skip
    return str(stage.request_until(number, "done")["instance"])


def _failed(stage: Stage) -> tuple[str, str]:
    stage.lab.fault("task-fails", type="qmstart", text="start failed: simulated", times="20")
    try:
        number, run = stage.approved(hostname="uji-gagal")
        stage.run_until(run, "failed", "waiting_person")
    finally:
        stage.lab.clear("task-fails")
    stage.request_until(number, "attention")
    return number, run
