"""The source code of exactly what runs here, as the AGPL asks for, and its licence."""

from __future__ import annotations

import io
import tarfile
from functools import cache
from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import api
import provisioner
from api.pages.frame import Visitor, page

router = APIRouter(prefix="/source")
_LEFT_OUT = frozenset({"__pycache__"})


@router.get("")
def show(request: Request, _visitor: Visitor) -> Response:
    """What the licence gives to whoever uses this over a network."""
    return page(request, "source.html", version=version("provisioner"))


@router.get("/provisioner.tar.gz")
def download() -> Response:
    """Our packages as they are installed; configuration and data live elsewhere."""
    return Response(
        _archive(),
        media_type="application/gzip",
        headers={"Content-Disposition": 'attachment; filename="provisioner.tar.gz"'},
    )


@cache
def _archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for package in (provisioner, api):
            root = Path(str(package.__file__)).parent
            archive.add(root, root.name, filter=_plain)
        licence = Path(str(api.__file__)).parents[1] / "LICENSE"
        if licence.is_file():
            archive.add(licence, "LICENSE", filter=_plain)
    return buffer.getvalue()


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if Path(member.name).name in _LEFT_OUT:
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
