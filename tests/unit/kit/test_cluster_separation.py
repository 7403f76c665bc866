"""Two clusters on one machine: what one does and leaves never touches the other."""

import json
from pathlib import Path

from asynctaskflow_testkit.kubernetes.cgroups import group_of, make_group, remove_group
from asynctaskflow_testkit.kubernetes.remains import (
    BUNDLES,
    Remains,
    pod_networks,
    remains_of,
    remove_log_links,
)


def _bundle(path: str) -> str:
    namespaces = [{"type": "pid"}, {"type": "network", "path": path}]
    return json.dumps({"linux": {"namespaces": namespaces}})


def test_each_cluster_has_a_control_group_of_its_own(tmp_path):
    for controller in ("cpu", "memory"):
        (tmp_path / controller).mkdir()
    make_group(group_of("one"), tmp_path)
    make_group(group_of("two"), tmp_path)

    remove_group(group_of("one"), tmp_path)

    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["asynctaskflow-two"] * 2


def test_a_control_group_goes_with_all_below_it_where_groups_are_unified(tmp_path):
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    make_group(group_of("one"), tmp_path)
    (tmp_path / "asynctaskflow-one" / "kubepods" / "burstable").mkdir(parents=True)

    remove_group(group_of("one"), tmp_path)

    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpu +memory"
    assert not (tmp_path / "asynctaskflow-one").exists()


def test_a_pods_network_is_known_from_its_bundle(tmp_path):
    bundle = tmp_path / BUNDLES / "abc" / "config.json"
    bundle.parent.mkdir(parents=True)
    bundle.write_text(_bundle("/var/run/netns/cni-1"))

    assert remains_of(tmp_path) == Remains(frozenset({"abc"}), frozenset({"cni-1"}))


def test_the_networks_of_the_node_and_of_another_cluster_are_no_pods():
    assert pod_networks(_bundle("/run/netns/atf")) == []


def test_only_links_into_the_clusters_folder_are_removed(tmp_path):
    (tmp_path / "ours").symlink_to("/state/one/pod-logs/0.log")
    (tmp_path / "theirs").symlink_to("/state/one-more/pod-logs/0.log")

    remove_log_links(Path("/state/one"), tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]
