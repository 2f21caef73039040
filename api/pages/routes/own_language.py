"""Where the owner of a mail address chooses his language, by the link that stands below each mail. Domain §6 [000 §2.1.1.4].

Whoever has the link has the mail: there is no log-in. The link names nobody, and does nothing but this; that
it is opened, by a mail program perhaps, changes nothing.
"""

from typing import Annotated

from pydantic import AfterValidator

from api.http.declaring import AtTheDoor
from api.http.policies import ANYBODY, AT_THE_DOOR
from api.http.replies import Reply
from api.http.sending import OWN_LANGUAGE
from api.http.shapes import Given
from api.languages import LANGUAGES
from api.pages.declaring import Pages
from api.pages.rendering import outside
from models.database import writing
from scheduler.mail import languages

pages = Pages("own_language")


def _known(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError("a language")
    return code


class OwnLanguage(Given):
    """One of those there are."""

    language: Annotated[str, AfterValidator(_known)]


@pages.get(f"{OWN_LANGUAGE}/{{link}}", ANYBODY)
def own_language_page(door: AtTheDoor, link: str) -> Reply:
    """The languages there are."""
    languages.opened(door.service.vault, link)
    return outside(door.request, "mail/own_language.html")


@pages.door(f"{OWN_LANGUAGE}/{{link}}", AT_THE_DOOR)
def choose_own_language(door: AtTheDoor, link: str, given: OwnLanguage) -> Reply:
    """From now on; no administrator overrules it."""
    address = languages.opened(door.service.vault, link)
    with writing(door.service.engine) as session:
        languages.choose(session, address, given.language)
    return outside(door.request, "mail/own_language_chosen.html", chosen=given.language)
