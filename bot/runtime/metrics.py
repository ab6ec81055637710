"""What is measured, for Prometheus; on a registry of its own."""

from __future__ import annotations

import datetime as dt

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "sectionbot_deliveries", "Deliveries of webhooks by outcome.", ["outcome"], registry=self.registry
        )
        self.changes = Counter(
            "sectionbot_changes", "Changes by kind and outcome.", ["kind", "outcome"], registry=self.registry
        )
        self.jobs = Counter("sectionbot_jobs", "Jobs by outcome.", ["outcome"], registry=self.registry)
        self.queue_depth = Gauge("sectionbot_queue_depth", "Jobs that wait, by lane.", ["lane"], registry=self.registry)
        self.seconds_to_done = Histogram(
            "sectionbot_delivery_seconds",
            "Seconds from the delivery to the end of its job.",
            buckets=(0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800),
            registry=self.registry,
        )
        self.requests = Counter(
            "sectionbot_gitlab_requests", "Requests to GitLab.", ["method", "status"], registry=self.registry
        )
        self.rate_limit_remaining = Gauge(
            "sectionbot_gitlab_rate_limit_remaining", "What GitLab's last answer said.", registry=self.registry
        )

    def finished(self, received_at: str) -> None:
        """`received_at` is ISO 8601; what cannot be read is not counted."""
        try:
            received = dt.datetime.fromisoformat(received_at)
        except ValueError:
            return
        self.seconds_to_done.observe(max(0.0, (dt.datetime.now(dt.UTC) - received).total_seconds()))
