"""Signing in with codes, the own account, people and tokens, over real HTTP."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pyotp
import pytest

from provisioner.people.limits import FREE_TRIES
from tests.web.stage import PASSWORD, Stage

ROLE = "technician"


def someone(stage: Stage, username: str, *roles: str) -> str:
    """A person of this test alone."""
    stage.people.add_person(username, username.title(), PASSWORD, roles or [ROLE], None)
    return username


def signed_in(client: httpx.Client, username: str, password: str = PASSWORD) -> httpx.Response:
    return client.post("/sign-in", data={"username": username, "password": password})


def set_up_codes(client: httpx.Client) -> tuple[pyotp.TOTP, list[str]]:
    assert client.post("/account/code").status_code == 303
    shown = client.get("/account/code").text
    assert "viewBox" in shown  # else the page's style would cut it off
    [grouped] = re.findall(r'<code class="break" translate="no">([A-Z2-7 ]+)</code>', shown)
    totp = pyotp.TOTP(grouped.replace(" ", ""))
    wrong = client.post("/account/code", data={"code": "000000"})
    assert wrong.status_code == 422
    done = client.post("/account/code", data={"code": totp.now()})
    assert done.status_code == 200
    return totp, re.findall(r'<code translate="no">([a-z0-9-]{14})</code>', done.text)


def test_codes_are_set_up_and_asked_for_in_two_pages(stage: Stage) -> None:
    who = someone(stage, "kode.satu")
    with stage.client() as client:
        signed_in(client, who)
        _, recovery = set_up_codes(client)
        assert len(recovery) == 8
        page = client.get("/account").text
        assert recovery[0] not in page
        assert "8" in page
    with stage.client() as client:
        first = signed_in(client, who)
        assert first.headers["location"].startswith("/sign-in/code")
        assert client.get("/account").status_code == 303  # not yet in
        assert client.get("/sign-in/code").status_code == 200
        assert client.post("/sign-in/code", data={"code": "123456"}).status_code == 401
        second = client.post("/sign-in/code", data={"code": recovery[0], "next": "/instances"})
        assert (second.status_code, second.headers["location"]) == (303, "/instances")
        assert client.get("/account").status_code == 200
        assert client.post("/account/code/end", data={"password": "salah"}).status_code == 422
        ended = client.post("/account/code/end", data={"password": PASSWORD})
        assert ended.status_code == 303
    with stage.client() as client:
        assert signed_in(client, who).headers["location"] == "/"


def test_the_second_page_leads_back_without_the_first(stage: Stage) -> None:
    with stage.client() as client:
        answer = client.get("/sign-in/code?next=//elsewhere.example/")
        assert answer.headers["location"] == "/sign-in?next=/"


def test_the_administrator_removes_the_codes_of_a_lost_telephone(stage: Stage) -> None:
    who = someone(stage, "telepon.hilang")
    with stage.client() as client:
        signed_in(client, who)
        set_up_codes(client)
    with stage.browser("bagas") as admin:
        assert "kode" in admin.get(f"/people/{who}").text.lower()
        assert admin.post(f"/people/{who}/code/end").status_code == 303
    with stage.client() as client:
        assert signed_in(client, who).headers["location"] == "/"


@pytest.fixture(scope="module")
def strict(stage: Stage) -> Iterator[str]:
    """A second web process on the same database, whose office demands codes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "uvicorn", "--factory", "api.app:from_environment",
        "--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--log-level", "error",
    ]  # fmt: skip
    environment = {
        "PROVISIONER_CONFIG": str(stage.directory / "provisioner.toml"),
        "PROVISIONER_SERVE": "web",
        "PROVISIONER_PEOPLE__TOTP_FOR_APPROVERS": "required",
    }
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, env={**os.environ, **environment}) as process:
        while process.poll() is None:
            try:
                if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
        process.terminate()


def test_where_codes_are_required_they_come_before_anything_else(stage: Stage, strict: str) -> None:
    who = someone(stage, "penyetuju.baru", "technician", "approver")
    number, plan = stage.planned(hostname="wajib-kode")
    token = {"Authorization": f"Bearer {stage.people.create_token(who)}"}
    with httpx.Client(base_url=strict, trust_env=False, timeout=30) as client:
        signed_in(client, who)
        for path in ("/", f"/requests/{number}", "/instances"):
            assert client.get(path).headers["location"] == "/account/code"
        form = {"digest": plan["digest"]}
        approve = f"/requests/{number}/approve"
        assert client.post(approve, data=form).headers["location"] == "/account/code"
        refused = client.post(f"/api/v1{approve}", json=form, headers=token)
        assert refused.status_code == 403
        assert refused.json()["type"] == "/problems/second-factor"
        for method, path in (("GET", "/requests"), ("POST", "/departments"), ("GET", "/people")):
            answer = client.request(method, f"/api/v1{path}", json={}, headers=token)
            assert answer.json()["type"] == "/problems/second-factor"
        assert client.get("/api/v1/account", headers=token).status_code == 200
        set_up_codes(client)
        assert client.get("/api/v1/requests", headers=token).status_code == 200
        assert client.get("/").status_code == 200
        assert client.post(f"/api/v1{approve}", json=form, headers=token).status_code == 202


