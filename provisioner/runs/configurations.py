"""Configurations of network devices as they were before and after each change, kept as files."""

from __future__ import annotations

import os
from pathlib import Path

from provisioner.database import now


class ConfigurationFiles:
    """One folder per device; secrets were masked by the driver that read it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, run_id: str, host: str, when: str, text: str) -> None:
        """Keep a device's configuration; written whole or not at all, readable by us only."""
        folder = self._directory / host
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{now():%Y%m%dT%H%M%S}-{run_id}-{when}.txt"
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        fresh.replace(path)
