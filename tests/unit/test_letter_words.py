"""What letters say, how they are printed, and which state may follow which."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pikepdf
import pytest
from pypdf import PdfReader

from provisioner.people.model import Role
from provisioner.people.rules import Actor
from provisioner.printing.archival import pdfa_faults
from provisioner.printing.sheets import sheet_pdf
from provisioner.reports.letters.rules import NEXT, Kind, LetterState, actions, kinds
from tests.unit.letters_world import MATTER, page, printed, written


def _text(pdf: bytes) -> str:
    return " ".join(" ".join(p.extract_text() for p in PdfReader(BytesIO(pdf)).pages).split())


@pytest.mark.parametrize("kind", Kind)
def test_every_letter_is_one_page_of_pdf_a_that_says_the_same(kind: Kind) -> None:
    pdf = printed(kind)
    assert pdfa_faults(pdf) == []
    assert len(PdfReader(BytesIO(pdf)).pages) == 1
    assert pdf == sheet_pdf(page(written(replace(MATTER, kind=kind))))
    text = _text(pdf)
    letter = written(replace(MATTER, kind=kind))
    for said in (letter.opening, letter.closing, letter.number, letter.signatory.name,
                 *(value for _, value in letter.rows), letter.code):  # fmt: skip
        assert " ".join(str(said).split()) in text


def test_what_is_missing_is_marked_and_nothing_is_invented() -> None:
    html = page(written(number=None, day=None), draft=True)
    assert html.count('class="missing"') == 2
    assert "[nomor dari SRIKANDI]" in html
    assert "KONSEP" in html
    issued = page(written())
    assert 'class="missing"' not in issued
    assert 'class="konsep"' not in issued


def test_a_letter_never_has_a_secret() -> None:
    for kind in Kind:
        assert "rahasia-sekali" not in page(written(replace(MATTER, kind=kind)))


def test_it_goes_to_whoever_signed_the_request_else_to_the_head() -> None:
    assert written().recipient == "Kepala Dinas Kesehatan"
    assert written(replace(MATTER, asked_by={}, department="Kecamatan Bobotsari")).recipient == (
        "Kepala Kecamatan Bobotsari"
    )
    edited = written(edits={"recipient": "Camat Bobotsari", "copies": ["Inspektur"]})
    assert (edited.recipient, edited.copies) == ("Camat Bobotsari", ["Inspektur"])


def test_what_is_entered_stands_as_text() -> None:
    html = page(written(replace(MATTER, kind=Kind.REJECTION, reason="<script>x</script>")))
    assert "<script" not in html


def test_each_promise_of_pdf_a_is_looked_at() -> None:
    def broken(change: str) -> list[str]:
        out = BytesIO()
        with pikepdf.open(BytesIO(printed())) as pdf:
            if change == "figure":
                for node in pdf.objects:
                    if isinstance(node, pikepdf.Dictionary) and "/Alt" in node:
                        del node["/Alt"]
            elif change == "fonts":
                for node in pdf.objects:
                    if isinstance(node, pikepdf.Dictionary) and "/FontFile2" in node:
                        del node["/FontFile2"]
            elif change == "script":
                pdf.Root["/OpenAction"] = pikepdf.Dictionary(
                    S=pikepdf.Name.JavaScript, JS=pikepdf.String("x")
                )
            else:
                del pdf.Root[change]
            pdf.save(out)
        return pdfa_faults(out.getvalue())

    for change, said in (
        ("/OutputIntents", "output intent"), ("/Metadata", "XMP"), ("/MarkInfo", "tagged"),
        ("/Lang", "language"), ("figure", "alternative"), ("fonts", "embed"), ("script", "itself"),
    ):  # fmt: skip
        assert any(said in fault for fault in broken(change)), change
    assert pdfa_faults(b"%PDF-1.7 no") == ["cannot be opened"]


def test_states_lead_to_an_end_and_only_the_right_people_move_them() -> None:
    for state, following in NEXT.items():
        assert (LetterState.VOID in following) == bool(following), state

    def may(role: Role, state: LetterState) -> list[str]:
        return actions(Actor(1, "a", "A", frozenset({role}), None, "id"), state)

    assert may(Role.TECHNICIAN, LetterState.DRAFT) == ["edit", "ready", "issue", "void"]
    assert may(Role.HEAD, LetterState.DRAFT) == ["void"]
    assert may(Role.HEAD, LetterState.AWAITING_SIGNATURE) == ["signed", "replace", "void"]
    for state in LetterState:
        assert may(Role.APPLICANT, state) == may(Role.AUDITOR, state) == []
    assert actions(Actor(1, "a", "A", frozenset({Role.HEAD}), None, "id", frozenset({"read"})),
                   LetterState.SIGNED) == []  # fmt: skip


def test_which_letters_a_request_has() -> None:
    assert kinds("cloud_vps", "done", action=False, made=True) == ["confirmation", "handover"]
    assert kinds("cloud_vps", "done", action=True, made=True) == ["confirmation"]
    assert kinds("troubleshooting", "done", action=False, made=False) == ["answer"]
    assert kinds("internet", "rejected", action=False, made=False) == ["rejection"]
    assert kinds("internet", "in_progress", action=False, made=False) == []
