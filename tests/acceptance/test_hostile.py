"""Hostile input over HTTP and by command: refused clearly, nothing lost, nothing run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.acceptance import papers
from tests.acceptance.office import Office
from tests.acceptance.papers import APPLICANT, LETTER, PRIVATE_KEY, PUBLIC_KEY, details, letter

pytestmark = pytest.mark.xdist_group("acceptance-hostile")

TEXTS = {
    "option": "-oProxyCommand=touch /tmp/owned",
    "newline": "web\nssh_pwauth: true",
    "carriage return": "web\r\nX-Evil: 1",
    "substitution": "$(touch /tmp/owned)",
    "variable": "${IFS}",
    "backtick": "`touch /tmp/owned`",
    "nul": "web\x00.sh",
    "direction": "web\u202efdp.exe",
    "invisible": "web\u200bsite",
    "escape": "\x1b]0;owned\x07",
    "half a pair": "\ud800",
    "long": "x" * 200_000,
}
OTHER: tuple[Any, ...] = (None, True, 7, 1e308, [], {}, [["x"]], {"x": {"y": 1}})
OF_DETAILS = ("hostname", "purpose", "size", "image", "network", "admin_user", "until")
OF_APPLICANT = ("name", "position", "phone", "email", "employee_id")
FREE_TEXT = {"purpose", "name", "position", "number", "reason", "comment", "override_reason"}
"""Where people may write a leading hyphen."""


@pytest.fixture(scope="module")
def number(office_of_worker: Office) -> str:
    """A draft that has to stay as it is."""
    return office_of_worker.draft(hostname="tetap-utuh")


@pytest.fixture(autouse=True)
def unharmed(office: Office, number: str) -> Iterator[None]:
    """The draft is as before, the product lives, nothing was logged as unexpected."""
    before, logged = _read(office, number), office.log.read_text()
    yield
    assert _read(office, number) == before
    said = office.log.read_text().removeprefix(logged)
    assert "Traceback" not in said
    assert "ERROR" not in said.upper().replace("ERRORS", ""), said


def _read(office: Office, number: str) -> dict[str, Any]:
    """What it says; that it was written anew with the same words counts as nothing."""
    return {**office.get(f"/requests/{number}"), "revision": None}


def sent(office: Office, method: str, path: str, body: Any, who: str = "sari") -> httpx.Response:
    """JSON as it is, half surrogates and all."""
    content = json.dumps(body).encode()
    return office[who].request(
        method, path, content=content, headers={"Content-Type": "application/json"}
    )


def refused(answer: httpx.Response, pointer: str | None = None) -> None:
    """A client's mistake, told as a problem that names the place, and never our inside."""
    assert 400 <= answer.status_code < 500, f"{answer.status_code} {answer.text[:300]}"
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    body = answer.json()
    assert body["detail"]
    assert "Traceback" not in answer.text
    assert "/provisioner/" not in answer.text
    if pointer is not None:
        assert answer.status_code == 422
        named = {error["pointer"] for error in body["errors"]}
        assert any(p.startswith(pointer) for p in named), (pointer, named)
        assert all(error["message"].strip() for error in body["errors"])


def bad_texts(field: str) -> Iterator[str]:
    for kind, text in TEXTS.items():
        if kind != "option" or field not in FREE_TEXT:
            yield text


@pytest.mark.parametrize("field", OF_DETAILS)
def test_in_the_details(office: Office, number: str, field: str) -> None:
    path = f"/requests/{number}"
    for text in bad_texts(field):
        refused(sent(office, "PATCH", path, {"details": {field: text}}), f"/details/{field}")
    for value in OTHER:
        answer = sent(office, "PATCH", path, {"details": details(hostname="x") | {field: value}})
        if value not in (None, []):
            refused(answer, f"/details/{field}")
        elif answer.status_code == 200:  # an empty answer is one not yet given
            whole = sent(office, "PATCH", path, {"details": details(hostname="tetap-utuh")})
            assert whole.status_code == 200


@pytest.mark.parametrize("field", OF_APPLICANT)
def test_in_the_applicant(office: Office, number: str, field: str) -> None:
    path = f"/requests/{number}"
    for bad in (*bad_texts(field), *OTHER[1:]):
        body = {"applicant": APPLICANT | {field: bad}}
        refused(sent(office, "PATCH", path, body), f"/applicant/{field}")


@pytest.mark.parametrize("field", ["kind", "number", "date"])
def test_in_the_letter(office: Office, number: str, field: str) -> None:
    path = f"/requests/{number}"
    for bad in (*bad_texts(field), *OTHER):
        if field == "date" and isinstance(bad, int) and bad is not True:
            continue  # checked below: a number is no date either
        body = {"letter": LETTER | {field: bad}}
        refused(sent(office, "PATCH", path, body), f"/letter/{field}")


