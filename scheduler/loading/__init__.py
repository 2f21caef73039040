"""From the database to the solver's facts: the one seam between records and rules."""

from scheduler.loading.days import next_day
from scheduler.loading.facts import Loaded
from scheduler.loading.horizon import horizon, zones, zones_in_use
from scheduler.loading.nearby import beside

__all__ = ["Loaded", "beside", "horizon", "next_day", "zones", "zones_in_use"]
