"""The options that ``uci show`` tells of, as sections."""

from __future__ import annotations

import shlex

from provisioner.drivers.openwrt.sections import Section


def shown(text: str) -> list[Section]:
    """In order; what cannot be read (a value of several lines) is left out."""
    found: dict[str, Section] = {}
    for line in text.splitlines():
        path, _, said = line.partition("=")
        package, _, rest = path.partition(".")
        name, _, option = rest.partition(".")
        try:
            values = shlex.split(said)
        except ValueError:
            continue
        if not option and values:
            found[name] = Section(package, values[0], name)
        elif name in found and values:
            found[name].options[option] = values[0] if len(values) == 1 else tuple(values)
    return list(found.values())


def of_kind(sections: list[Section], kind: str) -> list[Section]:
    return [each for each in sections if each.kind == kind]
