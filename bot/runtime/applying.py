"""The one loop that applies plans: changes that need nothing of each other go side by side."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from bot.domain.plan import Outcome, Plan, Step, Waiting, blocked_by
from bot.domain.ports import Writer

MOST_SIDE_BY_SIDE = 8


def apply_plan(plan: Plan, writer: Writer) -> dict[str, Outcome]:
    """Key of each change to what became of it. One that fails stops only those that need it."""
    outcomes: dict[str, Outcome] = {}
    running: dict[Future[Outcome], Step] = {}
    absent: frozenset[int] = frozenset()
    waiting = Waiting(plan.steps)
    with ThreadPoolExecutor(MOST_SIDE_BY_SIDE, thread_name_prefix="apply") as pool:
        while True:
            for step in waiting.startable():
                blocked = blocked_by(step, outcomes)
                if blocked is None:
                    running[pool.submit(writer.apply, step, absent)] = step
                else:
                    outcomes[step.change.key] = blocked
                    waiting.settle(step.change.key)
            if not running:
                if not waiting.is_over:
                    continue
                return outcomes
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                step = running.pop(future)
                outcome = future.result()
                outcomes[step.change.key] = outcome
                absent |= outcome.absent
                waiting.settle(step.change.key)
