"""``python -m asynctaskflow_testkit.kubernetes``: a cluster for people and for the end-to-end tests."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from asynctaskflow_testkit.kubernetes.binaries import CLUSTER_TOOLS, TOOLS, CannotBuild, bin_dir
from asynctaskflow_testkit.kubernetes.local_cluster import LocalCluster, exec_inside
from asynctaskflow_testkit.kubernetes.machine import why_not

USAGE = 2
# These start nothing, so they need nothing.
MODEST = frozenset({"down", "status", "env"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; 2 and one line if this machine cannot."""
    words, command = split(sys.argv[1:] if arguments is None else arguments)
    # Not as the parser's defaults: each verb's parser would set them again, and undo what stands before the verb.
    options = _parser().parse_args(words, argparse.Namespace(name="atf", state=None))
    cluster = LocalCluster(options.name, state=options.state)
    if options.verb not in MODEST and (reason := why_not()):
        sys.stderr.write(f"{reason}\n")
        return USAGE
    try:
        return _do(options, cluster, [*getattr(options, "command", []), *command])
    except (CannotBuild, RuntimeError, AssertionError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is ours, and the command after the first ``--``, whose own dashes are not ours to read."""
    words = list(arguments)
    if "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1 :]


def _do(options: argparse.Namespace, cluster: LocalCluster, command: Sequence[str]) -> int:
    match options.verb:
        case "up":
            cluster.up()
            _say(f"{cluster.name} is up: KUBECONFIG={cluster.kubeconfig}")
        case "down":
            cluster.down()
        case "status":
            return _tell_status(cluster)
        case "env":
            _say(f"export KUBECONFIG={shlex.quote(str(cluster.kubeconfig))}")
            _say(f'export PATH={shlex.quote(str(cluster.bin_dir))}:"$PATH"')
        case "exec":
            return _become(cluster, command)
        case "load":
            cluster.load(options.archive)
        case "binaries":
            _say(str(bin_dir(options.tool or CLUSTER_TOOLS)))
        case verb:
            raise NotImplementedError(verb)
    return 0


def _tell_status(cluster: LocalCluster) -> int:
    _say("up" if cluster.is_up else "down")
    return 0 if cluster.is_up else 1


def _become(cluster: LocalCluster, command: Sequence[str]) -> int:
    """Returns only if it cannot."""
    if not command:
        sys.stderr.write("exec: no command; say it after --\n")
        return USAGE
    if not cluster.netns.exists():
        sys.stderr.write(f"{cluster.name} is not up\n")
        return 1
    exec_inside(cluster, command)
    return 0


def _parser() -> argparse.ArgumentParser:
    which = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    which.add_argument("--name", help="clusters of other names live beside this one")
    which.add_argument("--state", type=Path, help="its folder; gone after down")
    parser = argparse.ArgumentParser(
        prog="python -m asynctaskflow_testkit.kubernetes", description=__doc__, parents=[which]
    )
    verbs = parser.add_subparsers(dest="verb", required=True)

    def verb(name: str, about: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=about, parents=[which])

    verb("up", "start it; ends when pods can run")
    verb("down", "stop and remove it")
    verb("status", "up or down")
    verb("env", "lines for a shell: KUBECONFIG and PATH")
    verb("exec", "run what follows -- in its network").add_argument("command", nargs="*")
    verb("load", "import image archives").add_argument("archive", nargs="+", type=Path)
    verb("binaries", "build programs, print their folder").add_argument(
        "tool", nargs="*", choices=[[], *TOOLS]
    )
    return parser


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
