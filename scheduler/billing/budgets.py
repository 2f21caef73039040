"""The prepaid yearly budget: how much there is, what was used, and who may spend it now. Domain §7 [000 §3.2.1].

It is spent when a basis becomes final, in the year of the performance; what is left is never kept
anywhere, but is always the budget less the lines that it paid on final bases.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.agreements import AgreedModel, BudgetScope, ServiceAgreement
from models.billing import BasisState, InvoiceBasis, InvoiceLine
from scheduler.agreements.agreed import MISPLACED
from scheduler.announcing import in_portions
from scheduler.refusals import Refusal, RefusedError

Budget = UUID
"""The key of what has it: an agreement, or a contract model within one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget in a year."""

    agreed_model_id: UUID | None
    """Nothing where it is the agreement's."""
    cents: int
    used: int

    @property
    def left(self) -> int:
        return left(self.cents, self.used)


def left(cents: int, used: int) -> int:
    """What can still be spent: lowering a budget below what was used takes nothing back."""
    return max(0, cents - used)


@dataclass
class Purse:
    """The budgets of some contract models, and what is used of them as bases become final."""

    budgets: Mapping[UUID, tuple[Budget, int]]
    """By contract model within an agreement: whose budget pays for it, and how much that is a year."""
    used: defaultdict[tuple[Budget, int], int] = field(default_factory=lambda: defaultdict(int))

    def pay(self, agreed_model: UUID, year: int, cents: int) -> int:
        """Take as much of the price as there is left."""
        if agreed_model not in self.budgets:
            return 0
        budget, size = self.budgets[agreed_model]
        paid = min(cents, left(size, self.used[budget, year]))
        self.used[budget, year] += paid
        return paid

    def give_back(self, agreed_model: UUID, year: int | None, cents: int) -> None:
        """What a refund or a credit line restores; it is `cents` less that are used."""
        if year is not None and agreed_model in self.budgets:
            budget, _ = self.budgets[agreed_model]
            self.used[budget, year] -= cents


def lock(session: Session, agreed_models: Collection[UUID]) -> None:
    """Nobody else spends, or changes, the budgets of these agreements until the transaction ends."""
    theirs = select(AgreedModel.agreement_id).where(AgreedModel.id.in_(agreed_models))
    query = select(ServiceAgreement.id).where(ServiceAgreement.id.in_(theirs))
    session.execute(query.order_by(ServiceAgreement.id).with_for_update(key_share=True)).all()


def purse(session: Session, agreed_models: Collection[UUID]) -> Purse:
    """The budgets that pay for these, as they stand."""
    budgets: dict[UUID, tuple[Budget, int]] = {}
    sharing: dict[UUID, Budget] = {}
    for portion in in_portions(agreed_models):
        own, shared = _budgets(session, portion)
        budgets |= own
        sharing |= shared
    found = Purse(budgets)
    for agreed, year, cents in _used(session, sharing):
        found.used[sharing[agreed], year] += cents
    return found


def standing(session: Session, agreement: ServiceAgreement, year: int) -> list[Standing]:
    """The budgets of an agreement in a year; none where it has none."""
    models = list(
        session.scalars(
            select(AgreedModel)
            .where(AgreedModel.agreement_id == agreement.id)
            .order_by(AgreedModel.id)
        )
    )
    used = {
        key: cents for key, of, cents in _used(session, [one.id for one in models]) if of == year
    }
    if agreement.budget_scope is BudgetScope.AGREEMENT:
        return [Standing(None, agreement.yearly_budget_cents or 0, sum(used.values()))]
    return [
        Standing(one.id, one.yearly_budget_cents, used.get(one.id, 0))
        for one in models
        if one.yearly_budget_cents is not None
    ]


def _budgets(
    session: Session, agreed_models: list[UUID]
) -> tuple[dict[UUID, tuple[Budget, int]], dict[UUID, Budget]]:
    """Whose budget pays for each; and all that are paid by the same budgets."""
    m, a = AgreedModel, ServiceAgreement
    of = select(m.agreement_id).where(m.id.in_(agreed_models))
    query = (
        select(m.id, a.id, a.budget_scope, a.yearly_budget_cents, m.yearly_budget_cents)
        .join(a, a.id == m.agreement_id)
        .where(a.id.in_(of))
    )
    budgets: dict[UUID, tuple[Budget, int]] = {}
    for agreed, agreement, scope, on_all, on_one in session.execute(query):
        if scope is BudgetScope.AGREEMENT:
            budgets[agreed] = agreement, on_all or 0
        elif on_one is not None:
            budgets[agreed] = agreed, on_one
    return budgets, {agreed: budget for agreed, (budget, _) in budgets.items()}


def _used(session: Session, agreed_models: Iterable[UUID]) -> Iterable[tuple[UUID, int, int]]:
    """By contract model and year: what their budgets paid on final bases, less what came back."""
    one = InvoiceLine
    query = (
        select(one.agreed_model_id, one.budget_year, func.sum(one.budget_cents))
        .join(InvoiceBasis, InvoiceBasis.id == one.basis_id)
        .where(one.budget_year.is_not(None), InvoiceBasis.state != BasisState.DRAFT)
        .group_by(one.agreed_model_id, one.budget_year)
    )
    for portion in in_portions(agreed_models):
        for agreed, year, cents in session.execute(query.where(one.agreed_model_id.in_(portion))):
            if year is not None:
                yield agreed, year, int(cents)


# --- Changed ----------------------------------------------------------------------------------------------

NOT_AGREED = "model_not_agreed"

MESSAGES: Mapping[str, str] = {NOT_AGREED: "the agreement has no such contract model"}


def change(
    session: Session,
    agreement: ServiceAgreement,
    scope: BudgetScope,
    cents: int | None,
    of_models: Mapping[UUID, int],
) -> None:
    """Set the budget of an agreement, or of its contract models: raised or lowered, what is left is counted anew.

    `of_models`: by contract model within the agreement; those that are not named have none.

    Raises:
        RefusedError: a budget is where none can be, or a model is not of this agreement.
    """
    _require_place(scope, cents, of_models)
    session.refresh(agreement, with_for_update={"key_share": True})
    models = {
        one.id: one
        for one in session.scalars(
            select(AgreedModel).where(AgreedModel.agreement_id == agreement.id)
        )
    }
    if not models.keys() >= of_models.keys():
        raise RefusedError([Refusal(NOT_AGREED)])
    # what the one has goes before the other may have it: the database allows neither both nor a rest
    for one in models.values():
        one.yearly_budget_cents = None
    session.flush()
    agreement.budget_scope = scope
    agreement.yearly_budget_cents = cents
    agreement.renew()
    session.flush()
    for one in models.values():
        session.refresh(one)
        one.yearly_budget_cents = of_models.get(one.id)
    session.flush()


def _require_place(scope: BudgetScope, cents: int | None, of_models: Mapping[UUID, int]) -> None:
    on_agreement = scope is BudgetScope.AGREEMENT
    if on_agreement is (cents is None) or (of_models and scope is not BudgetScope.MODEL):
        raise RefusedError([Refusal(MISPLACED)])
