"""requests with numbered letters are given their words anew, with the letters' numbers."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute(
        "delete from prov_search_term where request_id in "
        "(select request_id from prov_out_letter where number is not null)"
    )
