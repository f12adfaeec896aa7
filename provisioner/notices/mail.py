"""Sends one e-mail through the office's mail server, whose certificate is verified."""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NoReturn

from provisioner.database import now
from provisioner.errors import ProvisionerError
from provisioner.notifications import Undelivered
from provisioner.settings import MailSettings, Settings
from provisioner.texts import Message, say

AWAY = 60.0
"""Seconds in which a server that did not answer is not asked again, for any message."""


class Refused(ProvisionerError):
    """The server takes no mail for this address; trying again does not help."""


class Mailer:
    """smtplib rather than Apprise's mailto: what is refused for good is told from what has to be
    tried again, certificates are always verified, and each message has an id of its own."""

    def __init__(self, settings: Settings, terms: MailSettings) -> None:
        self._settings, self._terms = settings, terms
        self._away: tuple[float, Message] | None = None

    def send(self, to: str, subject: str, body: str, id: str, language: str) -> None:
        """Hand a message to the server. Raises Undelivered (try again), Refused (do not)."""
        if self._away and time.monotonic() < self._away[0]:
            raise Undelivered(self._away[1])
        message = self._message(to, subject, body, id, language)
        with self._session() as server:
            try:
                server.send_message(message, self._terms.sender, [to])
            except smtplib.SMTPRecipientsRefused as refusal:
                code = next(iter(refusal.recipients.values()))[0]
                self._refuse(code, for_good=code >= 500)
            except (smtplib.SMTPNotSupportedError, UnicodeEncodeError):
                raise Refused(say("The mail server takes no address of this kind.")) from None
            except smtplib.SMTPSenderRefused as refusal:
                self._refuse(refusal.smtp_code, for_good=False)
            except smtplib.SMTPDataError as refusal:
                self._refuse(refusal.smtp_code, for_good=refusal.smtp_code >= 500)

    def probe(self) -> None:
        """Connect, encrypt and sign in, and send nothing. Raises Undelivered."""
        with self._session():
            pass

    def _refuse(self, code: int, *, for_good: bool) -> NoReturn:
        if for_good:
            raise Refused(say("The mail server refused it (%(code)s).", code=code)) from None
        raise Undelivered(
            say("The mail server did not take it yet (%(code)s).", code=code)
        ) from None

    def _message(self, to: str, subject: str, body: str, id: str, language: str) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        try:
            message["To"] = Address(addr_spec=to)
        except (HeaderParseError, ValueError, IndexError):
            raise Refused(say("This is no e-mail address.")) from None
        message["From"] = self._terms.sender
        message["Subject"] = subject
        message["Date"] = format_datetime(now())
        message["Message-ID"] = f"<{id}@{self._terms.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = language
        message.set_content(body)
        return message

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        try:
            server = self._connect()
        except ssl.SSLCertVerificationError:
            self._gone(say("The certificate of the mail server cannot be verified."))
        except smtplib.SMTPAuthenticationError as refusal:
            self._gone(
                say("The mail server refused the sign-in (%(code)s).", code=refusal.smtp_code)
            )
        except smtplib.SMTPException as error:
            self._gone(say("The mail server does not answer: %(why)s", why=type(error).__name__))
        except OSError as error:
            why = error.strerror or type(error).__name__
            self._gone(say("The mail server does not answer: %(why)s", why=why))
        self._away = None
        try:
            yield server
            _quietly(server.quit)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            what = say("The mail server does not answer: %(why)s", why=type(error).__name__)
            raise Undelivered(what) from None
        finally:
            server.close()

    def _connect(self) -> smtplib.SMTP:
        terms = self._terms
        context = ssl.create_default_context(
            cafile=self._settings.path(terms.ca) if terms.ca else None
        )
        server: smtplib.SMTP
        if terms.security == "tls":
            server = smtplib.SMTP_SSL(
                terms.host, terms.port, timeout=terms.timeout, context=context
            )
        else:
            server = smtplib.SMTP(terms.host, terms.port, timeout=terms.timeout)
        try:
            if terms.security == "starttls":
                server.starttls(context=context)
            if terms.user is not None and terms.password is not None:
                server.login(terms.user, self._settings.secret(terms.password))
        except BaseException:
            server.close()
            raise
        return server

    def _gone(self, what: Message) -> NoReturn:
        self._away = (time.monotonic() + AWAY, what)
        raise Undelivered(what) from None


def _quietly(end: Callable[[], object]) -> None:
    """A server that hangs up instead of saying good-bye has taken the message all the same."""
    try:
        end()
    except (smtplib.SMTPException, OSError):
        return
