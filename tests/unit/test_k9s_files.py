"""The files for k9s are what k9s takes, and name only fields and columns that our resources have.

k9s itself tells of a bad view in its log alone. The shapes are written here from what its 0.51 accepts.
"""

import re
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder

from asynctaskflow_testkit.crds import crds, schema_of

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "k9s"
PLUGIN_FILES = sorted((FOLDER / "plugins").glob("*.yaml"))
TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT, "minItems": 1}


def closed(properties, required=()):
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(required),
    }


def under(top, entry):
    return closed({top: {"type": "object", "additionalProperties": entry}}, [top])


INPUT = closed(
    {
        "name": {"type": "string", "pattern": "^[A-Z_]+$"},
        "label": TEXT,
        "type": {"enum": ["string", "number", "bool", "dropdown"]},
        "required": {"const": True},
        "options": TEXTS,
    },
    ["name", "type", "required"],
)
PLUGIN = {
    "shortCut": {"type": "string", "pattern": "^(Shift|Ctrl)-[A-Z]$"},
    "description": TEXT,
    "scopes": {"type": "array", "items": {"enum": ["afn", "atk", "adep"]}, "minItems": 1},
    "command": TEXT,
    "args": TEXTS,
    **{
        name: {"type": "boolean"}
        for name in ("confirm", "dangerous", "background", "overwriteOutput")
    },
}
NEEDED = ["shortCut", "description", "scopes", "command"]
INPUTS = {"inputs": {"type": "array", "items": INPUT, "minItems": 1, "maxItems": 5}}
COLUMN = {"type": "string", "pattern": r"^[A-Z-]+(:\.[^|]*\w)?(\|[TNWLRH]{1,3})?$"}
VIEW = {
    "sortColumn": {"type": "string", "pattern": "^[A-Z-]+:(asc|desc)$"},
    "columns": {"type": "array", "items": COLUMN, "minItems": 1, "uniqueItems": True},
}
JUMP = {"targetGVR": TEXT, "labelSelector": TEXT, "fieldSelector": TEXT, "targetNamespace": TEXT}
HOTKEY = {"shortCut": TEXT, "description": TEXT, "command": TEXT}
SHAPES = {
    "views.yaml": under("views", closed(VIEW, ["columns"])),
    "aliases.yaml": under("aliases", TEXT),
    "jumps.yaml": under("jumps", closed(JUMP, ["targetGVR", "labelSelector"])),
    "hotkeys.yaml": under("hotKeys", closed(HOTKEY, HOTKEY)),
    "plugins/asynctaskflow.yaml": under("plugins", closed(PLUGIN, NEEDED)),
    "plugins/asynctaskflow-inputs.yaml": under(
        "plugins", closed({**PLUGIN, **INPUTS}, [*NEEDED, "inputs"])
    ),
}
PREFIX = "asynctaskflow.dev/v1alpha1/"
BY_PLURAL = {crd["spec"]["names"]["plural"]: crd for crd in crds().values()}
BY_SHORT = {crd["spec"]["names"]["shortNames"][0]: crd for crd in crds().values()}
STANDARD = {"NAMESPACE", "NAME", "AGE"}
OF_K9S = {"NAME", "NAMESPACE", "CONTEXT"}
# Keys that a table of any resource has already.
TAKEN = {"Shift-A", "Shift-J", "Shift-N", "Shift-O", "Shift-P"}


def read(name):
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


VIEWS = read("views.yaml")["views"]
COLUMNS = [(gvr, column) for gvr, view in VIEWS.items() for column in view["columns"]]
PLUGINS = {
    name: plugin
    for path in PLUGIN_FILES
    for name, plugin in read(path.relative_to(FOLDER))["plugins"].items()
}
CHANGES = {name: one for name, one in PLUGINS.items() if " patch " in " ".join(one["args"])}


def has(schema, path):
    """Whether a field is in a schema; a filter such as ``[?(…)]`` and ``[*]`` lead to the items."""
    for word in re.sub(r"\[[^\]]*\]", ".[]", path).strip(".").split("."):
        schema = schema["items"] if word == "[]" else schema.get("properties", {}).get(word)
        if schema is None:
            return False
    return True


