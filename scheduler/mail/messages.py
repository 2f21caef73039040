"""Why something is not done with templates, servers and senders."""

from collections.abc import Mapping
from types import MappingProxyType

from scheduler.mail.keeping import NO_CHANNEL, NO_DEFAULT_TEXT, NOT_VERIFIED, UNKNOWN_FIELD

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        UNKNOWN_FIELD: "there are no such merge fields: {fields}; there are: {known}",
        NO_DEFAULT_TEXT: "write it in the default language, too: {language}",
        NOT_VERIFIED: "this sender is not verified: enter the code that was mailed to it first",
        NO_CHANNEL: "messages do not go by {channel}",
        # no reason: it would tell what there is on our network
        "mail_server_not_allowed": "this mail server is not allowed",
        "mail_server_archived": "this mail server is archived: nothing goes by it any more",
        "default_server_stays": "make another mail server the default first",
        "password_missing": "give the password of the new mail server",
        "limit_twice": "a limit is given twice for the same number of minutes",
        "sender_verified": "this sender is verified already",
        "sender_in_use": "templates are sent from this sender: give them another one first",
        "sender_taken": "this address is a sender of this mail server already",
        "own_language": "the owner of this address has chosen a language himself",
    }
)
OF_WHAT_WAS_SENT = frozenset(
    {
        UNKNOWN_FIELD,
        NO_DEFAULT_TEXT,
        NO_CHANNEL,
        "mail_server_not_allowed",
        "password_missing",
        "limit_twice",
    }
)
