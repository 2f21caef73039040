"""Mail as it is administered: templates, default reminders, servers, senders, languages. Domain §6."""

from scheduler.mail import failing, languages, servers
from scheduler.mail.keeping import DEFAULT_REMINDER, TEMPLATE
from scheduler.mail.messages import MESSAGES, OF_WHAT_WAS_SENT

__all__ = [
    "DEFAULT_REMINDER",
    "MESSAGES",
    "OF_WHAT_WAS_SENT",
    "TEMPLATE",
    "failing",
    "languages",
    "servers",
]
