"""The LLM API: what functions and the front door import; everything else is found in its own module."""

from asynctaskflow_openrouter.faults import Fault
from asynctaskflow_openrouter.messages import ChatRequest, Completion, Image, Message, Text, Usage
from asynctaskflow_openrouter.session import OpenRouter, session_of_process
from asynctaskflow_openrouter.settings import OpenRouterSettings
from asynctaskflow_openrouter.state import ServiceState, ServiceStatus

__all__ = [
    "ChatRequest",
    "Completion",
    "Fault",
    "Image",
    "Message",
    "OpenRouter",
    "OpenRouterSettings",
    "ServiceState",
    "ServiceStatus",
    "Text",
    "Usage",
    "session_of_process",
]
