"""The queue's Lua scripts, loaded once."""

from asynctaskflow.store.scripts import load

_PACKAGE = "asynctaskflow.taskqueue"
_NAMES = ("1_names",)

ENQUEUE = load(_PACKAGE, "enqueue", prelude=_NAMES)
CLAIM = load(_PACKAGE, "claim")
SETTLE_COMPLETED = load(_PACKAGE, "settle_completed", prelude=["1_names", "2_ended"])
SETTLE_FAILED = load(_PACKAGE, "settle_failed")
HAND_BACK = load(_PACKAGE, "hand_back")
RENEW = load(_PACKAGE, "renew", prelude=_NAMES)
PROGRESS = load(_PACKAGE, "progress", prelude=_NAMES)
REAP_EXPIRED = load(_PACKAGE, "reap_expired")
CANCEL = load(_PACKAGE, "cancel")
REDRIVE = load(_PACKAGE, "redrive")
DELETE = load(_PACKAGE, "delete")
PURGE_EXPIRED = load(_PACKAGE, "purge_expired")
PAUSE = load(_PACKAGE, "pause", prelude=_NAMES)
REQUEUE = load(_PACKAGE, "requeue", prelude=_NAMES)
DRAIN = load(_PACKAGE, "drain", prelude=_NAMES)
UNDRAIN = load(_PACKAGE, "undrain", prelude=_NAMES)
GROUP = load(_PACKAGE, "group", prelude=_NAMES)
