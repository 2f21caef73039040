"""The plans that move nothing: what most booking systems do, and the best of three orders."""

from benchmarks.peers import Answer
from solver.board import Boards
from solver.candidates import candidates
from solver.facts import Instance
from solver.greedy import best_greedy, first_come_first_served


def first_come(instance: Instance, _seconds: float) -> Answer:
    """Takes the time that it takes, whatever the limit."""
    return Answer(first_come_first_served(Boards(candidates(instance))))


def best_order(instance: Instance, _seconds: float) -> Answer:
    """Takes the time that it takes, whatever the limit."""
    return Answer(best_greedy(Boards(candidates(instance))))
