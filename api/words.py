"""What a planning run says, in sentences for people."""

from collections.abc import Mapping
from datetime import timedelta

from solver.displacement import Displacement
from solver.easing import Offer
from solver.facts import Assignment, Instance
from solver.obstacles import NO_COMMON_START
from solver.rules import RULES
from solver.scarcity import Bottleneck, Shortage
from solver.why_not import Explanation, Miss

MESSAGES = {rule.code: rule.message for rule in RULES} | {
    NO_COMMON_START: "no start that suits practitioner, employee and rooms at once"
}
OFFERS = {rule.code: rule.relaxation.offer for rule in RULES if rule.relaxation is not None}
PLACES_NAMED = 3
"""Locations of a shortage that a sentence names."""
RIGIDITY = {rule.code: rule.rigidity for rule in RULES} | {NO_COMMON_START: 70}


class Words:
    """Sentences about one instance; `labels` gives people-facing names for some of its ids."""

    def __init__(self, instance: Instance, labels: Mapping[str, str]) -> None:
        self._instance = instance
        self._labels = labels

    def name(self, id_: str) -> str:
        """How people call what has this id."""
        return self._labels.get(id_, id_)

    def day(self, day: int) -> str:
        """A day of the horizon: `Thu 1 Apr`."""
        date = self._instance.start_date + timedelta(days=day)
        return f"{date:%a} {date.day} {date:%b}"

    def offer(self, offer: Offer) -> str:
        """What would let a request in: `allow Saturdays; another location: Breda`."""
        block = self._instance.availabilities[offer.availability]
        holes = {
            "day": self.day(block.day),
            "location": self.name(self._instance.locations[block.location].id),
            "practitioner": self.name(self._instance.practitioners[block.practitioner]),
            "minutes": offer.minutes,
        }
        return " and ".join(OFFERS[code].format(**holes) for code in offer.rules)

    def time(self, availability: int, start: int | None) -> str:
        """A day, and a start on it: `Thu 1 Apr 09:30`."""
        day = self.day(self._instance.availabilities[availability].day)
        return day if start is None else f"{day} {start // 60:02}:{start % 60:02}"

    def place(self, availability: int, start: int | None) -> str:
        """When, with whom and where: `Thu 1 Apr 09:30 with Dr A in Breda`."""
        block = self._instance.availabilities[availability]
        practitioner = self.name(self._instance.practitioners[block.practitioner])
        location = self.name(self._instance.locations[block.location].id)
        return f"{self.time(availability, start)} with {practitioner} in {location}"

    def miss(self, explanation: Explanation, miss: Miss) -> str:
        """Where it comes nearest, and what is in the way there."""
        if not miss.rules:
            return f"{self.place(miss.availability, miss.start)}: nothing is in the way"
        holes = self._holes(explanation)
        told = sorted(miss.rules, key=lambda code: (RIGIDITY[code], code))
        sentences = "; ".join(MESSAGES[code].format(**holes) for code in told)
        return f"{self.place(miss.availability, miss.start)}: {sentences}"

    def holder(self, holder: Assignment) -> str:
        """Who holds a place, and which: `r5 (priority 2) on Thu 1 Apr 09:30 with Dr A in Breda`."""
        request = self._instance.requests[holder.request]
        place = self.place(holder.availability, holder.start)
        return f"{request.id} (priority {request.priority}) on {place}"

    def more_holders(self, number: int) -> str:
        """The holders beyond those described: `2 others, none of more places`."""
        return f"{_counted(number, 'other')}, none of more places"

    def displacement(self, displacement: Displacement, plan: Mapping[int, Assignment]) -> str:
        """Who would have to go, and what that costs; `plan`: where each planned request is now."""
        place = displacement.place
        steps = [
            f"moving {self._id(new)} from {self._where(plan[new.request])} to {self._where(new)}"
            for new in displacement.moved
        ]
        lost = [plan[holder] for holder in displacement.left_out]
        steps += [f"leaving out {self.holder(assignment)}" for assignment in lost]
        weight = displacement.gain.weight
        if not lost:
            outcome = "nobody loses his place"
        elif weight > 0:
            outcome = f"the plan gains {weight:,} in weight"
        else:
            outcome = (
                f"it costs the plan {-weight:,} in weight" if weight else "no weight is gained"
            )
        where = self.place(place.availability, place.start)
        return f"{where}, by {' and '.join(steps)}: {outcome}"

    def _id(self, assignment: Assignment) -> str:
        return self._instance.requests[assignment.request].id

    def _where(self, assignment: Assignment) -> str:
        block = self._instance.availabilities[assignment.availability]
        return f"{block.id} {self.time(assignment.availability, assignment.start)}"

    def _holes(self, explanation: Explanation) -> dict[str, object]:
        """What the messages of the rules speak of."""
        request = self._instance.requests[explanation.request]
        return {
            "from_day": self.day(request.from_day),
            "until_day": self.day(request.until_day),
            "duration": request.duration,
            "buffer": request.buffer,
        }

    def kind(self, offer: Offer) -> str:
        """The change without its particulars: `allow Saturdays and another location`."""
        return " and ".join(OFFERS[code].split(":")[0] for code in offer.rules)

    def offers(self, explanation: Explanation) -> str:
        """All that would let a request in."""
        if not explanation.offers:
            return "nothing that a planner may change"
        if not explanation.offers[0].rules:
            return "planning it as it is"
        return "; or ".join(self.offer(offer) for offer in explanation.offers)

    def obstacles(self, explanation: Explanation) -> str:
        """What stands in the way: where there is a single obstacle, or else in most places."""
        everywhere = len(self._instance.availabilities)
        # what excludes every availability says it all; where no rule stands alone, the three that
        # exclude most say enough
        most = sorted(explanation.reasons.items(), key=lambda reason: -reason[1])[:3]
        nearly = {code: n for code, n in most if n == everywhere} or explanation.only or dict(most)
        holes = self._holes(explanation)
        told = sorted(nearly, key=lambda code: (RIGIDITY[code], code))
        sentences = [
            f"{MESSAGES[code].format(**holes)} ({self._extent(explanation, code)})" for code in told
        ]
        return "; ".join(sentences) or "there is no availability at all"

    def _extent(self, explanation: Explanation, code: str) -> str:
        """Where a rule is in the way: the number is always that of the places it speaks of."""
        excluded, alone = explanation.reasons[code], explanation.only.get(code)
        if alone is None:
            return f"beside others, in {excluded}"
        everywhere = alone < excluded == len(self._instance.availabilities)
        return f"{'everywhere; ' if everywhere else ''}the only obstacle in {alone}"

    def shortage(self, shortage: Shortage) -> str:
        """Who must wait, whatever is planned: `5 requests compete for 3 places: ...`.

        Where duplicates want one appointment together: `6 requests for 5 appointments compete ...`.
        """
        blocks = [self._instance.availabilities[a] for a in shortage.availabilities]
        places = sorted({self.name(self._instance.locations[b.location].id) for b in blocks})
        days = sorted({block.day for block in blocks})
        where = ", ".join(places[:PLACES_NAMED]) + (", ..." if places[PLACES_NAMED:] else "")
        when = " to ".join(self.day(day) for day in dict.fromkeys((days[0], days[-1])))
        who, waiting = _counted(len(shortage.requests), "request"), f"{shortage.deficit:,}"
        if shortage.wanted < len(shortage.requests):
            who += f" for {_counted(shortage.wanted, 'appointment')}"
            waiting = _counted(shortage.deficit, "appointment")
        return (
            f"{who} compete for {_counted(shortage.places, 'place')}: at least {waiting} must wait"
            f" ({where}; {when}; {shortage.minutes_wanted:,} minutes are wanted,"
            f" {shortage.minutes_there:,} are there)"
        )

    def bottleneck(self, bottleneck: Bottleneck) -> str:
        """Where an hour more would help, and whose: `Breda, Thu 1 Apr, Dr A: Intake, Check-up`."""
        block = self._instance.availabilities[bottleneck.availability]
        types = [self.name(self._instance.types[kind].id) for kind in sorted(bottleneck.types)]
        return (
            f"{self.name(self._instance.locations[block.location].id)}, {self.day(block.day)},"
            f" {self.name(self._instance.practitioners[block.practitioner])}: {', '.join(types)}"
        )


def _counted(number: int, noun: str) -> str:
    """`1 place`, `2,000 places`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
