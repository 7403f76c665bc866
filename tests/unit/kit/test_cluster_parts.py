"""What of the local cluster can be checked without one."""

import datetime
import hashlib
import json
import tarfile
from pathlib import Path

from cryptography import x509

from asynctaskflow_testkit.kubernetes.binaries import MODULES, TOOLS, cached, lacking
from asynctaskflow_testkit.kubernetes.certificates import Authority
from asynctaskflow_testkit.kubernetes.mounts import mounted_below
from asynctaskflow_testkit.kubernetes.pause import archive_of_pause
from asynctaskflow_testkit.kubernetes.storage import storage_manifests

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def test_the_deepest_mount_goes_first_and_a_neighbours_stays():
    table = (
        "tmpfs /t/a tmpfs rw\ntmpfs /t/a/b\\040c tmpfs rw\ntmpfs /t/ab tmpfs rw\nx /t/a/b x rw\n"
    )

    assert mounted_below(Path("/t/a"), table) == ["/t/a/b c", "/t/a/b"]


def test_the_pause_archive_names_its_layer_by_its_digest(tmp_path):
    program = tmp_path / "pause"
    program.write_bytes(b"static")

    with tarfile.open(archive_of_pause(program, tmp_path)) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    contents = {path.name: path.read_bytes() for path in (tmp_path / "unpacked").iterdir()}

    [image] = json.loads(contents["manifest.json"])
    layer = hashlib.sha256(contents["layer.tar"]).hexdigest()
    assert json.loads(contents[image["Config"]])["rootfs"]["diff_ids"] == [f"sha256:{layer}"]


def test_a_program_counts_as_built_only_under_its_final_name(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    program = cached("pause")
    program.parent.mkdir(parents=True)
    (program.parent / ".pause.1").write_text("half")

    assert lacking(["pause"]) == ["pause"]


def test_every_tool_is_built_from_a_module_with_pins():
    assert [
        name for name, tool in TOOLS.items() if not (MODULES / tool.module / "go.mod").is_file()
    ] == []


def test_a_server_is_certified_for_its_addresses_and_its_names(tmp_path):
    pair = Authority(tmp_path, now=NOW).issue("server", hosts=("10.96.0.1", "kubernetes"))

    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(one.value) for one in names] == ["10.96.0.1", "kubernetes"]


def test_a_key_is_its_owners_alone(tmp_path):
    pair = Authority(tmp_path, now=NOW).issue("admin")

    assert pair.key.stat().st_mode & 0o077 == 0


def test_exactly_one_storage_class_is_the_default_and_every_volume_is_of_it(tmp_path):
    [one, *volumes] = storage_manifests(tmp_path, node="n")

    assert one["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
    assert {volume["spec"]["storageClassName"] for volume in volumes} == {one["metadata"]["name"]}
