"""An office and a request that letters are written about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from provisioner.catalogue import Catalogue, Inventory, Network
from provisioner.catalogue.office import Office
from provisioner.printing.sheets import sheet_pdf
from provisioner.reports.letters.content import LetterContent, Matter, compose
from provisioner.reports.letters.paper import letter_html
from provisioner.reports.letters.rows import Made, Proof
from provisioner.reports.letters.rules import Kind

CODE = "0123456789abcdef0123456789abcdef"
WHEN = datetime(2026, 11, 23, 3, tzinfo=UTC)
MACHINE = Made(
    kind="vm", name="portal-kesehatan", cluster="dc1", node="pve2", vmid=2003,
    addresses=["10.10.10.103"], size="medium", image="debian-13",
    expires_at=datetime(2027, 12, 31, 17, tzinfo=UTC),
    facts={"user": "admin", "ssh_port": 22, "host_key": None},
)  # fmt: skip
MATTER = Matter(
    kind=Kind.CONFIRMATION,
    number="VPS-2026-0001",
    service="cloud_vps",
    department="Dinas Kesehatan",
    applicant={"name": "Sari Wulandari", "position": "Kepala Subbagian Umum"},
    details={"purpose": "Portal layanan", "network": "server-opd",
             "passphrase": "rahasia-sekali"},
    received_at=WHEN,
    closed_at=WHEN,
    asked_by={"number": "005/1/2026", "date": "2026-11-20",
              "signatory": {"name": "dr. Ani", "position": "Kepala Dinas Kesehatan"}},
    made=MACHINE,
    proofs=[Proof("Server menerima kunci SSH pemohon", WHEN)],
)  # fmt: skip


@cache
def inventory() -> Inventory:
    """The office of the example files."""
    folder = Path("inventory")
    return Inventory(
        catalogue=Catalogue.model_validate(yaml.safe_load((folder / "catalogue.yml").read_text())),
        network=Network.model_validate(yaml.safe_load((folder / "network.yml").read_text())),
        office=Office.model_validate(yaml.safe_load((folder / "office.yml").read_text())),
    )


def written(matter: Matter = MATTER, **given: Any) -> LetterContent:
    """The letter about that matter, with number and date unless others are given."""
    said = {"edits": {}, "number": "000.1.2/1/2026", "day": "2026-11-23", **given}
    return compose(matter, inventory(), said.pop("code", CODE), **said)


@cache
def printed(kind: Kind = Kind.CONFIRMATION, code: str = CODE, subject: str | None = None) -> bytes:
    """The letter as PDF."""
    edits = {"subject": subject} if subject else {}
    return sheet_pdf(page(written(replace(MATTER, kind=kind), code=code, edits=edits)))


def page(letter: LetterContent, *, draft: bool = False) -> str:
    """The letter as HTML."""
    return letter_html(letter, inventory().office, "https://layanan.example", draft=draft)
