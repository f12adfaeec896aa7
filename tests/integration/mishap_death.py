"""A run of a VM whose process dies at a chosen moment."""

from __future__ import annotations

from typing import cast

from provisioner.drivers.hypervisor import Hypervisor
from tests.integration.harness import Office
from tests.integration.mortal import Death, Life, MortalDatabase, MortalHypervisor


def live(office: Office, run: str, life: Life) -> bool:
    """One process's life with a run; False when it died."""
    database = MortalDatabase(office.settings.absolute_database_url, life)
    hypervisor = cast(Hypervisor, MortalHypervisor(office.product.clusters["dc1"], life))
    try:
        office.carry_out(run, office.runner(hypervisor, database=database))
    except Death:
        return False
    finally:
        database.close()
    return True
