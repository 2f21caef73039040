"""Private feeds of appointments for a calendar to subscribe to: made and revoked. Domain §6."""

from datetime import datetime
from typing import Any
from uuid import UUID

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.feeding import FEEDS
from api.http.policies import by_right, himself
from api.http.shapes import View
from models.agenda import Location
from models.audit import Act
from models.messages import Feed
from models.people import Practitioner
from scheduler import feeds
from scheduler.access import Right

routes = Routes("feeds")

OF_PRACTITIONER, OF_LOCATION = Right.MANAGE_PRACTITIONERS, Right.MANAGE_LOCATIONS


class FeedView(View):
    """A feed that can be read. Its address was shown when it was made."""

    id: UUID
    practitioner_id: UUID | None
    location_id: UUID | None
    account_id: UUID
    created_at: datetime


class FeedViews(View):
    """All of them."""

    items: list[FeedView]


class FeedAddress(View):
    """`url`: shown this once; whoever has it reads the feed, until it is revoked."""

    feed: FeedView
    url: str


# --- Made and revoked -------------------------------------------------------------------------------------


@routes.get("/me/feeds", himself(of=Feed))
def list_own_feeds(call: Call) -> FeedViews:
    """The feeds of your own agenda."""
    practitioner = feeds.practitioner_of(call.session, call.caller)
    if practitioner is None:
        return FeedViews(items=[])
    return _views(feeds.feeds_of(call.session, Feed.practitioner_id == practitioner.id))


@routes.post("/me/feeds", himself(Act.CREATE, Feed), status=201)
def add_own_feed(call: Call) -> FeedAddress:
    """A feed of your own agenda, for the calendar on your telephone. Its address is shown this once."""
    return _made(call, *feeds.add_own(call.session, call.caller, call.now))


@routes.delete("/me/feeds/{feed_id}", himself(Act.DELETE, Feed), status=204)
def revoke_own_feed(call: Call, feed_id: UUID) -> None:
    """From now on nobody reads it."""
    feeds.revoke_own(call.session, call.caller, call.one(Feed, feed_id), call.now)


@routes.get("/practitioners/{practitioner_id}/feeds", by_right(OF_PRACTITIONER, of=Feed))
def list_practitioner_feeds(call: Call, practitioner_id: UUID) -> FeedViews:
    """The feeds of a practitioner's agenda."""
    call.another(Practitioner, practitioner_id)
    of = Feed.practitioner_id == practitioner_id, call.seen(Feed)
    return _views(feeds.feeds_of(call.session, *of))


@routes.post(
    "/practitioners/{practitioner_id}/feeds",
    by_right(OF_PRACTITIONER, of=Feed, act=Act.CREATE),
    status=201,
)
def add_practitioner_feed(call: Call, practitioner_id: UUID) -> FeedAddress:
    """A feed of a practitioner's agenda. It shows what his account may see; its address is shown this once."""
    whose = call.another(Practitioner, practitioner_id)
    return _made(call, *feeds.add_to_practitioner(call.session, call.caller, whose, call.now))


@routes.get("/locations/{location_id}/feeds", by_right(OF_LOCATION, of=Feed))
def list_location_feeds(call: Call, location_id: UUID) -> FeedViews:
    """The feeds of what is planned at a location."""
    call.another(Location, location_id)
    return _views(feeds.feeds_of(call.session, Feed.location_id == location_id, call.seen(Feed)))


@routes.post(
    "/locations/{location_id}/feeds",
    by_right(OF_LOCATION, of=Feed, act=Act.CREATE),
    status=201,
)
def add_location_feed(call: Call, location_id: UUID) -> FeedAddress:
    """A feed of what is planned at a location. It shows what you may see; its address is shown this once."""
    call.another(Location, location_id)
    return _made(call, *feeds.add_to_location(call.session, call.caller, location_id, call.now))


@routes.delete(
    "/feeds/{feed_id}", by_right(OF_PRACTITIONER, OF_LOCATION, of=Feed, act=Act.DELETE), status=204
)
def revoke_feed(call: Call, feed_id: UUID) -> None:
    """From now on nobody reads it."""
    feeds.revoke(call.caller, call.one(Feed, feed_id), call.now)


def _views(rows: Any) -> FeedViews:  # noqa: ANN401 (rows)
    return FeedViews(items=[FeedView.model_validate(one) for one in rows])


def _made(call: Call, made: Feed, token: str) -> FeedAddress:
    call.note(made)
    base = call.service.settings.base_url.rstrip("/")
    return FeedAddress(feed=FeedView.model_validate(made), url=f"{base}{FEEDS}/{token}.ics")
