"""Which pods a scale-down may take: what Kubernetes would take must be what the operator would take."""

from asynctaskflow.scaling import WorkerSight
from asynctaskflow.taskqueue.messages import WorkerInfo
from asynctaskflow_operator.rules.removal import Removal, is_safe, plan_removal
from asynctaskflow_operator.rules.workers import PodSight, see_pods


def test_pods_that_do_not_exist_yet_go_first():
    workers = [WorkerSight("a", 1.0), WorkerSight("b", 2.0)]

    assert plan_removal(workers, asked=5, fewer=3) == Removal(absent=3)
    assert plan_removal(workers, asked=5, fewer=4) == Removal(absent=3, victims=("b",))


def test_a_busy_pod_is_never_a_victim():
    workers = [WorkerSight("busy", 1.0, active=1), WorkerSight("idle", 2.0)]

    assert plan_removal(workers, asked=2, fewer=2).victims == ("idle",)


def test_a_pod_that_is_going_already_is_not_chosen_again():
    workers = [WorkerSight("going", 1.0, draining=True), WorkerSight("idle", 2.0)]

    assert plan_removal(workers, asked=1, fewer=1) == Removal(victims=("idle",))


def test_an_unready_pod_that_is_not_a_victim_makes_a_scale_down_unsafe():
    workers = [WorkerSight("young", 2.0, ready=False, active=1), WorkerSight("idle", 1.0)]

    assert not is_safe(workers, marked=["idle"])
    assert is_safe(workers, marked=["idle", "young"])


def test_pods_that_are_going_do_not_matter_to_the_next_scale_down():
    workers = [WorkerSight("going", 1.0, ready=False, draining=True), WorkerSight("idle", 2.0)]

    assert is_safe(workers, marked=["idle"])


def test_a_pod_is_seen_with_what_its_worker_reported():
    pods = [
        PodSight("a", 1.0, ready=True, terminating=False),
        PodSight("b", 2.0, ready=False, terminating=False),
        PodSight("c", 3.0, ready=True, terminating=True),
    ]
    reported = {"a": WorkerInfo("a", "f", "running", age_ms=0, started_ms=0, active=3)}

    seen = see_pods(pods, reported, offered=["b"])

    assert seen == (
        WorkerSight("a", 1.0, ready=True, active=3, reported=True),
        WorkerSight("b", 2.0, ready=False, draining=True),
        WorkerSight("c", 3.0, ready=True, draining=True),
    )
