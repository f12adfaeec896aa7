"""Tells people outside the console, over the channels that settings name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from provisioner import outbox
from provisioner.database import now
from provisioner.errors import Misconfigured, ProvisionerError
from provisioner.texts import say

log = logging.getLogger(__name__)

NOTIFY: Final = "notify"
"""Topic of the outbox: one text to one channel."""
STALE = timedelta(hours=24)
"""What could not be delivered for so long is news no longer."""


_CONNECT, _ANSWER = 4.0, 8.0
"""Seconds; whatever an address asks for, no channel holds the others up for longer."""


class Undelivered(ProvisionerError):
    """A channel did not take a text; it is offered again."""


class Notifications:
    """One message of the outbox per channel: one that fails never repeats the others."""

    def __init__(self, references: Sequence[str], secret: Callable[[str], str]) -> None:
        """``references``: where each channel's address is kept, ``secret`` reads it there."""
        self._references, self._secret = references, secret

    def announce(self, session: Session, text: str) -> None:
        """Put a text on its way to every channel, within the caller's transaction."""
        for reference in self._references:
            payload = {"channel": reference, "text": text, "at": now().isoformat()}
            outbox.put(session, NOTIFY, payload)

    def deliver(self, payload: Mapping[str, Any]) -> None:
        """Hand one text to its channel. Raises Undelivered or Misconfigured, never with the
        channel's address, which is a secret."""
        reference = str(payload["channel"])
        if reference not in self._references:
            return  # nobody wants to be told there any more
        if now() - datetime.fromisoformat(payload["at"]) > STALE:
            log.warning("notifications: %s did not take a text for a day; given up", reference)
            return
        taken = tell(self._secret(reference), str(payload["text"]))
        if taken is None:
            raise Misconfigured(
                "provisioner.toml",
                "notifications.urls",
                say("%(where)s is not an address that Apprise knows", where=reference),
            )
        if not taken:
            raise Undelivered(say("%(where)s did not take the text.", where=reference))


def tell(url: str, text: str) -> bool | None:
    """Hand a text to the channel of that address: whether it was taken; None for no address that
    Apprise knows. Waits a few seconds at most."""
    from apprise import Apprise  # slow to import, and most processes never tell anybody

    channel = Apprise()
    if not channel.add(url):
        return None
    for server in channel:
        server.socket_connect_timeout = min(
            float(server.socket_connect_timeout or _CONNECT), _CONNECT
        )
        server.socket_read_timeout = min(float(server.socket_read_timeout or _ANSWER), _ANSWER)
    return bool(channel.notify(body=text))


def knows(url: str) -> bool:
    """Whether Apprise can make something of an address; nothing is sent."""
    from apprise import Apprise

    return bool(Apprise().add(url))
