"""What employers pay for what: price lists, agreements, and who may write performances. Domain §7 [001].

Commands are called by their module: `agreed.add`, `pricing.end`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from scheduler.agreements import agreed, catalogue, periods, pricing
from scheduler.agreements.agreed import NewAgreedModel, NewAgreement
from scheduler.agreements.catalogue import NewModel
from scheduler.agreements.pricing import NewPrice

MESSAGES: Mapping[str, str] = MappingProxyType(
    {**agreed.MESSAGES, **catalogue.MESSAGES, **periods.MESSAGES, **pricing.MESSAGES}
)
"""For each code a msgid with named holes; translated at the edge."""

__all__ = ["MESSAGES", "NewAgreedModel", "NewAgreement", "NewModel", "NewPrice"]
