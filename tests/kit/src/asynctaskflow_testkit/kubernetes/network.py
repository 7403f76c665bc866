"""The network of one cluster: a namespace without a way out, with one bridge that pods are plugged into."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asynctaskflow_testkit.commands import output

NODE_IP = "10.85.0.1"
POD_NET = "10.85.0.0/16"
SERVICE_NET = "10.96.0.0/16"
APISERVER_IP = "10.96.0.1"
BRIDGE = "cni0"
CNI_PROGRAMS = "/usr/lib/cni"


@dataclass(frozen=True, slots=True)
class Network:
    """A network namespace by its name."""

    name: str

    @property
    def path(self) -> Path:
        """What programs enter."""
        return Path("/run/netns") / self.name

    def inside(self, command: Sequence[str]) -> list[str]:
        """The command, run in this namespace.

        Not ``ip netns exec``: that mounts /sys anew and hides the control groups.
        """
        return ["nsenter", f"--net={self.path}", *command]

    def up(self) -> None:
        """Make it; the bridge first, because its address is the node's."""
        if not self.path.exists():
            output(["ip", "netns", "add", self.name])
        for command in (
            ("ip", "link", "set", "lo", "up"),
            ("ip", "link", "add", BRIDGE, "type", "bridge"),
            ("ip", "addr", "add", f"{NODE_IP}/16", "dev", BRIDGE),
            ("ip", "link", "set", BRIDGE, "up"),
            # Routing comes before the rules that translate service addresses.
            ("ip", "route", "add", SERVICE_NET, "dev", BRIDGE),
            ("sysctl", "-qw", "net.ipv4.ip_forward=1"),
        ):
            output(self.inside(command))

    def down(self) -> None:
        """Remove it with all that is in it; fine if it is gone."""
        if self.path.exists():
            output(["ip", "netns", "delete", self.name])

    def plugins(self) -> str:
        """The configuration of the container network interface, as JSON."""
        bridge = {
            "type": "bridge",
            "bridge": BRIDGE,
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": POD_NET}]],
                "routes": [{"dst": "0.0.0.0/0"}],
                "dataDir": f"/run/{self.name}-cni",
            },
        }
        portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
        return json.dumps(
            {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, portmap]}, indent=1
        )
