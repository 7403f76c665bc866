"""The API's settings for a test that times nothing."""

from typing import Any

from pydantic import SecretStr

from asynctaskflow_api.settings import ApiSettings


def patient_settings(redis_url: str, **changes: Any) -> ApiSettings:
    """Settings without keys, whose deadlines a stalled test machine does not reach.

    Args:
        changes: settings by name, in place of these.
    """
    patient: dict[str, Any] = {"auth": "off", "redis_timeout_s": 10, "request_timeout_s": 30}
    return ApiSettings(redis_url=SecretStr(redis_url), **{**patient, **changes})
