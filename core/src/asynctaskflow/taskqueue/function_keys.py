"""The shared keys of each function, built once per process."""

from functools import lru_cache

from asynctaskflow.model import keys

function_keys = lru_cache(maxsize=4096)(keys.function_keys)
