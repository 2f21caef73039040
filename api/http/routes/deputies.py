"""Deputies: who acts for a user in a period. Domain §8 [003]."""

from datetime import date, datetime
from uuid import UUID

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.policies import by_right, himself
from api.http.shapes import Day, Given, View
from models.access import Account, Deputy
from models.audit import Act
from scheduler.access import Right, deputies

routes = Routes("deputies")


class Appointing(Given):
    """`[from_day, until_day)`."""

    account_id: UUID
    deputy_id: UUID
    from_day: Day
    until_day: Day


class Deputyship(View):
    """Who acts for whom, and when."""

    id: UUID
    account_id: UUID
    deputy_id: UUID
    from_day: date
    until_day: date


class Deputyships(View):
    """By the day on which they begin."""

    items: list[Deputyship]


class ActingFor(Given):
    """The user for whom to act."""

    account_id: UUID


class ActingToken(View):
    """A token with which you act for the user; it ends no later than your session."""

    access_token: str
    expires_at: datetime


@routes.get("/deputyships", himself(of=Deputy))
def list_deputyships(call: Call) -> Deputyships:
    """Your deputies, and those for whom you are one, as far as it is not over."""
    found = deputies.deputyships(call.session, call.caller, call.now)
    return Deputyships(items=[Deputyship.model_validate(one) for one in found])


@routes.get("/deputyships/managed", by_right(Right.MANAGE_USERS, of=Account))
def list_managed_deputyships(call: Call) -> Deputyships:
    """The deputies of the users whom you manage, as far as it is not over."""
    call.seen(Account)
    found = deputies.managed(call.session, call.caller, call.now)
    return Deputyships(items=[Deputyship.model_validate(one) for one in found])


@routes.post("/deputyships", himself(Act.CREATE, Deputy), status=201)
def appoint_deputy(call: Call, given: Appointing) -> Deputyship:
    """Let somebody act for you in a period, or for a user whom you manage."""
    wish = deputies.Appointing(given.account_id, given.deputy_id, given.from_day, given.until_day)
    made = deputies.appoint(call.session, call.caller, wish, call.now)
    call.note(call.session.get_one(Deputy, made))
    return Deputyship.model_validate(call.session.get_one(Deputy, made))


@routes.delete("/deputyships/{deputyship_id}", himself(Act.DELETE, Deputy), status=204)
def dismiss_deputy(call: Call, deputyship_id: UUID) -> None:
    """End it, at once."""
    deputies.dismiss(call.session, call.caller, deputyship_id, call.now)


@routes.post("/deputyships/acting", himself(Act.LOGIN), status=201)
def act_for_user(call: Call, given: ActingFor) -> ActingToken:
    """Act for a user whose deputy you are today."""
    opened = deputies.act_for(call.session, call.caller, given.account_id, call.now)
    call.entry(Account.__tablename__, given.account_id)
    return ActingToken(access_token=opened.token, expires_at=opened.expires_at)
