"""An invitation to one appointment, its update, or that it is off (RFC 5546 §3.2)."""

from dataclasses import dataclass, field
from datetime import datetime

from icalendar import vCalAddress

from models.messages import Method
from notifications.calendars.happening import Happening, calendar, one_line
from notifications.calendars.zones import zones_of

STATUS = {Method.REQUEST: "CONFIRMED", Method.CANCEL: "CANCELLED"}


@dataclass(frozen=True, slots=True)
class Party:
    """Who invites, or is invited."""

    name: str
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Invited:
    """What a calendar is to do, and with which appointment."""

    method: Method
    to: Happening


def invitation(one: Invited, organizer: Party, attendee: Party, host: str) -> bytes:
    """As a mail carries it. A link is how one answers; nobody reads answers by mail, so none is asked for."""
    made = calendar()
    made.add("method", one.method.upper())
    told = one.to.event(host)
    told.add("status", STATUS[one.method])
    told.add("transp", "OPAQUE")
    told.add("class", "PRIVATE")
    told.add("organizer", _party(organizer))
    invited = _party(attendee)
    invited.params["CUTYPE"] = "INDIVIDUAL"
    invited.params["ROLE"] = "REQ-PARTICIPANT"
    invited.params["PARTSTAT"] = "NEEDS-ACTION"
    invited.params["RSVP"] = "FALSE"
    told.add("attendee", invited)
    for zone in zones_of(_moments(one.to)):
        made.add_component(zone)
    made.add_component(told)
    return bytes(made.to_ical())


def _moments(one: Happening) -> list[tuple[str, datetime]]:
    return [] if one.is_told_in_utc else [(one.zone, one.starts_at), (one.zone, one.ends_at)]


def _party(one: Party) -> vCalAddress:
    made = vCalAddress(f"mailto:{one_line(one.address)}")
    if name := one_line(one.name).replace('"', "'"):
        made.params["CN"] = name
    return made