def test_there_is_a_shape_for_every_file():
    files = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.yaml")}

    assert files == set(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_k9s_accepts_the_file(name):
    jsonschema_rs.validate(SHAPES[name], read(name))


def test_every_kind_has_a_view():
    assert set(VIEWS) == {PREFIX + plural for plural in BY_PLURAL}


@pytest.mark.parametrize(("gvr", "column"), COLUMNS, ids=lambda value: value.split("/")[-1])
def test_a_column_shows_something_that_the_resource_has(gvr, column):
    crd = BY_PLURAL[gvr.removeprefix(PREFIX)]
    name, _, path = column.split("|")[0].partition(":")
    printed = {
        one["name"].upper() for one in crd["spec"]["versions"][0]["additionalPrinterColumns"]
    }

    assert has(schema_of(crd), path) if path else name in STANDARD | printed


@pytest.mark.parametrize("gvr", VIEWS)
def test_a_view_sorts_by_a_column_that_it_shows(gvr):
    names = [re.split(r"[:|]", column)[0] for column in VIEWS[gvr]["columns"]]

    assert VIEWS[gvr]["sortColumn"].split(":")[0] in names
    assert len(names) == len(set(names))


def test_a_column_that_is_not_there_is_noticed():
    schema = schema_of(BY_PLURAL["functions"])

    assert has(schema, '.status.conditions[?(@.type=="Ready")].status')
    assert not has(schema, ".status.conditions.status")
    assert not has(schema, ".status.queue.waiting")


@pytest.mark.parametrize("name", ["aliases", "hotkeys"])
def test_a_short_command_leads_to_a_kind_that_exists(name):
    (entries,) = read(f"{name}.yaml").values()
    commands = [one if isinstance(one, str) else one["command"] for one in entries.values()]

    assert {command.split()[0] for command in commands} <= {*VIEWS, "v1/pods"}


@pytest.mark.parametrize("command", read("aliases.yaml")["aliases"].values())
def test_a_filter_survives_that_k9s_makes_it_lower_case(command):
    _, _, given = command.partition(" ")

    assert given == given.lower()
    assert " " not in given
    re.compile(given.removeprefix("/"))


def test_enter_on_a_function_selects_its_workers():
    jump = read("jumps.yaml")["jumps"][f"{PREFIX}functions"]

    assert jump["targetGVR"] == "v1/pods"
    assert jump["labelSelector"] == "asynctaskflow.dev/function={{.metadata.name}}"


@pytest.mark.parametrize("name", CHANGES)
def test_an_action_that_changes_something_asks_first_and_is_gone_when_read_only(name):
    assert CHANGES[name]["dangerous"]
    assert CHANGES[name]["confirm"]


@pytest.mark.parametrize("name", CHANGES)
def test_an_action_that_changes_something_tells_its_outcome_even_if_it_is_refused(name):
    """k9s flashes the output of a background command that ends well, and drops everything else."""
    plugin = CHANGES[name]

    assert plugin["background"]
    assert plugin["overwriteOutput"]
    assert plugin["args"][-1].endswith("2>&1 || true")


@pytest.mark.parametrize("name", PLUGINS)
def test_an_action_uses_no_word_that_k9s_does_not_know(name):
    """k9s replaces every ``$WORD``, and some versions do nothing at all if they do not know one."""
    inputs = {f"INPUT_{one['name']}" for one in PLUGINS[name].get("inputs", ())}
    words = set(re.findall(r"\$(\{?!?[\w-]*)", " ".join(PLUGINS[name]["args"])))

    assert words >= OF_K9S | inputs
    assert words <= OF_K9S | inputs


@pytest.mark.parametrize("name", PLUGINS)
def test_an_action_acts_on_the_kind_that_it_is_shown_for(name):
    named = set(re.findall(r"(\w+)\.asynctaskflow\.dev ", " ".join(PLUGINS[name]["args"])))
    (scope,) = PLUGINS[name]["scopes"]

    assert named <= {BY_SHORT[scope]["spec"]["names"]["plural"]}


@pytest.mark.parametrize("scope", BY_SHORT)
def test_no_two_actions_are_on_one_key(scope):
    keys = [one["shortCut"] for one in PLUGINS.values() if scope in one["scopes"]]

    assert len(keys) == len(set(keys))
    assert not TAKEN & set(keys)


def test_the_wheel_of_the_cli_carries_the_files():
    names = {
        file.distribution_path for file in WheelBuilder(str(ROOT / "cli")).recurse_included_files()
    }

    assert {f"asynctaskflow_cli/k9s/{name}" for name in SHAPES} <= names


def test_the_readme_names_every_key_and_command():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    keys = {
        one["shortCut"] for one in [*PLUGINS.values(), *read("hotkeys.yaml")["hotKeys"].values()]
    }
    commands = {f"`:{name}`" for name in read("aliases.yaml")["aliases"]}

    assert [word for word in sorted(keys | commands) if word not in readme] == []
