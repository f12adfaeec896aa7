"""The console for virtual servers that stand: actions, differences, room, and the hand-over."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.web.bodies import PUBLIC_KEY
from tests.web.cluster import administrator
from tests.web.stage import Stage


@pytest.fixture(scope="module")
def vm(stage: Stage) -> str:
    """A virtual server that stands, with a snapshot."""
    number, _ = stage.approved(hostname="portal-desa", until="2027-06-30")
    id = str(stage.request_until(number, "done")["instance"])
    asked = stage["sari"].post(
        f"/api/v1/instances/{id}/actions/snapshot", json={"name": "sebelum-ubah"}
    )
    stage.carried_out(asked.json()["number"])
    return id


def _made(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[2]


def test_the_page_says_what_it_is_and_what_may_be_asked(stage: Stage, vm: str) -> None:
    with (
        stage.browser("sari") as sari,
        stage.browser("dewi") as dewi,
        stage.browser("arif") as arif,
    ):
        page = sari.get(f"/instances/{vm}").text
        for told in ("portal-desa", "memori 1 GB", "Rabu, 30 Juni 2027", "hari lagi", "admin-web@"):
            assert told in page
        assert "sebelum-ubah" in page
        for title in ("Sehari-hari", "Perubahan", "Langkah berat"):
            assert title in page
        assert "actions/resize" in page
        assert "actions/move" not in page
        assert "actions/move" in dewi.get(f"/instances/{vm}").text
        assert "actions/" not in arif.get(f"/instances/{vm}").text
        assert sari.get(f"/instances/{vm}/actions/move").headers["location"].endswith(vm)
        listed = sari.get("/instances").text
        assert "Rabu, 30 Juni 2027" in listed


def test_a_grave_step_wants_the_name_and_loses_nothing_typed(stage: Stage, vm: str) -> None:
    path = f"/instances/{vm}/actions"
    with stage.browser("sari") as sari:
        for action in ("rebuild", "restore", "suspend", "end"):
            form = sari.get(f"{path}/{action}")
            assert "Ketik namanya untuk menegaskan: portal-desa" in form.text, action
            assert 'class="notice bad lost"' in form.text
            wrong = {"details/confirm": "portal", "details/reason": "Tidak dipakai lagi"}
            refused = sari.post(f"{path}/{action}", data=wrong)
            assert refused.status_code == 422
            assert "bukan nama ini" in refused.text
            assert 'value="Tidak dipakai lagi"' in refused.text
            assert "Kesalahan: " in refused.text
        made = _made(sari.post(f"{path}/suspend", data={"details/confirm": "portal-desa"}))
        shown = sari.get(f"/requests/{made}").text
        assert "Tangguhkan" in shown
    details = stage["sari"].get(f"/api/v1/requests/{made}").json()["details"]
    assert details == {"action": "suspend", "instance": vm}
    stage["sari"].post(f"/api/v1/requests/{made}/cancel", json={"reason": "hanya dicoba"})


def test_choices_are_what_there_is(stage: Stage, vm: str) -> None:
    path = f"/instances/{vm}/actions"
    with stage.browser("sari") as sari:
        resize = sari.get(f"{path}/resize").text
        assert '<option value="small" selected>' in resize
        assert "paling besar 100 GB" in resize
        assert '<option value="sebelum-ubah">' in sari.get(f"{path}/rollback").text
        assert "paling lama 30 hari" in sari.get(f"{path}/snapshot").text
        empty = sari.post(f"{path}/rollback")
        assert empty.status_code == 422
        assert 'id="f-details-snapshot-error"' in empty.text
        keys = f"{PUBLIC_KEY}\nssh-rsa bukan"
        refused = sari.post(f"{path}/add_key", data={"details/ssh_keys": keys})
        assert refused.status_code == 422
        assert PUBLIC_KEY in refused.text
        private = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END"
        hidden = sari.post(f"{path}/add_key", data={"details/ssh_keys": private})
        assert hidden.status_code == 422
        assert "b3BlbnNzaC1rZXk" not in hidden.text


def test_another_size_is_asked_returned_changed_and_reviewed(stage: Stage, vm: str) -> None:
    with stage.browser("sari") as sari, stage.browser("rina") as rina:
        asked = {"details/size": "medium", "details/reason": "Pengunjung bertambah"}
        made = _made(sari.post(f"/instances/{vm}/actions/resize", data=asked))
        request = sari.get(f"/requests/{made}").text
        called = stage["sari"].get(f"/api/v1/instances/{vm}").json()["name"]
        assert f"<h1>Ubah ukuran: {called}</h1>" in request
        assert f">{vm}<" not in request, "people know its name, not its id"
        assert f"Ubah ukuran: {called}" in sari.get(f"/?q={made}").text
        assert "medium: 2 inti CPU, memori 4 GB, disk 40 GB" in request
        assert "Pengunjung bertambah" in request
        rina.post(f"/requests/{made}/return", data={"reason": "Cukup disk kedua saja?"})
        form = sari.get(f"/requests/{made}/edit").text
        assert '<option value="medium" selected>' in form
        saved = sari.post(
            f"/requests/{made}/edit",
            data={"details/size": "medium", "details/extra_disk_gb": "20", **_applicant(form)},
        )
        assert saved.status_code == 303, saved.text
        assert sari.post(f"/requests/{made}/submit").status_code == 303
        assert rina.post(f"/requests/{made}/plan").status_code == 303
        review = rina.get(f"/requests/{made}/review").text
        assert "Server tetap di pve" in review
        assert 'class="capacity"' in review
        assert "20 GB" in review
        rina.post(f"/requests/{made}/reject", data={"reason": "hanya dicoba"})


def _applicant(form: str) -> dict[str, str]:
    found = re.findall(r'name="(applicant/[^"]+)" type="[^"]+" value="([^"]*)"', form)
    return dict(found)


def test_a_difference_is_shown_settled_and_looked_for(stage: Stage, vm: str) -> None:
    one = stage["rina"].get(f"/api/v1/instances/{vm}").json()
    with administrator(stage) as pve, stage.browser("rina") as rina, stage.browser("sari") as sari:
        pve.set(one, {"name": "ganti-nama"})
        assert rina.post(f"/instances/{vm}/look").status_code == 303
        page = rina.get(f"/instances/{vm}").text
        assert "Tidak sesuai catatan" in page
        assert "ganti-nama" in page
        for way in ("Ikuti klaster", "Kembalikan ke catatan", "Biarkan"):
            assert way in page
        settle = f"/instances/{vm}/actions/settle"
        assert 'name="details/what" value="name"' in rina.get(settle).text
        refused = rina.post(settle, data={"details/what": "name"})
        assert refused.status_code == 422
        assert 'value="name" checked' in refused.text
        findings = rina.get("/findings").text
        assert "ganti-nama" in findings
        assert f"/instances/{vm}#drift" in findings
        assert sari.get("/findings").status_code == 403
        assert sari.post("/findings/look").status_code == 403
        accepted = {"details/what": "name", "details/how": "accept"}
        stage.carried_out(_made(rina.post(settle, data=accepted)))
        assert rina.post("/findings/look").headers["location"] == "/findings"
        assert f"/instances/{vm}#drift" not in rina.get("/findings").text


def test_the_office_reads_room_and_departments(stage: Stage, vm: str) -> None:
    with stage.browser("arif") as arif, stage.browser("sari") as sari:
        capacity = arif.get("/capacity").text
        for told in ("Kapasitas", "Memori", "Inti CPU", "pve1", "medium: 2 inti CPU"):
            assert told in capacity
        assert "Dinas Kesehatan" in arif.get("/overview").text
        assert sari.get("/capacity").status_code == 403
        assert 'href="/capacity"' not in sari.get("/").text
        assert 'href="/capacity"' in arif.get("/").text


def test_the_hand_over_names_server_and_user(stage: Stage, vm: str) -> None:
    number = stage["sari"].get(f"/api/v1/instances/{vm}").json()["request"]
    link = stage["sari"].get(f"/api/v1/requests/{number}/report").json()["handover"]["url"]
    path = link.removeprefix(stage.url)
    with stage.client() as anyone:
        assert "portal-desa" not in anyone.get(path).text
        shown = anyone.post(path).text
    assert "portal-desa" in shown
    assert "admin-web" in shown
