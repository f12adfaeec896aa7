"""The console without JavaScript: every step by plain forms, as an old office PC would."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from pathlib import Path

import httpx
import pytest

import api
from provisioner.lab.letter import sample_letter
from tests.web.bodies import FINGERPRINT, PUBLIC_KEY
from tests.web.stage import Stage

PACKAGE = Path(api.__file__).parent
FIELDS = {
    "applicant/name": "Sari Wulandari",
    "applicant/position": "Kepala Subbagian",
    "applicant/phone": "0812 3456 789",
    "applicant/email": "sari@dinkes.example",
    "letter/kind": "signed",
    "letter/number": "005/7/2026",
    "letter/date": "2026-01-05",
    "letter/signatory/name": "dr. Budi Santosa",
    "letter/signatory/position": "Kepala Dinas",
    "details/purpose": "Layanan antrean puskesmas",
    "details/hostname": "antrean",
    "details/size": "small",
    "details/image": "debian-13",
    "details/network": "server-opd",
    "details/admin_user": "admin-web",
    "details/ssh_keys": PUBLIC_KEY,
    "details/open_ports": "80/tcp, 443",
}


def _h1(answer: httpx.Response) -> str:
    found = re.findall(r"<h1[^>]*>(.*?)</h1>", answer.text, re.DOTALL)
    assert len(found) == 1, answer.text[:2000]
    return str(found[0]).strip()


def test_the_whole_way_by_plain_forms(stage: Stage) -> None:
    with stage.browser("sari") as sari, stage.browser("dewi") as dewi:
        assert sari.get("/requests/new").status_code == 200
        made = sari.post("/requests/new", data=FIELDS)
        assert made.status_code == 303, made.text
        path = made.headers["location"].partition("#")[0]
        early = sari.post(f"{path}/submit")
        assert early.status_code == 422
        assert "Unggah surat" in early.text or "unggah" in early.text.lower()
        letter = ("surat.pdf", sample_letter("Dinas", "1", "uji"), "application/pdf")
        assert sari.post(f"{path}/letter", files={"file": letter}).status_code == 303
        assert sari.get(f"{path}/letter").headers["content-type"] == "application/pdf"
        assert sari.post(f"{path}/submit").status_code == 303
        assert "Permohonan diajukan. Kami menjawab paling lambat" in sari.get(path).text
        planned = dewi.post(f"{path}/plan")
        assert planned.headers["location"] == f"{path}/review"
        review = dewi.get(f"{path}/review")
        assert _h1(review) == "Tinjau dan setujui"
        for told in ("Kepala Subbagian", "005/7/2026", "dr. Budi Santosa", FINGERPRINT):
            assert told in review.text
        digest = re.search(r'name="digest" value="([^"]+)"', review.text)
        assert digest
        approved = dewi.post(f"{path}/approve", data={"digest": digest[1], "comment": "Baik"})
        assert approved.status_code == 303, approved.text
        run = approved.headers["location"]
        assert dewi.get(run).status_code == 200
        stage.request_until(path.rpartition("/")[2], "done")
        assert "Semuanya selesai dan terbukti." in dewi.get(run).text
        done = sari.get(path)
        assert "Diperiksa dari sisi pengguna" in done.text
        assert "hx-sse:connect" not in done.text
        link = re.search(r'href="[^"]*(/handover/[^"]+)"', done.text)
        assert link
        _hand_over(stage, link[1])


def _hand_over(stage: Stage, link: str) -> None:
    with stage.client() as anyone:
        asked = anyone.get(link)
        assert asked.status_code == 200
        assert anyone.get(link).status_code == 200, "looking must not use the link up"
        shown = anyone.post(link)
        assert "<code" in shown.text
        assert shown.headers["cache-control"] == "no-store"
        assert anyone.post(link).status_code == 410
        assert anyone.get(link).status_code == 410


def test_nothing_typed_is_lost(stage: Stage) -> None:
    with stage.browser("sari") as sari:
        wrong = {**FIELDS, "details/hostname": "Bukan Nama!", "details/ssh_keys": "ssh-rsa AAAA"}
        answer = sari.post("/requests/new", data=wrong)
        assert answer.status_code == 422
        assert "Kesalahan: " in answer.text
        assert 'href="#f-details-hostname"' in answer.text
        assert 'id="f-details-hostname-error"' in answer.text
        assert 'value="Bukan Nama!"' in answer.text
        assert "Layanan antrean puskesmas" in answer.text
        assert 'id="f-details-ssh_keys-error"' in answer.text


def test_a_private_key_is_told_once_and_never_sent_back(stage: Stage) -> None:
    secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nQyNTUxOQ\n-----END"
    with stage.browser("sari") as sari:
        for name in ("details/ssh_keys", "applicant/position"):
            answer = sari.post("/requests/new", data={**FIELDS, name: secret})
            assert answer.status_code == 422
            assert "b3BlbnNzaC1rZXk" not in answer.text
            assert answer.text.count('class="field-error"') == 1
            assert "Layanan antrean puskesmas" in answer.text


def test_the_errors_stand_in_the_order_of_the_page(stage: Stage) -> None:
    with stage.browser("sari") as sari:
        wrong = {**FIELDS, "details/hostname": "Bukan Nama!", "applicant/phone": "x"}
        text = sari.post("/requests/new", data=wrong).text
    assert text.index('href="#f-details-hostname"') < text.index('href="#f-applicant-phone"')


@pytest.mark.parametrize("action", ["submit", "return", "reject", "cancel", "plan", "approve"])
def test_the_address_of_an_action_leads_to_the_request(stage: Stage, action: str) -> None:
    with stage.browser("sari") as sari:
        answer = sari.get(f"/requests/VPS-2026-0001/{action}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/requests/VPS-2026-0001")


def test_a_failed_upload_leaves_the_draft_as_it_was(stage: Stage) -> None:
    number = stage.draft()
    with stage.browser("sari") as sari:
        path = f"/requests/{number}"
        for data, status in ((b"PK\x03\x04", 422), (bytes(13 * 1024 * 1024), 413)):
            file = ("surat.pdf", data, "application/pdf")
            assert sari.post(f"{path}/letter", files={"file": file}).status_code == status
        assert "Layanan informasi kesehatan" in sari.get(path).text


def test_hostile_text_is_only_text(stage: Stage) -> None:
    number = stage.draft(purpose="<img src=x onerror=alert(1)> & \"kutip\" 'lagi'")
    with stage.browser("sari") as sari:
        text = sari.get(f"/requests/{number}").text
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text


def test_a_page_of_another_site_changes_nothing(stage: Stage) -> None:
    number = stage.submitted()
    with stage.browser("rina") as rina:
        body = {"reason": "Dari situs lain"}
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ):
            for path in (f"/requests/{number}/reject", f"/api/v1/requests/{number}/reject"):
                kind = {"json": body} if path.startswith("/api") else {"data": body}
                assert rina.post(path, headers=headers, **kind).status_code == 403
        assert stage["rina"].get(f"/api/v1/requests/{number}").json()["state"] == "submitted"
        own = {"Sec-Fetch-Site": "same-origin", "Origin": stage.url}
        assert rina.post(f"/requests/{number}/reject", headers=own, data=body).status_code == 303


def test_the_session_cookie_is_guarded_and_ends(stage: Stage) -> None:
    with stage.client() as client:
        form = {"username": "sari", "password": "kata-sandi-uji", "next": "//evil.example"}
        answer = client.post("/sign-in", data=form)
        assert answer.headers["location"] == "/"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert client.get("/").status_code == 200
        secret = client.cookies["session"]
        client.post("/sign-out")
        assert client.get("/", headers={"Cookie": f"session={secret}"}).status_code == 303


def test_a_wrong_password_says_so(stage: Stage) -> None:
    with stage.client() as client:
        answer = client.post("/sign-in", data={"username": "nobody", "password": "salah-sekali"})
        assert answer.status_code == 401
        assert 'role="alert"' in answer.text
        assert "salah-sekali" not in answer.text


def test_pages_lead_to_sign_in_and_back(stage: Stage) -> None:
    with stage.client() as client:
        answer = client.get("/requests/new?x=1")
        assert answer.headers["location"] == "/sign-in?next=/requests/new%3Fx%3D1"


@pytest.mark.parametrize(
    ("who", "path", "status", "title"),
    [
        ("sari", "/requests/VPS-2026-9999", 404, "Tidak ditemukan"),
        ("sari", "/nowhere", 404, "Tidak ditemukan"),
        ("arif", "/requests/new", 403, "Tidak diperbolehkan"),
        ("sari", "/sign-out", 405, "Ini tidak dapat dilakukan di sini"),
    ],
)
def test_trouble_is_told_in_plain_words(
    stage: Stage, who: str, path: str, status: int, title: str
) -> None:
    with stage.browser(who) as client:
        answer = client.get(path)
        assert answer.status_code == status
        assert _h1(answer) == title


def test_the_language_switch_is_remembered(stage: Stage) -> None:
    with stage.browser("sari") as sari:
        assert _h1(sari.get("/requests/new?service=cloud_vps")) == "Permohonan baru: Cloud VPS"
        assert sari.post("/language", data={"language": "en", "back": "/"}).status_code == 303
        english = sari.get("/requests/new?service=cloud_vps")
        assert _h1(english) == "New request: Cloud VPS"
        assert '<html lang="en">' in english.text


def test_an_applicant_reads_fewer_states(stage: Stage) -> None:
    number, _ = stage.planned()
    with stage.browser("sari") as sari, stage.browser("rina") as rina:
        assert "<title>Diajukan" in sari.get(f"/requests/{number}").text
        assert "<title>Siap disetujui" in rina.get(f"/requests/{number}").text
        assert sari.get(f"/requests/{number}/review").status_code == 403


def test_a_changed_plan_shows_only_the_difference(stage: Stage) -> None:
    number, first = stage.planned()
    node = next(n["node"] for n in first["picture"]["nodes"] if n["chosen"])
    stage.lab.fault("node-full", node=node)
    stage["rina"].post(f"/api/v1/requests/{number}/plan")
    stage.lab.clear("node-full")
    with stage.browser("dewi") as dewi:
        answer = dewi.post(f"/requests/{number}/approve", data={"digest": first["digest"]})
        assert answer.status_code == 409
        assert "Rencana berubah sejak Anda melihatnya" in answer.text
        notice = answer.text.split('id="changed"')[1].split("</section>")[0]
        assert node in notice
        assert first["digest"] not in answer.text, "the new plan is what can be approved now"


def test_a_failed_step_tells_its_story_before_the_log(stage: Stage) -> None:
    number, plan = stage.planned()
    stage.lab.fault("task-fails", type="qmstart", text="start failed: simulated", times="20")
    try:
        approval = stage["dewi"].post(
            f"/api/v1/requests/{number}/approve", json={"digest": plan["digest"]}
        )
        run = approval.json()["run"]
        stage.run_until(run, "failed", "waiting_person")
    finally:
        stage.lab.clear("task-fails")
    with stage.browser("dewi") as dewi:
        head = dewi.get(f"/runs/{run}").text.split('role="status" class="now"')[1]
        assert head.index("start failed: simulated") < head.index("Menunggu Anda (teknisi)")
        assert "Hentikan dan kembalikan</button>" in head
        assert "pekerjaan tetap berjalan" not in head
    with stage.browser("rina") as rina:
        text = rina.get(f"/runs/{run}").text
        story = text.index("Yang harus dilakukan")
        assert text.index("Artinya") < story
        assert "<pre" not in text[:story]
        assert "Perlu tindakan" in rina.get(f"/requests/{number}").text
        assert number in rina.get("/").text.split('id="attention"')[1].split("</section>")[0]


def test_the_source_of_what_runs_here_is_offered(stage: Stage) -> None:
    with stage.client() as client:
        assert "/source" in client.get("/sign-in").text
        data = client.get("/source/provisioner.tar.gz").content
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = archive.getnames()
    assert "api/app.py" in names
    assert "provisioner/bootstrap/__init__.py" in names
    assert not [name for name in names if name.endswith(".pyc")]


def test_vendored_files_are_what_they_say() -> None:
    folder = PACKAGE / "static" / "vendor"
    said = dict(
        re.findall(
            r"^\| `([^`]+)` .*`([0-9a-f]{64})` \|$", (folder / "VENDOR.md").read_text(), re.M
        )
    )
    assert set(said) == {path.name for path in folder.iterdir()} - {"VENDOR.md"}
    for name, digest in said.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_templates_load_nothing_from_elsewhere_and_run_nothing_inline() -> None:
    for path in (PACKAGE / "templates").glob("*.html"):
        text = path.read_text()
        assert not re.search(r"(src|href|action)=\"https?://", text), path
        assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=", text), path
