"""An office whose sites are connected by the service internet, on a campus of three platforms."""

from __future__ import annotations

import io
import re
from typing import Any

from PIL import Image
from sqlalchemy import select

from provisioner.plans.record import Reservation
from provisioner.runs import store
from provisioner.runs.manual import Photo
from tests.integration.wifi_stage import WifiOffice

DEVICES = ("rt-core-1", "sw-core-1", "sw-smp-1", "ap-smp-1")


class SiteOffice(WifiOffice):
    def connect(self, **details: Any) -> str:
        """A complete request to connect the school, submitted."""
        return self.submit(
            {
                "site": "smp-1", "location": "Ruang TU", "purpose": "Ujian berbasis komputer",
                "expected_users": 30, "fieldwork": "none", **details,
            },
            "internet",
        )  # fmt: skip

    def fulfil(self, number: str) -> str:
        """Planned, approved and carried out. Returns the run."""
        run_id = self.approve(number)
        run = self.carry_out(run_id)
        assert run.state == "succeeded", self.told(number)
        return run_id

    def worked(self, run_id: str) -> None:
        """The team reports the work on site as done."""
        with self.product.database.read() as session:
            plan = store.plan_of(session, store.get(session, run_id))
        points = next(s.params["checklist"] for s in plan.steps if s.key == "site.fieldwork")
        out = io.BytesIO()
        Image.new("RGB", (40, 30), "green").save(out, "JPEG")
        self.product.manual.complete(
            self.budi, run_id, "site.fieldwork",
            checklist={point["key"]: True for point in points}, answers={},
            photos=[Photo("kabel.jpg", out.getvalue())],
        )  # fmt: skip

    def ours(self, number: str) -> dict[str, list[str]]:
        """Lines of each device that bear the mark of that request."""
        mark = number.replace("-", "[-_]")
        texts = self.devices.configurations()
        found = {
            host: [line for line in texts[host].splitlines() if re.search(mark, line, re.I)]
            for host in texts
        }
        return {host: lines for host, lines in found.items() if lines}

    def claims(self, number: str) -> dict[str, str]:
        """What is claimed by that request: kind and scope to state."""
        request = self.request(number)
        with self.product.database.read() as session:
            rows = session.scalars(select(Reservation)).all()
            return {
                f"{row.kind} {row.key}": row.state
                for row in rows
                if row.kind in ("vlan", "scope", "switch_port")
                and (row.instance_id == request.instance or row.state == "quarantine")
            }
