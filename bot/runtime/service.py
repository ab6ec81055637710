"""One process of the bot: connections for both lanes, the jobs' work, and the workers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bot.domain.ports import Automation, Lane, Scope
from bot.runtime.durable import Durable, Workers
from bot.runtime.jobs import PAUSES_S, Job, tell_operators, work
from bot.runtime.metrics import Metrics
from bot.runtime.run import Means, run
from bot.wiring import Environment, GitLab, connect


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Service:
    """Everything that `serve` and `worker` share."""

    def __init__(
        self,
        environment: Environment,
        settings: Any,
        automations: tuple[Automation, ...],
        *,
        silent_s: float = 30.0,
        pauses_s: tuple[float, ...] = PAUSES_S,
    ) -> None:
        from bot.gitlab_api.session import RateBudget

        bot = settings.part("bot")
        self.settings, self.automations = settings, automations
        self.metrics = Metrics()
        budget = RateBudget()
        self._lanes: dict[Lane, GitLab] = {
            lane: connect(environment, settings, lane=lane, budget=budget, observe=self._observe) for lane in Lane
        }
        self._budget = budget
        self.durable = Durable(
            environment.database_url,
            self._work,
            Workers(bot.incident_workers, bot.everyday_workers),
            self.metrics,
            history_days=bot.history_days,
            silent_s=silent_s,
            pauses_s=pauses_s,
            catch_up=self._catch_up,
        )

    def start(self) -> None:
        """Find out who the bot is (so that a wrong token stops the start), then begin to work."""
        self.own_ids()
        self.durable.start()

    def stop(self) -> None:
        self.durable.stop()

    def own_ids(self) -> frozenset[int]:
        return self._lanes[Lane.INCIDENTS].identity.get()[1]

    def enqueue(self, job: Job) -> str:
        return self.durable.enqueue(job)

    def _means(self, lane: Lane) -> Means:
        gitlab = self._lanes[lane]
        return Means(self.settings, gitlab.reader, gitlab.writer, self.automations, self._changed)

    def _work(self, job: Job, last_attempt: bool) -> dict[str, Any]:
        result = work(job, self._means(job.lane), utc_now, last_attempt=last_attempt)
        self.metrics.jobs.labels(result["outcome"]).inc()
        return result

    def _catch_up(self) -> bool:
        """A sweep of the incident automations, for what a guard has deferred; whether something still is."""
        means = self._means(Lane.INCIDENTS)
        chosen = [(each, Scope()) for each in self.automations if each.lane is Lane.INCIDENTS]
        result = run(chosen, means, utc_now())
        tell_operators(result, means, for_good=False, settle_others=False)
        return result.is_deferred or result.is_unfinished

    def _changed(self, kind: str, outcome: str) -> None:
        self.metrics.changes.labels(kind, outcome).inc()

    def _observe(self, method: str, status: int, _response: Any) -> None:
        self.metrics.requests.labels(method, str(status)).inc()
        if self._budget.remaining is not None:
            self.metrics.rate_limit_remaining.set(self._budget.remaining)
