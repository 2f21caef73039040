"""Figures for whoever watches the service: how many requests of each route, how long, how answered. No personal data."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.25, 2.5, 5.0, 10.0)


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
        self.alarms = Counter(
            "spreekuur_many_dossiers",
            "Accounts that were shown very many employees within an hour",
            registry=self.registry,
        )

    def text(self) -> bytes:
        """In the format that Prometheus reads."""
        return generate_latest(self.registry)
