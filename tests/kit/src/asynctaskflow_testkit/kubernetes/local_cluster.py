"""One Kubernetes of one node: up in seconds once its programs are built, gone without a trace after ``down``.

Images are kept in the user's cache folder, so that the next cluster of the same name has them at once.
"""

import datetime
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from asynctaskflow_testkit.commands import CommandFailed, output
from asynctaskflow_testkit.kubernetes import control_plane, node
from asynctaskflow_testkit.kubernetes.binaries import bin_dir, build, path_folder
from asynctaskflow_testkit.kubernetes.certificates import Authority
from asynctaskflow_testkit.kubernetes.cgroups import group_of, make_group, remove_group
from asynctaskflow_testkit.kubernetes.mounts import unmount_below
from asynctaskflow_testkit.kubernetes.network import NODE_IP, Network
from asynctaskflow_testkit.kubernetes.pause import archive_of_pause
from asynctaskflow_testkit.kubernetes.processes import Processes
from asynctaskflow_testkit.kubernetes.remains import (
    Remains,
    remains_of,
    remove_log_links,
    remove_networks,
)
from asynctaskflow_testkit.kubernetes.settings import HarnessSettings
from asynctaskflow_testkit.kubernetes.storage import storage_manifests
from asynctaskflow_testkit.waiting import until

READY_S = 60.0
# Stopped in this order: whoever starts things first, what others need last.
STOP_ORDER = (
    "kubelet",
    "kube-proxy",
    "kube-scheduler",
    "kube-controller-manager",
    "coredns",
    "kube-apiserver",
    "etcd",
)
STATELESS = frozenset({"kube-proxy", "kube-scheduler", "coredns", "etcd"})
IMAGES = "k8s.io"
# Run inside the cluster's network, where this process is not.
ANSWERS = """\
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], timeout=2)
connection.request("GET", "/ready")
sys.exit(connection.getresponse().status != 200)
"""


