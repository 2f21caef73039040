"""A feed: appointments to subscribe to, read again by a calendar every now and then."""

from collections.abc import Iterable
from datetime import timedelta

from notifications.calendars.happening import Happening, calendar, one_line
from notifications.calendars.zones import zones_of

AGAIN_AFTER = timedelta(minutes=15)


def feed(name: str, appointments: Iterable[Happening], host: str) -> bytes:
    """All of them. It is published, and asks nobody for anything."""
    made = calendar()
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", one_line(name))
    made.add("refresh-interval", AGAIN_AFTER, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT15M")
    those = list(appointments)
    local = [one for one in those if not one.is_told_in_utc]
    for zone in zones_of((one.zone, at) for one in local for at in (one.starts_at, one.ends_at)):
        made.add_component(zone)
    for one in those:
        told = one.event(host)
        told.add("status", "CONFIRMED")
        told.add("class", "PRIVATE")
        made.add_component(told)
    return bytes(made.to_ical())
