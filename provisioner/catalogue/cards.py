"""The card of a service standard, as catalogue.yml may word it; what it leaves out is ours."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from provisioner.catalogue.fields import DataModel

Line = Annotated[str, StringConstraints(min_length=3, max_length=500, strip_whitespace=True)]


class Card(DataModel):
    """What the public reads of a service; each part that is left out has our own words."""

    about: Line | None = Field(None, description="one sentence: what it is")
    requirements: tuple[Line, ...] = Field((), max_length=20, description="persyaratan")
    procedure: tuple[Line, ...] = Field((), max_length=20, description="prosedur, in order")
    cost: Line | None = Field(None, description="biaya; free of charge if left out")
    product: Line | None = Field(None, description="produk pelayanan")
    staff: Line | None = Field(None, description="pelaksana: who does it")
    facilities: tuple[Line, ...] = Field((), max_length=20, description="sarana dan prasarana")
    guarantee: Line | None = Field(None, description="jaminan pelayanan")
