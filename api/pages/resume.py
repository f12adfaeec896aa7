"""A form whose session ran out: what was typed waits in the sign-in page and is sent afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from api.pages.frame import page

PATH = "kept-path"
_FIELD = "kept:"
_SECRET = re.compile(r"pass|secret|sandi|(^|[/_-])(code|old|new|again)$")


@dataclass(frozen=True)
class Kept:
    """Where the form was going, and its fields; passwords and files cannot be kept."""

    path: str
    fields: tuple[tuple[str, str], ...]
    secrets: bool = False
    files: bool = False

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The fields by which the sign-in pages carry it along."""
        marks = [(f"{PATH}-{what}", "yes") for what in ("secrets", "files") if getattr(self, what)]
        return [(PATH, self.path), *marks, *((_FIELD + name, text) for name, text in self.fields)]


def local(path: str) -> str:
    """The path if it is one of this site, else the start page: nobody is led elsewhere."""
    good = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if good else "/"


async def sent_form(request: Request) -> FormData:
    """What the form sent."""
    return await request.form()


Sent = Annotated[FormData, Depends(sent_form)]


def kept_in(sent: FormData) -> Kept | None:
    """The form that a sign-in page carries along; None where it carries none."""
    path = sent.get(PATH)
    if not isinstance(path, str) or local(path) != path:
        return None
    fields = tuple(
        (name.removeprefix(_FIELD), text)
        for name, text in sent.multi_items()
        if name.startswith(_FIELD) and isinstance(text, str)
    )
    return Kept(path, fields, f"{PATH}-secrets" in sent, f"{PATH}-files" in sent)


async def ask_to_sign_in(request: Request) -> Response:
    """The sign-in page instead of the answer to a form; nothing of what was typed is lost."""
    sent = await request.form()
    fields: list[tuple[str, str]] = []
    secrets = files = False
    for name, value in sent.multi_items():
        if isinstance(value, UploadFile):
            files = files or bool(value.filename)
        elif _SECRET.search(name.lower()):
            secrets = secrets or bool(value)
        else:
            fields.append((name, value))
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    kept = Kept(path, tuple(fields), secrets, files)
    response = sign_in_form(request, status=401, kept=kept)
    if request.headers.get("hx-request") == "true":
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "innerHTML"
        response.headers["HX-Reselect"] = "body"
    return response


def sign_in_form(
    request: Request,
    *,
    status: int = 200,
    next: str = "/",
    username: str = "",
    problem: Any = None,
    kept: Kept | None = None,
) -> Response:
    """The first page of signing in."""
    return page(
        request, "sign_in.html", status=status, next=local(next), username=username,
        problem=problem, kept=kept,
    )  # fmt: skip
