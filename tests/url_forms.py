"""URLs that lead inside, in all the ways in which somebody writes them: T7, T8 and their relatives."""

from collections.abc import Iterator

LOOPBACK = (
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.127.127.127",
    "127.000.000.001",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0.0.1",
    "0x7F.0x0.0x0.0x1",
    "0",
    "0.0.0.0",  # noqa: S104 (written, and not bound to)
    "00.0.0.0",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "127.0.0.1.",
    "127.0.0.1%00",
    "%31%32%37.0.0.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "loopback.test",
    "ip6-localhost.test",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:7f00:0001::1]",
    "[2001::7f00:1]",
    "[::1%25lo]",
    "[::1%lo]",
)
ELSEWHERE = (
    "169.254.169.254",
    "169.254.1.1",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "[::ffff:a9fe:a9fe]",
    "[::ffff:169.254.169.254]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "metadata.test",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[ff02::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fec0::1]",
    "[2001:db8::1]",
    "[2002:a9fe:a9fe::]",
    "[64:ff9b::a9fe:a9fe]",
    "[100::1]",
    "intranet.test",
    "both.test",
)
NAMES = {
    "loopback.test": ["127.0.0.1"],
    "ip6-localhost.test": ["::1"],
    "metadata.test": ["169.254.169.254"],
    "intranet.test": ["10.1.2.3"],
    "both.test": ["1.1.1.1", "127.0.0.1"],
    "hooks.test": ["1.1.1.1"],
}
"""What the names of the tests resolve to; all others are asked of the system, which knows addresses and itself."""
SHAPES = (
    "{scheme}://{host}:{port}/",
    "{scheme}://{host}:{port}/hook?x=1",
    "{scheme}://{host}:0{port}/",
    "{scheme}://user@{host}:{port}/",
    "{scheme}://hooks.test@{host}:{port}/",
    "{scheme}://hooks.test:443@{host}:{port}/",
    "{scheme}://{host}:{port}#@hooks.test/",
    "{scheme}://{host}:{port}\\@hooks.test/",
    "{scheme}:\\\\{host}:{port}\\",
    "{scheme}:{host}:{port}",
    "{scheme}:///{host}:{port}/",
    "{scheme}://hooks.test\t@{host}:{port}/",
    " {scheme}://{host}:{port}/ x",
)
STRANGE = (
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "ftp://127.0.0.1:{port}/",
    "dict://127.0.0.1:{port}/x",
    "ws://127.0.0.1:{port}/",
    "unix:///run/x.sock",
    "jar:http://127.0.0.1:{port}!/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "https://",
    "https:///",
    "https://:{port}/",
    "https://[::1",
    "https://[]:{port}/",
    "https://[127.0.0.1]:{port}/",
    "https://127.0.0.1:99999/",
    "https://127.0.0.1:{port}a/",
    "https://a..b.test/",
    "https://-a.test/",
    "https://" + "a" * 64 + ".test/",
    "https://" + "a." * 130 + "test/",
    "https://hooks.test/" + "a" * 2_000,
    "https://xn--\u00fc.test/",
    "https://hooks.test:22/",
    "https://hooks.test:25/",
)


def forms(port: int) -> Iterator[str]:
    """Over 300 of them; none may lead to a connection."""
    for host in (*LOOPBACK, *ELSEWHERE):
        for scheme in ("https", "http"):
            yield SHAPES[0].format(scheme=scheme, host=host, port=port)
        yield SHAPES[1].format(scheme="http", host=host, port=port)
    for host in ("127.0.0.1", "[::1]", "loopback.test"):
        for shape in SHAPES[2:]:
            for scheme in ("https", "http", "HTTP"):
                yield shape.format(scheme=scheme, host=host, port=port)
    for one in STRANGE:
        yield one.replace("{port}", str(port))
