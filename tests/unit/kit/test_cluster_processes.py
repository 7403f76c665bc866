"""The processes of a cluster, here without one: started, awaited, started again."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from asynctaskflow_testkit.kubernetes.network import Network
from asynctaskflow_testkit.kubernetes.processes import Processes

WITHIN_S = 10.0
ENDS = ["sh", "-c", "echo no runtime yet; exit 1"]


class ThisNetwork(Network):
    """Processes stay where the test is."""

    def inside(self, command: Sequence[str]) -> list[str]:
        return list(command)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = Processes(tmp_path / "run", ThisNetwork("none"))
    yield made
    made.stop("kubelet", kill=True)


def test_a_process_that_ends_before_it_answers_is_named_with_its_last_words(
    processes: Processes,
) -> None:
    processes.start("kubelet", ENDS)
    with pytest.raises(RuntimeError, match="kubelet did not come up:\nno runtime yet"):
        processes.await_ready("kubelet", lambda: False, within_s=WITHIN_S)


def test_a_kubelet_that_came_too_early_is_started_again(
    processes: Processes, tmp_path: Path
) -> None:
    is_late, answers = tmp_path / "late", tmp_path / "answers"
    script = 'if [ -e "$1" ]; then touch "$2"; exec sleep 600; fi; touch "$1"; exit 1'
    processes.start("kubelet", ["sh", "-c", script, "kubelet", str(is_late), str(answers)])
    processes.await_ready("kubelet", answers.exists, within_s=WITHIN_S, revive=True)
    assert processes.pid("kubelet") is not None


def test_a_process_that_never_stays_is_given_up(processes: Processes) -> None:
    processes.start("kubelet", ENDS)
    with pytest.raises(RuntimeError, match="no runtime yet"):
        processes.await_ready("kubelet", lambda: False, within_s=0.3, revive=True)
