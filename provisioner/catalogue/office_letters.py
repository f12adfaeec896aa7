"""``letters:`` of office.yml: paper, labels and standing phrases of the letters that go out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from provisioner.catalogue.fields import DataModel

LetterKind = Literal["confirmation", "rejection", "handover", "answer"]


def _openings() -> dict[LetterKind, str]:
    return {
        "confirmation": "dengan hormat kami sampaikan bahwa permohonan tersebut telah selesai "
        "diproses dengan hasil sebagai berikut:",
        "rejection": "dengan hormat kami sampaikan bahwa permohonan tersebut belum dapat kami "
        "penuhi, dengan penjelasan sebagai berikut:",
        "answer": "dengan hormat kami sampaikan hasil pemeriksaan kami sebagai berikut:",
        "handover": "PIHAK PERTAMA menyerahkan kepada PIHAK KEDUA, dan PIHAK KEDUA menerima dari "
        "PIHAK PERTAMA, hasil layanan sebagai berikut:",
    }


def _closings() -> dict[LetterKind, str]:
    return {
        "confirmation": "Demikian disampaikan, atas perhatian dan kerja samanya diucapkan terima "
        "kasih.",
        "rejection": "Permohonan dapat diajukan kembali setelah alasan tersebut dipenuhi, melalui "
        "laman layanan atau dengan surat baru. Demikian disampaikan, atas perhatian dan "
        "pengertiannya diucapkan terima kasih.",
        "answer": "Apabila gangguan masih dirasakan, mohon kami diberi tahu dengan menyebutkan "
        "nomor registrasi tersebut. Demikian disampaikan, atas perhatiannya diucapkan terima "
        "kasih.",
        "handover": "Demikian berita acara ini dibuat dengan sebenarnya untuk dipergunakan "
        "sebagaimana mestinya.",
    }


def _subjects() -> dict[LetterKind, str]:
    return {
        "confirmation": "Konfirmasi penyelesaian permohonan",
        "rejection": "Jawaban atas permohonan",
        "answer": "Jawaban atas laporan gangguan",
        "handover": "Berita Acara Serah Terima",
    }


class OfficeLetters(DataModel):
    """How letters look and what they always say.

    The defaults follow the order of Permendagri 1/2023 (Tata Naskah Dinas di Lingkungan Pemerintah
    Daerah); paper, type and labels are the regency's own to confirm.
    """

    paper: Literal["F4", "A4"] = Field("F4", description="F4 is 215 by 330 mm")
    margins_mm: tuple[float, float, float, float] = Field(
        (15, 20, 25, 25),
        description="top, right, bottom, left, in millimetres; the QR code stands in the lower one",
    )
    font: str = Field(
        "Arial", pattern=r"^[A-Za-z0-9 -]{1,40}$",
        description="type of the letters; has to be installed on the server",
    )  # fmt: skip
    font_size_pt: float = Field(11, ge=9, le=13, description="size of the type, in points")
    subject_label: Literal["Hal", "Perihal"] = Field("Hal", description="Hal or Perihal")
    nature: str = Field("Biasa", min_length=1, description="sifat: Biasa, Terbatas, Rahasia …")
    attachments: str = Field("-", min_length=1, description="what stands beside Lampiran")
    recipient_place: str = Field("di Tempat", description="line beneath the recipient")
    salutation_head: str = Field(
        "Kepala %(department)s", min_length=3,
        description="the recipient where no letter named one; %(department)s is its name",
    )  # fmt: skip
    copies_label: str = Field("Tembusan:", min_length=1, description="above those who get copies")
    subjects: Mapping[LetterKind, str] = Field(
        default_factory=_subjects, description="subject by kind of letter"
    )
    openings: Mapping[LetterKind, str] = Field(
        default_factory=_openings, description="how the body begins, by kind of letter"
    )
    closings: Mapping[LetterKind, str] = Field(
        default_factory=_closings, description="how the body ends, by kind of letter"
    )
    trusted_roots: tuple[str, ...] = Field(
        (), description="files (PEM) of the certification authorities that signatures are traced "
        "to, such as BSrE's; without any, who signed cannot be made certain",
    )  # fmt: skip

    def phrase(self, of: Literal["subjects", "openings", "closings"], kind: LetterKind) -> str:
        """The office's own phrase, else the default."""
        own: Mapping[LetterKind, str] = getattr(self, of)
        standing = {"subjects": _subjects, "openings": _openings, "closings": _closings}[of]()
        return own.get(kind) or standing[kind]
