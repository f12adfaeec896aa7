"""What a signed letter proves: asked of a limited process, told in plain words."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from threading import BoundedSemaphore
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from provisioner.errors import FieldError, Invalid
from provisioner.texts import Message, say

SECONDS = 45
_AT_ONCE = BoundedSemaphore(2)
_WORKER = Path(__file__).with_name("signing_worker.py")
_log = logging.getLogger(__name__)

Contains = Literal["identical", "text", "code", "other", "unknown"]


class SignatureVerdict(BaseModel):
    """One electronic signature as it was when the file came."""

    model_config = ConfigDict(frozen=True)

    signer: str
    issuer: str
    own: bool
    """The certificate vouches for itself."""
    at: datetime | None
    """By a time stamp where ``stamped``, else as the signer's own clock said."""
    stamped: bool
    intact: bool
    later: str
    trusted: bool
    revoked: bool
    in_time: bool
    """The certificate was valid then."""


class Verdict(BaseModel):
    """What was found out about a signed letter."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["electronic", "scan"]
    contains: Contains
    signatures: list[SignatureVerdict] = []
    roots: bool = False
    """The office had named authorities to trace the signature to."""


SCAN = Verdict(kind="scan", contains="unknown")


def verify(issued: bytes, signed: bytes, roots: Sequence[str], code: str) -> Verdict:
    """Judge the signed PDF of a letter that was issued.

    Raises Invalid at ``/file``: without an electronic signature, altered after it, with a damaged
    one, or not this letter. Who signed may still be uncertain: the verdict says so.
    """
    answer = _ask_worker(issued, signed, roots, code)
    if "fault" in answer:
        raise _refused(_FAULTS[answer["fault"]])
    verdict = Verdict(kind="electronic", roots=bool(roots), **_known(answer))
    if not verdict.signatures:
        raise _refused(
            say(
                "the PDF has no electronic signature; upload the file as the signing service gave "
                "it back, or say that it is a scan of the letter signed on paper"
            )
        )
    if not answer["whole"] or not all(one.intact for one in verdict.signatures):
        raise _refused(say("the file was altered after it was signed, so the signature is worth "
                           "nothing; get the signed file anew"))  # fmt: skip
    if verdict.contains == "other":
        raise _refused(say("this is another letter: nothing of the one that was issued is in it"))
    if verdict.contains == "code":
        raise _refused(say("the text differs from the letter that was issued; replace the letter "
                           "by a new one and have that signed"))  # fmt: skip
    return verdict


def sentences(verdict: Verdict) -> list[tuple[str, Message]]:
    """The verdict in sentences, each with its tone (``good``, ``wait``)."""
    if verdict.kind == "scan":
        return [("wait", say("A scan of the letter signed on paper: the program cannot verify it; "
                             "a person compared it with the letter."))]  # fmt: skip
    found: list[tuple[str, Message]] = [
        ("good", say("The file has not been altered since it was signed."))
    ]
    if verdict.contains == "identical":
        found.append(("good", say("It holds the very bytes of the letter that was issued.")))
    else:
        found.append(("good", say("It holds the whole text of the letter that was issued.")))
    for one in verdict.signatures:
        found += _about(one, verdict.roots)
    return found


def _about(one: SignatureVerdict, roots: bool) -> list[tuple[str, Message]]:
    if one.revoked:
        return [("wait", say("The certificate of %(signer)s was revoked.", signer=one.signer))]
    found = []
    if one.trusted:
        found.append(("good", say("Signed by %(signer)s; the certificate was issued by %(issuer)s, "
                                  "which this office trusts.",
                                  signer=one.signer, issuer=one.issuer)))  # fmt: skip
    elif one.own:
        found.append(("wait", say("The certificate in the name of %(signer)s vouches for itself: "
                                  "who signed cannot be made certain.",
                                  signer=one.signer)))  # fmt: skip
    else:
        found.append(("wait", say("In the name of %(signer)s, issued by %(issuer)s; the chain of "
                                  "trust cannot be made certain here.",
                                  signer=one.signer, issuer=one.issuer)))  # fmt: skip
    if not one.in_time:
        found.append(("wait", say("The certificate was not valid at the time of signing.")))
    if not one.stamped:
        found.append(("wait", say("The time of signing is that of the signer's own clock.")))
    return found


def _known(answer: dict[str, Any]) -> dict[str, Any]:
    return {"contains": answer["contains"], "signatures": answer["signatures"]}


def _ask_worker(issued: bytes, signed: bytes, roots: Sequence[str], code: str) -> dict[str, Any]:
    head = {"issued": len(issued), "signed": len(signed), "roots": list(roots), "code": code}
    with _AT_ONCE, TemporaryFile() as asked:
        asked.write(json.dumps(head).encode() + b"\n" + issued + signed)
        asked.seek(0)
        try:
            done = subprocess.run(  # noqa: S603 — our own file, no argument from outside
                [sys.executable, "-I", str(_WORKER)],
                stdin=asked, capture_output=True, env={"LC_ALL": "C.UTF-8"}, cwd="/",
                timeout=SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"fault": "too_complicated"}
    if done.returncode != 0:
        _log.warning("signature worker ended with status %s", done.returncode)
        return {"fault": "too_complicated"}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


_FAULTS = {
    "broken": say("the file or its signature is damaged; get the signed file anew"),
    "too_complicated": say("the file is too complicated to be verified safely"),
}


def _refused(message: Message) -> Invalid:
    return Invalid([FieldError("/file", message)])
