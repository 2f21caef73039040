"""The guards as triggers: how each database is told them, and whether it still has them as they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, text

from models.guards.agenda import AGENDA
from models.guards.face import Guard
from models.guards.one_of_a_kind import DUPLICATES, ONE_PRICE
from models.guards.permanence import APPEND_ONLY, PERMANENCE
from models.instants import LONGEST_SQL, NOW

PREFIX = "guard_"

GUARDS: tuple[Guard, ...] = (*AGENDA, *DUPLICATES, ONE_PRICE, *PERMANENCE)

LOCKS: dict[str, tuple[tuple[str, str, str], ...]] = dict.fromkeys(
    ("appointments", "holds"),
    (
        ("locations", "location_id", "NO KEY UPDATE"),
        ("practitioners", "practitioner_id", "NO KEY UPDATE"),
        ("employees", "employee_id", "NO KEY UPDATE"),
        ("availabilities", "availability_id", "SHARE"),
    ),
) | {
    "availabilities": (("locations", "location_id", "NO KEY UPDATE"),),
    "absences": (("practitioners", "practitioner_id", "NO KEY UPDATE"),),
    "exclusions": (("employees", "employee_id", "NO KEY UPDATE"),),
    "requests": (("employees", "employee_id", "NO KEY UPDATE"),),
    "prices": (("price_categories", "price_category_id", "NO KEY UPDATE"),),
    "invoice_lines": (("invoice_bases", "basis_id", "SHARE"),),
    "reimbursement_lines": (("reimbursement_batches", "batch_id", "SHARE"),),
}
"""What a row's guards are about: table, the row's reference to it, strength; in the one order.

`NO KEY UPDATE` keeps out another of its kind, and lets inserts that merely refer to the row go on."""


@dataclass(frozen=True)
class Post:
    """A trigger: what makes it, and the `body` by which one of today is told from an older one."""

    table: str
    name: str
    body: str
    statements: tuple[str, ...]


def install(connection: Connection) -> None:
    """Put up every guard of today."""
    for post in _posts(connection):
        for statement in post.statements:
            connection.exec_driver_sql(statement)


def remove(connection: Connection) -> None:
    """Take down whatever guards there are, of whatever version."""
    on_postgresql = connection.dialect.name == "postgresql"
    for table, name in sorted(_present(connection)):
        on = f" ON {table}" if on_postgresql else ""
        connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")
    if on_postgresql:
        functions = text(
            "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
            " AND proname LIKE 'guard\\_%'"
        )
        for function in connection.scalars(functions).all():
            connection.exec_driver_sql(f"DROP FUNCTION {function}()")


def outdated(connection: Connection) -> frozenset[str]:
    """The guards that are not there, or not as they are today: such a database is not served."""
    present = _present(connection)
    return frozenset(
        post.name
        for post in _posts(connection)
        if present.get((post.table, post.name)) != post.body
    )


def _present(connection: Connection) -> dict[tuple[str, str], str]:
    catalogue = {
        "sqlite": "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'"
        " AND name LIKE 'guard\\_%' ESCAPE '\\'",
        "postgresql": "SELECT c.relname, t.tgname, p.prosrc FROM pg_trigger t"
        " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND t.tgname LIKE 'guard\\_%'"
        " AND c.relnamespace = current_schema()::regnamespace",
    }[connection.dialect.name]
    return {(table, name): body for table, name, body in connection.execute(text(catalogue))}


def _posts(connection: Connection) -> Iterable[Post]:
    return {"sqlite": _sqlite, "postgresql": _postgresql}[connection.dialect.name]()


def _by_table() -> Iterable[tuple[str, tuple[str, ...], str, list[Guard]]]:
    """The guards that are asked together, in their order, and the name of their trigger."""
    by_table = sorted(GUARDS, key=lambda guard: (guard.table, guard.kinds))
    for (table, kinds), guards in groupby(by_table, lambda guard: (guard.table, guard.kinds)):
        yield table, kinds, f"{PREFIX}{table}_{'_'.join(kinds).lower()}", list(guards)


def _in(dialect: str, sql: str) -> str:
    return sql.replace("{now}", NOW[dialect]).replace("{longest}", LONGEST_SQL[dialect])


# --- SQLite -------------------------------------------------------------------------------------------


def _sqlite() -> Iterable[Post]:
    for table, kinds, name, guards in _by_table():
        for kind in kinds:
            asked = "".join(
                f" SELECT RAISE(ABORT, '{guard.rule}') WHERE "
                + (f"NOT ({guard.unless}) AND " if kind == "UPDATE" else "")
                + f"({guard.concerns}) AND ({guard.refuses});"
                for guard in guards
            )
            yield _sqlite_post(table, f"{name}_on_{kind.lower()}", kind, _in("sqlite", asked))
    for table in APPEND_ONLY:
        for kind in ("UPDATE", "DELETE"):
            name = f"{PREFIX}{table}_append_only_on_{kind.lower()}"
            yield _sqlite_post(table, name, kind, " SELECT RAISE(ABORT, 'append_only');")


def _sqlite_post(table: str, name: str, kind: str, body: str) -> Post:
    trigger = f"CREATE TRIGGER {name} BEFORE {kind} ON {table} BEGIN{body} END"
    return Post(table, name, trigger, (trigger,))


# --- PostgreSQL ---------------------------------------------------------------------------------------


def _postgresql() -> Iterable[Post]:
    """One function per table, so that its locks are taken in their order before anything is asked."""
    for table, kinds, name, guards in _by_table():
        row = "NEW" if "INSERT" in kinds else "OLD"
        locks = "".join(
            f"PERFORM 1 FROM {locked} WHERE id = {row}.{key} FOR {strength};\n"
            for locked, key, strength in LOCKS.get(table, ())
        )
        asked = "".join(
            f"IF NOT (TG_OP = 'UPDATE' AND ({guard.unless})) AND ({guard.concerns})"
            f" AND ({guard.refuses}) THEN {_refusal(guard.rule)} END IF;\n"
            for guard in guards
        )
        body = (
            "BEGIN\nIF current_setting('transaction_isolation') <> 'read committed' THEN"
            f" RAISE EXCEPTION 'changes to {table} need READ COMMITTED: the guards must see what"
            " others have committed' USING ERRCODE = '0A000'; END IF;\n"
            f"{locks}{asked}RETURN COALESCE(NEW, OLD);\nEND"
        )
        yield _postgresql_post(table, name, " OR ".join(kinds), "ROW", _in("postgresql", body))
    for table in APPEND_ONLY:
        name, kinds_of_loss = f"{PREFIX}{table}_append_only", "UPDATE OR DELETE OR TRUNCATE"
        body = f"BEGIN {_refusal('append_only')} END"
        yield _postgresql_post(table, name, kinds_of_loss, "STATEMENT", body)


def _refusal(rule: str) -> str:
    return f"RAISE EXCEPTION '{rule}' USING ERRCODE = '23P01', CONSTRAINT = '{rule}';"


def _postgresql_post(table: str, name: str, kinds: str, each: str, body: str) -> Post:
    return Post(
        table,
        name,
        body,
        (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $guard${body}$guard$",
            (
                f"CREATE TRIGGER {name} BEFORE {kinds} ON {table}"
                f" FOR EACH {each} EXECUTE FUNCTION {name}()"
            ),
        ),
    )
