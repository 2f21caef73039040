"""The one way out: HTTP to addresses of the internet, and to no internal one. Reliability §3.6, P9.

What counts is the address that is connected to. A name is resolved once, refused where any of its
addresses is denied, and the connection goes to one of those that were looked at: a name that answers
otherwise a moment later is not asked again.
"""

from notifications.egress.client import Answer, Client
from notifications.egress.errors import EgressError
from notifications.egress.rules import Rules, SettingError, from_settings

__all__ = ["Answer", "Client", "EgressError", "Rules", "SettingError", "from_settings"]
