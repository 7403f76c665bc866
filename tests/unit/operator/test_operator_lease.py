"""Who acts when two operators run."""

from asynctaskflow_operator.rules.lease import Observed, Stand, claim, observed, stand


def lease(holder="a", renewed="t1", version="1"):
    spec = {"holderIdentity": holder, "renewTime": renewed}
    return {"metadata": {"resourceVersion": version}, "spec": spec}


def test_the_holder_leads():
    seen = observed(lease("me"), None, now_s=0)

    assert stand(seen, me="me", lease_s=15, now_s=1000) is Stand.LEAD


def test_a_lease_that_is_renewed_is_not_taken():
    seen = observed(lease(renewed="t1"), None, now_s=0)
    seen = observed(lease(renewed="t2"), seen, now_s=14)

    assert stand(seen, me="me", lease_s=15, now_s=28) is Stand.WAIT


def test_a_lease_that_nobody_renews_is_taken_by_the_observers_own_clock():
    seen = observed(lease(renewed="2030-01-01"), None, now_s=0)
    seen = observed(lease(renewed="2030-01-01", version="2"), seen, now_s=10)

    assert seen == Observed("a", "2030-01-01", "2", 0)
    assert stand(seen, me="me", lease_s=15, now_s=15) is Stand.TAKE


def test_a_released_lease_is_taken_at_once():
    seen = observed(lease(holder=None), None, now_s=0)

    assert stand(seen, me="me", lease_s=15, now_s=0) is Stand.TAKE


def test_a_claim_says_who_and_until_when():
    assert claim(me="me", lease_s=15, wall_s=0) == {
        "holderIdentity": "me",
        "leaseDurationSeconds": 15,
        "renewTime": "1970-01-01T00:00:00.000000Z",
    }
