"""What stands: the servers that were handed over."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.pages.frame import Reader, page
from api.security import Services

router = APIRouter(prefix="/instances")


@router.get("")
def show(request: Request, actor: Reader, product: Services) -> Response:
    """All servers that the reader may see."""
    names = {one.id: one.name for one in product.people.departments()}
    return page(
        request, "instances.html", instances=product.instances.list(actor), departments=names
    )
