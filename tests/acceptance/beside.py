"""A second web process on an office's database, configured a little otherwise."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.acceptance.office import Office, free_port


@contextmanager
def beside(office: Office, **environment: str) -> Iterator[Office]:
    """`provisioner serve --web-only` with other variables; the lab is the same."""
    other = replace(office, port=free_port(), clients={}, served=None)
    with (office.directory / "beside.log").open("ab") as output:
        other.served = subprocess.Popen(
            [sys.executable, "-m", "provisioner", "serve", "--web-only", "--port", str(other.port)],
            env=office.environment(**environment),
            cwd=office.directory,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        other.wait()
        yield other
    finally:
        for client in other.clients.values():
            client.close()
        other.end()
