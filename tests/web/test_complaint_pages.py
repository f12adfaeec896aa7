"""Complaints over HTTP and in the browser: who gets what, and a whole life by keyboard."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pikepdf
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.web.stage import PASSWORD, Stage

_API = "/api/v1/complaints"


def recorded(stage: Stage, **said: object) -> str:
    body = {"kind": "complaint", "channel": "phone", "text": "Jaringan loket lambat.", **said}
    answer = stage["wulan"].post(_API, json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{_API}/{answer.json()['number']}"
    return str(answer.json()["number"])


def handed_in(page: str) -> tuple[str, str]:
    """Number and key of a confirmation."""
    number, key = re.findall(r'class="key mono">([^<]+)<', page)
    return number, key


def test_the_public_form_gives_a_number_a_key_and_dates_and_the_key_opens_the_answer(
    stage: Stage,
) -> None:
    photo = io.BytesIO()
    Image.new("RGB", (60, 40)).save(photo, "JPEG")
    with stage.client() as public:
        form = public.get("/complain").text
        key = re.findall(r'name="key" value="([^"]+)"', form)[0]
        body = {
            "kind": "complaint", "text": "Kabel di loket terkelupas.", "privacy": "anonymous",
            "name": "Nama Yang Tidak Disimpan", "key": key,
        }  # fmt: skip
        files = {"file": ("foto.jpg", photo.getvalue(), "image/jpeg")}
        sent = public.post("/complain", data=body, files=files)
        assert sent.status_code == 201, sent.text
        number, shown = handed_in(sent.text)
        assert shown == key
        assert "paling lambat" in sent.text
        again = public.post("/complain", data=body)
        assert handed_in(again.text)[0] == number
        assert (
            public.get(f"/complain/find?number={number.lower()}")
            .headers["location"]
            .endswith(number)
        )
        assert public.post(f"/complain/{number}", data={"key": "salah"}).status_code == 404
        assert "Diterima" in public.post(f"/complain/{number}", data={"key": key}).text
        log = (stage.directory / "web.log").read_text()
        database = b"".join(
            path.read_bytes() for path in stage.directory.rglob("*.db*") if path.is_file()
        )
        assert "Nama Yang Tidak Disimpan" not in log
        assert b"Nama Yang Tidak Disimpan" not in database
        assert b"Kabel di loket terkelupas" in database
        assert key.encode() not in database
    seen = stage["wulan"].get(f"{_API}/{number}").json()
    assert (seen["reporter"]["shown"], len(seen["files"])) == ("anonymous", 1)
    with stage.browser("arif") as office:
        file = office.get(f"/complaints/{number}/files/{seen['files'][0]['id']}")
        assert (file.status_code, file.headers["content-type"]) == (200, "image/jpeg")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": ""}, "Kesalahan"),
        ({"text": "hm"}, "mohon ceritakan"),
        ({"kind": "praise"}, "Kesalahan"),
        ({"website": "http://spam"}, "kirim sekali lagi"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(
    stage: Stage, changes: dict[str, str], said: str
) -> None:
    body = {"kind": "complaint", "text": "Loket tutup.", "name": "Nama Diketik", **changes}
    with stage.client() as public:
        answer = public.post("/complain", data=body)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="Nama Diketik"' in answer.text


def test_a_complaint_is_found_in_the_one_search_box_by_who_may_see_it(stage: Stage) -> None:
    number = recorded(stage)
    with stage.browser("rina") as client:
        found = client.get(f"/?q={number.lower()}")
        assert (found.status_code, found.headers["location"]) == (303, f"/complaints/{number}")
        assert client.get("/?q=ADU-1999-0001").status_code == 200
    with stage.browser("tono") as client:
        assert client.get(f"/?q={number}").status_code == 200


def test_the_list_is_turned_and_what_is_open_is_never_cut_off(stage: Stage) -> None:
    first = recorded(stage, received_at="2026-01-05T09:00:00+07:00")
    words = "Antrean panjang sekali"
    for _ in range(51):
        recorded(stage, kind="appreciation", text=words)
    with stage.browser("wulan") as client:
        assert first in client.get("/complaints").text
        page = client.get("/complaints?q=Antrean+panjang").text
        [older] = re.findall(r'href="(/complaints\?q=[^"]+)"', page)
        rest = client.get(older.replace("&amp;", "&")).text
    assert page.count('class="row-link"') == 50
    assert rest.count('class="row-link"') == 1
    assert "before=" not in rest


def test_each_role_gets_what_is_theirs(stage: Stage) -> None:
    number = recorded(stage, department="dinkes", name="Sari", text="Khusus dinkes saja.")
    statuses = {who: stage[who].get(f"{_API}/{number}").status_code for who in ("sari", "arif")}
    assert statuses == {"sari": 200, "arif": 200}
    for path in (f"{_API}/{number}", f"{_API}/{number}/events"):
        assert stage["tono"].get(path).status_code == 404
    assert number not in stage["tono"].get(_API).text
    light = {"classification": "light"}
    for who, status in (("sari", 403), ("rina", 403), ("arif", 403), ("heru", 200)):
        assert stage[who].post(f"{_API}/{number}/classify", json=light).status_code == status
    assert stage["arif"].post(_API, json={}).status_code == 403
    with stage.browser("tono") as other:
        assert other.get(f"/complaints/{number}").status_code == 404
        assert other.get("/complaints/register").status_code == 403
        assert other.get("/complaints").status_code == 200
    with stage.client() as public:
        assert public.get(_API).status_code == 401
        assert public.get(f"/complaints/{number}").status_code in (303, 401)


def test_a_life_over_json_and_its_problems(stage: Stage) -> None:
    wulan, number = stage["wulan"], recorded(stage, text="Seluruh riwayat lewat JSON.")
    path = f"{_API}/{number}"
    early = wulan.post(f"{path}/answer", json={"text": "Sudah selesai.", "channel": "phone"})
    assert (early.status_code, early.json()["type"]) == (409, "/problems/wrong-state")
    bad = wulan.post(f"{path}/classify", json={"classification": "heavy"})
    assert bad.json()["errors"][0]["pointer"] == "/classification"
    light = {"classification": "light", "summary": "Riwayat JSON"}
    assert wulan.post(f"{path}/classify", json=light).json()["state"] == "classified"
    nobody = wulan.post(f"{path}/assign", json={"officer": "rina"})
    assert nobody.json()["errors"][0]["pointer"] == "/officer"
    wulan.post(f"{path}/assign", json={"officer": "wulan"})
    assert wulan.post(f"{path}/link", json={"target": "VPS-2026-9999"}).status_code == 404
    request = stage.draft(service="troubleshooting", target="site:smp-1", symptom="no_wifi")
    linked = stage["rina"].post(f"{path}/link", json={"target": request}).json()
    assert linked["links"] == [{"kind": "request", "target": request}]
    wulan.post(f"{path}/begin")
    answer = {"text": "Sudah kami perbaiki.", "channel": "phone"}
    assert wulan.post(f"{path}/answer", json=answer).json()["state"] == "answered"
    closed = wulan.post(f"{path}/close", json={"outcome": "satisfied"}).json()
    assert (closed["state"], closed["actions"]) == ("closed", ["reopen", "link"])
    assert wulan.post(f"{path}/erase").status_code == 409
    told = [one["text"] for one in wulan.get(f"{path}/events").json()]
    assert told[0] == "Pengaduan diterima: Telepon"
    assert told[-1] == "Ditutup: Pelapor puas"
    assert number in wulan.get(f"{_API}?q=riwayat%20json&state=closed").text


def test_the_register_is_a_pdf_of_the_same_lines(stage: Stage) -> None:
    number = recorded(
        stage, summary="=1+1 untuk register", name="@SUM(1)", received_at="2026-09-02T03:00:00Z"
    )
    query = "?month=2026-09"
    with stage.browser("arif") as office:
        assert number in office.get(f"/complaints/register/sheet{query}").text
        spreadsheet = office.get(f"/complaints/register.csv{query}").text
        assert "'=1+1 untuk register" in spreadsheet
        assert "'@SUM(1)" in spreadsheet
        pdf = office.get(f"/complaints/register.pdf{query}")
        assert pdf.headers["content-type"] == "application/pdf"
        for odd in ("abc", "9999-12", "2026-13", "0001-01"):
            assert office.get(f"/complaints/register?month={odd}").status_code == 200
            assert office.get(f"/complaints?month={odd}").status_code == 200
    with pikepdf.open(io.BytesIO(pdf.content)) as opened:
        box = opened.pages[0].mediabox
        assert box[2] > box[3]


@pytest.fixture
def sheets(chromium: Browser, stage: Stage) -> Iterator[dict[str, Page]]:
    """A page for the public, the officer and the technician."""
    contexts = {who: chromium.new_context() for who in ("", "wulan", "rina")}
    pages = {who: context.new_page() for who, context in contexts.items()}
    for who in ("wulan", "rina"):
        pages[who].goto(f"{stage.url}/sign-in")
        pages[who].fill("#username", who)
        pages[who].fill("#password", PASSWORD)
        pages[who].click("main button")
        pages[who].wait_for_url(f"{stage.url}/")
    yield pages
    for context in contexts.values():
        context.close()


def press(page: Page, selector: str, *keys: str) -> None:
    """Reach it by keyboard focus and press; it has to be able to take the focus."""
    page.locator(selector).first.focus()
    for key in keys:
        page.keyboard.press(key)


def written(page: Page, selector: str, text: str) -> None:
    """Type into a field as a keyboard does."""
    press(page, selector, "Control+A")
    page.keyboard.type(text)


def test_a_whole_life_by_keyboard(stage: Stage, sheets: dict[str, Page]) -> None:
    public, officer, technician = sheets[""], sheets["wulan"], sheets["rina"]
    public.goto(f"{stage.url}/complain")
    press(public, "input[value=complaint]", "Space")
    written(public, "#f-text", "WiFi di SMP 1 tidak menyala sejak pagi.")
    press(public, "input[value=anonymous]", "Space")
    press(public, "#complain .buttons button", "Enter")
    public.wait_for_selector(".key")
    number, key = public.locator(".key").all_inner_texts()

    at = f"{stage.url}/complaints/{number}"
    officer.goto(at)
    press(officer, "input[value=light]", "Space")
    written(officer, "#f-summary", "WiFi SMP 1 mati")
    press(officer, "form[action$='/classify'] button", "Enter")
    officer.wait_for_selector("#f-officer")
    officer.locator("#f-officer").focus()
    officer.locator("#f-officer").select_option("wulan")
    press(officer, ".do form[action$='/assign'] button", "Enter")
    officer.wait_for_selector("form[action$='/begin']")
    press(officer, "form[action$='/begin'] button", "Enter")
    officer.wait_for_selector(".do form[action$='/answer']")

    technician.goto(at)
    press(technician, "a[href$='/trouble']", "Enter")
    technician.wait_for_selector("#f-details-symptom")
    assert "SMP 1" in technician.input_value("#f-details-description")
    technician.locator("#f-department").select_option("dinkes")
    technician.locator("#f-details-target").select_option("site:smp-1")
    technician.locator("#f-details-symptom").select_option("no_wifi")
    press(technician, "form[action$='/trouble'] .buttons button", "Enter")
    technician.wait_for_url(re.compile(r"/requests/TRB-"))
    request = technician.url.rpartition("/")[2].partition("#")[0]

    officer.goto(at)
    assert officer.locator(f"a[href='/requests/{request}']").count() == 1
    written(officer, "#f-text", "Titik akses sudah kami nyalakan kembali.")
    press(officer, ".do form[action$='/answer'] button", "Enter")
    officer.wait_for_selector("form[action$='/close']")
    assert officer.title().startswith("Dijawab")

    public.goto(f"{stage.url}/complain/{number}")
    written(public, "#key", key)
    press(public, "main form button", "Enter")
    public.wait_for_selector(".answer")
    assert "nyalakan kembali" in public.inner_text(".answer")
    officer.goto(f"{stage.url}/complaints/register")
    assert number in officer.frame_locator("iframe").locator("table").inner_text()
