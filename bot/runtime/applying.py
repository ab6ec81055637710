"""The one loop that applies plans: changes that need nothing of each other go side by side."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from bot.domain.plan import Outcome, Plan, Step, blocked_by, ready
from bot.domain.ports import Writer

MOST_SIDE_BY_SIDE = 8


def apply_plan(plan: Plan, writer: Writer) -> dict[str, Outcome]:
    """Key of each change to what became of it. One that fails stops only those that need it."""
    outcomes: dict[str, Outcome] = {}
    running: dict[Future[Outcome], Step] = {}
    absent: frozenset[int] = frozenset()
    with ThreadPoolExecutor(MOST_SIDE_BY_SIDE, thread_name_prefix="apply") as pool:
        while len(outcomes) < len({step.change.key for step in plan.steps}):
            for step in ready(plan.steps, outcomes, {each.change.key for each in running.values()}):
                blocked = blocked_by(step, outcomes)
                if blocked is not None:
                    outcomes[step.change.key] = blocked
                    continue
                running[pool.submit(writer.apply, step, absent)] = step
            if not running:
                continue
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                step = running.pop(future)
                outcome = future.result()
                outcomes[step.change.key] = outcome
                absent |= outcome.absent
    return outcomes
