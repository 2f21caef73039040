"""Users and API accounts: added with what is shown once, locked and unlocked, given another role or part. Domain §8."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from api.http.calls import Call
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.replies import Reply
from api.http.routes import accounts as api
from api.http.shapes import Address, Given
from api.pages.administration.forming import form
from api.pages.answers import again
from api.pages.declaring import Pages
from api.pages.names import choices, names
from api.pages.rendering import render
from api.pages.words import msgid
from models.access import Account, AccountKind, Group, Role
from models.audit import Act
from scheduler.access import Right

pages = Pages("accounts")

USERS = "/administration/users"
PROGRAMS = "/administration/api-accounts"
MANY = {
    AccountKind.USER: (USERS, msgid("Users")),
    AccountKind.API: (PROGRAMS, msgid("API accounts")),
}
ONE = {AccountKind.USER: msgid("user"), AccountKind.API: msgid("API account")}
RIGHT = {AccountKind.USER: Right.MANAGE_USERS, AccountKind.API: Right.MANAGE_API_ACCOUNTS}


# --- The lists, and a new one -----------------------------------------------------------------------------


def _declare(kind: AccountKind, add: Callable[[Call, api.NewAccount], Any], shown: str) -> None:
    path, many = MANY[kind]

    def listed(call: Call, paging: Annotated[Paging, Query()]) -> Reply:
        asked = api.AccountFilters(**paging.model_dump(exclude_none=True), kind=kind)
        page = api.list_accounts(call, asked)
        return render(
            call,
            "access/accounts.html",
            title=many,
            home=path,
            accounts=page.items,
            roles=names(call, Role, [one.role_id for one in page.items]),
            groups=names(call, Group, [one.group_id for one in page.items]),
            next=f"cursor={page.next}" if page.next else None,
        )

    def new(call: Call) -> Reply:
        call.seen(Account)
        return render(
            call,
            "administration/new.html",
            one=ONE[kind],
            many=many,
            back=path,
            action=f"{path}/new",
            shows=True,
            form=form(call, api.NewAccount),
        )

    def added(call: Call, given: api.NewAccount) -> Reply:
        return render(call, shown, told=add(call, given))

    for verb, act, doc in (
        ("list", listed, "Those whom you may manage."),
        ("new", new, "A form for a new one."),
        ("add", added, "Add one; what is shown now is shown this once."),
    ):
        act.__name__, act.__doc__ = f"{verb}_{kind.value}_accounts_page", doc
    pages.get(path, by_right(RIGHT[kind], of=Account))(listed)
    pages.get(f"{path}/new", by_right(RIGHT[kind], of=Account))(new)
    pages.post(f"{path}/new", by_right(RIGHT[kind], of=Account, act=Act.CREATE))(added)


_declare(AccountKind.USER, api.add_user, "access/password.html")
_declare(AccountKind.API, api.add_program, "access/secrets.html")


# --- One of them ------------------------------------------------------------------------------------------


class AddressForm(Given):
    """Empty: he has none."""

    email: Address | None = None


class ImpersonationForm(Given):
    """Empty: for nobody."""

    group_id: UUID | None = None


@pages.get("/administration/accounts/{account_id}", api.LOOK)
def account_page(call: Call, account_id: UUID) -> Reply:
    """How it stands, and what can be done about it."""
    one = api.read_account(call, account_id)
    path, many = MANY[one.kind]
    return render(
        call,
        "access/account.html",
        one=one,
        home=path,
        many=many,
        role=names(call, Role, [one.role_id]),
        group=names(call, Group, [one.group_id]),
        roles=choices(call, Role),
        groups=choices(call, Group),
    )


@pages.post("/administration/accounts/{account_id}/assignment", api.CHANGE, if_match=True)
def assign_at_page(call: Call, account_id: UUID, given: api.Assignment) -> Reply:
    """Another role, or another part of the organisation."""
    api.assign_account(call, account_id, given)
    return again()


@pages.post("/administration/accounts/{account_id}/address", api.CHANGE, if_match=True)
def change_account_address_at_page(call: Call, account_id: UUID, given: AddressForm) -> Reply:
    """Another mail address, or none."""
    api.change_account_address(call, account_id, api.NewAddressOf(email=given.email))
    return again()


@pages.post("/administration/accounts/{account_id}/impersonation", api.CHANGE, if_match=True)
def grant_impersonation_at_page(call: Call, account_id: UUID, given: ImpersonationForm) -> Reply:
    """Whose users a program may act for."""
    api.grant_impersonation(call, account_id, api.Impersonation(group_id=given.group_id))
    return again()


@pages.post("/administration/accounts/{account_id}/password", api.CHANGE, if_match=True)
def reset_password_at_page(call: Call, account_id: UUID) -> Reply:
    """A password for one time, shown this once."""
    return _shown_once(call, account_id, api.reset_password)


@pages.post("/administration/accounts/{account_id}/second-factor", api.CHANGE, if_match=True)
def reset_second_factor_at_page(call: Call, account_id: UUID) -> Reply:
    """For whoever lost his telephone; a password for one time, shown this once."""
    return _shown_once(call, account_id, api.reset_second_factor)


@pages.post("/administration/accounts/{account_id}/secrets", api.CHANGE, if_match=True)
def renew_secrets_at_page(call: Call, account_id: UUID) -> Reply:
    """New secrets for a program, shown this once."""
    told = api.renew_program_secrets(call, account_id)
    return render(call, "access/secrets.html", told=told)


def _shown_once(
    call: Call, account_id: UUID, reset: Callable[[Call, UUID], api.OneTimePassword]
) -> Reply:
    account = api.read_account(call, account_id)  # before it is another version
    made = reset(call, account_id).one_time_password
    told = api.AddedUser(account=account, one_time_password=made)
    return render(call, "access/password.html", told=told)


def _declare_switch(verb: str, act: Callable[[Call, UUID], api.AccountView], doc: str) -> None:
    def done(call: Call, account_id: UUID) -> Reply:
        act(call, account_id)
        return again()

    done.__name__, done.__doc__ = f"{verb}_account_at_page", doc
    pages.post(f"/administration/accounts/{{account_id}}/{verb}", api.CHANGE, if_match=True)(done)


_declare_switch("unlock", api.unlock_account, "Let it try again.")
_declare_switch("deactivate", api.deactivate_account, "Let it in no more.")
_declare_switch("reactivate", api.reactivate_account, "Let it in again.")
