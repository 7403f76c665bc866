"""Settings come from the environment once; the manifest beside them is a sound one."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from asynctaskflow.model.dependency import DependencyManifest
from asynctaskflow_openrouter.client import OpenRouterClient
from asynctaskflow_openrouter.exchange import Deadlines
from asynctaskflow_openrouter.settings import OpenRouterSettings

CANARY = "sk-or-v1-canary-0123456789abcdef"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("OPENROUTER_API_KEY", "OPENROUTER_BASE_URL", "ATF_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def test_everything_has_a_default_but_the_key():
    assert OpenRouterSettings().api_key is None


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_key_is_no_key(monkeypatch, blank):
    monkeypatch.setenv("OPENROUTER_API_KEY", blank)

    assert OpenRouterSettings().api_key is None


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", f" {CANARY}\n")
    monkeypatch.setenv("OPENROUTER_BASE_URL", "http://127.0.0.1:8081/v1")
    monkeypatch.setenv("ATF_REDIS_URL", "redis://10.0.0.1/3")
    settings = OpenRouterSettings()

    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == CANARY
    assert str(settings.base_url) == "http://127.0.0.1:8081/v1"
    assert settings.redis_url.get_secret_value() == "redis://10.0.0.1/3"


def test_the_key_is_in_no_representation(monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", CANARY)

    settings = OpenRouterSettings()

    assert (
        CANARY not in f"{settings!r}{settings}{settings.model_dump()}{settings.model_dump_json()}"
    )


def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(monkeypatch):
    monkeypatch.setenv("OPENROUTER_API_KEY", f"{CANARY}\r\nHost: elsewhere")

    with pytest.raises(ValidationError) as caught:
        OpenRouterSettings()

    assert CANARY not in str(caught.value)


def test_a_client_needs_a_key():
    with pytest.raises(ValueError, match="OPENROUTER_API_KEY"):
        OpenRouterClient(OpenRouterSettings())


def test_a_short_total_alone_is_a_sound_setting():
    nested = Deadlines(connect_s=5, first_byte_s=90, idle_s=30, total_s=10).nested()

    assert (nested.connect_s, nested.first_byte_s, nested.total_s) == (4, 10, 10)


def test_the_manifest_is_valid_and_a_probe_may_take_as_long_as_a_call():
    path = Path(__file__).parents[3] / "openrouter" / "dependency.yaml"

    manifest = DependencyManifest.model_validate(yaml.safe_load(path.read_text()))

    assert manifest.metadata.name == "openrouter"
    assert manifest.spec.breaker.permit_seconds > OpenRouterSettings().total_timeout_s
