"""How a list goes on: the same question, from where its part ended."""

from urllib.parse import urlencode

from pydantic import BaseModel


def further(filters: BaseModel, cursor: str | None) -> str | None:
    """What to ask for the next part; nothing where this is the last."""
    if cursor is None:
        return None
    asked = filters.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    told = {name: str(one).lower() if isinstance(one, bool) else one for name, one in asked.items()}
    return urlencode({**told, "cursor": cursor})
