"""Whether a PDF keeps what PDF/A promises, as far as its structure tells; no full validation.

The rules are those of ISO 19005-3 that break first: what is checked is named by each fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pikepdf

_SIMPLE = ("/TrueType", "/Type1", "/MMType1")
_ACTIVE = ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/Movie", "/Sound", "/GoToR")


def pdfa_faults(data: bytes, part: str = "3", level: str = "A") -> list[str]:
    """A line per fault, in English, for those who keep the program; empty where none was found.

    Looks at: encryption, the output intent, the XMP claim and the title, embedded fonts, scripts,
    actions, external streams, and for level A the tags, their language and alternative texts.
    """
    try:
        with pikepdf.open(BytesIO(data), attempt_recovery=False) as pdf:
            return [*_whole(pdf, part, level), *_objects(pdf), *_tags(pdf, level)]
    except pikepdf.PdfError:
        return ["cannot be opened"]


def _whole(pdf: Any, part: str, level: str) -> Iterator[str]:
    root = pdf.Root
    if pdf.is_encrypted or "/Encrypt" in pdf.trailer:
        yield "is encrypted"
    if "/ID" not in pdf.trailer:
        yield "has no file identifier"
    intents = [i for i in root.get("/OutputIntents", []) if str(i.get("/S")) == "/GTS_PDFA1"]
    if not any("/DestOutputProfile" in intent for intent in intents):
        yield "has no PDF/A output intent with a colour profile"
    if "/Metadata" not in root:
        yield "has no XMP metadata"
        return
    with pdf.open_metadata() as meta:
        if meta.get("pdfaid:part") != part or meta.get("pdfaid:conformance") != level:
            yield f"does not claim PDF/A-{part}{level}"
        if not meta.get("dc:title"):
            yield "has no title"
        info = pdf.trailer.get("/Info", {})
        if "/Title" in info and str(info["/Title"]) != str(meta.get("dc:title")):
            yield "has two different titles"
    for key in ("/JavaScript", "/EmbeddedFiles"):
        if key in root.get("/Names", {}):
            yield f"has {key[1:]}"
    if "/AA" in root or "/OpenAction" in root:
        yield "starts something by itself"


def _objects(pdf: Any) -> Iterator[str]:
    for node in pdf.objects:
        if not isinstance(node, pikepdf.Dictionary | pikepdf.Stream):
            continue
        if isinstance(node, pikepdf.Stream) and ("/F" in node or "/FFilter" in node):
            yield "refers to another file"
        if isinstance(node, pikepdf.Stream) and "LZWDecode" in str(node.get("/Filter", "")):
            yield "uses LZW compression"
        if str(node.get("/S", "")) in _ACTIVE or "/JS" in node:
            yield "has an active element"
        if str(node.get("/Type", "")) == "/Font" and not _embedded(node):
            yield f"does not embed the font {node.get('/BaseFont', '?')}"


def _embedded(font: Any) -> bool:
    kind = str(font.get("/Subtype", ""))
    if kind == "/Type0":
        return "/ToUnicode" in font and all(map(_embedded, font.DescendantFonts))
    if kind.startswith("/CIDFont") or kind in _SIMPLE:
        keys = font.get("/FontDescriptor", {})
        return any(f"/FontFile{n}" in keys for n in ("", "2", "3"))
    return kind == "/Type3"


def _tags(pdf: Any, level: str) -> Iterator[str]:
    if level != "A":
        return
    root = pdf.Root
    if not root.get("/MarkInfo", {}).get("/Marked", False) or "/StructTreeRoot" not in root:
        yield "is not tagged"
        return
    if not root.get("/Lang"):
        yield "names no language"
    for node in pdf.objects:
        if not isinstance(node, pikepdf.Dictionary) or str(node.get("/S", "")) != "/Figure":
            continue
        if not str(node.get("/Alt", "")) and not str(node.get("/ActualText", "")):
            yield "has a figure without alternative text"
