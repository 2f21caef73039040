"""Why a trigger is not set up, why it did nothing, and why a task stays as it is. Domain §4."""

from collections.abc import Mapping
from types import MappingProxyType

FIELD_UNKNOWN = "condition_field_unknown"
FIELD_TWICE = "condition_field_twice"
VALUE_UNKNOWN = "condition_value_unknown"
DAY_MISSING = "condition_day_missing"
NOT_FOR_TOPIC = "action_not_for_topic"
NO_SUCH_TOPIC = "topic_not_for_triggers"
NAMES_UNKNOWN = "action_names_unknown"
NO_CASE_KIND = "type_without_case_kind"
NO_SHOW_TYPE = "no_show_type_requested"
WINDOW = "trigger_window"
DRAFT_AT_ONCE = "draft_at_once"
FOR_BOTH = "task_for_both"
REMOVED = "trigger_removed"
NO_CASE = "no_case_of_kind"
NO_REQUEST = "event_without_request"
OUTDATED = "outdated"
DONE_ALREADY = "task_done_already"
NOT_DONE = "task_not_done"

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        FIELD_UNKNOWN: "an event {topic} says nothing of {field}; it says something of: {fields}",
        FIELD_TWICE: "there are two conditions for {field}: give one, with all its values",
        VALUE_UNKNOWN: "{field} is never {value}",
        DAY_MISSING: "say which days of a case: give a condition for the day",
        NOT_FOR_TOPIC: "this action needs what an event {topic} does not speak of",
        NO_SUCH_TOPIC: "no trigger can be tied to an event {topic}",
        NAMES_UNKNOWN: "the action names something that is not there, or no longer in use: {field}",
        NO_CASE_KIND: "the consultation type names no preferred kind of case, by which the case could be chosen",
        NO_SHOW_TYPE: "a request cannot be made for a no-show type",
        WINDOW: "the window ends before it begins: until must be at least one day after from",
        DRAFT_AT_ONCE: "a draft is never planned: make it no draft, or leave it to the night",
        FOR_BOTH: "a task is for one person, or for a role: choose one of both",
        REMOVED: "this trigger was removed",
        NO_CASE: "the employee has no open case of the kind that the consultation type prefers",
        NO_REQUEST: "the appointment came without a request",
        DONE_ALREADY: "this task is done already",
        NOT_DONE: "this task is not done yet",
    }
)
"""For each code a msgid with named holes; translated at the edge."""

OF_WHAT_WAS_SENT = frozenset(
    {
        *(FIELD_UNKNOWN, FIELD_TWICE, VALUE_UNKNOWN, DAY_MISSING, NOT_FOR_TOPIC, NO_SUCH_TOPIC),
        *(NAMES_UNKNOWN, NO_CASE_KIND, NO_SHOW_TYPE, WINDOW, DRAFT_AT_ONCE, FOR_BOTH),
    }
)
