"""The pages on signing in, the own account and people, in the states that matter."""

from __future__ import annotations

import re

import pyotp

from tests.web.screens import Screen
from tests.web.stage import PASSWORD, Stage


def screens(stage: Stage) -> list[Screen]:
    """What the gallery opens; only what a GET shows."""
    for username, name in (("layar.kode", "Kartika Dewi"), ("layar.mulai", "Putra Mahendra")):
        stage.people.add_person(username, name, PASSWORD, ["technician", "approver"])
    _with_codes(stage, "layar.kode")
    _begun(stage, "layar.mulai")
    stage.people.create_token("bagas", ["read"], 90, "Pemantauan")
    stage.people.add_person("layar.tutup", "Budi Lama", None, ["applicant"], "dinkes")
    stage.people.set_active("layar.tutup", False)
    link = stage["bagas"].post("/api/v1/people/layar.mulai/invitation").json()["url"]
    return [
        Screen("invitation", None, f"/invitation/{link.rpartition('/')[2]}"),
        Screen("invitation-used", None, "/invitation/none"),
        Screen("account", "bagas", "/account"),
        Screen("account-done", "bagas", "/account?done=password"),
        Screen("account-code-none", "bagas", "/account/code"),
        Screen("account-code-begun", "layar.mulai", "/account/code"),
        Screen("account-applicant", "sari", "/account"),
        Screen("people", "bagas", "/people"),
        Screen("people-nobody", "bagas", "/people?q=tidak-ada"),
        Screen("person-new", "bagas", "/people/new"),
        Screen("person", "bagas", "/people/rina"),
        Screen("person-with-codes", "bagas", "/people/layar.kode"),
        Screen("person-closed", "bagas", "/people/layar.tutup"),
        Screen("people-refused", "sari", "/people"),
    ]


def _begun(stage: Stage, username: str) -> str:
    with stage.browser(username) as client:
        client.post("/account/code")
        shown = client.get("/account/code").text
    [grouped] = re.findall(r'<code class="break" translate="no">([A-Z2-7 ]+)</code>', shown)
    return grouped.replace(" ", "")


def _with_codes(stage: Stage, username: str) -> None:
    secret = _begun(stage, username)
    with stage.browser(username) as client:
        assert client.post("/account/code", data={"code": pyotp.TOTP(secret).now()}).is_success
