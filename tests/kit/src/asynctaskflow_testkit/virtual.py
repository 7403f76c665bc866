"""Virtual time for code that takes a ``Clock``: the loop's, which ``looptime`` lets jump."""

import asyncio

EPOCH_MS = 1_795_435_200_000  # 23 November 2026, 12:00 UTC


class LoopClock:
    """A ``Clock`` that shows the running loop's time; wall time begins with a fixed day."""

    def wall_ms(self) -> int:
        return EPOCH_MS + round(self.mono_s() * 1000)

    def mono_s(self) -> float:
        return asyncio.get_running_loop().time()