def test_a_number_is_no_date(office: Office, number: str) -> None:
    for bad in (0, 7, 86400, "86400", "2026-11-20T10:00:00Z", "2026-13-01", "0000-00-00"):
        body = {"letter": LETTER | {"date": bad}}
        refused(sent(office, "PATCH", f"/requests/{number}", body), "/letter/date")


@pytest.mark.parametrize("field", ["name", "position"])
def test_in_the_signatory(office: Office, number: str, field: str) -> None:
    person = {"name": "dr. Jusi", "position": "Kepala Dinas"}
    for bad in (*bad_texts("name"), *OTHER):
        body = {"letter": LETTER | {"signatory": person | {field: bad}}}
        refused(sent(office, "PATCH", f"/requests/{number}", body), f"/letter/signatory/{field}")


@pytest.mark.parametrize("call", ["return", "reject", "cancel"])
def test_in_a_reason(office: Office, call: str) -> None:
    number = office.submitted()
    for kind, bad in TEXTS.items():
        if kind in {"option", "newline", "carriage return"}:
            continue  # a box of several lines is kept as one
        answer = sent(office, "POST", f"/requests/{number}/{call}", {"reason": bad}, "rina")
        refused(answer, "/reason")
    for value in (*OTHER, "", "  "):
        refused(sent(office, "POST", f"/requests/{number}/{call}", {"reason": value}, "rina"))
    assert office.get(f"/requests/{number}")["state"] == "submitted"


def test_in_an_approval(office: Office) -> None:
    number, digest = office.planned()
    path = f"/requests/{number}/approve"
    for field in ("comment", "override_reason"):
        for kind, bad in TEXTS.items():
            if kind in {"option", "newline", "carriage return"}:
                continue
            refused(sent(office, "POST", path, {"digest": digest, field: bad}, "dewi"))
        for other in OTHER[1:]:
            answer = sent(office, "POST", path, {"digest": digest, field: other}, "dewi")
            refused(answer, f"/{field}")
    for wrong in (*TEXTS.values(), *OTHER):
        refused(sent(office, "POST", path, {"digest": wrong}, "dewi"))
    assert office.get(f"/requests/{number}")["state"] == "planned", "nothing was approved"


def test_keys_that_are_none(office: Office, number: str) -> None:
    kind, body = PUBLIC_KEY.split()[:2]
    bad = [
        f'command="touch /tmp/owned" {PUBLIC_KEY}',
        f"no-pty {PUBLIC_KEY}",
        f"cert-authority {PUBLIC_KEY}",
        PRIVATE_KEY,
        PRIVATE_KEY.replace("\n", " "),
        f"{PUBLIC_KEY}\n{PUBLIC_KEY}",
        f"{kind} {body[:-8]}",
        f"ssh-rsa {body}",
        f"ssh-dss {body}",
        "-oProxyCommand=x",
        *TEXTS.values(),
        *(value for value in OTHER if value is not None),
    ]
    for key in bad:
        answer = sent(office, "PATCH", f"/requests/{number}", {"details": {"ssh_keys": [key]}})
        refused(answer, "/details/ssh_keys")
        assert "PRIVATE" not in answer.text
        assert body[:20] not in answer.text
    twice = {"details": {"ssh_keys": [PUBLIC_KEY, f"{PUBLIC_KEY} again"]}}
    refused(sent(office, "PATCH", f"/requests/{number}", twice), "/details/ssh_keys/1")
    many = {"details": {"ssh_keys": [PUBLIC_KEY] * 5000}}
    refused(sent(office, "PATCH", f"/requests/{number}", many), "/details/ssh_keys")


def test_a_comment_of_a_key_cannot_carry_anything(office: Office) -> None:
    number = office.draft(ssh_keys=[PUBLIC_KEY.split(" ")[0] + " " + PUBLIC_KEY.split(" ")[1]])
    answer = sent(
        office, "PATCH", f"/requests/{number}",
        {"details": details(ssh_keys=[f"{PUBLIC_KEY} \"x\" ';|&<>"])},
    )  # fmt: skip
    if answer.status_code == 200:
        kept = answer.json()["details"]["ssh_keys"][0]
        assert not set(kept) & set("\"';|&<>`$\n")
    else:
        refused(answer, "/details/ssh_keys")


PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
FILES = {
    "script": ("surat.pdf", papers.letter_with_script()),
    "encrypted": ("surat.pdf", papers.encrypted_letter()),
    "zip": ("surat.pdf", papers.zip_file()),
    "html": ("surat.png", b"<html><script>alert(1)</script></html>"),
    "broken picture": ("surat.png", PNG),
    "another type": ("surat.png", letter()),
    "program": ("surat.exe", letter()),
    "empty": ("surat.pdf", b""),
    "shell": ("surat.pdf", b"#!/bin/sh\ntouch /tmp/owned\n"),
    "half": ("surat.pdf", letter()[:200]),
    "11 MB": ("surat.pdf", letter() + b"\n" * (11 * 1024 * 1024)),
    "50 MB": ("surat.pdf", b"%PDF-1.7\n" + b"\x00" * (50 * 1024 * 1024)),
}


@pytest.mark.parametrize("kind", FILES)
def test_files_that_are_no_letter(office: Office, number: str, kind: str) -> None:
    answer = office["sari"].post(f"/requests/{number}/letter", files={"file": FILES[kind]})
    refused(answer)
    if answer.status_code != 413:
        assert answer.json()["errors"][0]["pointer"] == "/file"


def test_names_of_files_are_only_shown(office: Office) -> None:
    number = ""
    for name in (
        "../../../../etc/cron.d/x.pdf", "..\\..\\x.pdf", "surat\u202efdp.pdf", "a\r\nX-Evil: 1.pdf",
        "$(id).pdf", "x" * 5000 + ".pdf", "'; drop table x; --.pdf", "<img src=x>.pdf",
    ):  # fmt: skip
        number = office.draft()
        answer = office["sari"].post(
            f"/requests/{number}/letter", files={"file": (name, letter(), "application/pdf")}
        )
        assert answer.status_code in {201, 400, 422}, answer.text
        if answer.status_code == 201:
            shown = office.get(f"/requests/{number}")["letter"]["file_name"]
            assert len(shown) <= 255
            assert not set(shown) & set("/\\\r\n\u202e\x00")
    outside = [p for p in office.directory.parent.rglob("*") if p.name.startswith("x.pdf")]
    assert not outside
    for wrong in ({"other": ("surat.pdf", letter())}, {}):
        refused(office["sari"].post(f"/requests/{number}/letter", files=wrong))
    refused(office["sari"].post(f"/requests/{number}/letter", content=letter()))
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(office["sari"].post(f"/requests/{number}/letter", content=b"--y\r\n", headers=broken))
    none = {"Content-Type": "multipart/form-data"}
    refused(office["sari"].post(f"/requests/{number}/letter", content=b"--y\r\n", headers=none))


