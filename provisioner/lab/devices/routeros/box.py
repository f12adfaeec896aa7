"""A RouterOS device: what it keeps, what runs by itself on it, and who holds its safe mode."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from provisioner.lab.devices.device import MANAGEMENT_VLAN, Device, Reader, Session
from provisioner.lab.devices.routeros import (
    ailing,
    around,
    forwarding,
    pinging,
    scheduling,
    system,
)
from provisioner.lab.devices.routeros.commands import Grammar
from provisioner.lab.devices.routeros.exporting import export
from provisioner.lab.devices.routeros.kinds import LISTS
from provisioner.lab.devices.routeros.menus import Field, Menu
from provisioner.lab.devices.routeros.near import Neighbour
from provisioner.lab.devices.routeros.store import Item, Store
from provisioner.lab.devices.routeros.terminal import Terminal, once
from provisioner.lab.devices.routeros.words import Value

if TYPE_CHECKING:
    import asyncio

PERSON = "anna"
"""Who holds safe mode when a fault says that somebody does."""
_HISTORY = 100
"""Actions that can be undone; safe mode ends by itself beyond."""
_RUNNING = timedelta(days=9, hours=3)
"""How long a device has been up already when its lab begins."""
_OLDER = {
    ("ip dhcp-server", "disabled"): "yes",
    ("ip dhcp-server", "lease-time"): "10m",
    ("ip dhcp-server", "add-arp"): "no",
    ("interface", "ingress-filtering"): "no",
    ("interface bridge port", "ingress-filtering"): "no",
}
_NEWER = {("ip dhcp-server", "lease-time"): "30m", ("ip dhcp-server", "add-arp"): "no"}


@dataclass(frozen=True)
class Client:
    """Something plugged in or associated behind the device, in that VLAN of it."""

    mac: str
    vlan: int
    hostname: str = ""
    ssid: str = ""
    """Given, it is a wireless client of that network."""


@dataclass
class Held:
    """Safe mode: by whom, and how everything was before."""

    owner: Terminal | None
    """None: somebody who is not of this lab, at another terminal."""
    user: str
    before: Store
    actions: int = 0


@dataclass
class RouterOsDevice(Device):
    """A router or switch. ``store`` is on flash: it outlives power cuts."""

    version: str = "7.16.1"
    packages: frozenset[str] = frozenset()
    model: str = "RB5009UG+S+"
    store: Store = field(default_factory=Store, repr=False)
    neighbours: dict[str, Neighbour] = field(default_factory=dict, repr=False)
    clients: list[Client] = field(default_factory=list, repr=False)
    plugged: set[str] = field(default_factory=set, repr=False)
    """Ports with something in them that is no device of the lab."""
    management: str = ""
    """The address at which it is reached."""
    first_login: str = ""
    """`password` or `licence`: the page that comes before the first prompt."""
    environment: dict[str, Value] = field(default_factory=dict, repr=False)
    terminals: dict[int, Terminal] = field(default_factory=dict, repr=False)
    held: Held | None = field(default=None, repr=False)
    log: deque[tuple[datetime, str, str]] = field(
        default_factory=lambda: deque(maxlen=200), repr=False
    )
    history: deque[tuple[str, str, datetime, bool]] = field(
        default_factory=lambda: deque(maxlen=_HISTORY), repr=False
    )
    """Action, by whom, when, and whether in safe mode."""
    booted: datetime = field(default_factory=lambda: datetime(2026, 1, 1))  # noqa: DTZ001
    due: asyncio.TimerHandle | None = field(default=None, repr=False)
    unfed: set[str] = field(default_factory=set, repr=False)
    """Ports from which the power was taken for a moment."""
    freed: set[str] = field(default_factory=set, repr=False)
    """Leases that were removed by hand, by Ethernet address."""
    _booted_before: bool = False
    _booted_again: bool = False
    _up_since: float = field(default_factory=time.monotonic, repr=False)
    _began: tuple[datetime, float] = field(
        default_factory=lambda: (datetime.now(UTC), time.monotonic()), repr=False
    )

    # ------------------------------------------------- what it is

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    @property
    def modern_dates(self) -> bool:
        """Whether dates are written 2026-11-22."""
        return self.major >= 7 and int(self.version.split(".")[1]) >= 10

    @cached_property
    def grammar(self) -> Grammar:
        return Grammar(self.major, self.packages)

    @property
    def identity(self) -> str:
        return self.store.singles.get("system identity", {}).get("name", "MikroTik")

    @property
    def serial(self) -> str:
        return "HF" + self._digest()[:9].upper()

    @property
    def software_id(self) -> str:
        digits = self._digest().upper()
        return f"{digits[:4]}-{digits[4:8]}"

    def _digest(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()

    def now(self) -> datetime:
        """By its own clock, in the office's zone; it runs as fast as ``minute`` says."""
        start, since = self._began
        passed = (time.monotonic() - since) * 60 / self.minute
        return (start + timedelta(seconds=passed, hours=7)).replace(tzinfo=None)

    @property
    def began(self) -> float:
        """When it was made, by ``time.monotonic``."""
        return self._began[1]

    def clock(self) -> datetime:
        """As people see it, in the office's zone, however fast its timers run."""
        wrong = self.shows("clock-wrong")
        ahead = timedelta(hours=7, seconds=float(wrong["seconds"]) if wrong else 0)
        return (datetime.now(UTC) + ahead).replace(tzinfo=None)

    def up_for(self) -> timedelta:
        """How long it has been running."""
        anew = self.shows("rebooted")
        if anew:
            return timedelta(seconds=float(anew["seconds"]))
        before = timedelta() if self._booted_again else _RUNNING
        return before + timedelta(seconds=time.monotonic() - self._up_since)

    # ------------------------------------------------- what the lab asks

    def boot(self) -> None:
        self._booted_again, self._booted_before = self._booted_before, True
        self.booted = self.now() - (timedelta() if self._booted_again else _RUNNING)
        self._up_since = time.monotonic()
        self.unfed.clear()
        self.held = None
        self.environment = {}
        self.log.clear()
        self.history.clear()
        self.log.append((self.clock() - self.up_for(), "system,info", "router rebooted"))
        scheduling.arrange(self)

    def power_off(self) -> None:
        self.due = self.held = None
        super().power_off()

    def configuration(self) -> str:
        words = ["show-sensitive"] if self.major >= 7 else []
        _, _, rest = export(self, (), words).partition("\n")
        return rest

    def carries(self, port: str, vlan: int) -> bool:
        return forwarding.carries(self, port, vlan)

    def owns(self, address: str) -> bool | None:
        return pinging.own(self, address)

    def lit(self, port: str) -> bool:
        item = next((i for i in self.store.items("interface") if ailing.plan_port(i) == port), None)
        return forwarding.enabled(item) and not self.shows("port-err-disabled", port=port)

    def starves(self, port: str) -> bool:
        return ailing.starves(self, port)

    def manageable(self) -> bool:
        return forwarding.manageable(self, self.management, MANAGEMENT_VLAN)

    def disturb(self, faults: Collection[str]) -> None:
        if "safe-mode-held" in faults and self.held is None:
            self.take_safe_mode(None, PERSON)
        elif "safe-mode-held" not in faults and self.held and self.held.owner is None:
            self.held = None

    def double(self, menu: str, name: str) -> bool:
        for item in list(self.store.items(menu.strip("/"))):
            if name in (item.name, item.values.get("comment")):
                self.store.add(menu.strip("/"), dict(item.values))
                self.changed(PERSON, "item added")
                return True
        return False

    async def shell(self, session: Session) -> None:
        line = min(set(range(self.max_sessions + 1)) - self.terminals.keys())
        terminal = self.terminals[line] = Terminal(self, session)
        try:
            await terminal.serve()
        finally:
            del self.terminals[line]
            terminal.ended()

    async def execute(
        self,
        command: str,
        stdin: Reader,
        write: Callable[[bytes], None],
        error: Callable[[bytes], None] | None = None,
    ) -> int:
        text = await once(self, command)
        write(text.encode("utf-8", "surrogateescape"))
        return 0

    # ------------------------------------------------- values and flags

    def default(self, menu: Menu, each: Field) -> str | None:
        """What a property is when it was never given."""
        other = _OLDER if self.major < 7 else _NEWER
        return other.get((menu.store, each.name), each.default)

    def shown(self, menu: Menu, item: Item | None, name: str) -> str | None:
        """A property as it is listed; None where it is not."""
        each = menu.fields[name]
        if item is None:
            found = system.told(self, menu.store, name)
            if found is None:
                found = self.store.singles.get(menu.store, {}).get(name)
        else:
            found = item.values.get(name)
            if found is None:
                found = around.told(self, menu, item, name)
        return self.default(menu, each) if found is None else found

    def asked(self, menu: Menu, item: Item | None, name: str) -> Value:
        """A property, flag, or number as a script sees it."""
        if item is not None:
            if name in (".id", "numbers"):
                return item.key
            if name not in menu.fields or name == "dynamic":
                return name in self.states(menu, item)
        text = self.shown(menu, item, name)
        if text is None:
            return None
        kind = menu.fields[name].kind
        if kind == "bool":
            return text == "yes"
        if kind in LISTS or kind.endswith("configurations"):
            return [part for part in text.split(",") if part]
        return text

    def states(self, menu: Menu, item: Item) -> frozenset[str]:
        """The flags of an item, by name."""
        found = set(item.states)
        if item.dynamic:
            found.add("dynamic")
        if "disabled" in menu.fields or menu.store == "interface":
            each = menu.fields.get("disabled", Field("disabled", "bool", "no"))
            if item.values.get("disabled", self.default(menu, each)) == "yes":
                found.add("disabled")
        return frozenset(found | around.seen(self, menu, item))

    def rows(self, menu: Menu) -> list[Item]:
        """All items of a menu, those that the device makes by itself last."""
        kept = self.store.tables.get(menu.store, [])
        if menu.type:
            kept = [item for item in kept if item.values.get("type") == menu.type]
        return [*kept, *around.made(self, menu.store)]

    # ------------------------------------------------- changes

    def note(self, topics: str, message: str) -> None:
        """One line of the log."""
        self.log.append((self.clock(), topics, message))

    def changed(self, user: str, action: str) -> None:
        """To be called after each change of the configuration."""
        safe = self.held is not None
        self.history.append((action, user, self.now(), safe))
        if self.held is not None:
            self.held.actions += 1
            if self.held.actions > _HISTORY:
                self.held = None
        self.note("system,info", f"{action} by {user}")
        scheduling.arrange(self)
        self.touched()

    def visitor(self, mac: str, vlan: int, hostname: str) -> Client:
        """Somebody who is there only as long as a fault is."""
        return Client(mac, vlan, hostname)

    def forget_lease(self, item: Item) -> None:
        self.freed.add(item.values.get("mac-address", ""))

    # ------------------------------------------------- safe mode

    def take_safe_mode(self, terminal: Terminal | None, user: str) -> None:
        self.held = Held(terminal, user, self.store.copy())

    def unroll(self) -> None:
        """Put everything back as it was when safe mode was taken; that ends it."""
        if self.held is None:
            return
        self.store, self.held = self.held.before, None
        self.history.clear()
        self.note("system,info", "safe mode unrolled")
        scheduling.arrange(self)
        self.touched()
