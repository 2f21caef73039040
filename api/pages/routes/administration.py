"""Where all that is administered begins: what the reader may look after, by what it is about."""

from dataclasses import dataclass

from api.http.calls import Call
from api.http.policies import himself
from api.http.replies import Reply
from api.pages.administration.kinds import ACCESS, EMPLOYEES, KINDS, ORGANISATION, PRACTICE, SERVICE
from api.pages.declaring import Pages
from api.pages.rendering import render
from api.pages.words import msgid
from scheduler.access import Right

pages = Pages("administration_entry")


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the administration; one of its rights is enough."""

    path: str
    title: str
    """Msgids, as is `group`."""
    group: str
    rights: tuple[Right, ...]


MESSAGES = (Right.MANAGE_MESSAGES,)
GROUPS = (ORGANISATION, PRACTICE, ACCESS, SERVICE)
OTHERS = (
    Place(
        "/administration/holidays",
        msgid("Holidays"),
        PRACTICE,
        (Right.VIEW_AGENDA, Right.MANAGE_LOCATIONS),
    ),
    Place("/administration/users", msgid("Users"), ACCESS, (Right.MANAGE_USERS,)),
    Place(
        "/administration/api-accounts", msgid("API accounts"), ACCESS, (Right.MANAGE_API_ACCOUNTS,)
    ),
    Place("/administration/roles", msgid("Roles"), ACCESS, (Right.MANAGE_ROLES,)),
    Place("/administration/groups", msgid("Groups"), ACCESS, (Right.MANAGE_GROUPS,)),
    Place("/deputies", msgid("Deputies"), ACCESS, (Right.APPOINT_DEPUTIES, Right.MANAGE_USERS)),
    Place("/administration/templates", msgid("Templates of messages"), SERVICE, MESSAGES),
    Place("/administration/mail-servers", msgid("Mail servers"), SERVICE, MESSAGES),
    Place(
        "/administration/default-reminders",
        msgid("Default reminders"),
        SERVICE,
        (Right.MANAGE_MESSAGES, Right.MANAGE_TYPES),
    ),
    Place(
        "/administration/mails",
        msgid("Mails that were sent"),
        SERVICE,
        (Right.MANAGE_MESSAGES, Right.VIEW_APPOINTMENTS),
    ),
    Place(
        "/administration/receivers",
        msgid("Receivers of webhooks"),
        SERVICE,
        (Right.MANAGE_RECEIVERS,),
    ),
    Place(
        "/administration/parameters",
        msgid("Product parameters"),
        SERVICE,
        (Right.MANAGE_PARAMETERS,),
    ),
    Place("/administration/triggers", msgid("Triggers"), SERVICE, (Right.MANAGE_TRIGGERS,)),
    Place(
        "/administration/preferences",
        msgid("Order of the preferences"),
        SERVICE,
        (Right.ORDER_PREFERENCES,),
    ),
)
PLACES = (
    *(Place(one.path, one.many, one.group, one.looking) for one in (EMPLOYEES, *KINDS)),
    *OTHERS,
)


@pages.get("/administration", himself())
def administration_page(call: Call) -> Reply:
    """What you may look after."""
    offered = [one for one in PLACES if any(map(call.caller.may, one.rights))]
    groups = [(title, [one for one in offered if one.group == title]) for title in GROUPS]
    return render(
        call,
        "administration/entry.html",
        groups=[(title, those) for title, those in groups if those],
    )
