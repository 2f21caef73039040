"""What the demo service offers, and who does it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoType:
    """A consultation type.

    `duration`, `buffer`: minutes. `share`: of all requests (the shares need not sum to 1).
    `before` and `width`: the window opens so many days before the day that is aimed at, and is so
    many days wide. `priorities`: how often a request has priority 1, 2, 3, 4, 5.
    """

    id: str
    label: str
    english: str
    duration: int
    buffer: int
    share: float
    before: tuple[int, int]
    width: tuple[int, int]
    priorities: tuple[int, int, int, int, int]
    remote: bool = False
    refuse_duplicates: bool = False

    @property
    def occupied(self) -> int:
        """Minutes for which practitioner and room are occupied."""
        return self.duration + self.buffer


@dataclass(frozen=True, slots=True)
class Clinic:
    """A way to fill a half-day: what it admits, how often it is held.

    `modalities` as the file names them, `None` for any. `weight`: how often, among the function's.
    `until_break`: minutes after which the rest of the half-day is a clinic of the general kind.
    """

    types: tuple[str, ...]
    weight: int
    modalities: tuple[str, ...] | None = None
    until_break: int | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A profession. `half_days`: how many clinics each holds in three weeks, about.

    `parts`: the part of the demand for a type that this function is expected to take.
    `clinics`: the general kind first. `whole_days`: its clinics are days, not half-days.
    """

    id: str
    label: str
    english: str
    half_days: float
    parts: dict[str, float]
    clinics: tuple[Clinic, ...]
    whole_days: bool = False


AT_LOCATION = ("location",)
BY_TELEPHONE = ("telephone",)

TYPES = {
    kind.id: kind
    for kind in (
        DemoType(
            "absence", "Verzuimspreekuur", "Absence consultation",
            30, 0, 0.31, (1, 3), (6, 11), (10, 30, 30, 20, 10),
        ),
        DemoType(
            "follow-up", "Vervolgspreekuur", "Short follow-up",
            20, 0, 0.24, (1, 2), (4, 9), (35, 35, 20, 10, 0),
        ),
        DemoType(
            "telephone", "Telefonisch spreekuur", "Telephone consultation",
            15, 0, 0.14, (0, 2), (3, 6), (30, 40, 20, 10, 0), remote=True,
        ),
        DemoType(
            "pme", "Preventief medisch onderzoek", "Preventive medical examination",
            45, 0, 0.09, (3, 7), (10, 16), (80, 20, 0, 0, 0), refuse_duplicates=True,
        ),
        DemoType(
            "expertise", "Expertise", "Expert assessment",
            60, 5, 0.05, (2, 5), (9, 15), (0, 10, 30, 40, 20), refuse_duplicates=True,
        ),
        DemoType(
            "physio", "Fysiotherapeutisch consult", "Physiotherapy",
            25, 5, 0.09, (1, 3), (6, 12), (30, 40, 30, 0, 0),
        ),
        DemoType(
            "psychology", "Intake psycholoog", "Psychologist's intake",
            50, 10, 0.05, (2, 6), (8, 16), (0, 30, 40, 30, 0), refuse_duplicates=True,
        ),
    )
}  # fmt: skip

FUNCTIONS = {
    function.id: function
    for function in (
        Function(
            "doctor",
            "Bedrijfsarts",
            "Company doctor",
            10.5,
            {"absence": 1.0, "expertise": 1.0, "follow-up": 0.6, "telephone": 0.6},
            (
                Clinic(("absence", "follow-up", "telephone"), 58),
                Clinic(("absence", "expertise"), 34, AT_LOCATION),
                Clinic(("follow-up", "telephone"), 8, BY_TELEPHONE, until_break=120),
            ),
        ),
        Function(
            "nurse",
            "Praktijkondersteuner",
            "Occupational nurse",
            8.5,
            {"pme": 1.0, "follow-up": 0.4, "telephone": 0.4},
            (
                Clinic(("follow-up", "pme", "telephone"), 54),
                Clinic(("pme",), 38, AT_LOCATION),
                Clinic(("follow-up", "telephone"), 8, BY_TELEPHONE, until_break=120),
            ),
        ),
        Function(
            "physio",
            "Fysiotherapeut",
            "Physiotherapist",
            8.0,
            {"physio": 1.0},
            (Clinic(("physio",), 1, AT_LOCATION),),
        ),
        Function(
            "psychologist",
            "Psycholoog",
            "Psychologist",
            8.0,
            {"psychology": 1.0},
            (Clinic(("psychology",), 1),),
            whole_days=True,
        ),
    )
}
