"""What the caller is told, and over which channels, over JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.replay import Replaying
from api.security import Person, Services
from provisioner.notices.choosing import NoticeView
from provisioner.notices.rules import Channel

router = APIRouter(prefix="/account/notices", tags=["account"], route_class=Replaying)


class Choice(BaseModel):
    """What is given is changed, the rest stays."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    topics: dict[str, list[Channel]] = Field(default_factory=dict)
    """Topic to its channels; an empty list: not at all."""
    own: Annotated[str, Field(max_length=500)] | None = None
    """An Apprise address; empty: forget it. It is never given back."""


class Trial(BaseModel):
    """Which channel to try."""

    model_config = ConfigDict(extra="forbid")

    channel: Channel


@router.get("")
def show_notices(product: Services, actor: Person) -> NoticeView:
    """The choice, the channels and how they do."""
    return product.desk.notices.get(actor)


@router.put("")
def choose_notices(product: Services, actor: Person, choice: Choice) -> NoticeView:
    """Change the choice, the own channel, or both."""
    if choice.own is not None:
        product.desk.notices.set_own(actor, choice.own)
    return product.desk.notices.choose(actor, choice.topics)


@router.post("/trial", status_code=202)
def send_trial(product: Services, actor: Person, trial: Trial) -> None:
    """Send a message over one channel that says nothing."""
    product.desk.notices.try_out(actor, trial.channel)
