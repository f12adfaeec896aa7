"""All network devices of the office as one: each call goes to the platform of each host."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar, runtime_checkable

from provisioner.drivers.network import (
    Applied,
    Confirmed,
    Examination,
    Host,
    Inquiry,
    Intent,
    NetworkPlatform,
    Order,
    Preview,
    Reading,
    Remedied,
    Remedy,
    Result,
    Reverted,
    Survey,
    Wish,
)
from provisioner.errors import ActionNeeded, StepFailure
from provisioner.texts import say


@runtime_checkable
class Rehearsed(Protocol):
    """A platform whose devices can be asked in advance."""

    def evidence(self, orders: Mapping[str, Order]) -> Result[tuple[str, ...]]:
        """By host, the lines before and after; nothing is written."""
        ...


_T = TypeVar("_T")
_Work = Mapping[str, Any]


class Fleet:
    """Implements ``NetworkPlatform`` for every host of the inventory, all platforms at once."""

    def __init__(
        self,
        hosts: Callable[[], Mapping[str, Host]],
        platforms: Mapping[str, NetworkPlatform],
        seen: Callable[[Result[Reading]], None] = lambda results: None,
    ) -> None:
        self.hosts = hosts
        self._platforms = platforms
        self._seen = seen

    def read(
        self, wanted: Mapping[str, Sequence[Intent]], keys: Mapping[str, str] | None = None
    ) -> Result[Reading]:
        """See ``NetworkPlatform``; what was seen is told to ``seen``."""
        found = self._each(wanted, lambda platform, work: platform.read(work, keys))
        self._seen(found)
        return found

    def preview(self, reading: Reading, wishes: Sequence[Wish]) -> Preview:
        """See ``NetworkPlatform``."""
        return self._platforms[self.hosts()[reading.host].platform].preview(reading, wishes)

    def apply(self, orders: Mapping[str, Order]) -> Result[Applied]:
        """See ``NetworkPlatform``."""
        return self._each(orders, lambda platform, work: platform.apply(work))

    def confirm(self, orders: Mapping[str, Order]) -> Result[Confirmed]:
        """See ``NetworkPlatform``."""
        return self._each(orders, lambda platform, work: platform.confirm(work))

    def revert(self, orders: Mapping[str, Order]) -> Result[Reverted]:
        """See ``NetworkPlatform``."""
        return self._each(orders, lambda platform, work: platform.revert(work))

    def survey(self, names: Collection[str]) -> Result[Survey]:
        """See ``NetworkPlatform``."""
        return self._each(dict.fromkeys(names), lambda platform, work: platform.survey(work))

    def examine(self, inquiries: Mapping[str, Inquiry]) -> Result[Examination]:
        """See ``NetworkPlatform``."""
        return self._each(inquiries, lambda platform, work: platform.examine(work))

    def remedy(self, remedies: Mapping[str, Remedy]) -> Result[Remedied]:
        """See ``NetworkPlatform``."""
        return self._each(remedies, lambda platform, work: platform.remedy(work))

    def evidence(self, orders: Mapping[str, Order]) -> Result[tuple[str, ...]]:
        """What each device would be changed in, as it says itself where its platform can ask it so
        (Ansible's check mode), else as the difference of the preview. Nothing is written."""

        def asked(platform: NetworkPlatform, work: _Work) -> Result[tuple[str, ...]]:
            if isinstance(platform, Rehearsed):
                return platform.evidence(work)
            return {host: order.preview.diff for host, order in work.items()}

        return self._each(orders, asked)

    def drives(self, host: Host) -> bool:
        """Whether the program has a driver for this host's platform."""
        return host.platform in self._platforms

    def _each(
        self, work: _Work, call: Callable[[NetworkPlatform, _Work], Result[_T]]
    ) -> dict[str, _T | StepFailure]:
        hosts = self.hosts()
        by_platform: dict[str, dict[str, Any]] = {}
        results: dict[str, _T | StepFailure] = {}
        for name, part in work.items():
            host = hosts.get(name)
            if host is None or not self.drives(host):
                results[name] = _not_driven(name, host)
            else:
                by_platform.setdefault(host.platform, {})[name] = part
        if len(by_platform) == 1:
            ((platform, part),) = by_platform.items()
            return {**results, **call(self._platforms[platform], part)}
        with ThreadPoolExecutor(max_workers=max(len(by_platform), 1)) as pool:
            calls = [
                pool.submit(call, self._platforms[platform], part)
                for platform, part in by_platform.items()
            ]
            for done in calls:
                results.update(done.result())
        return results


def _not_driven(name: str, host: Host | None) -> ActionNeeded:
    if host is None:
        return ActionNeeded(
            say("%(host)s is not in the inventory.", host=name),
            meaning=say("Nobody knows how to reach it; nothing was done there."),
            next=say("Put the device back into the inventory, then choose retry."),
            who="administrator",
        )
    return ActionNeeded(
        say("%(host)s: the program has no driver for %(platform)s.",
            host=name, platform=host.platform or "-"),
        meaning=say("It cannot be read or changed by the program; nothing was done there."),
        next=say("Correct provisioner_platform in the inventory, then choose retry."),
        who="administrator",
    )  # fmt: skip
