"""Who looks at very many employees within an hour: reliability §4, T25 (the Haga case)."""

import threading
from datetime import datetime, timedelta
from uuid import UUID

import structlog

MANY = 500
"""Employees in an hour; who shows more of them to somebody has it told to whoever reads the log."""
HOUR = timedelta(hours=1)

log = structlog.get_logger("spreekuur.security")


class Dossiers:
    """The employees whom each account was shown in its hour. In memory: the audit log knows them for good."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[UUID, tuple[datetime, set[UUID]]] = {}

    def shown(self, account_id: UUID, employees: set[UUID], now: datetime) -> bool:
        """Count them; gives whether it is too many since this call, which is told once an hour."""
        with self._lock:
            since, seen = self._seen.get(account_id, (now, set()))
            if now >= since + HOUR:
                since, seen = now, set()
            before = len(seen)
            seen |= employees
            self._seen[account_id] = since, seen
            alarming = before <= MANY < len(seen)
        if alarming:
            log.warning("many_dossiers", account_id=account_id, count=len(seen))
        return alarming
