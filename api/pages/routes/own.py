"""One's own account: finishing the first log-in, password, second factor, back-up codes, sessions. Domain §8."""

from uuid import UUID

import segno

from api.http.calls import Call
from api.http.declaring import AtTheDoor
from api.http.policies import himself
from api.http.replies import Reply
from api.http.routes import feeds, me
from api.http.routes import session as doors
from api.pages.answers import again, go_to
from api.pages.declaring import Pages
from api.pages.rendering import render
from models.access import Session
from models.audit import Act
from scheduler.access import Right
from scheduler.access.caller import Pending
from scheduler.feeds import practitioner_of

pages = Pages("own")


@pages.get("/own/start", himself(settled=False))
def start_page(call: Call) -> Reply:
    """What has to be done at the first log-in, one thing after the other."""
    mine = me.read_me(call)
    if not mine.pending:
        return render(call, "own/settled.html")
    template = "own/password.html" if Pending.PASSWORD in mine.pending else "own/app.html"
    return render(call, template, me=mine)


@pages.post("/own/start/password", himself(Act.UPDATE, settled=False))
def choose_password(call: Call, given: me.NewPassword) -> Reply:
    """Choose one's own password."""
    me.change_password(call, given)
    return go_to("/own/start")


@pages.post("/own/app", himself(Act.UPDATE, settled=False))
def offer_app(call: Call) -> Reply:
    """Show the secret for the app, to scan or to type over."""
    offer = me.offer_second_factor(call)
    return render(call, "own/scan.html", offer=offer, picture=_picture(offer.uri))


@pages.post("/own/app/confirmation", himself(Act.UPDATE, settled=False))
def confirm_app(call: Call, given: me.Code) -> Reply:
    """Show that the app has it; the back-up codes are shown this once."""
    return render(call, "own/codes.html", codes=me.confirm_second_factor(call, given).codes)


# --- Settings -----------------------------------------------------------------------------------------


@pages.get("/own", himself())
def own_page(call: Call) -> Reply:
    """One's own settings."""
    sessions = doors.list_sessions(call).items
    may_feed = call.caller.may(Right.VIEW_APPOINTMENTS) and call.caller.on_behalf_of_id is None
    return render(
        call,
        "own/settings.html",
        me=me.read_me(call),
        sessions=sessions,
        has_agenda=may_feed and practitioner_of(call.session, call.caller) is not None,
        feeds=feeds.list_own_feeds(call).items,
    )


@pages.door("/own/proof", himself(Act.LOGIN, Session, settled=False))
def prove_at_page(door: AtTheDoor, given: doors.Proof) -> Reply:
    """Give password and code once more, before one's secrets are changed."""
    doors.prove(door, given)
    return again()


@pages.post("/own/password", himself(Act.UPDATE))
def change_password_at_page(call: Call, given: me.NewPassword) -> Reply:
    """Choose another password."""
    me.change_password(call, given)
    return again()


@pages.post("/own/address", himself(Act.UPDATE))
def change_address_at_page(call: Call, given: me.NewAddress) -> Reply:
    """Choose another address."""
    me.change_address(call, given)
    return again()


@pages.post("/own/language", himself(Act.UPDATE))
def change_language_at_page(call: Call, given: me.NewLanguage) -> Reply:
    """Choose the language of the pages and of one's mail."""
    me.change_language(call, given)
    return again()


@pages.post("/own/codes", himself(Act.UPDATE))
def renew_codes(call: Call) -> Reply:
    """Ten new back-up codes."""
    return render(call, "own/codes.html", codes=me.renew_backup_codes(call).codes)


@pages.post("/own/sessions/{session_id}/close", himself(Act.LOGIN, Session))
def close_session_at_page(call: Call, session_id: UUID) -> Reply:
    """End one of one's sessions."""
    doors.close_session(call, session_id)
    return again()


def _picture(uri: str) -> str:
    """As a picture in the page itself."""
    drawn: str = segno.make(uri, micro=False).svg_data_uri(scale=4)
    return drawn
