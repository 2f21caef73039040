"""Instance files into the database and out of it: the seam between this service and files."""

from scheduler.exchange.exporting import export, instance_file
from scheduler.exchange.importing import Imported, import_instance
from scheduler.exchange.labels import Labels, Site
from scheduler.exchange.standing import UnwritableError

__all__ = [
    "Imported",
    "Labels",
    "Site",
    "UnwritableError",
    "export",
    "import_instance",
    "instance_file",
]
