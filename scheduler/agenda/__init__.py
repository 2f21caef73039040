"""The agenda as planners lay it out: availabilities, series, absences, exclusions, own holidays, holds. Domain §§1-4.

A change that planned appointments would not survive is refused with the list of them
(`disturbs_appointments`). With `leave` they are cancelled by the service, and their requests are open
again. Each kind is a module of commands: `availabilities.add`, `series.add`, `series_changes.change`,
`absences.add`, `exclusions.add`, `own_days.add`, `employments.end`, `holds.hold`.
"""

from scheduler.agenda.messages import MESSAGES, OF_WHAT_WAS_SENT
from scheduler.agenda.missing import NotThereError
from scheduler.agenda.offers import EVERY_MODALITY, Offer

__all__ = ["EVERY_MODALITY", "MESSAGES", "OF_WHAT_WAS_SENT", "NotThereError", "Offer"]
