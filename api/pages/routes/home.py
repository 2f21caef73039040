"""The beginning: the first place that one is offered."""

from api.http.calls import Call
from api.http.policies import himself
from api.http.replies import Reply
from api.pages.declaring import Pages
from api.pages.navigation import entries

pages = Pages("home")


@pages.get("/", himself())
def home(call: Call) -> Reply:
    """Go on to it."""
    offered = entries(call.caller)
    return Reply(b"", 303, {"Location": offered[0].path if offered else "/own"})
