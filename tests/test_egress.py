"""Nothing goes to an internal address, in whatever way it is written; and no answer is waited for, or read, for ever. P9, T7-T9."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from notifications.egress import Client, EgressError, Rules, SettingError, from_settings
from notifications.egress.addresses import is_denied
from notifications.egress.errors import Why
from notifications.egress.rules import EXCEPT, HTTP, PORTS, read
from notifications.webhooks.tokens import Credentials, TokenError, Tokens
from tests.effort import searched
from tests.hooks import Canaries, Heard, a_hook, canaries, resolve, talking
from tests.url_forms import ELSEWHERE, LOOPBACK, forms


@pytest.fixture
def birds() -> Iterator[Canaries]:
    with canaries() as made:
        yield made


def loosely(birds: Canaries) -> Client:
    """Only the guard on addresses stands in the way."""
    return Client(Rules(allows_http=True, ports=frozenset({443, 80, birds.port})), lookup=resolve)


def why(client: Client, url: str) -> str:
    with pytest.raises(EgressError) as caught:
        client.post(url, b"{}", {}, time.monotonic() + 2)
    return caught.value.why.value


# --- P9 -------------------------------------------------------------------------------------------------


def test_there_are_more_than_three_hundred_forms() -> None:
    assert len(set(forms(8443))) > 300


def test_no_form_is_allowed_and_none_connects(birds: Canaries) -> None:
    client = loosely(birds)
    for url in forms(birds.port):
        assert not client.allows(url), url
        assert why(client, url) in {"url_refused", "address_refused", "name_unknown"}, url

    assert birds.touched() == 0


def test_no_token_is_fetched_from_one(birds: Canaries) -> None:
    tokens = Tokens(loosely(birds))
    for url in forms(birds.port):
        with pytest.raises(EgressError):
            tokens.token(Credentials(url, "client", "secret"), time.monotonic() + 2)

    assert birds.touched() == 0


def test_no_redirect_to_one_is_followed(birds: Canaries) -> None:
    every = iter(list(forms(birds.port)))

    def elsewhere(_: Heard) -> tuple[int, dict[str, str], bytes]:
        where = next(every).encode("ascii", "ignore").decode().replace("\t", "")
        return 302, {"Location": where}, b""

    with a_hook(elsewhere) as hook:
        client = hook.client()
        statuses = {client.post(hook.url, b"{}", {}).status for _ in range(300)}

    assert statuses == {302}
    assert birds.touched() == 0


def test_a_name_that_answers_otherwise_later_is_refused_then(
    birds: Canaries, caplog: pytest.LogCaptureFixture
) -> None:
    """T8: allowed when the receiver is made, and inside when something is sent; or inside a moment after it was looked at."""
    answers = [["1.1.1.1"], ["127.0.0.1"], ["::1"], ["1.1.1.1", "127.0.0.1"], ["169.254.169.254"]]
    asked = iter(answers)
    client = Client(
        Rules(allows_http=True, ports=frozenset({birds.port})), lookup=lambda *_: next(asked)
    )
    url = f"http://rebinding.test:{birds.port}/"

    assert client.allows(url)
    assert [why(client, url) for _ in answers[1:]] == ["address_refused"] * 4
    assert birds.touched() == 0
    told = f"rebinding.test:{birds.port} leads to an address that is not public"
    assert [told in one for one in caplog.messages] == [True] * 4  # to the operator


def test_a_name_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that between the look at its address and the connection there is nothing that could change."""
    asked: list[str] = []
    connected: list[object] = []

    def ask(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["1.1.1.1", "1.0.0.1"]

    def refuse(address: object, *_: object) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    client = Client(Rules(), lookup=ask)

    assert why(client, "https://hooks.test/") == "connection"
    assert asked == ["hooks.test"]
    assert connected == [("1.1.1.1", 443), ("1.0.0.1", 443)]


def test_control_without_the_guard_the_canaries_are_touched(birds: Canaries) -> None:
    open_ = Client(
        Rules(allows_http=True, ports=frozenset({birds.port})),
        lookup=resolve,
        denies=lambda _: False,
    )
    for host in ("127.0.0.1", "[::1]", "loopback.test", "localhost"):
        with suppress(EgressError):
            open_.post(f"http://{host}:{birds.port}/", b"{}", {}, time.monotonic() + 0.1)

    assert birds.touched() >= 4


# --- Addresses and URLs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "::127.0.0.1", "192.0.0.8"),
        *("192.88.99.1", "224.0.0.1", "ff02::1", "::ffff:10.0.0.1", "fe80::1%eth0", "100.64.0.1"),
        *("::", "0.0.0.0", "not an address", "2001:0:7f00:1::", "::ffff:0:7f00:1"),  # noqa: S104
    ],
)
def test_what_the_library_takes_for_global_is_denied_all_the_same(address: str) -> None:
    assert is_denied(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_the_internet_is_not_denied(address: str) -> None:
    assert not is_denied(address)


def test_an_address_of_our_own_is_denied_be_it_a_public_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Ours(socket.socket):
        def bind(self, _: object, /) -> None:
            """As if the machine had it."""

    monkeypatch.setattr(socket, "socket", Ours)

    assert is_denied("1.1.1.1")


def test_the_hosts_of_the_forms_cover_what_is_denied() -> None:
    assert len({*LOOPBACK, *ELSEWHERE}) > 70


@searched()
@given(st.text(max_size=60) | st.from_regex(r"https?://[a-z0-9.\[\]:@%/\\#-]{1,40}"))
def test_a_url_is_read_or_refused(text: str) -> None:
    try:
        target = read(text)
    except EgressError:
        return
    assert target.host.isascii()
    assert 0 < target.port < 65_536
    assert "@" not in target.host


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://hooks.example.org", "hooks.example.org", 443, "/"),
        ("https://HOOKS.example.org:8443/a?b=c", "hooks.example.org", 8443, "/a?b=c"),
        ("https://bücher.example/x", "xn--bcher-kva.example", 443, "/x"),
        ("https://[2606:4700:4700:0::1111]/", "2606:4700:4700::1111", 443, "/"),
    ],
)
def test_what_is_allowed_is_read_so(url: str, host: str, port: int, path: str) -> None:
    target = Rules().target(url)

    assert (target.host, target.port, target.path) == (host, port, path)


