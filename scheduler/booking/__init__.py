"""The agenda, changed: book, move, swap, cancel, delete. One way in for everybody. Domain §§3-5."""

from scheduler.booking.book import Booked, book, book_one
from scheduler.booking.ending import cancel, delete
from scheduler.booking.loose import Spot
from scheduler.booking.moving import move, swap
from scheduler.booking.places import OVERRIDABLE, Place
from scheduler.booking.targets import Target

__all__ = [
    "OVERRIDABLE",
    "Booked",
    "Place",
    "Spot",
    "Target",
    "book",
    "book_one",
    "cancel",
    "delete",
    "move",
    "swap",
]
