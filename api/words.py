"""What a planning run says, in sentences for people."""

from collections.abc import Mapping
from datetime import timedelta

from solver.facts import Instance
from solver.rules import RULES
from solver.why_not import NO_COMMON_START, Explanation, Offer

MESSAGES = {rule.code: rule.message for rule in RULES} | {
    NO_COMMON_START: "no start that suits practitioner, employee and rooms at once"
}
OFFERS = {rule.code: rule.relaxation.offer for rule in RULES if rule.relaxation is not None}
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
        request = self._instance.requests[explanation.request]
        everywhere = len(self._instance.availabilities)
        # what excludes every availability says it all; where no rule stands alone, the three that
        # exclude most say enough
        most = sorted(explanation.reasons.items(), key=lambda reason: -reason[1])[:3]
        nearly = {code: n for code, n in most if n == everywhere} or explanation.only or dict(most)
        holes = {
            "from_day": self.day(request.from_day),
            "until_day": self.day(request.until_day),
            "duration": request.duration,
            "buffer": request.buffer,
        }
        told = sorted(nearly, key=lambda code: (RIGIDITY[code], code))
        scope = "the only obstacle in" if explanation.only else "beside others, in"
        sentences = [f"{MESSAGES[code].format(**holes)} ({scope} {nearly[code]})" for code in told]
        return "; ".join(sentences) or "there is no availability at all"
