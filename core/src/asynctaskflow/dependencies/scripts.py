"""The dependencies' Lua scripts, loaded once."""

from asynctaskflow.store.scripts import load

_PACKAGE = "asynctaskflow.dependencies"

ADMIT = load(_PACKAGE, "admit")
REPORT = load(_PACKAGE, "report")
REGISTER = load(_PACKAGE, "register")
CONFIGURE = load(_PACKAGE, "configure")
SLEEP = load(_PACKAGE, "sleep")
OVERRIDE = load(_PACKAGE, "override")
READ = load(_PACKAGE, "read")
