"""Who is asking, from where, and the headers that every answer carries."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import language
from api.policy import PUBLIC, ROUTES, P
from provisioner import events
from provisioner.bootstrap import Product
from provisioner.errors import Forbidden, Mistake, Unauthenticated
from provisioner.people.policy import POLICY, Permission
from provisioner.people.rules import Actor
from provisioner.people.signing_in import PENDING
from provisioner.texts import say

SESSION_COOKIE = "session"
PENDING_COOKIE = "pending"
KNOWN_COOKIE = "known"
"""Of a browser in which somebody has signed in before: lets nobody in, spares only a wait."""
_KNOWN = timedelta(days=365)
UPLOAD_LIMIT = 12 * 1024 * 1024
"""Bytes of a multipart body; a letter may be smaller still, which its service checks."""
BODY_LIMIT = 1024 * 1024
PHOTOS_LIMIT = 40 * 1024 * 1024
"""Bytes of the photos of one manual step together."""
_PHOTOS = re.compile(r"(/api/v1)?/runs/[^/]+/steps/[^/]+/complete")
_DRAIN_LIMIT = 128 * 1024 * 1024
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CSP = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors {ancestors}"
)


async def services(request: Request) -> Product:
    """``product_of``, for a route."""
    return product_of(request)


def product_of(request: Request) -> Product:
    """The composition root's result that the application was made with."""
    product: Product = request.app.state.product
    return product


async def person(request: Request) -> Actor:
    """Who asks: by bearer token, else by session cookie, which must come from our own pages.

    Their language is the one that the answer is asked for in. Raises Unauthenticated, and Forbidden
    for a cross-site call.
    """
    return known(request)


def known(request: Request) -> Actor:
    """What ``person`` says, outside of a route."""
    actor = asking(request)
    if _token(request) is not None:
        if actor is None:
            raise Unauthenticated(
                say("The token is not known, has expired or was revoked."), slug="bad-token"
            )
    else:
        if actor is None:
            raise Unauthenticated(say("Please sign in first."))
        same_origin(request)
    return replace(actor, language=language.of_api(request))


def asking(request: Request) -> Actor | None:
    """Whom the token of a program, or this browser's session, stands for; None without a good one.

    Looked up in the database once for each call that comes in, by ``permitted``; what comes after
    only reads it, so that it needs no thread.
    """
    if not hasattr(request.state, "asking"):
        people, token = product_of(request).people, _token(request)
        if token is not None:
            request.state.asking = people.by_token(token)
        else:
            secret = request.cookies.get(SESSION_COOKIE)
            request.state.asking = people.by_session(secret) if secret else None
    found: Actor | None = request.state.asking
    return found


