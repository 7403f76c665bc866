"""Which rights make which role, and how long an answer is believed: values in, values out."""

from base64 import urlsafe_b64encode
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow_api.access import Principal, Role
from asynctaskflow_api.kube.rights import (
    ALL_RIGHTS,
    RIGHTS,
    Keeping,
    Right,
    User,
    expiry_of,
    is_for_us,
    principal_of,
    verdict_of,
)

USER = User("jane", groups=("devs",))
LIST, CREATE = Right("list", "tasks"), Right("create", "tasks")
KEEPING = Keeping(known_s=60, refused_s=5)
READER = Principal("kube:jane", Role.READ)
NOW_S = 1_800_000_000.0


def up_to(role: Role) -> set[Right]:
    return {right for its, rights in RIGHTS.items() if its <= role for right in rights}


@pytest.mark.parametrize("role", [Role.READ, Role.WRITE, Role.ADMIN])
def test_all_rights_of_a_role_and_those_below_it_make_it(role):
    found = principal_of(USER, up_to(role), namespace="demo")

    assert (found.name, found.role) == ("kube:jane", role)
    assert found.refusals.keys() == {its for its in RIGHTS if its > role}


@pytest.mark.parametrize("missing", ALL_RIGHTS, ids=str)
def test_a_role_is_not_had_without_each_of_its_rights(missing):
    its_role = next(role for role, rights in RIGHTS.items() if missing in rights)

    found = principal_of(USER, set(ALL_RIGHTS) - {missing}, namespace="demo")

    assert found.role == its_role - 1
    assert found.refusal(its_role) == f"jane may not {missing} in namespace demo"


@given(st.sets(st.sampled_from(ALL_RIGHTS)), st.sampled_from(ALL_RIGHTS))
def test_one_more_right_never_makes_less_of_somebody(rights, more):
    before = principal_of(USER, rights, namespace="demo")
    after = principal_of(USER, rights | {more}, namespace="demo")

    assert after.role >= before.role


def test_a_refusal_names_what_is_missing_for_the_roles_below_too():
    found = principal_of(USER, {LIST, CREATE}, namespace="demo")

    assert found.role is Role.READ
    assert found.refusal(Role.WRITE) == "jane may not patch tasks, delete tasks in namespace demo"
    assert found.refusal(Role.ADMIN) == (
        "jane may not patch tasks, delete tasks, patch functions/scale, patch dependencies in namespace demo"
    )


def test_no_role_takes_a_right_with_which_any_image_could_be_run():
    """Whoever may write Functions may run what they like with every Secret; no role here is worth that much."""
    assert {str(right) for right in ALL_RIGHTS if right.resource == "functions"} == {
        "patch functions/scale"
    }


@pytest.mark.parametrize(
    ("asked", "answered", "ours"),
    [
        ([], [], True),
        ([], ["https://kubernetes.default.svc"], True),
        (["us"], ["us"], True),
        (["us", "we"], ["we"], True),
        (["us"], ["them"], False),
        (["us"], [], False),
    ],
)
def test_a_token_must_be_meant_for_us_and_the_server_must_say_so(asked, answered, ours):
    assert is_for_us(asked=asked, answered=answered) is ours


@pytest.mark.parametrize(
    ("principal", "expires_in_s", "keep_s"),
    [
        (READER, None, 60),
        (READER, 3600, 60),
        (READER, 20, 20),
        (READER, 0, 0),
        (READER, -5, 0),
        (replace(READER, role=Role.PUBLIC), None, 5),
        (replace(READER, role=Role.PUBLIC), 2, 2),
        (None, None, 5),
    ],
)
def test_an_answer_is_believed_for_its_time_and_never_beyond_the_tokens_end(
    principal, expires_in_s, keep_s
):
    expires_s = None if expires_in_s is None else NOW_S + expires_in_s

    found = verdict_of(principal, expires_s=expires_s, now_s=NOW_S, keeping=KEEPING)

    assert (found.principal, found.keep_s) == (principal, keep_s)


def jwt(claims: object) -> str:
    return f"e30.{urlsafe_b64encode(orjson.dumps(claims)).rstrip(b'=').decode()}.c2ln"


@pytest.mark.parametrize(
    ("token", "expiry"),
    [
        (jwt({"exp": 1_800_000_000}), 1_800_000_000.0),
        (jwt({"exp": 1.5, "sub": "ü"}), 1.5),
        (jwt({"sub": "without end"}), None),
        (jwt({"exp": "soon"}), None),
        (jwt([1]), None),
        ("opaque", None),
        ("three.plain.words", None),
        ("a.b.c", None),
        ("..", None),
        ("ä.ö.ü", None),
        ("sha256~x.y", None),
    ],
)
def test_the_end_of_a_token_is_read_from_a_jwt_only(token, expiry):
    assert expiry_of(token) == expiry


@given(st.text())
def test_no_text_is_too_strange_to_have_no_end(text):
    expiry_of(text)
    expiry_of(f"a.{text}.b")
