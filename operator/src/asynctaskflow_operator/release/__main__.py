"""``python -m asynctaskflow_operator.release``: ``secret``, ``apply``, ``remove`` and ``smoke``."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from asynctaskflow_operator.kube.client import KubeClient
from asynctaskflow_operator.kube.kinds import Kind
from asynctaskflow_operator.kube.port import KubeError, KubeRefused
from asynctaskflow_operator.release.credentials import SecretNames, ensure_secrets
from asynctaskflow_operator.release.manifests import apply_all, read_manifests
from asynctaskflow_operator.release.removal import Leaving, remove_all
from asynctaskflow_operator.release.settings import ReleaseSettings
from asynctaskflow_operator.release.smoke import SmokeFailed, smoke

DONE, FAILED, REFUSED = 0, 1, 2
MANAGER = "asynctaskflow-values"


class _Uncounted:
    """Nobody reads metrics of a hook."""

    def wrote(self, verb: str, kind: Kind) -> None:
        """See ``WriteMeter``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb: 0 done, 1 it may go better later, 2 it will not however often it is tried."""
    options, settings = _parser().parse_args(arguments), ReleaseSettings()
    try:
        if options.verb == "smoke":
            key = settings.api_key.get_secret_value()
            _say(smoke(options.url, options.function, key=key, timeout_s=options.timeout))
        else:
            asyncio.run(_with_kube(options, settings))
    except KubeRefused as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    except (KubeError, SmokeFailed) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    return DONE


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _with_kube(options: argparse.Namespace, settings: ReleaseSettings) -> None:
    kube = KubeClient.open(
        namespace=settings.operator_namespace,
        timeout_s=settings.kube_timeout_s,
        meter=_Uncounted(),
        manager=MANAGER,
    )
    try:
        await _do(options, kube)
    finally:
        await kube.close()


async def _do(options: argparse.Namespace, kube: KubeClient) -> None:
    release: str = options.release
    match options.verb:
        case "secret":
            names = SecretNames(
                release, options.redis_secret, options.redis_host, options.api_key_secret
            )
            await ensure_secrets(kube, names, _say)
        case "apply":
            manifests = read_manifests(options.folder, release=release)
            await apply_all(kube, manifests, release=release, say=_say)
        case "remove":
            leaving = Leaving(
                release, options.operator, tuple(options.secret), timeout_s=options.timeout
            )
            await remove_all(kube, leaving, _say)
        case verb:
            raise AssertionError(verb)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m asynctaskflow_operator.release", description=__doc__
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    secret = verbs.add_parser("secret", help="make the Secrets that are missing")
    secret.add_argument("--redis-secret", default="")
    secret.add_argument("--redis-host", default="")
    secret.add_argument("--api-key-secret", default="")
    apply = verbs.add_parser("apply", help="apply the manifests of a folder")
    apply.add_argument("folder", type=Path)
    remove = verbs.add_parser("remove", help="take everything away before the operator goes")
    remove.add_argument("--timeout", type=float, default=120.0)
    remove.add_argument("--secret", action="append", default=[])
    remove.add_argument("--operator", default="", help="the operator's Deployment, to be stopped")
    for verb in (secret, apply, remove):
        verb.add_argument("--release", required=True)
    trial = verbs.add_parser("smoke", help="submit a task and wait")
    trial.add_argument("--url", required=True)
    trial.add_argument("--function", default="", help="blank: only ask whether the API is ready")
    trial.add_argument("--timeout", type=float, default=120.0)
    return parser


if __name__ == "__main__":
    sys.exit(main())