@pytest.mark.parametrize("url", ["http://hooks.test/", "https://hooks.test:8080/"])
def test_plain_http_and_other_ports_are_the_operators_to_allow(url: str) -> None:
    with pytest.raises(EgressError):
        Rules().target(url)

    settings = {HTTP: "yes", PORTS: "80, 8080"}
    assert from_settings(settings).target(url).host == "hooks.test"


def test_a_pair_that_the_operator_names_is_excepted_and_no_other() -> None:
    with a_hook() as hook:
        client = Client(from_settings({EXCEPT: f"127.0.0.1:{hook.port}", HTTP: "yes"}))

        assert client.post(hook.url, b"{}", {}).status == 204
        assert not client.allows(f"http://127.0.0.2:{hook.port}/")
        assert not client.allows(f"http://127.0.0.1:{hook.port + 1}/")


@pytest.mark.parametrize(
    "settings",
    [{EXCEPT: "127.0.0.1"}, {EXCEPT: "a b:80"}, {PORTS: "0"}, {PORTS: "x"}, {HTTP: "maybe"}],
)
def test_a_setting_that_cannot_be_read_is_refused(settings: dict[str, str]) -> None:
    with pytest.raises(SettingError, match=next(iter(settings))):
        from_settings(settings)


# --- Time and size --------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
GIGABYTE = b"Content-Length: 1073741824\r\n\r\n"


def told(port: int, seconds: float = 3) -> str:
    rules = Rules(allows_http=True, excepted=frozenset({("127.0.0.1", port)}))
    try:
        answer = Client(rules).post(
            f"http://127.0.0.1:{port}/", b"{}", {}, time.monotonic() + seconds
        )
    except EgressError as error:
        return error.why.value
    return str(answer.status)


Talk = Callable[[socket.socket], object]


def heard_first(talk: Talk) -> Callable[[socket.socket], None]:
    """So that nothing is lost because somebody hangs up on what he did not read."""

    def heard(to: socket.socket) -> None:
        read = b"-"
        while read and not read.endswith((b"{}", b"client_credentials")):
            read += to.recv(65_536)
        talk(to)

    return heard


def _for_ever(piece: bytes, pause: float, first: bytes = b"") -> Talk:
    def talk(to: socket.socket) -> None:
        to.sendall(first)
        while True:
            to.sendall(piece)
            if pause:
                time.sleep(pause)

    return talk


