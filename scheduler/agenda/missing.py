"""Things of the agenda that are not there."""

from uuid import UUID


class NotThereError(LookupError):
    """There is none with this key, or no longer."""

    def __init__(self, name: str, key: UUID) -> None:
        super().__init__(f"there is no {name} {key}")
        self.name = name
        self.key = key
