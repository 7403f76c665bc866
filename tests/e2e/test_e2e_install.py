"""Helm installs it, its own test passes, and after an uninstall nothing is left."""

from collections.abc import Callable

import pytest

from asynctaskflow_testkit.commands import CommandFailed
from asynctaskflow_testkit.kubernetes.product import Product
from asynctaskflow_testkit.waiting import until

LEFT_BY_KUBERNETES = {"configmap/kube-root-ca.crt", "serviceaccount/default"}
EVERYTHING = (
    "all,configmaps,secrets,serviceaccounts,roles,rolebindings,networkpolicies,"
    "poddisruptionbudgets,persistentvolumeclaims,leases,ingresses,tasks.asynctaskflow.dev,"
    "functions.asynctaskflow.dev,dependencies.asynctaskflow.dev"
)


def left_in(product: Product) -> set[str]:
    names = product.kubectl("get", EVERYTHING, "-o", "name").split()
    return {name for name in names if name not in LEFT_BY_KUBERNETES}


def test_install_test_and_uninstall_leave_nothing(new_product: Callable[[str], Product]):
    product = new_product("install")

    notes = product.install()
    tested = product.run("helm", "test", product.release, "-n", product.namespace, timeout_s=180)
    product.uninstall()

    assert "kubectl get atf" in notes
    assert "Phase:          Succeeded" in tested
    until(lambda: not left_in(product), 60, what="nothing is left")


def test_a_typo_in_the_values_is_refused_by_name(new_product: Callable[[str], Product]):
    product = new_product("typo")

    with pytest.raises(CommandFailed, match="writesPerSecnd"):
        product.install({"operator": {"writesPerSecnd": 50}})
