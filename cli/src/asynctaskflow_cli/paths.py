"""Every path of the API that ``atf`` calls, in one place."""

from urllib.parse import quote

V1 = "/api/v1"
SUMMARIES = f"{V1}/tasks/summaries/"
UPLOADS = f"{V1}/uploads"
BULK = f"{V1}/tasks/bulk"
DLQ_GROUPS = f"{V1}/queues/dlq/groups"
FUNCTIONS = f"{V1}/functions"
DEPENDENCIES = f"{V1}/dependencies"
WORKERS = f"{V1}/workers/"
STATUS = f"{V1}/queues/status"
EVENTS = f"{V1}/events"
SUMMARIZE = f"{V1}/tasks/summarize/"
PDFXTRACT = f"{V1}/tasks/pdfxtract"


def task(task_id: str, part: str = "") -> str:
    """A task, or its ``input``, ``result``, ``cancel`` or ``retry``."""
    return f"{V1}/tasks/{quote(task_id, safe='')}{f'/{part}' if part else ''}"


def function(name: str, part: str = "") -> str:
    """A function, or its ``tasks``, ``pause`` or ``resume``."""
    return f"{FUNCTIONS}/{quote(name, safe='')}{f'/{part}' if part else ''}"


def dependency(name: str, part: str = "") -> str:
    """A dependency, or its ``open``, ``close`` or ``reset``."""
    return f"{DEPENDENCIES}/{quote(name, safe='')}{f'/{part}' if part else ''}"
