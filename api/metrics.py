"""Figures in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioner.bootstrap import Product
from provisioner.figures import figures
from provisioner.requests.rules import RequestState
from provisioner.runs.rules import RunState


def exposition(product: Product) -> str:
    """All figures; a state in which nothing is counts 0, so that its series never vanishes."""
    found = figures(product.database)
    lines = [
        *_by_state("requests", "Requests by state.", list(RequestState), found.requests),
        *_by_state("runs", "Runs by state.", list(RunState), found.runs),
        "# HELP provisioner_outbox_backlog Messages not yet delivered.",
        "# TYPE provisioner_outbox_backlog gauge",
        f"provisioner_outbox_backlog {found.outbox_backlog}",
    ]
    return "\n".join(lines) + "\n"


def _by_state(
    name: str, help: str, states: list[RequestState] | list[RunState], counts: Mapping[str, int]
) -> Iterator[str]:
    yield f"# HELP provisioner_{name} {help}"
    yield f"# TYPE provisioner_{name} gauge"
    for state in states:
        yield f'provisioner_{name}{{state="{state}"}} {counts.get(state, 0)}'