def _token(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and is_api(request) else None


def is_api(request: Request) -> bool:
    """Whether a program asks, which is answered by problems rather than by pages."""
    path = request.url.path
    return path.startswith("/api/") or path in {"/healthz", "/readyz", "/metrics"}


def address_of(request: Request) -> str:
    """The network address that asks; empty when it is not known."""
    return request.client.host if request.client else ""


def permitted(request: Request) -> None:
    """Refuse what the table of addresses does not allow to who asks, before anything else is done.

    Raises Unauthenticated, and Forbidden: by role, ``scope`` of the token, ``no-rule`` for an
    address that the table forgot, ``second-factor`` for who has to set one up first.
    """
    path = request.scope["route"].path
    prefix = "/api/v1" if request.url.path.startswith("/api/v1/") else ""
    try:
        permission = ROUTES[request.method, prefix + path]
    except KeyError as error:
        raise Forbidden(say("This cannot be done here."), slug="no-rule") from error
    if permission is PUBLIC:
        if not is_api(request):
            asking(request)  # a public page may show who is signed in
        return
    if is_api(request):
        actor = known(request)
    else:
        same_origin(request)
        actor = signed_in(request)
    _demand_scope(actor, request.method, permission)
    if actor.unproven and permission is not P.OWN_ACCOUNT:
        raise Forbidden(say("First set up one-time codes for your account."), slug="second-factor")
    if not actor.has(*POLICY[permission].roles):
        raise Forbidden(say("Your role does not allow this."))


def signed_in(request: Request) -> Actor:
    """Whom this browser's session stands for. Raises Unauthenticated."""
    actor = asking(request)
    if actor is None:
        raise Unauthenticated(say("Please sign in first."))
    request.state.actor = actor
    return actor


def same_origin(request: Request) -> None:
    """Refuse a change that another site's page sends with our cookie (raises Forbidden).

    Browsers say where a request comes from (``Sec-Fetch-Site``, ``Origin``), so that forms need no
    tokens; a client that sends neither is no browser and has no cookie to abuse.
    """
    if request.method in _SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = {
        request.headers.get("host", ""),
        urlsplit(product_of(request).settings.web.public_url).netloc,
    }
    if site is not None:
        good = site in {"same-origin", "none"}
    else:
        good = origin is None or urlsplit(origin).netloc in ours - {""}
    if not good:
        raise Forbidden(
            say("This was sent by a page of another site, so nothing was done."), slug="cross-site"
        )


def _demand_scope(actor: Actor, method: str, permission: Permission) -> None:
    needed = frozenset({"read"}) if method in _SAFE else POLICY[permission].scopes
    if actor.scopes and actor.scopes.isdisjoint(needed):
        scope = " / ".join(sorted(needed))
        raise Forbidden(
            say("This token may not do that; it lacks the scope %(scope)s.", scope=scope),
            slug="scope",
        )


Person = Annotated[Actor, Depends(person)]
Services = Annotated[Product, Depends(services)]


def set_session(request: Request, response: Response, secret: str) -> None:
    """Give the browser its session cookie."""
    _set_cookie(request, response, SESSION_COOKIE, secret, product_of(request).people.terms.session)


def set_pending(request: Request, response: Response, secret: str) -> None:
    """Remember in the browser that its code is waited for."""
    _set_cookie(request, response, PENDING_COOKIE, secret, PENDING)


def set_known(request: Request, response: Response, username: str) -> None:
    """Give the browser what the person's next sign-in from it is known by."""
    _set_cookie(request, response, KNOWN_COOKIE, product_of(request).people.vouch(username), _KNOWN)


def _set_cookie(
    request: Request, response: Response, name: str, secret: str, lasts: timedelta
) -> None:
    response.set_cookie(
        name,
        secret,
        max_age=int(lasts.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=_https(request),
    )


def _https(request: Request) -> bool:
    return product_of(request).settings.web.public_url.startswith("https://")


async def proper_address(request: Request) -> None:
    """Refuse an address with a NUL: no name of ours has one, and PostgreSQL takes none."""
    if "\0" in request.url.path or b"%00" in request.scope["query_string"]:
        raise Mistake(say("The address has an invalid character."), slug="bad-request")


class Guard:
    """Gives each request a correlation id, each answer its headers, and bodies a limit."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation = secrets.token_hex(8)
        scope.setdefault("state", {})["correlation"] = correlation
        events.CLICK.set(correlation)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message), correlation)
            await send(message)

        await self._app(scope, _Limited(scope, receive), sending)

    def _add_headers(self, headers: MutableHeaders, correlation: str) -> None:
        headers["X-Correlation-ID"] = correlation
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers.setdefault("Content-Security-Policy", policy())
        headers.setdefault("Cache-Control", "no-store")
        if self._https:
            headers["Strict-Transport-Security"] = "max-age=31536000"


def policy(ancestors: str = "'none'") -> str:
    """The content security policy; ``ancestors`` may be ``'self'`` for what our pages frame."""
    return _CSP.format(ancestors=ancestors)


class _Limited:
    """A ``receive`` that refuses a body above the limit, whatever its Content-Length says.

    The rest is read and thrown away first: a browser that is still sending shows a broken
    connection instead of our answer.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        headers = Headers(scope=scope)
        multipart = headers.get("content-type", "").startswith("multipart/")
        self._limit = UPLOAD_LIMIT if multipart else BODY_LIMIT
        if multipart and _PHOTOS.fullmatch(scope["path"]):
            self._limit = PHOTOS_LIMIT
        declared = headers.get("content-length", "")
        self._refused = declared.isdigit() and int(declared) > self._limit
        self._seen = 0

    async def __call__(self) -> Message:
        message = await self._take()
        if self._refused or self._seen > self._limit:
            while message.get("more_body") and self._seen < _DRAIN_LIMIT:
                message = await self._take()
            raise HTTPException(413)
        return message

    async def _take(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        return message
