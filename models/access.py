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
    language: Mapped[str | None] = line(10)
    role_id: Mapped[UUID] = reference("roles")
    group_id: Mapped[UUID] = reference("groups")
    impersonates_id: Mapped[UUID | None] = reference("groups")
    """Whose users it may act for."""
    secret_hash: Mapped[str] = line()
    """Of the password, or of the API secret."""
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted; nothing until the second factor is set up."""
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
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


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
