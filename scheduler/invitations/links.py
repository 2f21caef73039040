"""The link by which whoever is invited answers: sealed, so that it names nobody, and nobody makes one for another.

The database holds nothing of which one could be made. It is as good as a token of which the hash is kept, and is
the same right in a mail that is sent again.
"""

import base64
import binascii
from uuid import UUID

from scheduler.access.denied import NotFoundError
from scheduler.access.vault import UnsealableError, Vault

PLACE = "invitations.id"


def sealed(vault: Vault, invitation_id: UUID) -> str:
    token = base64.urlsafe_b64encode(vault.seal(invitation_id.bytes, PLACE))
    return token.decode().rstrip("=")


def opened(vault: Vault, link: str) -> UUID:
    """The invitation.

    Raises:
        NotFoundError: that is no link of ours.
    """
    try:
        token = link.encode() + b"=" * (-len(link) % 4)
        found = vault.open(base64.b64decode(token, altchars=b"-_", validate=True), PLACE)
        return UUID(bytes=found)
    except (binascii.Error, ValueError, UnsealableError) as error:
        raise NotFoundError from error
