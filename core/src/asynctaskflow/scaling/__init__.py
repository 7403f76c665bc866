"""How many workers a function should have, and which of them go. Pure: time and memory are arguments."""

from asynctaskflow.scaling.decide import decide
from asynctaskflow.scaling.decision import Candidate, Decision, Limit
from asynctaskflow.scaling.memory import Memory
from asynctaskflow.scaling.observation import DependencySight, Observation, QueueSight
from asynctaskflow.scaling.policy import Policy
from asynctaskflow.scaling.record import DecisionRecord
from asynctaskflow.scaling.sample import Load, LoadSample
from asynctaskflow.scaling.victims import WorkerSight, choose_victims

__all__ = [
    "Candidate",
    "Decision",
    "DecisionRecord",
    "DependencySight",
    "Limit",
    "Load",
    "LoadSample",
    "Memory",
    "Observation",
    "Policy",
    "QueueSight",
    "WorkerSight",
    "choose_victims",
    "decide",
]
