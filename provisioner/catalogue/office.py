"""office.yml: who the office is, when it works, who signs, and where people complain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from provisioner.catalogue.fields import DataModel, FieldFault
from provisioner.catalogue.office_complaints import ComplaintHandling
from provisioner.catalogue.office_letters import OfficeLetters
from provisioner.catalogue.office_time import Escalation
from provisioner.texts import say

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_HOURS = re.compile(
    r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])\s*-\s*([01]?[0-9]|2[0-3])[:.]([0-5][0-9])"
)


@dataclass(frozen=True)
class Hours:
    """Office hours of one day, local time."""

    opens: time
    closes: time

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


def _hours(value: object) -> Hours:
    if isinstance(value, Hours):
        return value
    found = _HOURS.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        raise FieldFault(say('must be office hours such as "07:30-16:00", in quotes'))
    parts = [int(part) for part in found.groups()]
    hours = Hours(time(parts[0], parts[1]), time(parts[2], parts[3]))
    if hours.opens >= hours.closes:
        raise FieldFault(say("the office closes before it opens; correct the hours"))
    return hours


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise FieldFault(
            say("is not a time zone; use Asia/Jakarta, Asia/Makassar or Asia/Jayapura")
        ) from None
    return value


HoursField = Annotated[
    Hours,
    PlainValidator(_hours),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "description": 'hours such as "07:30-16:00"'}),
]
Week = Mapping[Weekday, HoursField]


class Address(DataModel):
    """Where the office is and how it is reached."""

    street: str = Field(min_length=1, description="street and number")
    city: str = Field(min_length=1, description="city; also stands before the date of a letter")
    postal_code: str | None = Field(None, description="postal code, in quotes")
    phone: str | None = Field(None, description="telephone, in quotes")
    email: str | None = Field(None, description="e-mail address")
    website: str | None = Field(None, description="web address")


class OtherHours(DataModel):
    """Days with other hours than usual, such as Ramadan."""

    title: str = Field(min_length=1, description="why, such as Ramadan")
    first: date = Field(description="first day")
    last: date = Field(description="last day, included")
    hours: Week = Field(min_length=1, description="hours of each weekday worked in these days")

    @model_validator(mode="after")
    def _in_order(self) -> OtherHours:
        if self.first > self.last:
            raise FieldFault(say("last is before first; exchange the two dates"))
        return self


class Signatory(DataModel):
    """A person who signs letters."""

    name: str = Field(min_length=1, description="name with titles, as on letters")
    position: str = Field(min_length=1, description="position, as above the signature")
    rank: str | None = Field(None, description="rank and grade (pangkat, golongan)")
    employee_id: str | None = Field(None, description="NIP, in quotes")


class ComplaintChannel(DataModel):
    """A way to complain."""

    title: str = Field(min_length=1, description="name, such as SP4N-LAPOR! or WhatsApp")
    contact: str = Field(min_length=1, description="number, address, counter or box")
    url: str | None = Field(None, pattern=r"^(https?://|mailto:|tel:)\S+$", description="link")


class Office(DataModel):
    """office.yml as a whole."""

    name: str = Field(min_length=1, description="full name of the office")
    short_name: str | None = Field(None, description="short name, such as Dinkominfo")
    letter_head: tuple[str, ...] = Field(
        min_length=1, description="lines of the letter head, from the top"
    )
    address: Address = Field(description="where the office is")
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        "Asia/Jakarta", description="IANA time zone of the office"
    )
    working_hours: Week = Field(
        min_length=1, description="hours of each weekday worked; a day left out is not worked"
    )
    other_hours: tuple[OtherHours, ...] = Field((), description="days with other hours (Ramadan)")
    extra_holidays: Mapping[date, str] = Field(
        default_factory=dict, description="days off beyond the national ones: date to reason"
    )
    extra_working_days: Mapping[date, str] = Field(
        default_factory=dict,
        description="days worked although national holiday, collective leave or weekend",
    )
    escalation: Escalation = Field(
        Escalation(), description="when people are warned of a deadline, and their superior told"
    )
    signatories: Mapping[str, Signatory] = Field(
        min_length=1, description="who signs; the first one signs confirmations"
    )
    legal_basis: tuple[str, ...] = Field((), description="laws named on letters")
    complaint_channels: tuple[ComplaintChannel, ...] = Field(
        (), description="where people complain"
    )
    complaints: ComplaintHandling = Field(
        ComplaintHandling(), description="deadlines, team and retention of complaints"
    )
    tembusan: tuple[str, ...] = Field((), description="who receives copies of letters")
    letters: OfficeLetters = Field(
        default_factory=OfficeLetters, description="paper, labels and phrases of letters"
    )

    @model_validator(mode="after")
    def _days_are_one_or_the_other(self) -> Office:
        both = sorted(set(self.extra_holidays) & set(self.extra_working_days))
        if both:
            raise FieldFault(
                say(
                    "%(day)s is both an extra holiday and an extra working day; remove one",
                    day=both[0].isoformat(),
                )
            )
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The office's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def signatory(self) -> Signatory:
        """Who signs confirmations."""
        return next(iter(self.signatories.values()))

    def week_of(self, day: date) -> Week:
        """The hours of each weekday in force on that day."""
        other = (o.hours for o in self.other_hours if o.first <= day <= o.last)
        return next(other, self.working_hours)

    def in_week(self, day: date) -> bool:
        """Whether the day's weekday is one that the office works, holidays aside."""
        return WEEKDAYS[day.weekday()] in self.week_of(day)

    def hours_on(self, day: date) -> Hours:
        """Hours of a day if it is worked; those of the first day named where it has none."""
        week = self.week_of(day)
        return week.get(WEEKDAYS[day.weekday()]) or next(iter(week.values()))
