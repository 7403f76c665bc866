"""``atf k9s`` changes the folder of k9s as a whole or not at all, and leaves no trace when it is taken out."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml

from asynctaskflow_cli import k9s_folder, main

SHIPPED = Path(__file__).resolve().parents[3] / "k9s"
NAMES = sorted(str(path.relative_to(SHIPPED)) for path in SHIPPED.rglob("*.yaml"))
MINE = {
    "views.yaml": "# mine\nviews:\n  v1/pods:\n    columns: [NAME]   # short\n",
    "aliases.yaml": "aliases:\n    pp: v1/pods\n    # last",
    "config.yaml": "k9s: {}\n",
    "plugins/other.yaml": "plugins: {}\n",
}


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*args):
        monkeypatch.setattr(sys, "argv", ["atf", "k9s", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            main.app()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture
def folder(tmp_path):
    """A folder of k9s with files of somebody in it."""
    place = tmp_path / "k9s"
    for name, text in MINE.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return place


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def copies(folder):
    return sorted(folder.rglob("*.bak"))


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_everything_that_is_shipped_is_there_afterwards(run, folder):
    code, out, _ = run("install", "--dir", folder)

    assert code == 0
    assert all(str(folder / name) in out for name in NAMES)
    for name in NAMES:
        (top,) = ours = load(SHIPPED / name)
        assert ours[top].items() <= load(folder / name)[top].items()


def test_a_folder_that_is_not_there_yet_is_made(run, tmp_path):
    assert run("install", "--dir", tmp_path / "new")[0] == 0

    assert {name: load(tmp_path / "new" / name) for name in NAMES} == {
        name: load(SHIPPED / name) for name in NAMES
    }


def test_what_somebody_had_is_kept_and_copied(run, folder):
    run("install", "--dir", folder)

    assert load(folder / "views.yaml")["views"]["v1/pods"] == {"columns": ["NAME"]}
    assert (folder / "views.yaml").read_text().startswith("# mine\n")
    assert sorted(copy.name.split(".")[0] for copy in copies(folder)) == ["aliases", "views"]
    assert all(copy.read_text() in MINE.values() for copy in copies(folder))


def test_installing_again_changes_nothing(run, folder):
    run("install", "--dir", folder)
    before = contents(folder)

    code, out, _ = run("install", "--dir", folder)

    assert (code, contents(folder)) == (0, before)
    assert out.count(": as it should be\n") == len(NAMES)


def test_install_and_uninstall_leave_the_folder_as_it_was(run, folder):
    before = contents(folder)

    run("install", "--dir", folder)
    code, out, _ = run("uninstall", "--dir", folder)

    assert (code, contents(folder)) == (0, before)
    assert out.count(": removed") == 4
    assert out.count(": changed") == 2


def test_in_an_empty_folder_nothing_is_left(run, tmp_path):
    run("install", "--dir", tmp_path)
    run("uninstall", "--dir", tmp_path)

    assert contents(tmp_path) == {}


def test_uninstalling_what_is_not_there_does_nothing(run, folder):
    before = contents(folder)

    assert run("uninstall", "--dir", folder)[0] == 0
    assert contents(folder) == before


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_a_dry_run_says_what_it_would_do_and_does_not(run, folder, verb):
    if verb == "uninstall":
        run("install", "--dir", folder)
    before = contents(folder)

    code, out, _ = run(verb, "--dir", folder, "--dry-run")

    assert (code, contents(folder)) == (0, before)
    assert out.count("would be ") == len(NAMES)


def test_an_entry_that_differs_stops_everything_and_is_named(run, folder):
    (folder / "aliases.yaml").write_text("aliases:\n  fdlq: mine\n")
    before = contents(folder)

    code, out, err = run("install", "--dir", folder)

    assert (code, out, contents(folder)) == (1, "", before)
    assert "aliases.yaml has entries of yours that differ from ours: fdlq" in err
    assert "--overwrite" in err


def test_overwrite_replaces_it_and_keeps_a_copy_for_good(run, folder):
    (folder / "aliases.yaml").write_text("aliases:\n  fdlq: mine\n  pp: v1/pods\n")

    assert run("install", "--dir", folder, "--overwrite")[0] == 0
    assert load(folder / "aliases.yaml")["aliases"]["fdlq"] != "mine"
    run("uninstall", "--dir", folder)

    assert load(folder / "aliases.yaml") == {"aliases": {"pp": "v1/pods"}}
    assert [load(copy)["aliases"]["fdlq"] for copy in copies(folder)] == ["mine"]


def test_a_plugin_file_of_somebody_in_our_place_is_not_replaced(run, folder):
    (folder / "plugins" / "asynctaskflow.yaml").write_text("plugins: {}\n")

    code, _, err = run("install", "--dir", folder)

    assert (code, "asynctaskflow.yaml is a file of yours" in err) == (1, True)


def test_a_broken_file_is_one_clear_line_and_nothing_is_written(run, folder):
    (folder / "hotkeys.yaml").write_text("hotKeys: [\n")
    before = contents(folder)

    code, _, err = run("install", "--dir", folder)

    assert (code, contents(folder)) == (1, before)
    assert err.count("\n") == 1
    assert "hotkeys.yaml is no YAML" in err


def test_all_complaints_come_at_once(run, folder):
    (folder / "hotkeys.yaml").write_text("hotKeys: [\n")
    (folder / "views.yaml").write_bytes(b"\xff\xfe")
    (folder / "aliases.yaml").unlink()
    (folder / "aliases.yaml").mkdir()

    _, _, err = run("install", "--dir", folder)

    assert "hotkeys.yaml is no YAML" in err
    assert "views.yaml is not UTF-8" in err
    assert "aliases.yaml cannot be read" in err


def test_an_edit_in_our_part_is_not_thrown_away(run, folder):
    run("install", "--dir", folder)
    path = folder / "aliases.yaml"
    path.write_text(path.read_text().replace("dlq", "DLQ"))
    before = contents(folder)

    for verb in ("install", "uninstall"):
        code, _, err = run(verb, "--dir", folder)
        assert (code, contents(folder)) == (1, before)
        assert "aliases.yaml has been edited" in err


def test_an_edit_in_our_part_is_copied_before_it_goes(run, folder):
    run("install", "--dir", folder)
    path = folder / "aliases.yaml"
    edited = path.read_text().replace("dlq", "DLQ")
    path.write_text(edited)

    assert run("uninstall", "--dir", folder, "--overwrite")[0] == 0

    assert path.read_text() == MINE["aliases.yaml"]
    assert [copy.read_text() for copy in copies(folder)] == [edited]


@pytest.mark.parametrize("fails_at", range(1, len(NAMES) + 1))
@pytest.mark.parametrize("step", ["_prepare", "_settle"])
def test_a_write_that_fails_leaves_everything_as_it_was(run, folder, monkeypatch, step, fails_at):
    before = contents(folder)
    real, calls = getattr(k9s_folder, step), []

    def failing(change):
        calls.append(change)
        if len(calls) == fails_at:
            raise OSError(28, "No space left on device")
        real(change)

    monkeypatch.setattr(k9s_folder, step, failing)
    code, out, err = run("install", "--dir", folder)

    assert (code, out, contents(folder)) == (1, "", before)
    assert "nothing was changed" in err
    assert "No space left" in err


def test_a_link_into_somebodys_dotfiles_stays_a_link(run, folder, tmp_path):
    kept = tmp_path / "dotfiles.yaml"
    shutil.move(folder / "views.yaml", kept)
    (folder / "views.yaml").symlink_to(kept)
    kept.chmod(0o600)

    run("install", "--dir", folder)

    assert (folder / "views.yaml").is_symlink()
    assert "asynctaskflow.dev/v1alpha1/tasks" in load(kept)["views"]
    assert kept.stat().st_mode & 0o777 == 0o600
    run("uninstall", "--dir", folder)
    assert kept.read_text() == MINE["views.yaml"]


def test_a_key_that_somebody_uses_already_is_told(run, folder):
    mine = {"hotKeys": {"mine": {"shortCut": "shift-8", "description": "x", "command": "pods"}}}
    (folder / "hotkeys.yaml").write_text(yaml.safe_dump(mine))

    code, _, err = run("install", "--dir", folder)

    assert code == 0
    assert "shift-8 is on mine of yours and on asynctaskflow-tasks" in err


def test_without_a_folder_it_is_where_k9s_looks(run, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("K9S_CONFIG_DIR", raising=False)

    run("install")

    assert contents(tmp_path / "xdg" / "k9s").keys() == {*NAMES, "plugins"}


def test_k9s_looks_for_plugins_beside_its_usual_folder_alone(run, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("K9S_CONFIG_DIR", str(tmp_path / "own"))

    run("install")

    assert (tmp_path / "own" / "views.yaml").is_file()
    assert (tmp_path / "xdg" / "k9s" / "plugins" / "asynctaskflow.yaml").is_file()


def test_a_second_change_in_a_second_has_a_copy_of_its_own(run, folder):
    for text in ("aliases:\n  fdlq: a\n", "aliases:\n  fdlq: b\n", "aliases:\n  fdlq: c\n"):
        (folder / "aliases.yaml").write_text(text)
        run("install", "--dir", folder, "--overwrite")

    found = [load(copy)["aliases"]["fdlq"] for copy in copies(folder) if "aliases" in copy.name]
    assert sorted(found) == ["a", "b", "c"]
