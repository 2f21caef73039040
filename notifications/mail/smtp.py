"""Mail over SMTP: to an address that was looked at, under TLS with a certificate that is right, within a time."""

import io
import smtplib
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from models.base import Code
from notifications.delivering import Outcome
from notifications.egress import Client, EgressError
from notifications.egress.bounded import left
from notifications.egress.errors import Why

CONNECTS_WITHIN = 10.0
BYE = 2.0
ANSWERS_WITHIN = 30.0
"""Seconds for a mail, and for the greeting before the first one."""
TAKEN = 250
GO_AHEAD = 354
PERMANENT = 500
CLOSING = 421
PER_CONNECTION = 100
"""Mails; then another connection is made: a server that counts them hangs up."""


class Trouble(Code):
    """Why a mail was not taken."""

    CONNECTION = "connection"
    TLS = "tls"
    TIMEOUT = "timeout"
    LOGIN_REFUSED = "login_refused"
    PUT_OFF = "put_off"
    REFUSED = "refused"
    PASSWORD_UNREADABLE = "password_unreadable"  # noqa: S105 (a word for it)


@dataclass(frozen=True, slots=True)
class Where:
    """A mail server. `password`: none where it cannot be opened here, though there is one."""

    host: str
    port: int
    implicit_tls: bool
    username: str | None = None
    password: str | None = field(default=None, repr=False)


class _Reader(io.RawIOBase):
    """What a server says, until it is time to hang up: one that says a byte every second is not waited for."""

    def __init__(self, smtp: "_Smtp", connected: socket.socket) -> None:
        super().__init__()
        self._smtp = smtp
        self._socket = connected

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any, /) -> int:  # noqa: ANN401 (any buffer)
        self._socket.settimeout(left(self._smtp.until))
        try:
            return self._socket.recv_into(into)
        except TimeoutError as error:
            # smtplib would take it for a server that hung up
            raise EgressError(Why.TIMEOUT) from error


class _Smtp(smtplib.SMTP):
    """Connects to an address that was looked at; the certificate is the name's. `until`: by the monotonic clock."""

    def __init__(self, where: Where, egress: Client, within: float) -> None:
        self._where = where
        self._egress = egress
        self._within = within
        self.until = time.monotonic() + within
        self.has_data = False
        """Of the mail that is on its way: what becomes of it is not certain any more."""
        try:
            super().__init__(where.host, where.port, timeout=within)
        except BaseException:
            self.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Reader(self, self.sock))
        return super().getreply()

    def data(self, msg: Any) -> tuple[int, bytes]:  # noqa: ANN401 (smtplib's)
        self.has_data = True
        return super().data(msg)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        until = time.monotonic() + min(timeout, CONNECTS_WITHIN)
        connected = self._egress.connect(host, port, until)
        connected.settimeout(self._within)
        if not self._where.implicit_tls:
            return connected
        try:
            return self._egress.tls().wrap_socket(connected, server_hostname=host)
        except BaseException:
            connected.close()
            raise


class Post:
    """A connection to one server, for as many mails as there are; opened with the first one."""

    def __init__(
        self,
        where: Where,
        egress: Client,
        within: float = ANSWERS_WITHIN,
    ) -> None:
        self._where = where
        self._egress = egress
        self._within = within
        self._smtp: _Smtp | None = None
        self._sent = 0
        """Over this connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._part()

    def send(self, sender: str, recipient: str, message: bytes) -> Outcome:
        """Whether the server has taken it; what is not certain was not."""
        if self._sent >= PER_CONNECTION:
            self._part()
        try:
            try:
                self._try(sender, recipient, message)
            except smtplib.SMTPException as error:
                if not self._was_closed(error):
                    raise
                # it was kept open for this mail, and the server has had enough of it
                self._hang_up()
                self._try(sender, recipient, message)
        except (EgressError, OSError) as error:  # those of smtplib are of OSError
            had_data = self._smtp is not None and self._smtp.has_data
            if not _answers_on(error):
                self._hang_up()
            return _outcome(error, had_data=had_data)
        return Outcome(TAKEN)

    def _try(self, sender: str, recipient: str, message: bytes) -> None:
        smtp = self._open()
        smtp.until, smtp.has_data = time.monotonic() + self._within, False
        smtp.sendmail(sender, [recipient], message)
        self._sent += 1

    def _was_closed(self, error: smtplib.SMTPException) -> bool:
        smtp = self._smtp
        if smtp is None or not self._sent or smtp.has_data:
            return False
        return isinstance(error, smtplib.SMTPServerDisconnected) or _code(error) == CLOSING

    def _open(self) -> _Smtp:
        if self._smtp is None:
            self._sent = 0
            self._smtp = _Smtp(self._where, self._egress, self._within)
            if not self._where.implicit_tls:
                # a server that does not offer it gets nothing, not even our name
                self._smtp.starttls(context=self._egress.tls())
            if self._where.username is not None:
                self._smtp.login(self._where.username, self._where.password or "")
        return self._smtp

    def _part(self) -> None:
        """In the polite way."""
        smtp, self._smtp = self._smtp, None
        self._sent = 0
        if smtp is not None:
            smtp.until = time.monotonic() + BYE
            with suppress(OSError, EgressError):
                smtp.quit()
            smtp.close()

    def _hang_up(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def _code(error: Exception) -> int | None:
    """That the server said, of this mail or of itself."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            ((code, _),) = error.recipients.values()
            return int(code)
        case smtplib.SMTPResponseException():
            return error.smtp_code
        case _:
            return None


def _answers_on(error: Exception) -> bool:
    """Whether it was about the mail, and the next one may go the same way."""
    of_the_mail = (
        smtplib.SMTPRecipientsRefused,
        smtplib.SMTPSenderRefused,
        smtplib.SMTPDataError,
    )
    return isinstance(error, of_the_mail) and _code(error) != CLOSING


def _outcome(error: Exception, *, had_data: bool) -> Outcome:
    """`GO_AHEAD`: the last that was said, before the mail went over; whether it was taken nobody knows."""
    silent = GO_AHEAD if had_data else None
    match error:
        case EgressError():
            return Outcome(silent, error.why)
        case smtplib.SMTPAuthenticationError():
            return Outcome(error.smtp_code, Trouble.LOGIN_REFUSED)
        case _:
            code = _code(error)
            return Outcome(silent, _silent(error)) if code is None else _answered(code)


def _answered(code: int) -> Outcome:
    return Outcome(code, Trouble.REFUSED if code >= PERMANENT else Trouble.PUT_OFF)


def _silent(error: Exception) -> Trouble:
    """Where no answer came."""
    if isinstance(error, TimeoutError):
        return Trouble.TIMEOUT
    is_tls = isinstance(error, (ssl.SSLError, smtplib.SMTPNotSupportedError))
    return Trouble.TLS if is_tls else Trouble.CONNECTION
