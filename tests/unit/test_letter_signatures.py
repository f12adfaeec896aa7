"""What a signed letter proves, told by signatures of our own making."""

from __future__ import annotations

from functools import cache
from io import BytesIO

import pikepdf
import pytest
from pyhanko.pdf_utils.generic import pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from provisioner.errors import Invalid
from provisioner.reports.letters.signing import Verdict, sentences, verify
from provisioner.requests.letters import examine
from provisioner.texts import render
from tests.unit.letters_world import CODE, printed
from tests.unit.signing_world import authority, holder, sign


@cache
def _signed() -> bytes:
    return sign(printed(), holder("Kepala Dinas", authority()))


def _judge(data: bytes, *, trusting: bool = True) -> Verdict:
    return verify(printed(), data, [authority().pem] if trusting else [], CODE)


def _told(verdict: Verdict) -> str:
    return " ".join(render(text, "en") for _, text in sentences(verdict))


def test_a_good_signature_of_a_trusted_authority() -> None:
    verdict = _judge(_signed())
    assert verdict.contains == "identical"
    [one] = verdict.signatures
    assert (one.signer, one.trusted, one.intact, one.in_time) == ("Kepala Dinas", True, True, True)
    assert "this office trusts" in _told(verdict)
    assert examine(_signed(), "surat.pdf").pages == 1


def test_without_authorities_the_chain_is_said_to_be_uncertain() -> None:
    assert "cannot be made certain" in _told(_judge(_signed(), trusting=False))


def test_a_certificate_that_vouches_for_itself() -> None:
    verdict = _judge(sign(printed(), holder("Siapa Saja")))
    assert not verdict.signatures[0].trusted
    assert "vouches for itself" in _told(verdict)


def test_an_expired_certificate() -> None:
    late = sign(printed(), holder("Dulu", authority(), days=(-90, -5)))
    verdict = _judge(late)
    assert not verdict.signatures[0].trusted
    assert "not valid at the time" in _told(verdict)


def test_two_signatures_one_after_the_other() -> None:
    both = sign(_signed(), holder("Sekretaris", authority()), "Signature2")
    assert [one.signer for one in _judge(both).signatures] == ["Kepala Dinas", "Sekretaris"]


def _flipped() -> bytes:
    data = bytearray(_signed())
    data[data.find(b"stream") + 40] ^= 1
    return bytes(data)


def _appended() -> bytes:
    writer, out = IncrementalPdfFileWriter(BytesIO(_signed())), BytesIO()
    writer.root["/Extra"] = pdf_string("x")
    writer.update_root()
    writer.write(out)
    return out.getvalue()


def _saved_anew() -> bytes:
    out = BytesIO()
    with pikepdf.open(BytesIO(_signed())) as pdf:
        pdf.Root["/Extra"] = pikepdf.String("x")
        pdf.save(out)
    return out.getvalue()


@pytest.mark.parametrize("make", [_flipped, _appended, _saved_anew])
def test_what_was_altered_after_signing_is_refused(make: object) -> None:
    with pytest.raises(Invalid) as refused:
        _judge(make())  # type: ignore[operator]
    assert "altered after it was signed" in str(refused.value.errors[0].message)


def test_what_is_not_our_letter_is_refused() -> None:
    for data, why in (
        (sign(printed(subject="Hal lain"), holder("Kepala", authority())), "text differs"),
        (sign(printed(code="f" * 32, subject="Hal lain"), holder("K", authority())), "another"),
        (printed(), "no electronic signature"),
        (_signed()[:5000], "damaged"),
    ):
        with pytest.raises(Invalid) as refused:
            _judge(data)
        assert why in str(refused.value.errors[0].message)


def test_what_would_be_dangerous_to_open_is_refused_before() -> None:
    for change in ({"encryption": pikepdf.Encryption(owner="a", user="b")}, {}):
        out = BytesIO()
        with pikepdf.open(BytesIO(printed())) as pdf:
            if not change:
                pdf.Root["/OpenAction"] = pikepdf.Dictionary(
                    S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)")
                )
            pdf.save(out, **change)
        with pytest.raises(Invalid):
            examine(out.getvalue(), "surat.pdf")
