"""Letters: really opened, kept apart from a cleaned copy, refused with a clear word."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image

from provisioner.errors import Invalid
from provisioner.requests.letters import MIB, display_name, examine, read_upload
from provisioner.requests.letters_worker import FileFault, inspect
from provisioner.texts import render

Change = Callable[[Pdf], object]


def pdf(change: Change = lambda _: None, pages: int = 1, **options: Any) -> bytes:
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page(page_size=(200, 300))
        change(document)
        out = io.BytesIO()
        document.save(out, **options)
        return out.getvalue()


def picture(kind: str, mode: str = "RGB", size: tuple[int, int] = (40, 20), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind, **more)
    return out.getvalue()


def refused(data: bytes, name: str = "surat.pdf", **options: Any) -> str:
    with pytest.raises(Invalid) as caught:
        examine(data, name, **options)
    (error,) = caught.value.errors
    assert error.pointer == "/file"
    assert render(error.message, "id") != render(error.message, "en")
    return render(error.message, "en")


def test_a_pdf_is_kept_and_shown_as_a_clean_copy() -> None:
    def furnish(document: Pdf) -> None:
        document.docinfo["/Author"] = String("Budi Rahasia")
        document.Root.Metadata = document.make_stream(b"<x>Budi Rahasia</x>")
        document.Root.OpenAction = Array([document.pages[0].obj, Name.Fit])
        document.Root.PageMode = Name.UseNone
        stamp = document.make_stream(b"0 0 10 10 re f", BBox=[0, 0, 10, 10], Subtype=Name.Form)
        document.pages[0].Annots = Array(
            [
                Dictionary(
                    Subtype=Name.Stamp, Rect=[0, 0, 10, 10], AP=Dictionary(N=stamp), F=4
                ),
                Dictionary(
                    Subtype=Name.Link,
                    Rect=[0, 0, 10, 10],
                    A=Dictionary(S=Name.URI, URI=String("https://purbalingga.example")),
                ),
            ]
        )  # fmt: skip

    data = pdf(furnish, pages=2)
    letter = examine(data, "Surat Permohonan.PDF")
    assert letter.sha256 == hashlib.sha256(data).hexdigest()
    assert (letter.media_type, letter.pages, letter.bytes) == ("application/pdf", 2, len(data))
    assert letter.cleaned_media_type == "application/pdf"
    assert b"Rahasia" not in letter.cleaned
    with pikepdf.open(io.BytesIO(letter.cleaned)) as clean:
        assert set(clean.Root.keys()) == {"/Type", "/Pages"}
        assert "/Info" not in clean.trailer
        assert all("/Annots" not in page.obj for page in clean.pages)
        assert len(clean.pages[0].Resources.XObject.keys()) == 1  # the stamp is drawn in
        assert len(clean.pages) == 2


def test_a_signed_pdf_is_accepted_and_its_seal_is_seen() -> None:
    def sign(document: Pdf) -> None:
        seal = document.make_stream(b"0 0 9 9 re f", BBox=[0, 0, 9, 9], Subtype=Name.Form)
        field = document.make_indirect(
            Dictionary(
                FT=Name.Sig, T=String("s"), Subtype=Name.Widget, Rect=[0, 0, 9, 9], F=4,
                AP=Dictionary(N=seal),
                V=Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), Contents=String("x")),
            )
        )  # fmt: skip
        document.pages[0].Annots = Array([field])
        document.Root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=3)

    letter = examine(pdf(sign), "surat.pdf")
    with pikepdf.open(io.BytesIO(letter.cleaned)) as clean:
        assert "/AcroForm" not in clean.Root
        assert len(clean.pages[0].Resources.XObject.keys()) == 1


def js(document: Pdf) -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


def launch(_: Pdf) -> Dictionary:
    return Dictionary(S=Name.Launch, F=String("cmd.exe"))


def annotate(document: Pdf, **keys: Any) -> None:
    annotation = Dictionary(Subtype=Name.Link, Rect=[0, 0, 1, 1])
    for key, value in keys.items():
        annotation["/" + key] = value
    document.pages[0].Annots = Array([annotation])


def in_names(document: Pdf) -> None:
    tree = Dictionary(Kids=Array([Dictionary(Names=Array([String("a"), js(document)]))]))
    document.Root.Names = Dictionary(JavaScript=document.make_indirect(tree))


def in_a_chain(document: Pdf) -> None:
    deep = document.make_indirect(js(document))
    for _ in range(40):
        deep = document.make_indirect(Dictionary(S=Name.GoTo, D=Array([]), Next=Array([deep])))
    annotate(document, A=deep)


def in_a_field(document: Pdf) -> None:
    kid = Dictionary(T=String("b"), AA=Dictionary(K=document.make_indirect(js(document))))
    field = Dictionary(T=String("a"), Kids=Array([document.make_indirect(kid)]))
    document.Root.AcroForm = Dictionary(Fields=Array([document.make_indirect(field)]))


def as_stream(document: Pdf) -> None:
    code = document.make_stream(b"app.alert(1)")
    document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=code)


def attach(document: Pdf) -> None:
    document.attachments["x.exe"] = b"MZ"


def attach_by_annotation(document: Pdf) -> None:
    annotate(document, Subtype=Name.FileAttachment, FS=Dictionary(F=String("a")))


ACTIVE: list[tuple[Change, str]] = [
    (lambda d: d.Root.__setitem__("/OpenAction", js(d)), "script"),
    (lambda d: d.Root.__setitem__("/OpenAction", d.make_indirect(js(d))), "script"),
    (as_stream, "script"),
    (in_names, "script"),
    (in_a_chain, "script"),
    (in_a_field, "script"),
    (lambda d: annotate(d, A=js(d)), "script"),
    (lambda d: annotate(d, AA=Dictionary(E=js(d))), "script"),
    (lambda d: d.pages[0].obj.__setitem__("/AA", Dictionary(O=js(d))), "script"),
    (lambda d: d.Root.__setitem__("/AA", Dictionary(WC=launch(d))), "action"),
    (lambda d: d.Root.__setitem__("/AA", Dictionary(WC=Dictionary(S=Name.Named))), "action"),
    (lambda d: d.Root.__setitem__("/OpenAction", Dictionary(S=Name.Named)), "action"),
    (lambda d: annotate(d, A=launch(d)), "action"),
    (lambda d: annotate(d, A=Dictionary(S=Name.SubmitForm, F=String("x"))), "action"),
    (lambda d: annotate(d, A=Dictionary(S=Name.GoToR, F=String("x"))), "action"),
    (lambda d: annotate(d, A=Dictionary(S=Name.URI, URI=String("file:///etc"))), "action"),
    (lambda d: annotate(d, A=Dictionary(S=Name.URI, URI=String("JavaScript:x"))), "action"),
    (
        lambda d: d.Root.__setitem__("/Outlines", Dictionary(First=Dictionary(A=launch(d)))),
        "action",
    ),
    (attach, "attachment"),
    (attach_by_annotation, "media"),
    (lambda d: annotate(d, Subtype=Name.RichMedia), "media"),
    (lambda d: annotate(d, Subtype=Name.Screen), "media"),
    (lambda d: d.Root.__setitem__("/AcroForm", Dictionary(XFA=d.make_stream(b"<x/>"))), "form"),
    (lambda d: d.Root.__setitem__("/AF", Array([Dictionary(EF=Dictionary())])), "attachment"),
]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "object-streams"])
@pytest.mark.parametrize(("change", "code"), ACTIVE)
def test_active_content_is_refused(change: Change, code: str, packed: bool) -> None:
    streams = pikepdf.ObjectStreamMode
    data = pdf(change, object_stream_mode=streams.generate if packed else streams.disable)
    with pytest.raises(FileFault, match=f"^{code}$"):
        inspect(data)


def test_a_script_is_refused_in_words() -> None:
    data = pdf(lambda document: annotate(document, A=js(document)))
    assert refused(data).startswith("the PDF contains a script; print it")


def test_a_name_written_in_disguise_is_still_found() -> None:
    code = String("alert(1)" + " " * 6)
    action = Dictionary(S=Name.JavaScript, JS=code)
    data = pdf(lambda d: d.Root.__setitem__("/OpenAction", action))
    disguised = data.replace(b"/S /JavaScript", b"/#53 /J#61vaScript", 1)
    disguised = disguised.replace(b"/JS (", b"/J#53 (", 1).replace(b" " * 6, b"", 1)
    assert len(disguised) == len(data)  # every offset still holds
    assert "script" in refused(disguised)


def test_which_page_to_show_first_is_no_active_content() -> None:
    def first(document: Pdf) -> None:
        page = document.pages[0].obj
        document.Root.OpenAction = Dictionary(S=Name.GoTo, D=Array([page, Name.Fit]))

    assert examine(pdf(first), "surat.pdf").pages == 1


def test_a_font_may_be_called_like_an_action() -> None:
    def fonts(document: Pdf) -> None:
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        named = Dictionary(AA=font, JS=document.make_indirect(font))
        document.pages[0].obj.Resources = Dictionary(Font=named)

    assert examine(pdf(fonts), "surat.pdf").pages == 1


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "a")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "surat.pdf", "empty"),
        (zipped(), "surat.pdf", "archive"),
        (pdf() + zipped(), "surat.pdf", "archive"),
        (picture("PNG") + zipped(), "surat.png", "archive"),
        (b"%PDF-1.4\nreally only a text", "surat.pdf", "damaged"),
        (b"%PDF-1.4\n%%EOF", "surat.pdf", "damaged"),
        (pdf()[:300], "surat.pdf", "damaged"),
        (pdf() + b"<script>alert(1)</script>", "surat.pdf", "damaged"),
        (b"\n\n" + pdf(), "surat.pdf", "has to be a PDF"),
        (b"MZ" + bytes(500), "surat.pdf", "has to be a PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "surat.png", "has to be a PDF"),
        (picture("GIF"), "surat.png", "has to be a PDF"),
        (pdf(), "surat.docx", "has to be a PDF"),
        (pdf(), "surat.png", "not what the file's name says"),
        (picture("PNG"), "surat.pdf", "not what the file's name says"),
        (picture("JPEG")[:-40], "surat.jpg", "damaged"),
        (b"\xff\xd8\xff" + bytes(200), "surat.jpg", "damaged"),
        (picture("PNG")[:60], "surat.png", "damaged"),
        (b"\xff\xd8\xff" + pdf(), "surat.jpg", "two types"),
        (pdf(pages=51), "surat.pdf", "more than 50 pages"),
        (pdf(encryption=pikepdf.Encryption(owner="a", user="b")), "surat.pdf", "password"),
        (pdf(encryption=pikepdf.Encryption(owner="a", user="")), "surat.pdf", "password"),
        (picture("PNG", "1", (12_000, 6_000)), "surat.png", "too large"),
    ],
)
def test_files_that_are_refused(data: bytes, name: str, words: str) -> None:
    assert words in refused(data, name)


def test_fifty_megabytes_are_refused_before_anything_is_opened() -> None:
    class NeverRead(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise AssertionError

    assert "larger than 10 MB" in refused(b"%PDF-" + bytes(50 * MIB))
    with pytest.raises(Invalid):
        read_upload(NeverRead(), declared=50 * MIB)


def test_an_upload_is_never_held_beyond_its_limit() -> None:
    stream = io.BytesIO(bytes(100))
    with pytest.raises(Invalid):
        read_upload(stream, limit=10)
    assert stream.tell() == 11
    assert read_upload(io.BytesIO(b"abc"), declared=3) == b"abc"


def test_a_pdf_of_countless_parts_is_not_walked_to_the_end() -> None:
    many = pikepdf.Object.parse(b"[" + b"<<>>" * 101_000 + b"]")
    assert "too complicated" in refused(pdf(lambda d: d.Root.__setitem__("/Many", many)))


SEEDS = [pdf(pages=2), pdf(in_a_chain), pdf(in_a_field), picture("PNG"), picture("JPEG")]


@settings(max_examples=300)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 0.99), st.binary(max_size=4)), min_size=1, max_size=6),
)
def test_whatever_is_damaged_is_opened_or_refused(
    seed: bytes, edits: list[tuple[float, bytes]]
) -> None:
    data = seed
    for place, patch in edits:
        at = int(place * len(data))
        data = data[:at] + patch + data[at + max(1, len(patch)) :]
    try:
        media_type, pages, cleaned = inspect(data)
    except FileFault:
        return
    assert media_type in ("application/pdf", "image/png", "image/jpeg")
    assert pages >= 1
    assert cleaned


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_png_of_every_mode_is_drawn_anew(mode: str) -> None:
    letter = examine(picture("PNG", mode, (5000, 10)), "surat.png")
    assert (letter.media_type, letter.pages) == ("image/png", 1)
    with Image.open(io.BytesIO(letter.cleaned)) as clean:
        clean.load()
        assert clean.format == "PNG"
        assert clean.size == (4000, 8)


def test_a_photo_is_turned_upright_and_says_nothing_of_its_maker() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "Kamera Rahasia"
    data = picture("JPEG", exif=exif, comment=b"Rahasia", icc_profile=b"Rahasia")
    letter = examine(data, "foto.JPG")
    assert b"Rahasia" not in letter.cleaned
    with Image.open(io.BytesIO(letter.cleaned)) as clean:
        assert clean.size == (20, 40)
        assert not clean.getexif()


def test_grey_of_sixteen_bits_keeps_its_shades() -> None:
    out = io.BytesIO()
    scan = Image.new("I;16", (2, 1))
    scan.putpixel((0, 0), 128 * 256)
    scan.putpixel((1, 0), 255 * 256)
    scan.save(out, "PNG")
    with Image.open(io.BytesIO(examine(out.getvalue(), "scan.png").cleaned)) as clean:
        assert [clean.getpixel((x, 0)) for x in (0, 1)] == [128, 255]


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_jpeg_of_other_modes(mode: str) -> None:
    assert examine(picture("JPEG", mode), "surat").media_type == "image/jpeg"


def test_the_worker_takes_nothing_from_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    before = set(Path("/proc/self/fd").iterdir())
    assert examine(pdf(), "surat.pdf").pages == 1
    assert set(Path("/proc/self/fd").iterdir()) == before


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("surat.pdf", "surat.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\budi\\surat.pdf", "surat.pdf"),
        ("surat\u202efdp.exe", "surat fdp.exe"),
        ("a\0b\nc.pdf", "a b c.pdf"),
        ("  surat   kadis .pdf", "surat kadis .pdf"),
        ("", "letter"),
        ("...", "letter"),
        (".htaccess", "htaccess"),
        ("x" * 300 + ".pdf", "x" * 95 + "….pdf"),
        ("\ud800.pdf", "pdf"),
        ("<b>.pdf", "<b>.pdf"),
    ],
)
def test_names_are_only_shown(name: str, shown: str) -> None:
    assert display_name(name) == shown
