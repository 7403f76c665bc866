"""Sockets that a library leaves behind."""

import gc
import warnings


def sweep() -> None:
    """Collect sockets of connection attempts that were cancelled, once their loop is closed.

    redis-py and aiohttp leave them, and so does httpcore if it was cancelled in a TLS handshake. A process that ends
    does not mind; here the warning would come in any later test.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
