"""Failures as plain pages."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from api.pages.frame import go, page
from provisioner.texts import Message


def trouble_page(
    request: Request, status: int, slug: str, title: Message, detail: Message
) -> Response:
    """The page that says what is wrong; somebody not signed in is led to the sign-in page,
    who lacks one-time codes to where they are set up."""
    if status == 401 and request.method == "GET":
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return go(request, f"/sign-in?next={quote(path)}")
    if slug == "second-factor":
        return go(request, "/account/code")
    return page(
        request, "trouble.html", status=status, slug=slug, title=title, detail=detail,
        code=request.state.correlation,
    )  # fmt: skip
