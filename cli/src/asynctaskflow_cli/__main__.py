"""``python -m asynctaskflow_cli`` is ``atf``."""

from asynctaskflow_cli.main import app

if __name__ == "__main__":
    app()
