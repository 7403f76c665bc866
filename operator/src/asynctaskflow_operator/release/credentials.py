"""The Secrets of an installation: made once, outside of templates, so that no upgrade makes new ones.

Nothing secret is printed, and nothing that exists is changed.
"""

import secrets
from dataclasses import dataclass
from hashlib import sha256

from asynctaskflow_operator.kube.port import Kube, KubeConflict, Manifest
from asynctaskflow_operator.release.manifests import Say

PASSWORD_BYTES = 24
KEY_BYTES = 32
ADMIN_KEY_ID = "admin"


@dataclass(frozen=True, slots=True)
class SecretNames:
    """Which Secrets to make; blank: none."""

    release: str
    redis: str = ""
    redis_host: str = ""
    api_key: str = ""


async def ensure_secrets(kube: Kube, names: SecretNames, say: Say) -> None:
    """Make what is missing.

    Args:
        say: told one line about each, and no value.

    Raises:
        KubeUnavailable, KubeRefused
    """
    wanted = []
    if names.redis:
        wanted.append(_secret(names, names.redis, redis_data(names.redis_host)))
    if names.api_key:
        wanted.append(_secret(names, names.api_key, api_key_data()))
    for manifest in wanted:
        try:
            await kube.create(manifest)
        except KubeConflict:
            say(f"Secret {manifest['metadata']['name']}: is there, left as it is")
        else:
            say(f"Secret {manifest['metadata']['name']}: made")


def redis_data(host: str) -> dict[str, str]:
    """A new password, and the URL with it."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    return {"password": password, "url": f"redis://:{password}@{host}:6379/0"}


def api_key_data() -> dict[str, str]:
    """A new admin key, and the setting of the API that accepts it (``<id>:<role>:<sha256>``)."""
    key = f"atf_{ADMIN_KEY_ID}_{secrets.token_urlsafe(KEY_BYTES)}"
    return {"key": key, "keys": f"{ADMIN_KEY_ID}:admin:{sha256(key.encode()).hexdigest()}"}


def _secret(names: SecretNames, name: str, data: dict[str, str]) -> Manifest:
    labels = {
        "app.kubernetes.io/part-of": "asynctaskflow",
        "app.kubernetes.io/instance": names.release,
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": labels},
        "stringData": data,
    }
