"""``python -m asynctaskflow_openrouter.simulator --port 8081``, which ``atf simulate openrouter`` runs."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from asynctaskflow_openrouter.simulator.script import Behaviour
from asynctaskflow_openrouter.simulator.server import LOOPBACK, Simulator


async def serve(
    behaviour: Behaviour, *, host: str, port: int, announce: Callable[[str], object]
) -> None:
    """Run until SIGINT or SIGTERM.

    Args:
        behaviour: what happens without a script.
        host: address to listen on.
        port: 0 takes a free one.
        announce: called once with the base URL.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    async with Simulator(behaviour, host=host, port=port) as simulator:
        announce(simulator.base_url)
        await stop.wait()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="asynctaskflow_openrouter.simulator", description=__doc__)
    parser.add_argument("--host", default=LOOPBACK)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--behaviour",
        type=_behaviour,
        default=Behaviour(),
        help="JSON file with the fields of Behaviour",
    )
    arguments = parser.parse_args()

    def announce(base_url: str) -> None:
        sys.stdout.write(f"OPENROUTER_BASE_URL={base_url}\n")
        sys.stdout.flush()

    asyncio.run(
        serve(arguments.behaviour, host=arguments.host, port=arguments.port, announce=announce)
    )


def _behaviour(path: str) -> Behaviour:
    """What a file says.

    Raises:
        argparse.ArgumentTypeError: it cannot be read, or a field is wrong.
    """
    try:
        return Behaviour.model_validate_json(Path(path).read_bytes())
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        wrong = (
            f"{'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}" for one in error.errors()
        )
        raise argparse.ArgumentTypeError(f"{path}: {'; '.join(wrong)}") from error


if __name__ == "__main__":
    main()