def test_an_administrator_without_codes_manages_nobody_by_json_either(
    stage: Stage, strict: str
) -> None:
    who = someone(stage, "admin.tanpa.kode", "administrator")
    token = {"Authorization": f"Bearer {stage.people.create_token(who)}"}
    body = {"username": "diselundupkan", "name": "D", "roles": ["administrator"]}
    with httpx.Client(base_url=strict, trust_env=False, timeout=30) as client:
        signed_in(client, who)
        for headers in (token, {}):
            refused = client.post("/api/v1/people", json=body, headers=headers)
            assert refused.json()["type"] == "/problems/second-factor"
        assert client.get("/people").headers["location"] == "/account/code"
    stage.people.set_active(who, False)  # bagas is the last administrator again


def test_a_browser_is_known_by_its_cookie_and_guesses_elsewhere_do_not_matter_there(
    stage: Stage,
) -> None:
    who = someone(stage, "diserang")
    with stage.client() as client:
        signed_in(client, who)
        known = client.cookies["known"]
        client.post("/sign-out")
        for n in range(FREE_TRIES):
            with httpx.Client(transport=httpx.HTTPTransport(local_address=f"127.8.0.{n // 5}"),
                              base_url=stage.url) as guessing:  # fmt: skip
                assert signed_in(guessing, who, "tebakan").status_code == 401
        with stage.client() as elsewhere:
            assert signed_in(elsewhere, who).status_code == 429
        assert signed_in(client, who).status_code == 303
        assert client.cookies["known"] != known


def test_own_details_and_password(stage: Stage) -> None:
    who = someone(stage, "ganti.sandi")
    with stage.client() as client, stage.client() as elsewhere:
        signed_in(client, who)
        signed_in(elsewhere, who)
        form = {"name": "Nama Baru", "email": "salah", "phone": "", "language": "en"}
        refused = client.post("/account", data=form)
        assert refused.status_code == 422
        assert 'value="salah"' in refused.text
        form["email"] = "nama@purbalinggakab.go.id"
        assert client.post("/account", data=form).status_code == 303
        assert "My account" in client.get("/account").text
        words = {"old": "keliru", "password": "sandi baru panjang", "again": "sandi baru panjang"}
        assert client.post("/account/password", data=words).status_code == 422
        words["old"] = PASSWORD
        assert client.post("/account/password", data=words).status_code == 303
        assert client.get("/account").status_code == 200
        assert elsewhere.get("/account").status_code == 303
    assert stage.people.person(who).email == "nama@purbalinggakab.go.id"


def test_sessions_are_seen_and_ended(stage: Stage) -> None:
    who = someone(stage, "dua.peramban")
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    with stage.client() as client, stage.client(**{"User-Agent": firefox}) as other:
        signed_in(client, who)
        signed_in(other, who)
        page = client.get("/account").text
        assert "Firefox, Linux" in page
        [id] = re.findall(r'name="id" value="([0-9a-f]{16})"', page)
        assert client.post("/account/sessions/end", data={"id": id}).status_code == 303
        assert other.get("/account").status_code == 303
        signed_in(other, who)
        listed = client.get("/api/v1/account/sessions").json()
        assert sorted(one["current"] for one in listed) == [False, True]
        [id] = [one["id"] for one in listed if not one["current"]]
        assert client.delete(f"/api/v1/account/sessions/{id}").status_code == 204
        assert other.get("/account").status_code == 303


def test_a_token_is_made_shown_once_used_and_revoked(stage: Stage) -> None:
    who = someone(stage, "pemilik.token")
    with stage.client() as client:
        signed_in(client, who)
        assert client.post("/account/tokens", data={"label": "", "days": "30"}).status_code == 422
        form = {"label": "Pemantau", "days": "30", "scopes": ["read"]}
        made = client.post("/account/tokens", data=form)
        [secret] = re.findall(r"prv_[A-Za-z0-9_-]{43}", made.text)
        assert secret not in client.get("/account").text
        page = client.get("/account").text
        assert "Pemantau" in page
        assert 'name="tokens" value="end"' in page
    with stage.client(Authorization=f"Bearer {secret}") as program:
        assert program.get("/api/v1/account").json()["username"] == who
        refused = program.post("/api/v1/account/tokens", json={})
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/scope")
        [token] = program.get("/api/v1/account/tokens").json()
        assert "digest" not in token
    with stage.client() as client:
        signed_in(client, who)
        revoked = client.post("/account/tokens/revoke", data={"id": token["id"]})
        assert revoked.status_code == 303
        with stage.browser("rina") as another:
            assert (
                another.post("/account/tokens/revoke", data={"id": token["id"]}).status_code == 404
            )
    with stage.client(Authorization=f"Bearer {secret}") as program:
        assert program.get("/api/v1/account").status_code == 401


