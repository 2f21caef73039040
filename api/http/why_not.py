"""What a run says of a request, as far as it is the caller's to read: it names other people's requests. Domain §§4, 8."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from api.http.calls import Call

OF_OTHERS = frozenset({"held_by", "displacement", "holders"})
"""Of what is told of a request, that which names other people's."""


def for_caller(call: Call, why_not: Mapping[str, Any]) -> dict[str, Any]:
    """All of it for whoever reaches the whole organisation."""
    return dict(why_not) if call.caller.scope.everybody else but(why_not, OF_OTHERS)


def but(told: Mapping[str, Any], names: AbstractSet[str]) -> dict[str, Any]:
    return {name: one for name, one in told.items() if name not in names}
