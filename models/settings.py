"""What administrators set. Domain §§3, 4."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, line


class ProductParameter(Base):
    """A setting with a category and a code. Domain §1."""

    __tablename__ = "product_parameters"

    category: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = line()


class Criterion(Code):
    """What planning prefers. Domain §4."""

    PREFERRED_PRACTITIONER = "preferred_practitioner"
    CONTINUITY = "continuity"
    PREFERRED_LOCATION = "preferred_location"
    TRAVEL_DISTANCE = "travel_distance"
    PREFERRED_HOURS = "preferred_hours"
    PRACTITIONER_SCORE = "practitioner_score"
    EVENNESS = "evenness"


class Preference(Base):
    """The place of a criterion in the administrator's order; one without a row counts for nothing."""

    __tablename__ = "preferences"
    __table_args__ = (CheckConstraint("rank >= 1", name="rank"),)

    criterion: Mapped[Criterion] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(unique=True)
