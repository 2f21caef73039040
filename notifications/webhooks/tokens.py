"""Access tokens of receivers that want one: client credentials (RFC 6749 §4.4), kept for as long as they last."""

import base64
import json
import re
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from notifications.egress import Client

KEPT_SHORTER = 30.0
"""Seconds: a token that ends on its way is none."""
LASTS = 300.0
"""Where its life is not said."""
LONGEST = 86_400.0
LONGEST_TOKEN = 8_000
TOKEN = re.compile(r"[!-~]+")
OK = 200


class TokenError(Exception):
    """No token was given. `status`: of the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of us, at the receiver's token endpoint."""

    url: str
    client_id: str
    secret: str


class Tokens:
    """Of one process, by endpoint and client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kept: dict[Credentials, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def token(self, of: Credentials, until: float) -> tuple[str, bool]:
        """A token, and whether it is new.

        Raises:
            EgressError, TokenError: there is none to be had.
        """
        with self._lock:
            known = self._kept.get(of)
        if known is not None and time.monotonic() < known[1]:
            return known[0], False
        token, lasts = self._fetched(of, until)
        with self._lock:
            now = time.monotonic()
            self._kept = {one: kept for one, kept in self._kept.items() if kept[1] > now}
            self._kept[of] = token, now + lasts - KEPT_SHORTER
        return token, True

    def forget(self, of: Credentials, token: str) -> None:
        """It is worth nothing, whatever was said of its life."""
        with self._lock:
            if self._kept.get(of, ("", 0.0))[0] == token:
                del self._kept[of]

    def _fetched(self, of: Credentials, until: float) -> tuple[str, float]:
        pair = f"{quote(of.client_id, safe='')}:{quote(of.secret, safe='')}"
        headers = {
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        body = urlencode({"grant_type": "client_credentials"}).encode()
        answer = self._client.post(of.url, body, headers, until)
        if answer.status != OK:
            raise TokenError(answer.status)
        try:
            told = json.loads(answer.body)
            return _plain(told["access_token"]), _life(told.get("expires_in"))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise TokenError(answer.status) from error


def _plain(token: Any) -> str:  # noqa: ANN401 (whatever was sent)
    """One that can stand in a header."""
    if isinstance(token, str) and 0 < len(token) <= LONGEST_TOKEN and TOKEN.fullmatch(token):
        return token
    raise ValueError("that is no token")


def _life(seconds: Any) -> float:  # noqa: ANN401 (whatever was sent)
    known = isinstance(seconds, int) and not isinstance(seconds, bool) and seconds >= 0
    return min(float(seconds), LONGEST) if known else LASTS
