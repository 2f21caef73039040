"""The secrets of receivers, sealed. Reliability §3.6."""

from collections.abc import Sequence

from models.outbox import Receiver
from scheduler.access.vault import Vault, place

SEALED = (Receiver.secret, Receiver.previous_secret)
"""What a change of keys has to seal anew (`vault.reseal`)."""


def secrets_of(vault: Vault, receiver: Receiver) -> Sequence[str]:
    """Those that are valid, the newest first.

    Raises:
        UnsealableError: no key here opens one.
    """
    newest = vault.open(receiver.secret, place(Receiver.secret, receiver.id)).decode()
    if receiver.previous_secret is None:
        return (newest,)
    where = place(Receiver.previous_secret, receiver.id)
    return newest, vault.open(receiver.previous_secret, where).decode()


def keep_secret(vault: Vault, receiver: Receiver, secret: str) -> None:
    receiver.secret = vault.seal(secret.encode(), place(Receiver.secret, receiver.id))


def keep_previous(vault: Vault, receiver: Receiver) -> None:
    """The one that it has becomes the one before: it is sealed for its new place."""
    held = vault.open(receiver.secret, place(Receiver.secret, receiver.id))
    where = place(Receiver.previous_secret, receiver.id)
    receiver.previous_secret = vault.seal(held, where)