TALK: Mapping[str, tuple[Talk, str]] = {
    "endless": (_for_ever(b"x" * 65_536, 0, HEAD + b"\r\n"), "answer_too_large"),
    "a gigabyte": (_for_ever(b"x" * 65_536, 0, HEAD + GIGABYTE), "answer_too_large"),
    "endless headers": (_for_ever(b"X: y\r\n", 0, HEAD), "bad_answer"),
    "an endless first line": (_for_ever(b"x" * 65_536, 0), "bad_answer"),
    "continue, continue": (_for_ever(b"HTTP/1.1 100 Continue\r\n\r\n", 0), "answer_too_large"),
    "drop by drop": (_for_ever(b"x", 0.05, HEAD + b"\r\n"), "timeout"),
    "the head drop by drop": (_for_ever(b"x", 0.05), "timeout"),
    "nothing": (lambda _: time.sleep(5), "timeout"),
    "hung up": (lambda _: None, "connection"),
    "no HTTP": (lambda to: to.sendall(b"what?\r\n\r\n"), "bad_answer"),
    "well": (lambda to: to.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}"), "200"),
}


@pytest.mark.parametrize("what", TALK)
def test_no_answer_is_read_or_waited_for_without_end(what: str) -> None:
    talk, expected = TALK[what]
    with talking(heard_first(talk)) as port:
        began = time.monotonic()
        assert told(port, 0.5 if expected == "timeout" else 3) == expected
        assert time.monotonic() - began < 2.5


def test_a_look_up_that_takes_too_long_is_not_waited_for() -> None:
    def look(*_: object) -> list[str]:
        time.sleep(3)
        return ["1.1.1.1"]

    client = Client(Rules(), lookup=look)
    began = time.monotonic()
    with pytest.raises(EgressError):
        client.post("https://hooks.test/", b"", {}, time.monotonic() + 0.2)

    assert time.monotonic() - began < 1


def test_a_port_that_nobody_listens_on() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

    assert told(port) == "connection"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"access_token": "a b"}', b"[" * 60_000])
def test_an_answer_that_holds_no_token_is_none(body: bytes) -> None:
    with a_hook(lambda _: (200, {}, body)) as hook, pytest.raises(TokenError):
        Tokens(hook.client()).token(Credentials(hook.url, "a", "b"), time.monotonic() + 3)


def test_a_token_endpoint_that_never_ends_is_left() -> None:
    """T9."""
    talk = _for_ever(b"x" * 65_536, 0, HEAD + GIGABYTE)
    with talking(heard_first(talk)) as port:
        rules = Rules(allows_http=True, excepted=frozenset({("127.0.0.1", port)}))
        url = f"http://127.0.0.1:{port}/token"
        with pytest.raises(EgressError) as caught:
            Tokens(Client(rules)).token(Credentials(url, "a", "b"), time.monotonic() + 3)

    assert caught.value.why is Why.ANSWER_TOO_LARGE


# --- TLS ------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of hooks.test, by nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


def test_the_certificate_is_checked_for_the_name_and_the_name_is_sent_along(
    certificate: Path,
) -> None:
    heard: list[str] = []
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate)
    ours.sni_callback = lambda _, name, __: heard.append(name)

    def talk(to: socket.socket) -> None:
        with ours.wrap_socket(to, server_side=True) as secure:
            read = b""
            while not read.endswith(b"{}"):
                read += secure.recv(65_536)
            heard.append(read.decode())
            secure.sendall(HEAD + b"Content-Length: 0\r\n\r\n")

    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(certificate))

    with talking(talk) as port:
        names = ("hooks.test", "other.test")
        rules = Rules(excepted=frozenset((name, port) for name in names))
        there = Client(rules, lookup=lambda *_: ["127.0.0.1"], tls=trusting)
        assert there.post(f"https://hooks.test:{port}/x", b"{}", {}).status == 200
        assert heard[0] == "hooks.test"
        assert f"\r\nHost: hooks.test:{port}\r\n" in heard[1]

        strangers = Client(rules, lookup=lambda *_: ["127.0.0.1"])
        assert why(strangers, f"https://hooks.test:{port}/x") == "tls"
        assert why(there, f"https://other.test:{port}/x") == "tls"
