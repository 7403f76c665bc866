"""The cluster's command line."""

import pytest

from asynctaskflow_testkit.kubernetes import __main__ as command_line


def test_the_dashes_of_a_command_reach_it():
    words = ["exec", "--name", "x", "--", "kubectl", "exec", "pod", "--", "ls", "--all"]

    assert command_line.split(words) == (
        ["exec", "--name", "x"],
        ["kubectl", "exec", "pod", "--", "ls", "--all"],
    )


@pytest.mark.parametrize("words", [["--name", "x y", "env"], ["env", "--name", "x y"]])
def test_a_name_counts_before_and_after_the_verb_and_is_safe_in_a_shell(words, capsys):
    assert command_line.main(words) == 0

    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("export KUBECONFIG='")
    assert "cluster-x y/" in told[0]


def test_a_machine_that_cannot_says_why_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(command_line, "why_not", lambda: "a local cluster needs root")

    assert command_line.main(["up", "--name", "x"]) == 2
    assert capsys.readouterr().err == "a local cluster needs root\n"


def test_exec_without_a_cluster_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(command_line, "why_not", lambda: "")

    assert command_line.main(["exec", "--name", "none-such", "--", "true"]) == 1
    assert capsys.readouterr().err == "none-such is not up\n"
