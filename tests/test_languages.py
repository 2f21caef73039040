"""Every sentence exists in both languages, with the same holes. Domain §§1, 6; the pages."""

import re
import string
from datetime import UTC, date, datetime

import pytest
from babel.messages.catalog import Message

from api.languages import LANGUAGES, WRITTEN_IN, accepted, catalogue, language
from scheduler.access import Right
from tests.sentences import of_code, of_template, sentences

OTHERS = sorted(set(LANGUAGES) - {WRITTEN_IN})
SENTENCES = sentences()


def holes(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def said(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_said_in_every_language(code: str) -> None:
    missing = []
    for sentence, where in SENTENCES.items():
        one, _, several = sentence.partition("\n")
        found = catalogue(code).get(one)
        if not sentence or (found is not None and all(said(found)) and not found.fuzzy):
            continue
        plural = f'msgid_plural "{several}"\nmsgstr[0] ""\nmsgstr[1] ""' if several else 'msgstr ""'
        missing.append(f'#: {where}\nmsgid "{one}"\n{plural}')

    assert not missing, f"\n{len(missing)} sentences for {code}.po:\n\n" + "\n\n".join(missing)


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_holes_of_its_sentence(code: str) -> None:
    wrong = []
    for message in catalogue(code):
        original = [message.id] if isinstance(message.id, str) else list(message.id)
        known = set().union(*(holes(one) for one in original))
        wrong += [one for one in said(message) if holes(one) - known]
        wrong += [one for one in said(message)[-1:] if message.id and known - holes(one)]

    assert not wrong


@pytest.mark.parametrize("code", OTHERS)
def test_no_translation_is_of_something_that_nobody_says(code: str) -> None:
    known = {one.partition("\n")[0] for one in SENTENCES}
    ids = [one.id if isinstance(one.id, str) else one.id[0] for one in catalogue(code)]

    assert not [one for one in ids if one and one not in known]


def test_the_search_for_sentences_finds_them() -> None:
    template = """<p>{{ _("One {hole}", hole=1) }}</p>{{ _n("{n} thing", "{n} things", 2) }}{{ _(name) }}"""

    assert list(of_template(template)) == ["One {hole}", "{n} thing\n{n} things"]
    assert list(of_code("x = msgid('Said')")) == ["Said"]


def test_nothing_is_written_in_a_template_without_being_marked() -> None:
    """Words between tags, in no language but the template's own."""
    from tests.sentences import API  # noqa: PLC0415 (only here)

    allowed = {"Spreekuur"}
    found = []
    for file in sorted((API / "pages" / "templates").rglob("*.html")):
        text = re.sub(
            r"{#.*?#}|{%.*?%}|{{.*?}}|<!doctype.*?>", " ", file.read_text(), flags=re.DOTALL
        )
        text = re.sub(r"<[^>]*>", "\n", text)
        found += [
            f"{file.name}: {line.strip()}"
            for line in text.splitlines()
            if re.search(r"[A-Za-z]{2,}", line)
            and line.strip() not in allowed
            and not re.fullmatch(r"\s*(&\w+;\s*)+", line)
            and not re.search(r"[?;]\w+=", line)  # an address that is put together
        ]

    assert not [one for one in found if "· Spreekuur" not in one]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "nl"),
        ("en-GB,en;q=0.9", "en"),
        ("de,fr;q=0.8", "nl"),
        ("en;q=0.5, nl-BE;q=0.9", "nl"),
        ("en;q=x", "en"),
        (";;;,,,", "nl"),
    ],
)
def test_the_first_language_of_ours_that_a_browser_asks_for(header: str, code: str) -> None:
    assert accepted(header).code == code


def test_days_and_numbers_are_written_as_the_language_does() -> None:
    at = datetime(2027, 3, 1, 9, 5, tzinfo=UTC)

    assert language("nl-NL").moment(at) == "ma 1 mrt 2027 09:05"
    assert language("en").moment(at) == "Mon 1 Mar 2027 09:05"
    assert language("nl").day(date(2027, 3, 1)) == "1 maart 2027"
    assert language("nl").number(1234.5) == "1.234,5"


def test_a_hole_says_what_it_means() -> None:
    spoken = language("en")

    assert (
        spoken.text("needs {right}", right=[Right.START_RUNS])
        == f"needs {Right.START_RUNS.sentence}"
    )
    assert spoken.text("until {day}", day=date(2027, 3, 1)) == "until 1 March 2027"
    assert spoken.text("{nothing} fills this") == "… fills this"
    # on the clocks of the reader, and not in UTC
    until = datetime(2027, 7, 1, 9, 5, tzinfo=UTC)
    assert spoken.text("kept until {until}", until=until) == "kept until Thu 1 Jul 2027 11:05"
