"""An OpenAI-compatible API on loopback that answers, refuses, stalls and breaks as it is told.

It is part of the product, not of the test kit: `atf simulate openrouter` gives a full demo without
network or money. It speaks HTTP/1.1 by hand over asyncio streams, because what it must send is often
exactly what an HTTP library refuses to send.
"""

from asynctaskflow_openrouter.simulator.journal import Call
from asynctaskflow_openrouter.simulator.script import Behaviour, Kind, Step
from asynctaskflow_openrouter.simulator.server import Simulator

__all__ = ["Behaviour", "Call", "Kind", "Simulator", "Step"]