NUMBER_PLACE = b'{"details": {"open_ports": [{"port": %s}]}}'
BODIES: dict[str, tuple[str, bytes]] = {
    "deep list": ("application/json", b"[" * 100_000),
    "deep object": ("application/json", b'{"details":' * 50_000 + b"1" + b"}" * 50_000),
    "deep details": (
        "application/json",
        b'{"details": {"hostname": ' + b"[" * 900 + b"]" * 900 + b"}}",
    ),
    "10 MB": ("application/json", b'{"details": {"purpose": "' + b"x" * 10_000_000 + b'"}}'),
    "not closed": ("application/json", b'{"details": '),
    "not UTF-8": ("application/json", b'{"details": {"purpose": "\xff\xfe"}}'),
    "NaN": ("application/json", NUMBER_PLACE % b"NaN"),
    "huge number": ("application/json", NUMBER_PLACE % (b"9" * 5000)),
    "huge exponent": ("application/json", NUMBER_PLACE % b"1e999"),
    "empty": ("application/json", b""),
    "null": ("application/json", b"null"),
    "text": ("application/json", b'"x"'),
    "form": ("application/x-www-form-urlencoded", b"details=x"),
    "xml": ("application/xml", b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'),
    "no type": ("", b'{"details": {"hostname": "lain"}}'),
    "unknown key": ("application/json", b'{"state": "done"}'),
    "prototype": ("application/json", b'{"__proto__": {"x": 1}, "details": {"__class__": 1}}'),
}


@pytest.mark.parametrize("kind", BODIES)
def test_bodies_that_are_none(office: Office, number: str, kind: str) -> None:
    media, body = BODIES[kind]
    headers = {"Content-Type": media} if media else {}
    refused(office["sari"].patch(f"/requests/{number}", content=body, headers=headers))
    refused(office["sari"].post("/requests", content=body, headers=headers))


def test_of_a_key_said_twice_the_whole_is_checked(office: Office, number: str) -> None:
    body = b'{"details": {"hostname": "baik", "hostname": "-oProxyCommand=x"}}'
    headers = {"Content-Type": "application/json"}
    refused(office["sari"].patch(f"/requests/{number}", content=body, headers=headers))


@pytest.mark.parametrize(
    "path",
    [
        "/requests/..%2f..%2fetc%2fpasswd", "/requests/%2e%2e/%2e%2e/etc/passwd", "/requests/%00",
        "/requests/' or 1=1 --", "/requests/%25", "/requests/VPS-2026-____", "/requests/%ff%fe",
        "/requests/" + "9" * 6000, "/requests/VPS-2026-0001%0a", "/requests/VPS-2026-0001/letter/x",
        "/runs/..%2f..", "/runs/%00", "/runs/' or 1=1 --", "/runs/" + "9" * 400,
        "/instances/%00", "/instances/..", "/instances/' or 1=1 --", "/instances/" + "9" * 400,
    ],
)  # fmt: skip
def test_addresses_that_lead_nowhere(office: Office, path: str) -> None:
    answer = office["rina"].get(path)
    assert answer.status_code in {404, 422, 400, 414, 405}, answer.text[:300]
    if answer.headers["content-type"].startswith("application/problem+json"):
        assert answer.json()["detail"]


@pytest.mark.parametrize(
    "query",
    [
        "cursor=9999999999999999999999999", "cursor=-1", "cursor=%00", "cursor=x", "cursor=1.5",
        "cursor=%D9%A3", "cursor=" + "9" * 5000, "limit=0", "limit=-1", "limit=x",
        "limit=99999999999999999999", "state=%00", "state=nonsense", "service=%00",
        "service=../x", "department=%00",
        "q=%00", "q=%ff", "q=" + "x" * 20_000, "q=%25", "q=' or 1=1 --", "q=_&q=%25",
    ],
)  # fmt: skip
def test_questions_that_are_none(office: Office, query: str) -> None:
    answer = office["rina"].get(f"/requests?{query}")
    if answer.status_code == 200:
        assert answer.json()["items"] == [], "a bad filter finds nothing, never everything"
    else:
        assert answer.status_code in {400, 414, 422}, answer.text[:300]


def test_where_to_begin_in_the_timeline(office: Office, number: str) -> None:
    for after in ("-1", "x", "9" * 25, "9" * 5000, "%00", "1.5"):
        answer = office["rina"].get(f"/requests/{number}/events?after={after}")
        assert answer.status_code in {400, 422} or answer.json() == [], answer.text[:300]
    gone = office.submitted()
    reason = {"reason": "Tidak jadi dipakai"}
    assert office["sari"].post(f"/requests/{gone}/cancel", json=reason).status_code == 200
    for last in ("-1", "x", "9" * 25, "9" * 4000, "1.5"):
        headers = {"Accept": "text/event-stream", "Last-Event-ID": last}
        answer = office["rina"].get(f"/requests/{gone}/events", headers=headers)
        assert answer.status_code in {200, 422}
        assert answer.status_code == 422 or "event: end" in answer.text, last[:30]


def test_keys_of_idempotency_that_are_none(office: Office, number: str) -> None:
    for key in ("", "x" * 300, "a\tb", "$(id)", "' or 1=1 --", "../x"):
        headers = {"Idempotency-Key": key}
        answer = office["sari"].post(f"/requests/{number}/submit", headers=headers)
        refused(answer)  # the draft has no letter, so no key makes this good


def test_by_command(office: Office, number: str) -> None:
    """The same fields through `request new`, and as arguments."""
    faulty: tuple[tuple[str, Any], ...] = (
        ("hostname", "-oProxyCommand=touch /tmp/owned"),
        ("purpose", "$(touch /tmp/owned)\n`id`"),
        ("ssh_keys", [PRIVATE_KEY]),
    )
    calls = [
        (["request", "new", "--from", "-"], json.dumps(papers.new_request(**{field: value})))
        for field, value in faulty
    ]
    calls.append((["request", "show", "../../../etc/passwd"], ""))
    *refusals, (status, _, _) = office.commands(*calls, who="sari")
    assert status == 1
    for (field, _), (status, out, err) in zip(faulty, refusals, strict=True):
        assert status == 2, err
        assert f"/details/{field}" in err
        assert "PRIVATE" not in err + out
        assert "touch" not in err + out


def test_a_department_that_is_none(office: Office) -> None:
    """A technician may file for one that nobody has signed in for yet."""
    for bad in (*TEXTS.values(), *OTHER, "", "x" * 41):
        for field in ("department", "service"):
            body = papers.new_request() | {field: bad}
            refused(sent(office, "POST", "/requests", body, "rina"))
