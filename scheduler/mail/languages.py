"""In which language an address is written to: its owner's choice first, then an administrator's. Domain §6 [000 §2.1.1.4]."""

import base64
import binascii

from sqlalchemy import delete
from sqlalchemy.orm import Session

from models.messages import AddressLanguage
from scheduler.access.denied import NotFoundError, refused
from scheduler.access.vault import UnsealableError, Vault

PLACE = "address_languages.address"


def sealed(vault: Vault, address: str) -> str:
    """A token by which the owner of an address chooses: nobody reads the address in it, or makes one for another."""
    token = base64.urlsafe_b64encode(vault.seal(address.lower().encode(), PLACE))
    return token.decode().rstrip("=")


def opened(vault: Vault, token: str) -> str:
    """The address.

    Raises:
        NotFoundError: that is no token of ours.
    """
    try:
        sealed_address = base64.b64decode(
            token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True
        )
        return vault.open(sealed_address, PLACE).decode()
    except (binascii.Error, ValueError, UnsealableError) as error:
        raise NotFoundError from error


def choose(session: Session, address: str, language: str) -> None:
    """By its owner."""
    _put(session, address, language, own=True)


def set_language(session: Session, address: str, language: str | None) -> None:
    """By an administrator; nothing: as the owner is known to speak.

    Raises:
        RefusedError: its owner has chosen himself.
    """
    there = session.get(AddressLanguage, address.lower(), with_for_update=True)
    if there is not None and there.own_choice:
        raise refused("own_language")
    if language is None:
        session.execute(delete(AddressLanguage).where(AddressLanguage.address == address.lower()))
    else:
        _put(session, address, language, own=False)


def _put(session: Session, address: str, language: str, *, own: bool) -> None:
    row = AddressLanguage(address=address.lower(), language=language, own_choice=own)
    session.merge(row)
    session.flush()
