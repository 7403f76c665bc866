"""One action on many tasks: count first, confirm, then in steps until none is left."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asynctaskflow_cli import paths
from asynctaskflow_cli.client import Api
from asynctaskflow_cli.commands.confirm import confirmed
from asynctaskflow_cli.exits import CommandError
from asynctaskflow_cli.render import say

STEP = 500  # tasks handled by one call: a few seconds at most
STEP_S = 10.0  # longest that one call is meant to take when a rate is given
CALL_TIMEOUT_S = 60.0
REMEMBERED_ERRORS = 5


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """What to do, and to which tasks.

    Attributes:
        action: ``redrive``, ``retry``, ``cancel`` or ``delete``.
        where: the API's filter.
        rate: tasks per second, 0: as fast as it goes.
        limit: at most so many tasks, 0: all.
    """

    action: str
    where: Mapping[str, Any]
    rate: float = 0.0
    limit: int = 0
    reset_failures: bool = True

    def body(self, **more: Any) -> dict[str, Any]:
        """The request."""
        return {
            "action": self.action,
            "filter": dict(self.where),
            "reset_failures": self.reset_failures,
            **more,
        }


def carry_out(api: Api, plan: BulkPlan, *, dry_run: bool, ask: bool) -> Counter[str]:
    """Do it; how many tasks were ``done``, ``refused``, ``gone`` or ``failed``.

    Raises:
        CommandError: some could not be handled.
    """
    look = api.post(paths.BULK, plan.body(dry_run=True))
    matched = int(look["matched"])
    what = f"{plan.action} {min(matched, plan.limit or matched)} task(s)"
    if matched == 0:
        say("No task matches.")
        return Counter()
    if not confirmed(what, list(look["sample"]), ask=ask, dry_run=dry_run):
        return Counter()
    return _steps(api, plan, token=str(look["confirm_token"]))


def _steps(api: Api, plan: BulkPlan, *, token: str) -> Counter[str]:
    done: Counter[str] = Counter()
    errors: list[str] = []
    step = max(1, min(STEP, int(plan.rate * STEP_S))) if plan.rate else STEP
    while True:
        left = plan.limit - done.total() if plan.limit else step
        body = plan.body(
            dry_run=False, confirm_token=token, rate=plan.rate, limit=max(1, min(step, left))
        )
        answer = api.call("POST", paths.BULK, body=body, timeout_s=CALL_TIMEOUT_S).body
        done.update(answer["outcomes"])
        errors += [f"{one['task_id']}: {one['detail']}" for one in answer["errors"]]
        handled = sum(answer["outcomes"].values())
        if not answer["more"] or not handled or (plan.limit and done.total() >= plan.limit):
            break
    for line in errors[:REMEMBERED_ERRORS]:
        say(line)
    if done["failed"]:
        raise CommandError(f"{done['failed']} of {done.total()} tasks could not be handled")
    return done
