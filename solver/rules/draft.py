"""`draft`: a draft request is never planned. Source: domain §3; 000 §2.1.7."""

from solver.facts import Request
from solver.rules.face import RequestRule


class Draft(RequestRule):
    """Until its maker says that it is finished, a request is nobody's work."""

    code = "draft"
    message = "the request is a draft"
    rigidity = 5
    relaxation = None

    def admits(self, request: Request) -> bool:
        return not request.draft
