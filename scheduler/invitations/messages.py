"""Why an answer is not taken."""

from collections.abc import Mapping
from types import MappingProxyType

OVER = "invitation_over"
OFF = "invitation_off"
TOO_OFTEN = "answered_too_often"

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        OVER: "this appointment is over: there is nothing to answer any more",
        OFF: "this appointment is off: there is nothing to answer any more",
        TOO_OFTEN: "this invitation was answered {most} times: please call us instead",
    }
)
