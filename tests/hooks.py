"""Receivers of webhooks for the tests: servers that answer as they are told, and canaries that nobody may touch."""

import base64
import hashlib
import hmac
import http.server
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from notifications.egress import Client, Rules
from notifications.egress.names import lookup
from tests.url_forms import NAMES


def resolve(host: str, port: int) -> list[str]:
    """The names of the tests, and what the system knows without asking anybody."""
    if host in NAMES:
        return NAMES[host]
    if host.endswith((".test", ".org", ".example")):
        raise OSError("unknown")
    return lookup(host, port)


# --- Canaries -------------------------------------------------------------------------------------------


class Canaries:
    """Listen on one port of the loopback addresses, and of a link-local one where there is any."""

    def __init__(self, stack: ExitStack) -> None:
        first = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0), backlog=1024)))
        self.port = first.getsockname()[1]
        self.listening = [first]
        for address in ("::1", *_link_local()):
            with suppress(OSError):
                self.listening.append(self._listen(stack, address))
        for one in self.listening:
            one.setblocking(False)

    def _listen(self, stack: ExitStack, address: str) -> socket.socket:
        info = socket.getaddrinfo(address, self.port, type=socket.SOCK_STREAM)[0]
        made = stack.enter_context(closing(socket.socket(info[0], info[1])))
        if info[0] == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(info[4])
        made.listen(1024)
        return made

    def touched(self) -> int:
        """How many connections were made since it was asked last."""
        found = 0
        for one in self.listening:
            with suppress(BlockingIOError):
                while True:
                    one.accept()[0].close()
                    found += 1
        return found


def _link_local() -> list[str]:
    with suppress(OSError), Path("/proc/net/if_inet6").open() as file:
        for line in file:
            text, _, _, scope, _, name = line.split()
            if scope == "20":
                parts = ":".join(text[n : n + 4] for n in range(0, 32, 4))
                return [f"{parts}%{name}"]
    return []


@contextmanager
def canaries() -> Iterator[Canaries]:
    with ExitStack() as stack:
        yield Canaries(stack)


# --- Servers --------------------------------------------------------------------------------------------


@dataclass
class Heard:
    """A message, as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answers = Callable[[Heard], tuple[int, Mapping[str, str], bytes]]


def well(_: Heard) -> tuple[int, Mapping[str, str], bytes]:
    return 204, {}, b""


@dataclass
class Hook:
    """A receiver. `answers`: what it says to each message; it may take its time, or raise to hang up."""

    answers: Answers = well
    heard: list[Heard] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def client(self, *others: int, **more: Any) -> Client:
        """A way out that this one is excepted from, and nothing else."""
        pairs = {("127.0.0.1", port) for port in (self.port, *others)}
        rules = Rules(allows_http=True, excepted=frozenset(pairs))
        return Client(rules, lookup=resolve, **more)


@contextmanager
def a_hook(answers: Answers = well) -> Iterator[Hook]:
    """A server that keeps what it hears."""
    hook = Hook(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            heard = Heard(self.path, dict(self.headers.items()), self.rfile.read(length))
            hook.heard.append(heard)
            try:
                status, headers, body = hook.answers(heard)
            except ConnectionResetError:
                self.connection.close()
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    with serving(Handler) as port:
        hook.port = port
        yield hook


@contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[int]:
    """On a port that is free."""

    class Quiet(http.server.ThreadingHTTPServer):
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            """Whoever hung up, hung up."""

    with Quiet(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port on which whoever connects is talked to so."""

    def run(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connected, _ = listening.accept()
                threading.Thread(target=one, args=(connected,), daemon=True).start()

    def one(connected: socket.socket) -> None:
        with connected, suppress(OSError):
            talk(connected)

    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=run, args=(listening,), daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def says(status: int, **headers: str) -> Any:
    return lambda _: (status, {name.replace("_", "-"): one for name, one in headers.items()}, b"")


def soon(holds: Any) -> bool:
    ends = time.monotonic() + 20
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.01)
    return True


def require_signed(heard: Heard, secret: str, *, hub: str | None = None) -> None:
    """By another reading of both specifications than ours."""
    content = heard.id.encode() + b"." + heard.headers["webhook-timestamp"].encode() + b"."
    key = base64.b64decode(secret.split("_", 1)[1])
    assert len(key) >= 24
    expected = base64.b64encode(hmac.digest(key, content + heard.body, "sha256")).decode()
    assert f"v1,{expected}" in heard.headers["webhook-signature"].split(" ")
    assert abs(time.time() - int(heard.headers["webhook-timestamp"])) < 60
    whole = hmac.new((hub or secret).encode("ascii"), heard.body, hashlib.sha256)
    assert heard.headers["X-Hub-Signature"] == "sha256=" + whole.hexdigest()
