"""What a platform of network devices can do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from provisioner.drivers.network.examination import Examination, Inquiry, Remedied, Remedy
from provisioner.drivers.network.intents import Intent, Wish
from provisioner.drivers.network.survey import Survey
from provisioner.drivers.network.work import (
    Applied,
    Confirmed,
    Order,
    Preview,
    Reading,
    Result,
    Reverted,
)


class NetworkPlatform(Protocol):
    """One kind of device, many at once; every call is one session per device, always closed.

    Failures by host: Retriable (could not connect or log in; nothing was done), Refused (the device
    rejected a line; what was accepted before it stands), OutcomeUnknown (the session ended midway),
    ActionNeeded (host key, login, wrong hostname, no timer though required, a stranger's timer).
    Nothing is written to a device whose hostname is not its name in the inventory.
    """

    def read(
        self, wanted: Mapping[str, Sequence[Intent]], keys: Mapping[str, str] | None = None
    ) -> Result[Reading]:
        """Read the intents' objects and the whole configuration of each host.

        ``keys``: passphrases by mark; an SSID with another one comes back as not ``keyed``.
        """
        ...

    def preview(self, reading: Reading, wishes: Sequence[Wish]) -> Preview:
        """What would make the wishes true on that device; empty lines where they are. Pure.

        Raises Refused for what cannot be said in the device's syntax.
        """
        ...

    def apply(self, orders: Mapping[str, Order]) -> Result[Applied]:
        """Arm the timer and send the lines; not saved. Idempotent."""
        ...

    def confirm(self, orders: Mapping[str, Order]) -> Result[Confirmed]:
        """Disarm our timer and save."""
        ...

    def revert(self, orders: Mapping[str, Order]) -> Result[Reverted]:
        """Put the device back to what it was before ``apply``, now; disarm our timer."""
        ...

    def survey(self, names: Collection[str]) -> Result[Survey]:
        """Look around on each host: neighbours, addresses learned, ports, leases. Changes nothing.

        What a device cannot tell (no LLDP there, no such command) is left empty, not a failure.
        """
        ...

    def examine(self, inquiries: Mapping[str, Inquiry]) -> Result[Examination]:
        """Ask each host how it is doing, in one session that refuses every line but a reading one.

        Takes ``Inquiry.limit`` seconds per host after the login, and no more memory than a few
        megabytes, whatever the device sends: a device that stops answering midway gives what it
        said so far, with ``cut``; one that gives nothing is a failure. Changes nothing; even the
        hostname need not be right.
        """
        ...

    def remedy(self, remedies: Mapping[str, Remedy]) -> Result[Remedied]:
        """Do one of the few things that help without changing what is set up.

        Nothing is done on a host whose hostname is another, nor to a port by which we reach it:
        Refused. What a platform cannot do is Refused as well.
        """
        ...
