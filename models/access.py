"""Who may do what, for whom, and how they prove who they are. Domain §8, reliability §3.9."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Keyed, Versioned, exactly_one, line, reference


class Role(Versioned, Base):
    """What its accounts may do."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(unique=True)
    everything: Mapped[bool] = mapped_column(default=False)
    """Every right, now and later: a super-administrator's."""


class RoleRight(Base):
    """One right of a role, by its code."""

    __tablename__ = "role_rights"

    role_id: Mapped[UUID] = reference("roles", primary_key=True)
    right: Mapped[str] = mapped_column("right_code", primary_key=True)


class Group(Versioned, Base):
    """For whom its accounts may do it: a part of the organisation."""

    __tablename__ = "groups"

    name: Mapped[str] = mapped_column(unique=True)
    everybody: Mapped[bool] = mapped_column(default=False)
    """The organisation as a whole, now and later."""


class GroupScope(Keyed, Base):
    """An employer, a department or an employee that the group reaches, with all that is below."""

    __tablename__ = "group_scopes"
    __table_args__ = (
        CheckConstraint(
            exactly_one("employer_id", "department_id", "employee_id"), name="scope_of_one"
        ),
    )

    group_id: Mapped[UUID] = reference("groups", index=True)
    employer_id: Mapped[UUID | None] = reference("employers")
    department_id: Mapped[UUID | None] = reference("departments")
    employee_id: Mapped[UUID | None] = reference("employees")


class AccountKind(Code):
    """A person logs in by the page, a program by OAuth2, and neither by the other's door."""

    USER = "user"
    API = "api"


class Account(Versioned, Base):
    """A user, or an API account: whoever acts. Managed alike [000 §4.1.1]."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("failed_logins >= 0", name="failed_logins"),
        # impersonation is for programs, and only within what was granted
        CheckConstraint("kind = 'api' OR impersonates_id IS NULL", name="only_api_impersonates"),
    )

    kind: Mapped[AccountKind]
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = line()
    email: Mapped[str | None] = line()
    previous_email: Mapped[str | None] = line()
    """Told as well when the address is changed: whoever took the account over has the new one."""
    language: Mapped[str | None] = line(10)
    role_id: Mapped[UUID] = reference("roles")
    group_id: Mapped[UUID] = reference("groups")
    impersonates_id: Mapped[UUID | None] = reference("groups")
    """Whose users it may act for."""
    secret_hash: Mapped[str] = line()
    """Of the password, or of the API secret."""
    secret_is_temporary: Mapped[bool] = mapped_column(default=False)
    """Chosen by somebody else: nothing is done with it but choosing another."""
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted; nothing until the second factor is set up."""
    totp_offered: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: the next one, until a code shows that the user has it."""
    totp_step: Mapped[int] = mapped_column(default=0)
    """The last one used: no code is taken twice (reliability §0, E15)."""
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_at: Mapped[datetime | None]
    deactivated_at: Mapped[datetime | None]
    may_write_performances: Mapped[bool] = mapped_column(default=False)
    reimbursement_contract_id: Mapped[UUID | None] = reference("reimbursement_contracts")
    """How his performances are reimbursed, if he is hired. Domain §7 [001]."""


class BackupCode(Keyed, Base):
    """In place of the second factor, once."""

    __tablename__ = "backup_codes"

    account_id: Mapped[UUID] = reference("accounts", index=True)
    code_hash: Mapped[str] = line()
    used_at: Mapped[datetime | None]


class Session(Keyed, Base):
    """A user who is logged in, or an API account that holds a token, possibly for a user."""

    __tablename__ = "sessions"

    account_id: Mapped[UUID] = reference("accounts", index=True)
    on_behalf_of_id: Mapped[UUID | None] = reference("accounts", index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    proved_at: Mapped[datetime]
    """When he last gave password and second factor: what is dangerous asks for them anew."""
    used_at: Mapped[datetime | None]
    """A user who does nothing for a while is logged out; a token, which has none, just expires."""
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Device(Keyed, Base):
    """A browser from which a user has logged in before: locking his account does not lock him out there.

    It counts wrong tries by itself, and after too many it is a stranger again (reliability §1, P11).
    """

    __tablename__ = "devices"
    __table_args__ = (CheckConstraint("failed_logins >= 0", name="failed_logins"),)

    account_id: Mapped[UUID] = reference("accounts", index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    failed_logins: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime]


class NetworkFailures(Base):
    """Wrong tries from one network in the hour that began with the first of them (reliability §3.9)."""

    __tablename__ = "network_failures"

    network: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    failures: Mapped[int]


class SealingKey(Base):
    """A key by which secrets here were sealed, by its name only: with another one the service does not start."""

    __tablename__ = "sealing_keys"

    name: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]


class Deputy(Keyed, Base):
    """Acts for another user in a period [003]."""

    __tablename__ = "deputies"
    __table_args__ = (
        CheckConstraint("until_day > from_day", name="deputy_period"),
        CheckConstraint("account_id <> deputy_id", name="deputy_is_another"),
    )

    account_id: Mapped[UUID] = reference("accounts", index=True)
    deputy_id: Mapped[UUID] = reference("accounts", index=True)
    from_day: Mapped[date]
    until_day: Mapped[date]
