"""Deputies: one's own, those for whom one is it, and of the users whom one manages; acting for somebody. Domain §8 [003]."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.http.calls import Call
from api.http.knocking import COOKIE
from api.http.policies import by_right, himself
from api.http.replies import Reply
from api.http.routes import deputies as api
from api.http.routes.session import ATTRIBUTES
from api.http.shapes import Day, Given
from api.pages.administration.forming import form
from api.pages.answers import again, go_to
from api.pages.declaring import Pages
from api.pages.names import names
from api.pages.rendering import render
from api.pages.words import msgid
from models.access import Account, Deputy
from models.audit import Act
from scheduler.access import Right
from scheduler.access.scope import today

pages = Pages("deputies")


class Asked(Given):
    """For whom the form begins."""

    account_id: UUID | None = None


class OwnDeputy(Given):
    """One's own, for a period."""

    deputy_id: UUID
    from_day: Day
    until_day: Day


@pages.get("/deputies", himself(of=Deputy))
def deputies_page(call: Call) -> Reply:
    """Who acts for whom, as far as it is not over."""
    own = api.list_deputyships(call).items
    managed = _managed(call)
    those = {key for one in (*own, *managed) for key in (one.account_id, one.deputy_id)}
    me = call.caller.account_id
    return render(
        call,
        "access/deputies.html",
        mine=[one for one in own if one.account_id == me],
        others=[one for one in own if one.deputy_id == me],
        managed=managed,
        names=names(call, Account, those),
        today=today(call.now),
        form=form(call, OwnDeputy) if call.caller.may(Right.APPOINT_DEPUTIES) else None,
    )


@pages.get("/deputies/new", by_right(Right.MANAGE_USERS, of=Account))
def new_deputy_page(call: Call, asked: Annotated[Asked, Query()]) -> Reply:
    """A form to appoint one for a user whom you manage."""
    call.seen(Account)
    return render(
        call,
        "administration/new.html",
        one=msgid("deputy"),
        many=msgid("Deputies"),
        back="/deputies",
        action="/deputies",
        shows=False,
        form=form(call, api.Appointing, asked.model_dump(exclude_none=True)),
    )


@pages.post("/deputies/own", himself(Act.CREATE, Deputy))
def appoint_own_deputy_at_page(call: Call, given: OwnDeputy) -> Reply:
    """Let somebody act for you."""
    wish = {**given.model_dump(), "account_id": call.caller.account_id}
    api.appoint_deputy(call, api.Appointing.model_validate(wish))
    return go_to("/deputies")


@pages.post("/deputies", himself(Act.CREATE, Deputy))
def appoint_deputy_at_page(call: Call, given: api.Appointing) -> Reply:
    """Let somebody act for a user whom you manage."""
    api.appoint_deputy(call, given)
    return go_to("/deputies")


@pages.post("/deputies/{deputyship_id}/dismiss", himself(Act.DELETE, Deputy))
def dismiss_deputy_at_page(call: Call, deputyship_id: UUID) -> Reply:
    """End it, at once."""
    api.dismiss_deputy(call, deputyship_id)
    return again()


@pages.post("/deputies/acting", himself(Act.LOGIN))
def act_at_page(call: Call, given: api.ActingFor) -> Reply:
    """Go on as the deputy of this user; logging out ends it."""
    told = api.act_for_user(call, given)
    lasts = int((told.expires_at - call.now).total_seconds())
    return go_to("/", cookies=(f"{COOKIE}={told.access_token}; Max-Age={lasts}; {ATTRIBUTES}",))


def _managed(call: Call) -> list[api.Deputyship]:
    if not call.caller.may(Right.MANAGE_USERS):
        return []
    return api.list_managed_deputyships(call).items
