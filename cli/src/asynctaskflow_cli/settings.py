"""What the environment says to ``atf``; read once per command, here and nowhere else."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

STATE_FOLDER = "asynctaskflow"
DEFAULT_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class CliSettings:
    """The environment of one command.

    Attributes:
        server: ``ATF_SERVER``, URL of the API; empty: the local stack's, if one runs.
        api_key: ``ATF_API_KEY``, sent as a bearer token; empty where the API asks for none.
        state_dir: ``$XDG_STATE_HOME/asynctaskflow``: data and record of the local stack.
        no_color: ``NO_COLOR`` is set to anything (no-color.org).
    """

    server: str
    api_key: str
    state_dir: Path
    no_color: bool

    @classmethod
    def from_env(cls) -> "CliSettings":
        """Read the environment."""
        home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        return cls(
            server=os.environ.get("ATF_SERVER", "").rstrip("/"),
            api_key=os.environ.get("ATF_API_KEY", ""),
            state_dir=Path(home) / STATE_FOLDER,
            no_color=bool(os.environ.get("NO_COLOR")),
        )


@dataclass(frozen=True, slots=True)
class K9sFolders:
    """Where k9s reads its files.

    Attributes:
        files: views, aliases, jumps and hotkeys: ``K9S_CONFIG_DIR``, else ``$XDG_CONFIG_HOME/k9s``.
        plugins: ``$XDG_CONFIG_HOME/k9s/plugins``; k9s looks for no such folder in ``K9S_CONFIG_DIR``.
    """

    files: Path
    plugins: Path

    @classmethod
    def from_env(cls) -> "K9sFolders":
        """Read the environment."""
        usual = "Library/Application Support" if sys.platform == "darwin" else ".config"
        home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / usual) / "k9s"
        own = os.environ.get("K9S_CONFIG_DIR")
        return cls(files=Path(own) if own else home, plugins=home / "plugins")

    @classmethod
    def below(cls, folder: Path) -> "K9sFolders":
        """Everything in one folder."""
        return cls(files=folder, plugins=folder / "plugins")


def inherited_environment() -> dict[str, str]:
    """The environment that child processes start from; the interpreter's own programs come first on PATH."""
    environment = dict(os.environ)
    programs = str(Path(sys.executable).parent)
    environment["PATH"] = os.pathsep.join([programs, environment.get("PATH", os.defpath)])
    return environment
