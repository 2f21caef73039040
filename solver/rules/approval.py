"""`approval`: a request that waits for approval is not planned. Source: domain §3."""

from solver.facts import Request
from solver.rules.face import RequestRule


class Approval(RequestRule):
    """Made by a user without the right to place requests; somebody with it must approve."""

    code = "approval"
    message = "the request waits for approval"
    rigidity = 5
    relaxation = None

    def admits(self, request: Request) -> bool:
        return not request.awaits_approval
