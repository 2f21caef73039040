"""Appointments as calendars know them (iCalendar, RFC 5545 and 5546): invitations, and feeds to subscribe to. Domain §6.

Nothing in them says what an appointment is about, or with whom an employee has it: they lie in mailboxes,
on telephones and with whoever hosts those.
"""

from notifications.calendars.feeds import feed
from notifications.calendars.happening import Happening
from notifications.calendars.invitations import Invited, Party, invitation

__all__ = ["Happening", "Invited", "Party", "feed", "invitation"]
