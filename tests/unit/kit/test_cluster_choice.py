"""Which cluster the end-to-end tests get, and in which words they are told."""

import pytest

from asynctaskflow_testkit.kubernetes.providers import choose


def test_a_given_cluster_comes_before_all_others():
    assert choose(kubeconfig="given", docker=True, kind=True, why_not_local="").name == "external"


@pytest.mark.parametrize(
    ("docker", "kind", "name"),
    [(True, True, "kind"), (True, False, "local"), (False, True, "local")],
)
def test_kind_is_taken_only_with_docker(docker, kind, name):
    assert choose(kubeconfig="", docker=docker, kind=kind, why_not_local="").name == name


def test_no_cluster_is_explained_in_one_line():
    with pytest.raises(RuntimeError, match=r"^no cluster: .* it needs root$") as told:
        choose(kubeconfig="", docker=False, kind=False, why_not_local="it needs root")

    assert "\n" not in str(told.value)
