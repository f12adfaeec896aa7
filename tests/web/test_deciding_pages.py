"""Deciding by plain forms: the law that is told, words that are kept, the name that is typed."""

from __future__ import annotations

import html
import re

from tests.web.stage import Stage


def test_a_rejection_tells_the_law_that_was_chosen(stage: Stage) -> None:
    number, other = stage.submitted(), stage.submitted()
    with stage.browser("rina") as rina:
        form = rina.get(f"/requests/{number}").text
        offered = form.partition('name="basis"')[2].partition("</select>")[0]
        law = html.unescape(re.findall(r"<option>([^<]+)</option>", offered)[0])
        told = {"reason": "Sudah tersedia di server bersama", "basis": law}
        assert rina.post(f"/requests/{number}/reject", data=told).status_code == 303
        invented = {"reason": "Sudah tersedia juga", "basis": "Peraturan karangan"}
        assert rina.post(f"/requests/{other}/reject", data=invented).status_code == 303
    reason = stage["sari"].get(f"/api/v1/requests/{number}").json()["reason"]
    assert reason == f"Sudah tersedia di server bersama ({law})"
    assert stage["sari"].get(f"/api/v1/requests/{other}").json()["reason"] == "Sudah tersedia juga"


def test_what_was_typed_on_the_review_page_is_kept(stage: Stage) -> None:
    number, plan = stage.planned()
    with stage.browser("dewi") as dewi:
        typed = {"digest": "sha256:" + "0" * 64, "comment": "Sudah saya baca seluruhnya"}
        stale = dewi.post(f"/requests/{number}/approve", data=typed)
        assert stale.status_code == 409
        assert "Sudah saya baca seluruhnya</textarea>" in stale.text
        back = {"reason": "Nomor surat belum ada"}
        assert stage["rina"].post(f"/api/v1/requests/{number}/return", json=back).is_success
        late = dewi.post(f"/requests/{number}/approve", data={**typed, "digest": plan["digest"]})
        assert late.status_code == 409
        assert "Rina Lestari" in late.text
        assert "Sudah saya baca seluruhnya</textarea>" in late.text
    assert stage["rina"].get(f"/api/v1/requests/{number}").json()["state"] == "needs_info"


def test_a_grave_plan_is_approved_with_its_name_typed(stage: Stage) -> None:
    number, _ = stage.approved(hostname="arsip-lama")
    id = stage.request_until(number, "done")["instance"]
    with stage.browser("sari") as sari, stage.browser("dewi") as dewi:
        asked = sari.post(
            f"/instances/{id}/actions/suspend", data={"details/confirm": "arsip-lama"}
        )
        grave = asked.headers["location"].rpartition("/")[2]
        plan = stage["rina"].post(f"/api/v1/requests/{grave}/plan").json()
        assert 'name="confirm"' in dewi.get(f"/requests/{grave}/review").text
        form = {"digest": plan["digest"], "comment": "Sesuai surat", "confirm": "arsip"}
        wrong = dewi.post(f"/requests/{grave}/approve", data=form)
        assert wrong.status_code == 422
        assert "arsip-lama" in wrong.text
        assert "Sesuai surat</textarea>" in wrong.text
        assert 'aria-invalid="true"' in wrong.text
        assert stage["rina"].get(f"/api/v1/requests/{grave}").json()["state"] == "planned"
        right = dewi.post(f"/requests/{grave}/approve", data={**form, "confirm": "arsip-lama"})
        assert right.headers["location"].startswith("/runs/"), right.text
    stage.request_until(grave, "done")
