"""Feeds for calendars: his own by a practitioner, those of a practitioner or a location by who administers them. Domain §6."""

from uuid import UUID

from api.http.calls import Call
from api.http.policies import by_right, himself
from api.http.replies import Reply
from api.http.routes import feeds as api
from api.pages.answers import again
from api.pages.declaring import Pages
from api.pages.names import names
from api.pages.rendering import render
from models.agenda import Location
from models.audit import Act
from models.messages import Feed
from models.people import Practitioner

pages = Pages("feeds")

OF_PRACTITIONER = "/administration/practitioner-feeds/{practitioner_id}"
OF_LOCATION = "/administration/location-feeds/{location_id}"


# --- One's own --------------------------------------------------------------------------------------------


@pages.post("/own/feeds", himself(Act.CREATE, Feed))
def add_own_feed_at_page(call: Call) -> Reply:
    """A new one; its address is shown this once."""
    return render(call, "feeds/address.html", made=api.add_own_feed(call), back="/own")


@pages.post("/own/feeds/{feed_id}/revoke", himself(Act.DELETE, Feed))
def revoke_own_feed_at_page(call: Call, feed_id: UUID) -> Reply:
    """Nobody reads it any more."""
    api.revoke_own_feed(call, feed_id)
    return again()


# --- Administered -----------------------------------------------------------------------------------------


@pages.get(OF_PRACTITIONER, by_right(api.OF_PRACTITIONER, of=Feed))
def practitioner_feeds_page(call: Call, practitioner_id: UUID) -> Reply:
    """Those of a practitioner's agenda."""
    found = api.list_practitioner_feeds(call, practitioner_id)
    name = names(call, Practitioner, [practitioner_id])[practitioner_id]
    way = ("Practitioners", "/administration/practitioners")
    return render(call, "feeds/list.html", feeds=found.items, name=name, way=way)


@pages.post(OF_PRACTITIONER, by_right(api.OF_PRACTITIONER, of=Feed, act=Act.CREATE))
def add_practitioner_feed_at_page(call: Call, practitioner_id: UUID) -> Reply:
    """A new one; its address is shown this once."""
    made = api.add_practitioner_feed(call, practitioner_id)
    return render(call, "feeds/address.html", made=made, back=call.knocked.path)


@pages.get(OF_LOCATION, by_right(api.OF_LOCATION, of=Feed))
def location_feeds_page(call: Call, location_id: UUID) -> Reply:
    """Those of what is planned at a location."""
    found = api.list_location_feeds(call, location_id)
    name = names(call, Location, [location_id])[location_id]
    way = ("Locations", "/administration/locations")
    return render(call, "feeds/list.html", feeds=found.items, name=name, way=way)


@pages.post(OF_LOCATION, by_right(api.OF_LOCATION, of=Feed, act=Act.CREATE))
def add_location_feed_at_page(call: Call, location_id: UUID) -> Reply:
    """A new one; its address is shown this once."""
    made = api.add_location_feed(call, location_id)
    return render(call, "feeds/address.html", made=made, back=call.knocked.path)


@pages.post(
    "/administration/feeds/{feed_id}/revoke",
    by_right(api.OF_PRACTITIONER, api.OF_LOCATION, of=Feed, act=Act.DELETE),
)
def revoke_feed_at_page(call: Call, feed_id: UUID) -> Reply:
    """Nobody reads it any more."""
    api.revoke_feed(call, feed_id)
    return again()
