"""The queue's Lua scripts, loaded once."""

from asynctaskflow.store.scripts import load

_PACKAGE = "asynctaskflow.taskqueue"

ENQUEUE = load(_PACKAGE, "enqueue", prelude=["1_names"])
CLAIM = load(_PACKAGE, "claim")
SETTLE_COMPLETED = load(_PACKAGE, "settle_completed", prelude=["1_names"])
SETTLE_FAILED = load(_PACKAGE, "settle_failed")
HAND_BACK = load(_PACKAGE, "hand_back")
RENEW = load(_PACKAGE, "renew")
PROGRESS = load(_PACKAGE, "progress")
REAP_EXPIRED = load(_PACKAGE, "reap_expired")
CANCEL = load(_PACKAGE, "cancel")
REDRIVE = load(_PACKAGE, "redrive")
DELETE = load(_PACKAGE, "delete")
PURGE_EXPIRED = load(_PACKAGE, "purge_expired")
PAUSE = load(_PACKAGE, "pause")
REQUEUE = load(_PACKAGE, "requeue")
DRAIN = load(_PACKAGE, "drain")
UNDRAIN = load(_PACKAGE, "undrain")
GROUP = load(_PACKAGE, "group", prelude=["1_names"])
