"""Why something is not done with a receiver."""

from collections.abc import Mapping
from types import MappingProxyType

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        # no reason: it would tell what there is on our network
        "url_not_allowed": "this address is not allowed",
        "receiver_removed": "this receiver was removed: it gets nothing any more",
        "protocol_stays": "how a receiver is spoken to is not changed: add another one",
        "client_secret_missing": "give the new secret of the OAuth2 client",
        "client_secret_not_ours": "the secret of a signature is made here, and given by nobody",
        "delivery_under_way": "this delivery is on its way already",
        "no_previous_secret": "there is no secret before this one that is still valid",
        "topic_unknown": "there are no such topics: {topics}",
    }
)
OF_WHAT_WAS_SENT = frozenset(
    {"url_not_allowed", "client_secret_missing", "client_secret_not_ours", "topic_unknown"}
)
