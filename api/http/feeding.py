"""A feed, read by its address: a calendar asks again and again, and has no log-in. Domain §6."""

import hashlib
from typing import Annotated, Any

from fastapi import Path

from api.http.declaring import AtTheDoor, Routes
from api.http.links import watched_link
from api.http.policies import ANYBODY
from api.http.replies import Reply
from api.http.sending import host_of
from api.languages import language
from models.audit import Act
from models.database import reading, retried, writing
from models.messages import Feed
from notifications.calendars import Happening, feed
from notifications.mail.inviting import SUMMARY, where
from scheduler import feeds
from scheduler.actor import NOBODY
from scheduler.audit import Entry, Origin, record
from scheduler.feeds import Feeding

routes = Routes("feeds", prefix="")

CALENDAR = "text/calendar; charset=utf-8"
FEEDS = "/feeds"
LONGEST_TOKEN = 100


@routes.get("/feeds/{token}.ics", ANYBODY, media_type=CALENDAR)
def read_feed(door: AtTheDoor, token: Annotated[str, Path(max_length=LONGEST_TOKEN)]) -> Reply:
    """The calendar itself, for whoever has its address: four weeks back to a year ahead.

    It says when and where, and of a location with whom; nothing of who comes, or for what. With `If-None-Match` it
    is sent only where it is another one.
    """
    service = door.service
    with watched_link(door), reading(service.engine) as session:
        found = feeds.feeding(session, token, service.now())
    etag = _etag(found)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if _has(door, etag):
        return Reply(None, 304, headers)
    retried(lambda: _put_on_record(door, found))
    return Reply(_written(found, service.settings.base_url), 200, headers)


def _etag(found: Feeding) -> str:
    """Of all that it says, but not of how: asked again and again, it costs one look."""
    said = (found.name, found.account.language, [tuple(row) for row in found.rows])
    return f'"{hashlib.sha256(repr(said).encode()).hexdigest()[:32]}"'


def _has(door: AtTheDoor, etag: str) -> bool:
    given = door.request.headers.get("if-none-match", "")
    return etag in {one.strip().removeprefix("W/") for one in given.split(",")}


def _put_on_record(door: AtTheDoor, found: Feeding) -> None:
    """One record for each time that it is read: it names no employee."""
    knocked = door.knocked
    by = Origin(NOBODY, address=knocked.address, request_reference=knocked.request_id)
    entry = Entry(Act.READ, Feed.__tablename__, "feed", found.feed.id)
    with writing(door.service.engine) as session:
        record(session, [entry], by=by)


def _written(found: Feeding, base_url: str) -> bytes:
    spoken = language(found.account.language)
    with_whom = found.feed.practitioner_id is None

    def happening(row: Any) -> Happening:  # noqa: ANN401 (of `planned`)
        summary = spoken.text(SUMMARY)
        return Happening(
            key=row.id,
            sequence=row.version,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            zone=row.time_zone,
            summary=f"{summary}: {row.practitioner}" if with_whom else summary,
            place=where(_says, spoken.code, row.modality, row),
            told_at=row.changed_at,
            description=f"{base_url.rstrip('/')}/appointments/{row.id}",
        )

    name = f"{spoken.text(SUMMARY)}: {found.name}"
    return feed(name, map(happening, found.rows), host_of(base_url))


def _says(code: str, sentence: str, **holes: object) -> str:
    return language(code).text(sentence, **holes)
