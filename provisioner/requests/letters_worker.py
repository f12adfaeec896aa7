"""Opens one letter that nobody has trusted yet; run as a process of its own by ``letters``.

Reads the file from standard input; writes one line of JSON (``fault``, or ``media_type`` and
``pages``) and then the cleaned copy to standard output. It limits its own processor time, memory
and output before it loads a parser. It imports nothing of the product and knows no secret.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterable
from io import BytesIO
from typing import Any
from zipfile import is_zipfile

CPU_SECONDS = 20
MEMORY_BYTES = 1024 * 1024 * 1024
OUTPUT_BYTES = 64 * 1024 * 1024
MAX_PAGES = 50
MAX_PIXELS = 60_000_000
MAX_NODES = 100_000
LONGEST_SIDE = 4000
"""Pixels of the cleaned copy of a picture; enough to read a scanned A4 page."""

TYPES = {"application/pdf": b"%PDF-", "image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n"}
_FORBIDDEN_ACTIONS = frozenset(
    {
        "Launch",
        "SubmitForm",
        "ImportData",
        "Rendition",
        "Movie",
        "Sound",
        "GoToE",
        "GoToR",
        "RichMediaExecute",
        "GoTo3DView",
    }
)
_FORBIDDEN_ANNOTATIONS = frozenset(
    {"RichMedia", "Screen", "Movie", "Sound", "3D", "FileAttachment"}
)
_SAFE_LINKS = ("http:", "https:", "mailto:", "tel:", "www.")
_KEPT_IN_ROOT = frozenset(
    {"/Type", "/Pages", "/PageLabels", "/Lang", "/OCProperties", "/ViewerPreferences"}
)
_KEPT_IN_PAGE = frozenset(
    {
        "/Type",
        "/Parent",
        "/Contents",
        "/Resources",
        "/MediaBox",
        "/CropBox",
        "/BleedBox",
        "/TrimBox",
        "/ArtBox",
        "/Rotate",
        "/UserUnit",
        "/Group",
    }
)


class FileFault(Exception):
    """The file is refused; the argument is a code that ``letters`` turns into a text."""


def limit_resources() -> None:
    """From here on this process can neither run long nor take or write much."""
    for what, limit in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, OUTPUT_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (limit, limit))


def inspect(data: bytes) -> tuple[str, int, bytes]:
    """Media type, pages and cleaned copy of a letter. Raises FileFault."""
    media_type = sniff(data)
    if media_type == "application/pdf":
        return media_type, *inspect_pdf(data)
    return media_type, 1, clean_picture(data, media_type)


def sniff(data: bytes) -> str:
    """The one of our three types that the content is by its signature. Raises FileFault."""
    import puremagic

    if is_zipfile(BytesIO(data)):
        raise FileFault("archive")
    try:
        guesses = {guess.mime_type for guess in puremagic.magic_string(data)}
    except puremagic.PureError:
        raise FileFault("unknown_type") from None
    for media_type, signature in TYPES.items():
        if data.startswith(signature) and media_type in guesses:
            return media_type
    raise FileFault("unknown_type")


def clean_picture(data: bytes, media_type: str) -> bytes:
    """The picture drawn anew: upright, without anything but its pixels. Raises FileFault."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    wanted = media_type.removeprefix("image/").upper()
    if b"%PDF-" in data[:1024]:
        raise FileFault("two_types")
    try:
        picture = Image.open(BytesIO(data), formats=(wanted,))
        if picture.width * picture.height > MAX_PIXELS:
            raise FileFault("too_many_pixels")
        picture.load()
        upright = ImageOps.exif_transpose(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise FileFault("too_many_pixels") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        raise FileFault("broken") from None
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    opaque = wanted == "JPEG" or not upright.has_transparency_data
    if upright.mode.startswith("I"):  # 16 bits of grey; a plain conversion would cut them off
        upright = upright.point(lambda grey: grey * (1 / 256))
    grey = upright.mode in ("1", "L") or upright.mode.startswith("I")
    clean = upright.convert("L" if grey and opaque else "RGB" if opaque else "RGBA")
    clean.info.clear()
    out = BytesIO()
    clean.save(out, wanted, **({"quality": 85} if wanted == "JPEG" else {}))
    return out.getvalue()


def inspect_pdf(data: bytes) -> tuple[int, bytes]:
    """Pages and cleaned copy of a PDF without active content. Raises FileFault."""
    import pikepdf

    if data[data.rfind(b"%%EOF") + 5 :].strip(b"\r\n\t \0\x1a"):
        raise FileFault("broken")
    try:
        # Without recovery: a reader that mends a damaged file its own way could see another one.
        with pikepdf.open(BytesIO(data), attempt_recovery=False) as pdf:
            if pdf.is_encrypted:
                raise FileFault("encrypted")
            pages = len(pdf.pages)
            if pages == 0:
                raise FileFault("broken")
            if pages > MAX_PAGES:
                raise FileFault("too_many_pages")
            refuse_active_content(pdf)
            return pages, clean_pdf(pdf)
    except pikepdf.PasswordError:
        raise FileFault("encrypted") from None
    except (pikepdf.PikepdfError, ValueError, TypeError, KeyError, AttributeError):
        raise FileFault("broken") from None


def refuse_active_content(pdf: Any) -> None:
    """Walk everything that can be reached from the trailer. Raises FileFault."""
    import pikepdf

    kinds = (pikepdf.Dictionary, pikepdf.Stream, pikepdf.Array)
    seen: set[tuple[int, int]] = set()
    waiting: list[Any] = [pdf.trailer]
    nodes = 0
    while waiting:
        node = waiting.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise FileFault("too_complicated")
        if node.is_indirect:
            if node.objgen in seen:
                continue
            seen.add(node.objgen)
        if isinstance(node, pikepdf.Array):
            children: Iterable[Any] = node
        else:
            refuse_active_dictionary(node)
            children = (value for _, value in node.items())
        waiting += (child for child in children if isinstance(child, kinds))


def refuse_active_dictionary(node: Any) -> None:
    """One dictionary by itself. Raises FileFault."""
    import pikepdf

    refuse_action(node)
    if _name(node.get("/Type")) == "EmbeddedFile" or "/EF" in node or "/EmbeddedFiles" in node:
        raise FileFault("attachment")
    if "/XFA" in node:
        raise FileFault("form")
    if _name(node.get("/Subtype")) in _FORBIDDEN_ANNOTATIONS or "/RichMediaContent" in node:
        raise FileFault("media")
    opening, triggers = node.get("/OpenAction"), node.get("/AA")
    if isinstance(opening, pikepdf.Dictionary):
        refuse_action(opening)
        if _name(opening.get("/S")) != "GoTo":  # which page to show first is harmless
            raise FileFault("action")
    for action in triggers.values() if isinstance(triggers, pikepdf.Dictionary) else ():
        if isinstance(action, pikepdf.Dictionary) and "/S" in action:
            refuse_action(action)
            raise FileFault("action")


def refuse_action(node: Any) -> None:
    """A dictionary that says it is an action which does more than show a page. Raises FileFault."""
    import pikepdf

    kind = _name(node.get("/S"))
    if kind == "JavaScript" or isinstance(node.get("/JS"), pikepdf.String):
        raise FileFault("script")
    if kind in _FORBIDDEN_ACTIONS:
        raise FileFault("action")
    if kind == "URI" and not str(node.get("/URI", "")).lower().startswith(_SAFE_LINKS):
        raise FileFault("action")


def clean_pdf(pdf: Any) -> bytes:
    """What is seen on the pages (stamps and signatures drawn in) and nothing else."""
    import pikepdf

    if pdf.Root.get("/AcroForm", {}).get("/NeedAppearances", False):
        pdf.generate_appearance_streams()
    pdf.flatten_annotations("all")
    for key in set(pdf.Root.keys()) - _KEPT_IN_ROOT:
        del pdf.Root[key]
    for page in pdf.pages:
        for key in set(page.obj.keys()) - _KEPT_IN_PAGE:
            del page.obj[key]
    for node in pdf.objects:
        if isinstance(node, pikepdf.Dictionary | pikepdf.Stream):
            for key in ("/Metadata", "/PieceInfo", "/LastModified"):
                if key in node:
                    del node[key]
    if "/Info" in pdf.trailer:
        del pdf.trailer["/Info"]
    out = BytesIO()
    pdf.save(out, deterministic_id=True, preserve_pdfa=False, fix_metadata_version=False)
    return out.getvalue()


def _name(value: object) -> str:
    return "" if value is None else str(value).lstrip("/")


def main() -> None:
    """Answer for the one file on standard input."""
    limit_resources()
    try:
        media_type, pages, cleaned = inspect(sys.stdin.buffer.read())
        answer: dict[str, Any] = {"media_type": media_type, "pages": pages}
    except FileFault as fault:
        answer, cleaned = {"fault": str(fault)}, b""
    except (MemoryError, RecursionError):
        answer, cleaned = {"fault": "too_complicated"}, b""
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + cleaned)


if __name__ == "__main__":
    main()
