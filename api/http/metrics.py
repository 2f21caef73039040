"""Figures for whoever watches the service: how many requests of each route, how long, how answered. No personal data."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from scheduler.planning.condition import Condition

SECONDS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.25, 2.5, 5.0, 10.0)


RUNS = {
    "unheld_seconds": "For how long a planning run has waited, or has been left by its worker",
    "last_failed": "Whether the last planning run failed",
    "missed": "Whether the timetable has asked for none for a night and some hours",
    "last_seconds": "How long the last planning run took",
    "last_gap": "How far its plan may be from the best possible, as a share of the bound",
    "last_planned": "How many requests it planned",
    "last_left_out": "How many it left out",
    "last_ended": "When it ended, in seconds since 1970",
}


class Metrics:
    """Of one process. Each has a registry of its own, so that tests may have many of them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "spreekuur_requests",
            "Requests answered",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "spreekuur_request_seconds",
            "Time from request to answer",
            ("method", "route"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.problems = Counter(
            "spreekuur_problems",
            "Problems answered, by their code",
            ("code",),
            registry=self.registry,
        )
        self.going_on = Gauge(
            "spreekuur_requests_going_on",
            "Requests that are not answered yet",
            registry=self.registry,
        )
        self.outbox = Gauge(
            "spreekuur_outbox_waiting", "Events that are not relayed yet", registry=self.registry
        )
        self.outbox_in_trouble = Gauge(
            "spreekuur_outbox_in_trouble",
            "Of those, the ones that have failed again and again",
            registry=self.registry,
        )
        self.deliveries = Gauge(
            "spreekuur_deliveries_waiting",
            "Deliveries that have not ended: due, or waiting to be tried again",
            registry=self.registry,
        )
        self.deliveries_overdue = Gauge(
            "spreekuur_deliveries_overdue_seconds",
            "For how long the oldest delivery has been due that is not on its way",
            registry=self.registry,
        )
        self.deliveries_failed = Gauge(
            "spreekuur_deliveries_failed",
            "Deliveries that were given up: nobody has sent them again",
            registry=self.registry,
        )
        self.outbox_age = Gauge(
            "spreekuur_outbox_oldest_seconds",
            "The age of the oldest event that is not relayed yet",
            registry=self.registry,
        )
        self.mails_overdue = Gauge(
            "spreekuur_mails_overdue_seconds",
            "For how long the oldest mail has been due that has not left",
            registry=self.registry,
        )
        self.redis = Gauge(
            "spreekuur_redis_up",
            "Whether Redis answers; 1 where none is used",
            registry=self.registry,
        )
        self.runs = {
            name: Gauge(f"spreekuur_run_{name}", sentence, registry=self.registry)
            for name, sentence in RUNS.items()
        }
        self.alarms = Counter(
            "spreekuur_many_dossiers",
            "Accounts that were shown very many employees within an hour",
            registry=self.registry,
        )

    def tell_of_runs(self, planning: Condition) -> None:
        """How the planning runs do."""
        told = {
            "unheld_seconds": planning.unheld,
            "last_failed": planning.failed,
            "missed": planning.missed,
            "last_seconds": planning.seconds,
            "last_gap": planning.gap,
            "last_planned": planning.planned,
            "last_left_out": planning.left_out,
            "last_ended": 0.0 if planning.ended_at is None else planning.ended_at.timestamp(),
        }
        for name, figure in told.items():
            self.runs[name].set(figure)

    def text(self) -> bytes:
        """In the format that Prometheus reads."""
        return generate_latest(self.registry)
