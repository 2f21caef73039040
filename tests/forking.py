"""Processes that have loaded all of it already: to start one takes as long as to fork."""

import multiprocessing
from multiprocessing.context import ForkServerContext

LOADED = ["tests.http_processes", "tests.test_runs_killed"]
"""All that is forked in one run of the tests: there is one process that it is forked from."""


def forking() -> ForkServerContext:
    """Where such processes are made."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    return context
