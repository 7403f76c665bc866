"""What every test below this folder needs."""

import asyncio

# Without this, pytest-asyncio's look for a current loop makes one on Python 3.11 that nobody closes, and its
# warning fails the run after the last test. Once a loop has been set (to none), looking makes no new one.
asyncio.set_event_loop(None)
