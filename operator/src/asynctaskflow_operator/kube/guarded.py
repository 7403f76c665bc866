"""The one place that catches what nobody foresaw: around one reconcile, so that a hostile object stops no other."""

from collections.abc import Awaitable

import structlog

log = structlog.get_logger()


async def guarded(
    work: Awaitable[None], *, foreseen: tuple[type[Exception], ...], what: str, name: str
) -> None:
    """Await one reconcile; any error but the foreseen ones, which are the caller's, is logged and ends it."""
    try:
        await work
    except foreseen:
        raise
    except Exception:
        log.exception("reconcile_failed", what=what, name=name)