def test_a_token_without_approve_does_not_approve(stage: Stage) -> None:
    number, plan = stage.planned(hostname="token-setuju")
    path, body = f"/api/v1/requests/{number}/approve", {"digest": plan["digest"]}
    for scopes, status in ((["read"], 403), (["read", "file"], 403), (["approve"], 202)):
        token = stage.people.create_token("dewi", scopes)
        with stage.client(Authorization=f"Bearer {token}") as program:
            assert program.post(path, json=body).status_code == status


def test_an_account_is_added_invited_changed_closed_and_opened(stage: Stage) -> None:
    form = {
        "username": "budi.baru", "name": "Budi", "roles": ["applicant"], "department": "",
        "email": "", "phone": "", "language": "id",
    }  # fmt: skip
    with stage.browser("bagas") as admin:
        refused = admin.post("/people", data=form)
        assert refused.status_code == 422
        assert 'value="budi.baru"' in refused.text
        form["department"] = "dinkes"
        made = admin.post("/people", data=form)
        [link] = re.findall(r"/invitation/[A-Za-z0-9_-]{43}", made.text)
        assert admin.post("/people", data=form).status_code == 409
        with stage.client() as guest:
            assert "budi.baru" in guest.get(link).text
            words = {"password": "kata sandi saya", "again": "kata sandi lain"}
            assert guest.post(link, data=words).status_code == 422
            words["again"] = words["password"]
            assert guest.post(link, data=words).status_code == 200
            assert guest.get(link).status_code == 410
            assert signed_in(guest, "budi.baru", "kata sandi saya").status_code == 303
            changed = admin.post(
                "/people/budi.baru", data={**form, "name": "Budi S.", "roles": ["technician"]}
            )
            assert changed.status_code == 303
            assert guest.get("/capacity").status_code == 200  # the new role counts at once
            closed = admin.post("/people/budi.baru/active", data={"active": "no"})
            assert closed.status_code == 303
            assert guest.get("/").status_code == 303
        found = admin.get("/people?q=budi&role=technician").text
        assert "Budi S." in found
        assert "Sari" not in found
        assert admin.get("/people/tidak-ada").status_code == 404


def test_people_and_departments_as_json(stage: Stage) -> None:
    admin = stage["bagas"]
    body = {"id": "dinsos.json", "name": "Dinas Sosial"}
    assert admin.post("/api/v1/departments", json=body).json() == body
    assert body in admin.get("/api/v1/departments").json()
    person = {"username": "json.orang", "name": "Orang", "roles": ["technician"]}
    assert admin.post("/api/v1/people", json=person).status_code == 201
    patched = admin.patch("/api/v1/people/json.orang", json={"phone": "0281 891234"}).json()
    assert (patched["phone"], patched["name"], patched["roles"]) == (
        "0281 891234", "Orang", ["technician"],
    )  # fmt: skip
    assert (
        admin.patch("/api/v1/people/json.orang", json={"active": False}).json()["active"] is False
    )
    link = admin.post("/api/v1/people/json.orang/invitation").json()["url"]
    assert "/invitation/" in link
    assert admin.delete("/api/v1/people/json.orang/code").status_code == 204
    faulty = admin.post("/api/v1/people", json={**person, "username": "X"})
    assert (faulty.status_code, faulty.json()["errors"][0]["pointer"]) == (422, "/username")
    mine = stage["sari"].patch("/api/v1/account", json={"phone": "0281 891111"}).json()
    assert (mine["phone"], mine["roles"]) == ("0281 891111", ["applicant"])


def test_the_last_administrator_cannot_be_closed_by_the_page(stage: Stage) -> None:
    with stage.browser("bagas") as admin:
        refused = admin.post("/people/bagas/active", data={"active": "no"})
        assert refused.status_code == 409
        assert "administrator" in refused.text


def test_the_department_is_called_by_its_name(stage: Stage) -> None:
    with stage.browser("sari") as sari:
        page = sari.get("/account").text
    assert page.count("· Dinas Kesehatan") == 2, "in the menu and under the heading"
    assert "· dinkes" not in page


def test_the_list_names_everyone_and_their_department(stage: Stage) -> None:
    with stage.browser("bagas") as bagas:
        page = bagas.get("/people?q=sari")
    assert page.status_code == 200
    assert "Sari Wulandari" in page.text
    assert ">Dinas Kesehatan<" in page.text
