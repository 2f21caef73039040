"""Every sentence that people are shown: out of the templates, the tables of messages, and the catalogues of words."""

import ast
from collections.abc import Iterator
from pathlib import Path

from jinja2 import nodes

from api.http.texts import TABLES
from api.pages.faults import FAULTS, OTHERWISE
from api.pages.navigation import ENTRIES
from api.pages.rendering import _environment
from api.words import OFFERS
from scheduler.access import Right

API = Path(__file__).parent.parent / "api"
MARKED = {"_", "_n"}


def sentences() -> dict[str, str]:
    """By sentence where it stands; of things that are counted the singular, and the plural behind a line break."""
    found = {
        **{one: "messages" for table in TABLES for one in table.values()},
        **dict.fromkeys(OFFERS.values(), "api/words.py"),
        **dict.fromkeys([*FAULTS.values(), OTHERWISE], "api/pages/faults.py"),
        **dict.fromkeys([one.title for one in ENTRIES], "api/pages/navigation.py"),
        **dict.fromkeys([right.sentence for right in Right], "scheduler/access/rights.py"),
    }
    for name in _environment().list_templates():
        for sentence in of_template((API / "pages" / "templates" / name).read_text()):
            found.setdefault(sentence, f"api/pages/templates/{name}")
    mails = API.parent / "notifications" / "mail"
    for file in [*sorted((API / "pages").rglob("*.py")), *sorted(mails.glob("*.py"))]:
        for sentence in of_code(file.read_text()):
            found.setdefault(sentence, str(file.relative_to(API.parent)))
    return found


def of_template(source: str) -> Iterator[str]:
    """What it marks by `_("...")`, and by `_n("...", "...", n)`."""
    for call in _environment().parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in MARKED:
            said = [one.value for one in call.args if isinstance(one, nodes.Const)]
            wanted = 2 if call.node.name == "_n" else 1
            if len(said) >= wanted:
                yield "\n".join(said[:wanted])


def of_code(source: str) -> Iterator[str]:
    """What it marks by `msgid("...")`, to be translated where it is shown."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "msgid":
            for one in node.args:
                if isinstance(one, ast.Constant):
                    yield str(one.value)
