"""Why nothing came back: a word of a closed set, for the log of deliveries."""

from models.base import Code


class Why(Code):
    """Of a request that came to nothing."""

    URL_REFUSED = "url_refused"
    ADDRESS_REFUSED = "address_refused"
    NAME_UNKNOWN = "name_unknown"
    CONNECTION = "connection"
    TLS = "tls"
    TIMEOUT = "timeout"
    BAD_ANSWER = "bad_answer"
    ANSWER_TOO_LARGE = "answer_too_large"


class EgressError(Exception):
    """A request that was not made, or came to nothing."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why
