"""People and programs of the cluster call REST with the tokens that they have."""

import httpx2

from asynctaskflow_testkit.kubernetes.product import Product


def test_a_kubernetes_token_may_do_over_rest_what_rbac_lets_it_do(calm: Product):
    calm.install({"api": {"auth": {"kubernetes": {"enabled": True}}}}, verb="upgrade")
    calm.kubectl("create", "serviceaccount", "robot")
    role = f"--role={calm.full}-submitter"
    calm.kubectl("create", "rolebinding", "robot", role, f"--serviceaccount={calm.namespace}:robot")
    token = calm.kubectl("create", "token", "robot", "--audience=asynctaskflow").strip()
    headers = {"Authorization": f"Bearer {token}"}

    with httpx2.Client(base_url=calm.url(), headers=headers, trust_env=False) as robot:
        submitted = robot.post("/api/v1/functions/probe/tasks?wait=50", json={}, timeout=60)
        paused = robot.post("/api/v1/functions/probe/pause")

    assert (submitted.status_code, submitted.json()["state"]) == (200, "COMPLETED")
    assert paused.status_code == 403
    assert "robot may not patch functions/scale" in paused.json()["detail"]
