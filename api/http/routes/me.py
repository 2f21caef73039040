"""One's own account: who one is, what one may, and one's own secrets. Domain §8."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.knocking import csrf_token
from api.http.policies import himself
from api.http.shapes import Address, Given, Secret, View
from models.access import Account, AccountKind
from models.audit import Act
from scheduler.access import own, second_factor
from scheduler.access.caller import Pending

routes = Routes("me")


class NamedAccount(View):
    """An account, as others see it."""

    id: UUID
    kind: AccountKind
    login: str
    name: str


class Me(View):
    """`act_for`: the user for whom this account acts. `csrf_token`: of a session at a page, to be sent with each change."""

    account: NamedAccount
    act_for: NamedAccount | None
    email: str | None
    language: str | None
    rights: list[str] = Field(examples=[["view_requests", "plan_appointments"]])
    everybody: bool
    pending: list[Pending]
    csrf_token: str | None


class NewPassword(Given):
    """At least 12 characters, and nothing that lies at hand."""

    password: Secret


class NewAddress(Given):
    """The address before is told of it, too."""

    email: Address


class NewLanguage(Given):
    """One of those that there are."""

    language: Literal["nl", "en"]


class Offer(View):
    """For the app: to type over, or to scan."""

    secret: str
    uri: str


class Code(Given):
    """What the app shows."""

    code: str = Field(max_length=20, examples=["123456"])


class BackupCodes(View):
    """Shown this once; each works once."""

    codes: list[str]


@routes.get("/me", himself(settled=False))
def read_me(call: Call) -> Me:
    """Who you are, for whom you act, and what you may do."""
    caller = call.caller
    account = call.session.get_one(Account, caller.account_id)
    other = caller.on_behalf_of_id and call.session.get_one(Account, caller.on_behalf_of_id)
    token = call.knocked.token
    return Me(
        account=NamedAccount.model_validate(account),
        act_for=NamedAccount.model_validate(other) if other else None,
        email=account.email,
        language=account.language,
        rights=sorted(caller.rights),
        everybody=caller.scope.everybody,
        pending=sorted(caller.pending),
        csrf_token=csrf_token(token) if token and call.knocked.by_cookie else None,
    )


@routes.put("/me/password", himself(Act.UPDATE, settled=False), status=204)
def change_password(call: Call, given: NewPassword) -> None:
    """Choose another password; your other sessions end."""
    own.change_own_password(call.session, call.caller, given.password, call.now)


@routes.put("/me/address", himself(Act.UPDATE), status=204)
def change_address(call: Call, given: NewAddress) -> None:
    """Choose another mail address."""
    own.change_own_address(call.session, call.caller, given.email, call.now)


@routes.put("/me/language", himself(Act.UPDATE), status=204)
def change_language(call: Call, given: NewLanguage) -> None:
    """Choose the language that you read."""
    own.change_own_language(call.session, call.caller, given.language)


@routes.post("/me/second-factor", himself(Act.UPDATE, settled=False), status=201)
def offer_second_factor(call: Call) -> Offer:
    """Ask for a new secret for your app; the one that you have stays until you confirm this one."""
    made = second_factor.offer(call.session, call.service.vault, call.caller, call.now)
    return Offer(secret=made.secret, uri=made.uri)


@routes.post("/me/second-factor/confirmation", himself(Act.UPDATE, settled=False), status=201)
def confirm_second_factor(call: Call, given: Code) -> BackupCodes:
    """Show by a code that your app has the secret; from then on it counts."""
    made = second_factor.confirm(
        call.session, call.service.vault, call.caller, given.code, call.now
    )
    return BackupCodes(codes=list(made))


@routes.post("/me/backup-codes", himself(Act.UPDATE), status=201)
def renew_backup_codes(call: Call) -> BackupCodes:
    """Get ten new back-up codes; those before are worth nothing."""
    return BackupCodes(
        codes=list(second_factor.renew_backup_codes(call.session, call.caller, call.now))
    )
