"""What the surroundings tell the service: where its database is, and its Redis."""

import os

DATABASE = "SPREEKUUR_DATABASE"
"""The environment variable with the URL of the database."""
REDIS = "SPREEKUUR_REDIS"
"""The environment variable with the URL of Redis, where there is one."""
BASE_URL = "SPREEKUUR_BASE_URL"
"""The environment variable that says where others reach the service."""
DEFAULT_DATABASE = "sqlite:///spreekuur.db"


class UnusableDatabaseError(Exception):
    """There is no working with that database: why not, and what to do. One line, and no password in it."""


def database_url(given: str | None) -> str:
    """What was given by hand, else the environment's, else a file in this folder."""
    return given or os.environ.get(DATABASE) or DEFAULT_DATABASE