class LocalCluster:
    """The cluster of a name on this machine."""

    def __init__(self, name: str = "atf", *, state: Path | None = None) -> None:
        """Nothing is started; what is up is known from the state folder."""
        settings = HarnessSettings()
        self.name = name
        self.folder = (state or settings.state(name)).absolute()
        self.network = Network(name)
        self.kubeconfig = self.folder / "pki" / "admin.kubeconfig"
        self.bin_dir = path_folder()
        self.audit_log = self.folder / "audit.jsonl"
        self._node = node.NodeFiles(self.folder, name)
        self._containerd_root = settings.cache / "containerd" / name

    @property
    def processes(self) -> Processes:
        """Its processes: stop one, start it again, freeze it."""
        return Processes(self.folder / "run", self.network)

    @property
    def netns(self) -> Path:
        """Its network namespace; enter it with ``nsenter --net``."""
        return self.network.path

    @property
    def is_up(self) -> bool:
        """Whether pods can be created, are run, and find each other by name."""
        return self.kubeconfig.exists() and self._node_is_ready() and self._serves_pods()

    def stop_process(self, name: str) -> None:
        """Crash one of its processes; see ``start_process``.

        At once: an API server that is asked to end first waits for those who watch it.
        """
        self.processes.stop(name, kill=True)

    def start_process(self, name: str) -> None:
        """End the outage: started as it was before; ends when it answers, where it can be asked."""
        if self.processes.pid(name) is None:
            self.processes.start_again(name)
        probes = {"kube-apiserver": self._serves, "containerd": self._contains}
        if ready := probes.get(name):
            self.processes.await_ready(name, ready, within_s=READY_S)

    def up(self) -> None:
        """Start it, or what is missing of it; ends when the node is ready.

        Raises:
            CannotBuild, RuntimeError: with the reason, and the end of a log.
        """
        programs = build()
        bin_dir()
        if self.is_up:
            return
        self.down()
        self.folder.mkdir(parents=True)
        self.network.up()
        make_group(group_of(self.name))
        pki = self.folder / "pki"
        authority = Authority(pki, now=datetime.datetime.now(datetime.UTC))  # noqa: TID251 - certificates need the time
        ids = control_plane.identities(authority, pki, node=self.name)
        self._start_control_plane(programs, ids)
        self._start_node(programs, ids)
        self.load([archive_of_pause(programs["pause"], self.folder)])
        self.apply(storage_manifests(self.folder / "volumes", node=self.name))
        self._await_node()

    def down(self) -> None:
        """Stop and remove it; fine if there is none, or only half of one."""
        if not self.folder.exists():
            self.network.down()
            return
        processes = self.processes
        processes.stop("kubelet")
        remains = self._end_containers()
        for name in STOP_ORDER[1:]:
            processes.stop(name, kill=name in STATELESS)
        processes.stop("containerd")
        unmount_below(self.folder)
        remove_networks(remains)
        self.network.down()
        remove_group(group_of(self.name))
        remove_log_links(self.folder)
        shutil.rmtree(self.folder)
        shutil.rmtree(Path(f"/run/{self.network.name}-cni"), ignore_errors=True)

    def inside(self, command: Sequence[str]) -> list[str]:
        """The command, run in the cluster's network."""
        return self.network.inside(command)

    def environment(self) -> dict[str, str]:
        """The environment for a command: which cluster, and the programs that fit it."""
        env = HarnessSettings.environment()
        return {**env, "KUBECONFIG": str(self.kubeconfig), "PATH": f"{self.bin_dir}:{env['PATH']}"}

    def kubectl(
        self, *arguments: str, given: str | None = None, within_s: float | None = None
    ) -> str:
        """What kubectl prints.

        Raises:
            CommandFailed: with what it said.
            subprocess.TimeoutExpired: not within ``within_s`` seconds.
        """
        return self._run(["kubectl", *arguments], given=given, within_s=within_s)

    def apply(self, manifests: Sequence[dict[str, Any]]) -> None:
        """Apply objects, as soon as the API server takes them."""
        text = "\n".join(json.dumps(one) for one in manifests)
        until(lambda: _tried(lambda: self.kubectl("apply", "-f", "-", given=text)), READY_S)

    def load(self, archives: Sequence[Path]) -> None:
        """Import images into the node."""
        for archive in archives:
            self._run([*self._ctr(), "images", "import", "--no-unpack=false", str(archive)])

    def images(self) -> dict[str, str]:
        """Images on the node: name -> digest."""
        lines = self._run([*self._ctr(), "images", "ls"]).splitlines()[1:]
        return {line.split()[0]: line.split()[2] for line in lines if line.strip()}

    def _ctr(self) -> list[str]:
        return ["ctr", "--address", str(self._node.socket), "--namespace", IMAGES]

    def _run(
        self, command: Sequence[str], *, given: str | None = None, within_s: float | None = None
    ) -> str:
        return output(self.inside(command), env=self.environment(), given=given, within_s=within_s)

    def _start_control_plane(
        self, programs: dict[str, Path], ids: control_plane.Identities
    ) -> None:
        policy = self.folder / "audit-policy.yaml"
        policy.write_text(control_plane.AUDIT_POLICY)
        processes = self.processes
        processes.start("etcd", control_plane.etcd(programs["etcd"], self.folder / "etcd"))
        processes.start(
            "kube-apiserver",
            control_plane.apiserver(
                programs["kube-apiserver"],
                ids,
                audit_policy=policy,
                audit_log=self.audit_log,
            ),
        )
        processes.await_ready("kube-apiserver", self._serves, within_s=READY_S)
        processes.start(
            "kube-controller-manager",
            control_plane.controller_manager(programs["kube-controller-manager"], ids),
        )
        processes.start("kube-scheduler", control_plane.scheduler(programs["kube-scheduler"], ids))

    def _start_node(self, programs: dict[str, Path], ids: control_plane.Identities) -> None:
        processes, files = self.processes, self._node
        command = node.containerd(files, root=self._containerd_root, plugins=self.network.plugins())
        processes.start("containerd", command)
        processes.await_ready("containerd", self._contains, within_s=READY_S)
        self._remove_containers()
        processes.start("kubelet", node.kubelet(programs["kubelet"], files, ids))
        processes.start("kube-proxy", node.kube_proxy(programs["kube-proxy"], files, ids))
        processes.start("coredns", node.coredns(programs["coredns"], files, ids.kubeconfigs))

    def _await_node(self) -> None:
        """Wait for what pods need.

        containerd answers before its container runtime interface does. A kubelet that asks in between ends, and
        leaves it to the machine's service manager to start it again; here that is us.
        """
        ready = self._node_is_ready
        self.processes.await_ready("kubelet", ready, within_s=READY_S, revive=True)
        self.processes.await_ready("coredns", self._serves_pods, within_s=READY_S)

    def _serves_pods(self) -> bool:
        """Pods need the account that the controllers make, and the names that CoreDNS answers."""
        return _tried(lambda: self.kubectl("get", "serviceaccount", "default")) and _tried(
            lambda: self._run([sys.executable, "-c", ANSWERS, node.DNS_READY])
        )

    def _serves(self) -> bool:
        return _tried(lambda: self.kubectl("get", "--raw", "/readyz"))

    def _contains(self) -> bool:
        return _tried(lambda: self._run([*self._ctr(), "version"]))

    def _node_is_ready(self) -> bool:
        query = "{.status.conditions[?(@.type=='Ready')].status}"
        found = ""
        with suppress(CommandFailed):
            found = self.kubectl("get", "node", self.name, "-o", f"jsonpath={query}")
        return found == "True" and self.processes.pid("kubelet") is not None

    def _end_containers(self) -> Remains:
        """Kill them, with a containerd that is started for it if the cluster's own has died before them."""
        remains = remains_of(self._node.containerd_state)
        if remains.containers and self.processes.pid("containerd") is None and self.netns.exists():
            self.start_process("containerd")
        self._remove_containers()
        return remains

    def _remove_containers(self) -> None:
        """Kill what runs, and forget containers of a cluster before; images stay."""
        if self.processes.pid("containerd") is None:
            return
        for kind, verb in (("tasks", "ls"), ("containers", "ls")):
            for one in self._run([*self._ctr(), kind, verb, "--quiet"]).split():
                words = ["tasks", "delete", "--force"] if kind == "tasks" else ["containers", "rm"]
                _tried(lambda words=words, one=one: self._run([*self._ctr(), *words, one]))  # type: ignore[misc]

    def freeze(self, process: str) -> None:
        """Stop the clock of a process; see ``thaw``."""
        self.processes.signal(process, signal.SIGSTOP)

    def thaw(self, process: str) -> None:
        """Let it go on."""
        self.processes.signal(process, signal.SIGCONT)


def _tried(action: Callable[[], object]) -> bool:
    """Whether it succeeded."""
    try:
        action()
    except CommandFailed:
        return False
    return True


def exec_inside(cluster: LocalCluster, command: Sequence[str]) -> None:
    """Become the command, in the cluster's network and environment; does not return."""
    words = cluster.inside(command)
    os.execvpe(words[0], words, cluster.environment())


__all__ = ["NODE_IP", "LocalCluster", "exec_inside"]
