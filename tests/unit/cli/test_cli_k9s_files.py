"""Entries are merged into a file of k9s as text: what was there stays to the byte, and comes back to the byte."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from asynctaskflow_cli.k9s_files import (
    CLOSING,
    OPENING,
    Differs,
    NotMergeable,
    entries_of,
    part,
    same_shortcuts,
    whole,
    with_entries,
    without_ours,
)

OURS = {"afn": "ours/functions", "atk": "ours/tasks"}
FILES = {
    "no file": None,
    "empty": "",
    "blank": "\n\n",
    "a comment": "# mine\n",
    "a comment without line end": "# mine",
    "the key alone": "aliases:\n",
    "the key alone without line end": "aliases:",
    "the key and a comment": "aliases: # none yet\n# more\n",
    "an entry": "aliases:\n  pp: v1/pods\n",
    "an entry without line end": "aliases:\n  pp: v1/pods",
    "a deep indent": "aliases:\n      pp: v1/pods\n      dd: d\n",
    "no indent to speak of": "aliases:\n pp: v1/pods\n",
    "comments all over": "# a\naliases: # b\n  # c\n  pp: v1/pods # d\n  # e\n# f\n",
    "a document's start": "---\naliases:\n  pp: v1/pods\n",
    "a document's end": "aliases:\n  pp: v1/pods\n...\n",
    "quotes and anchors": 'aliases:\n  "pp": &p v1/pods\n  dd: *p\n',
    "Windows' line ends": "aliases:\r\n  pp: v1/pods\r\n  dd: d\r\n",
    "another key": "other:\n  a: 1\n",
    "a text of many lines": "aliases:\n  pp: |\n    v1/pods\n\n\n",
    "a flow inside": "aliases:\n  pp: {a: [1, 2]}\n",
    "other letters": "aliases:\n  größe: 數\n",
    "a byte order mark": "\ufeffaliases:\n  pp: v1/pods\n",
    "one of ours, the same": "aliases:\n  afn: ours/functions\n",
}
BROKEN = {
    "no YAML": "aliases: [\n",
    "a tab": "aliases:\n\tpp: x\n",
    "a list": "- aliases\n",
    "a list under the key": "aliases:\n  - pp\n",
    "two documents": "aliases:\n  pp: x\n---\naliases:\n  dd: x\n",
    "a word": "aliases\n",
    "a tag of a language": "aliases: !!python/object/apply:os.getcwd []\n",
    "all on one line": "{aliases: {pp: v1/pods}}\n",
    "entries on one line": "aliases: {pp: v1/pods}\n",
    "none, on one line": "aliases: {}\n",
    "none, in words": "aliases: null\n",
    "nothing, in words": "null\n",
    "an explicit key": "aliases:\n  ? pp\n  : v1/pods\n",
    "a mark without its other": f"aliases:\n  {OPENING} 012345678901: x\n  pp: v1/pods\n",
    "a mark that was shortened": f"aliases:\n  {OPENING}\n  afn: x\n  {CLOSING}\n",
}
NAMES = st.text("abcdefgh-", min_size=1, max_size=4).map(lambda text: f"x{text}")


def merged(text, *, overwrite=False, ours=OURS):
    return with_entries(text, "aliases", ours, overwrite=overwrite)


def restored(text, *, overwrite=False):
    return without_ours(text, "aliases", overwrite=overwrite)


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_ours_are_added_and_everything_else_stays(text):
    before = entries_of(text or "", "aliases")

    result = merged(text)

    assert entries_of(result, "aliases") == {**before, **OURS}
    assert set((text or "").splitlines()) <= set(result.splitlines())


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_taking_ours_out_brings_the_file_back_to_the_byte(text):
    assert restored(merged(text)) == text


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_adding_twice_changes_nothing_more(text):
    once = merged(text)

    assert merged(once) == once


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_entries_of_an_older_version_are_replaced(text):
    older = merged(text, ours={"afn": "ours/functions", "gone": "long/ago"})

    assert merged(older) == merged(text)


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_merged_safely_is_refused(text):
    with pytest.raises(NotMergeable) as refused:
        merged(text)

    assert not isinstance(refused.value, Differs)
    assert "\n" not in str(refused.value)


@given(st.dictionaries(NAMES, st.text("ab:# '\"-", max_size=6), min_size=1), st.integers(1, 6))
def test_any_file_that_yaml_writes_comes_back(entries, indent):
    lines = yaml.safe_dump(entries, default_flow_style=False, width=10_000).splitlines()
    text = "aliases:\n" + "".join(f"{' ' * indent}{line}\n" for line in lines)

    result = merged(text)

    assert entries_of(result, "aliases") == {**entries, **OURS}
    assert restored(result) == text


def test_an_entry_that_differs_is_named():
    text = "aliases:\n  atk: mine\n  afn: mine\n  pp: v1/pods\n"

    with pytest.raises(Differs, match="afn, atk"):
        merged(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("aliases:\n  atk: mine\n  pp: v1/pods # d\n# e\n", "  pp: v1/pods # d\n# e\n"),
        ("aliases:\n  pp: v1/pods # d\n  atk: mine\n# e\n", "  pp: v1/pods # d\n# e\n"),
        (
            "aliases:\n  pp: v1/pods # d\n  atk:\n    - a\n    - {b: c}\n# e",
            "  pp: v1/pods # d\n# e",
        ),
        ("aliases:\n  atk: mine", ""),
        ("aliases:\n  atk: |\n    mine\n  pp: x\n", "  pp: x\n"),
    ],
)
def test_an_entry_that_differs_is_replaced_if_it_is_said(text, kept):
    result = merged(text, overwrite=True)

    assert entries_of(result, "aliases") == {**entries_of(text, "aliases"), **OURS}
    assert restored(result) == f"aliases:\n{kept}"


def test_an_entry_that_refers_to_another_is_not_cut_out():
    text = "aliases:\n  pp: &p v1/pods\n  atk: *p\n"

    with pytest.raises(NotMergeable, match="'atk' refers to another"):
        merged(text, overwrite=True)


def test_what_was_edited_of_ours_is_not_touched():
    edited = merged("aliases:\n  pp: v1/pods\n").replace("ours/tasks", "mine")

    with pytest.raises(Differs, match="edited"):
        merged(edited)
    with pytest.raises(Differs, match="edited"):
        restored(edited)


def test_what_was_edited_of_ours_is_replaced_if_it_is_said():
    text = "aliases:\n  pp: v1/pods\n"
    edited = merged(text).replace("ours/tasks", "mine")

    assert merged(edited, overwrite=True) == merged(text)
    assert restored(edited, overwrite=True) == text


@pytest.mark.parametrize("text", [None, "", "# mine\n", "# mine"])
def test_an_entry_added_later_keeps_the_key_above_it(text):
    later = merged(text) + "  pp: v1/pods\n"

    result = restored(later)

    assert entries_of(result, "aliases") == {"pp": "v1/pods"}


def test_an_editor_that_changes_line_ends_does_not_look_like_an_edit():
    assert not part(merged("aliases:\n").replace("\n", "\r\n"), "aliases").edited


def test_a_file_of_ours_is_written_whole_and_goes_whole():
    text = whole(None, "plugins:\n  a: 1\n", overwrite=False)

    assert yaml.safe_load(text) == {"plugins": {"a": 1}}
    assert whole(text, "plugins:\n  a: 1\n", overwrite=False) == text
    assert yaml.safe_load(whole(text, "plugins: {}\n", overwrite=False)) == {"plugins": {}}
    assert without_ours(text, overwrite=False) is None


def test_a_file_in_our_place_is_its_owners():
    with pytest.raises(Differs, match="of yours"):
        whole("plugins: {}\n", "plugins:\n  a: 1\n", overwrite=False)

    replaced = whole("plugins: {}\n", "plugins:\n  a: 1\n", overwrite=True)

    assert yaml.safe_load(replaced) == {"plugins": {"a": 1}}


def test_a_copy_that_somebody_has_put_there_stays_theirs():
    content = "plugins:\n  a: 1\n"

    assert whole(content, content, overwrite=False) == content
    assert without_ours(content, overwrite=False) == content


def test_a_key_that_is_taken_is_told():
    text = "hotKeys:\n  mine:\n    shortCut: shift-7\n  odd: 3\n"
    ours = {"functions": {"shortCut": "Shift-7"}, "tasks": {"shortCut": "Shift-8"}}

    assert same_shortcuts(text, "hotKeys", ours) == ["shift-7 is on mine of yours and on functions"]
