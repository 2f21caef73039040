"""The order of the preferences. Domain §4."""

from pydantic import Field

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.policies import everywhere
from api.http.shapes import Given, View
from models.audit import Act
from models.settings import Criterion, Preference
from scheduler import records
from scheduler.access import Right

routes = Routes("preferences")

ORDER = Right.ORDER_PREFERENCES


class NewOrder(Given):
    """The criteria that are to count, the most important first; none: the usual ones."""

    order: list[Criterion] = Field(max_length=len(Criterion))


class OrderView(View):
    """`order`: what counts, the most important first. `left_out`: what counts for nothing."""

    order: list[Criterion]
    left_out: list[Criterion]


@routes.get("/preferences", everywhere(ORDER, Right.START_RUNS, of=Preference))
def read_preferences(call: Call) -> OrderView:
    """What planning prefers, in order."""
    return _view(call)


@routes.put("/preferences", everywhere(ORDER, of=Preference, act=Act.UPDATE))
def order_preferences(call: Call, given: NewOrder) -> OrderView:
    """Let planning prefer something else."""
    records.set_order(call.session, given.order)
    return _view(call)


def _view(call: Call) -> OrderView:
    order = list(records.preferred_order(call.session))
    return OrderView(order=order, left_out=[one for one in Criterion if one not in order])
