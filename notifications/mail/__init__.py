"""Mail: reminders, what triggers want to be told, notices to accounts; over SMTP under TLS, once. Domain §6."""

from notifications.mail.building import Attached
from notifications.mail.claims import House
from notifications.mail.mailer import Mailer
from notifications.mail.subscriber import Asked
from notifications.mail.terms import Terms
from notifications.mail.writing import Writer

__all__ = ["Asked", "Attached", "House", "Mailer", "Terms", "Writer"]
