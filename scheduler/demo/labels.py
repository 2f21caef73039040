"""What the ids of the demo world mean to people, for the database that it is put into."""

from scheduler.demo.world import DemoWorld
from scheduler.exchange import Labels, Site


def labels(world: DemoWorld) -> Labels:
    """Names in Dutch, types in English as well, towns on the map."""
    names = {one.id: one.town for one in world.locations.values()}
    for those in (world.practitioners, world.employees, world.employers):
        names |= {one.id: one.label for one in those.values()}
    return Labels(
        names=names | {one.id: one.label for one in world.types.values()},
        translations={one.id: {"en": one.english} for one in world.types.values()},
        sites={one.id: Site(one.town, one.lat, one.lon) for one in world.locations.values()}
        | {one.id: Site(one.town) for one in world.employers.values()},
        employer_of={one.id: one.employer for one in world.employees.values()},
        holidays=world.holidays,
    )
