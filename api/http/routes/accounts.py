"""Managing accounts: users and programs. Nobody sees, or manages, one beyond his own part of the organisation. Domain §8."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import ColumnElement

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.shapes import Address, Given, Language, Line, Page, View
from models.access import Account, AccountKind
from models.audit import Act
from scheduler.access import Right, accounts, programs
from scheduler.access.bounds import MANAGING

routes = Routes("accounts")

LOOK = by_right(*MANAGING.values(), of=Account)
CHANGE = by_right(*MANAGING.values(), of=Account, act=Act.UPDATE)


class AccountView(View):
    """An account, and how it stands."""

    id: UUID
    version: int
    kind: AccountKind
    login: str
    name: str
    email: str | None
    language: str | None
    role_id: UUID
    group_id: UUID
    impersonates_id: UUID | None
    is_locked: bool
    is_active: bool
    has_second_factor: bool


class NewAccount(Given):
    """Who is added."""

    login: str = Field(max_length=100, examples=["planner2"])
    name: Line
    role_id: UUID
    group_id: UUID
    email: Address | None = None
    language: Language | None = None

    def as_wish(self) -> accounts.NewAccount:
        return accounts.NewAccount(**self.model_dump())


class Assignment(Given):
    """What he may do, and for whom."""

    role_id: UUID
    group_id: UUID


class NewAddressOf(Given):
    """Nothing: he has none."""

    email: Address | None


class Impersonation(Given):
    """The group whose users a program may act for; nothing: nobody."""

    group_id: UUID | None


class AccountFilters(Paging):
    """Which accounts."""

    kind: AccountKind | None = None


class AddedUser(View):
    """To be handed over, and seen this once: the password works one time."""

    account: AccountView
    one_time_password: str


class OneTimePassword(View):
    """To be handed over, and seen this once."""

    one_time_password: str


class ProgramSecrets(View):
    """To be handed over, and seen this once: the secret, and that of the codes behind it."""

    account: AccountView
    client_secret: str
    totp_secret: str
    uri: str


@routes.get("/accounts", LOOK)
def list_accounts(call: Call, filters: Annotated[AccountFilters, Query()]) -> Page[AccountView]:
    """The accounts that you may manage."""
    found, following = call.rows(Account, filters, _mine(call), *_of_kind(filters.kind))
    return Page(items=[_view(one) for one in found], next=following)


@routes.get("/accounts/{account_id}", LOOK)
def read_account(call: Call, account_id: UUID) -> AccountView:
    """One of them."""
    return _view(_one(call, account_id))


@routes.post("/users", by_right(Right.MANAGE_USERS, of=Account, act=Act.CREATE), status=201)
def add_user(call: Call, given: NewAccount) -> AddedUser:
    """Add a user, with a password for one time."""
    call.seen(Account)
    added = accounts.add_user(call.session, call.caller, given.as_wish())
    made = call.session.get_one(Account, added.account_id)
    call.note(made)
    return AddedUser(account=_view(made), one_time_password=added.one_time_password)


@routes.post(
    "/programs", by_right(Right.MANAGE_API_ACCOUNTS, of=Account, act=Act.CREATE), status=201
)
def add_program(call: Call, given: NewAccount) -> ProgramSecrets:
    """Add a program, with its secrets."""
    call.seen(Account)
    made = programs.add_program(call.session, call.service.vault, call.caller, given.as_wish())
    account = call.session.get_one(Account, made.account_id)
    call.note(account)
    return _secrets(account, made)


@routes.put("/accounts/{account_id}/assignment", CHANGE, if_match=True)
def assign_account(call: Call, account_id: UUID, given: Assignment) -> AccountView:
    """Give an account another role, or another part of the organisation."""
    account = _one(call, account_id)
    accounts.assign(call.session, call.caller, account_id, given.role_id, given.group_id)
    return _view(account)


@routes.put("/accounts/{account_id}/address", CHANGE, if_match=True)
def change_account_address(call: Call, account_id: UUID, given: NewAddressOf) -> AccountView:
    """Give an account another mail address; the one before is told."""
    account = _one(call, account_id)
    accounts.change_address(call.session, call.caller, account_id, given.email, call.now)
    return _view(account)


@routes.post("/accounts/{account_id}/deactivate", CHANGE, if_match=True)
def deactivate_account(call: Call, account_id: UUID) -> AccountView:
    """Let an account in no more; its tokens end now."""
    account = _one(call, account_id)
    accounts.deactivate(call.session, call.caller, account_id, call.now)
    return _view(account)


@routes.post("/accounts/{account_id}/reactivate", CHANGE, if_match=True)
def reactivate_account(call: Call, account_id: UUID) -> AccountView:
    """Let it in again."""
    account = _one(call, account_id)
    accounts.reactivate(call.session, call.caller, account_id)
    return _view(account)


@routes.post("/accounts/{account_id}/unlock", CHANGE, if_match=True)
def unlock_account(call: Call, account_id: UUID) -> AccountView:
    """After too many wrong tries, let it try again."""
    account = _one(call, account_id)
    accounts.unlock(call.session, call.caller, account_id)
    return _view(account)


@routes.post("/accounts/{account_id}/reset-password", CHANGE, if_match=True)
def reset_password(call: Call, account_id: UUID) -> OneTimePassword:
    """A password for one time, to be handed over; the sessions end, and the account is unlocked."""
    _one(call, account_id)
    made = accounts.reset_password(call.session, call.caller, account_id, call.now)
    return OneTimePassword(one_time_password=made)


@routes.post("/accounts/{account_id}/reset-second-factor", CHANGE, if_match=True)
def reset_second_factor(call: Call, account_id: UUID) -> OneTimePassword:
    """For whoever lost his telephone: a password for one time, and another app to set up."""
    _one(call, account_id)
    made = accounts.reset_second_factor(call.session, call.caller, account_id, call.now)
    return OneTimePassword(one_time_password=made)


@routes.post("/accounts/{account_id}/renew-secrets", CHANGE, if_match=True)
def renew_program_secrets(call: Call, account_id: UUID) -> ProgramSecrets:
    """New secrets for a program; those before are worth nothing."""
    account = _one(call, account_id)
    made = programs.renew_secrets(
        call.session, call.service.vault, call.caller, account_id, call.now
    )
    return _secrets(account, made)


@routes.put("/accounts/{account_id}/impersonation", CHANGE, if_match=True)
def grant_impersonation(call: Call, account_id: UUID, given: Impersonation) -> AccountView:
    """Say whose users a program may act for."""
    account = _one(call, account_id)
    programs.grant_impersonation(call.session, call.caller, account_id, given.group_id)
    return _view(account)


def _one(call: Call, account_id: UUID) -> Account:
    return call.one(Account, account_id, _mine(call))


def _mine(call: Call) -> ColumnElement[bool]:
    """Of the kinds that the caller may manage."""
    return Account.kind.in_([kind for kind, right in MANAGING.items() if call.caller.may(right)])


def _of_kind(kind: AccountKind | None) -> list[ColumnElement[bool]]:
    return [] if kind is None else [Account.kind == kind]


def _secrets(account: Account, made: programs.Secrets) -> ProgramSecrets:
    return ProgramSecrets(
        account=_view(account),
        client_secret=made.client_secret,
        totp_secret=made.totp_secret,
        uri=made.uri,
    )


def _view(account: Account) -> AccountView:
    return AccountView(
        id=account.id,
        version=account.version,
        kind=account.kind,
        login=account.login,
        name=account.name,
        email=account.email,
        language=account.language,
        role_id=account.role_id,
        group_id=account.group_id,
        impersonates_id=account.impersonates_id,
        is_locked=account.locked_at is not None,
        is_active=account.deactivated_at is None,
        has_second_factor=account.totp_secret is not None,
    )
