"""Verifies the signatures of one PDF that nobody has trusted yet; run as a process of its own.

Reads from standard input one line of JSON (``issued`` and ``signed``: lengths in bytes, ``roots``:
certificates in PEM, ``code``) and then the two files; writes one line of JSON. It limits itself
before it loads a parser, reaches no network, and imports nothing of the product.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

CPU_SECONDS = 30
MEMORY_BYTES = 1024 * 1024 * 1024
MAX_SIGNATURES = 20
MAX_PAGES = 50


def limit_resources() -> None:
    """From here on this process can neither run long nor take or write much."""
    for what, limit in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (limit, limit))


def verify(issued: bytes, signed: bytes, roots: Sequence[str], code: str) -> dict[str, Any]:
    """The verdict: ``signatures`` (oldest first), ``contains`` and whether all is ``whole``."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    reader = PdfFileReader(BytesIO(signed), strict=False)
    found = list(reader.embedded_regular_signatures)
    if len(found) > MAX_SIGNATURES:
        return {"fault": "too_complicated"}
    signatures = [_signature(one, roots) for one in found]
    return {
        "signatures": signatures,
        "contains": contains(issued, signed, code),
        "whole": bool(signatures) and _covered(found[-1], signatures[-1]),
    }


def _covered(last: Any, said: dict[str, Any]) -> bool:
    """Nothing stands in the file that came after the last signature but what proves it longer."""
    from pyhanko.sign.validation import SignatureCoverageLevel

    level: int = last.coverage
    return level >= SignatureCoverageLevel.ENTIRE_FILE or said["later"] in ("NONE", "LTA_UPDATES")


def _signature(embedded: Any, roots: Sequence[str]) -> dict[str, Any]:
    from pyhanko.keys import load_certs_from_pemder_data
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    trusted = [cert for pem in roots for cert in load_certs_from_pemder_data(pem.encode())]
    context = ValidationContext(
        trust_roots=trusted, allow_fetching=False, revocation_mode="soft-fail"
    )
    status = validate_pdf_signature(embedded, signer_validation_context=context)
    certificate = status.signing_cert
    validity = certificate["tbs_certificate"]["validity"]
    first, last = validity["not_before"].native, validity["not_after"].native
    at = status.signer_reported_dt
    stamped = status.timestamp_validity
    moment = stamped.timestamp if stamped is not None and stamped.valid else at
    checked = moment or datetime.now(UTC)
    modified = status.modification_level
    return {
        "signer": _name(certificate.subject.native),
        "issuer": _name(certificate.issuer.native),
        "own": certificate.self_issued,
        "at": moment.isoformat() if moment else None,
        "stamped": stamped is not None and stamped.valid,
        "intact": bool(status.intact and status.valid),
        "later": modified.name if modified is not None else "NONE",
        "trusted": bool(status.trusted),
        "revoked": bool(status.revoked),
        "in_time": first <= checked <= last,
    }


def _name(subject: dict[str, Any]) -> str:
    said = subject.get("common_name") or subject.get("organization_name") or "?"
    return str(said if isinstance(said, str) else said[0])[:120]


def contains(issued: bytes, signed: bytes, code: str) -> str:
    """How much of the letter that was issued is in the signed file.

    ``identical``: its very bytes with the signature behind them, and they are what is shown;
    ``text``: all its words in their order; ``code``: only its verification code; ``other``: none.
    """
    words = text_words(signed)
    if in_order(text_words(issued), words):
        return "identical" if signed.startswith(issued.rstrip()) else "text"
    return "code" if code in "".join(words) else "other"


def text_words(data: bytes) -> list[str]:
    """The words of all pages, in reading order."""
    from pypdf import PdfReader

    pages = PdfReader(BytesIO(data)).pages
    return [w for page in pages[:MAX_PAGES] for w in re.findall(r"\S+", page.extract_text())]


def in_order(wanted: Sequence[str], words: Sequence[str]) -> bool:
    """Whether all of ``wanted`` stand in ``words`` in the same order, with others in between."""
    rest = iter(words)
    return all(word in rest for word in wanted)


def main() -> None:
    """Answer for what stands on standard input."""
    limit_resources()
    from pyhanko.pdf_utils.misc import PdfError
    from pypdf.errors import PyPdfError

    head = json.loads(sys.stdin.buffer.readline())
    issued = sys.stdin.buffer.read(head["issued"])
    signed = sys.stdin.buffer.read(head["signed"])
    try:
        answer = verify(issued, signed, head["roots"], head["code"])
    except (PdfError, PyPdfError, ValueError, LookupError, TypeError, AttributeError) as error:
        sys.stderr.write(type(error).__name__)
        answer = {"fault": "broken"}
    except (MemoryError, RecursionError):
        answer = {"fault": "too_complicated"}
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
