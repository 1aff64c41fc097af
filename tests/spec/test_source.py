from pathlib import Path

import pytest
import yaml

from wandb_magic.errors import SpecError
from wandb_magic.spec.source import read


def problem(source: object) -> str:
    with pytest.raises(SpecError) as caught:
        read(source)  # type: ignore[arg-type] # wrong types are tried on purpose
    return str(caught.value)


def test_values_are_read_as_by_wandbs_client() -> None:
    text = "a: [1e-5, 1E5, 2.5e-3, .5e3, +1e2, -3e0, 7e3]\nb: [1e, e5, '1e-5', x1e5]\nname: 1e5"
    assert read(text) == yaml.safe_load(text)


def test_other_values_are_as_in_yaml() -> None:
    assert read("a: [1, 1.5, .inf, true, null, x, 2e, 0x10, 010, 1_000]") == {
        "a": [1, 1.5, float("inf"), True, None, "x", "2e", 16, 8, 1000]
    }


def test_anchors_and_merges_work() -> None:
    assert read("base: &b {x: 1}\nother: {<<: *b, y: 2}")["other"] == {"x": 1, "y": 2}


def test_json_text_and_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"method": "grid"}')
    assert read(path) == read(str(path)) == read(path.read_text()) == {"method": "grid"}


def test_text_that_ends_like_a_file_name_is_still_text() -> None:
    assert read("program: train.yaml") == {"program": "train.yaml"}


@pytest.mark.parametrize(
    "text",
    [
        "a: {m: &a {<<: {x: 1, y: 1}, x: 2}}\nb: {<<: *a, x: 3}",
        "a: {m: &a {<<: [{x: 1}, {y: 1}], x: 2}}\nb: {<<: *a, x: 3}\nc: {<<: *a, y: 4}",
        "a: &a {x: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b, x: 3}\nd: {<<: [*a, *b], x: 4}",
        "a: &a {x: 1}\nb: &b {y: 1}\nc: {<<: *a, <<: *b, z: 1}",
    ],
)
def test_merges_are_as_in_yaml_however_deep_their_anchors(text: str) -> None:
    notices: list[str] = []
    assert read(text, notices) == yaml.safe_load(text)
    assert notices == []


def test_of_a_key_given_twice_the_last_counts_and_it_is_said() -> None:
    notices: list[str] = []
    text = "a: 1\nb: {c: 1, c: 2}"
    assert read(text, notices) == yaml.safe_load(text) == {"a": 1, "b": {"c": 2}}
    assert notices == ["line 2: the key 'c' is given twice: the last one counts, as in W&B"]


def test_files_of_other_systems_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for written in (b"\xef\xbb\xbfmethod: grid\r\n", "\ufeffmethod: grid".encode()):
        path.write_bytes(written)
        assert read(path) == {"method": "grid"}
    assert read("\ufeffmethod: grid") == {"method": "grid"}


def test_json_may_be_indented_with_tabs(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{\n\t"method": "grid",\n\t"a": {\n\t\t"min": 1e-5\n\t}\n}')
    assert read(path) == {"method": "grid", "a": {"min": 1e-5}}
    assert problem("method: grid\na:\n\tb: 1").startswith("the config is not valid YAML: line 3")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\n---\nb: 2", "line 2, column 1: but found another document"),
        ("a: 2024-02-31", "day is out of range for month"),
        ("a: !!python/tuple [1]", "line 1, column 4: could not determine a constructor"),
    ],
)
def test_what_pyyaml_refuses_is_refused(text: str, reason: str) -> None:
    assert problem(text).startswith(f"the config is not valid YAML: {reason}")


def test_broken_yaml_is_refused_with_its_place() -> None:
    assert problem("a: 1\nb: [").startswith("the config is not valid YAML: line 2, column 5: ")


def test_text_without_a_mapping_is_refused() -> None:
    assert problem("- 1") == "the config must be a mapping with 'method' and 'parameters'"
    assert problem("") == problem("- 1")


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    assert problem(tmp_path / "no.yaml").endswith(
        "no.yaml cannot be read: No such file or directory"
    )
    assert problem("no.yaml") == "no.yaml cannot be read: No such file or directory"
    binary = tmp_path / "b.yaml"
    binary.write_bytes(b"\xff\xfe\xff")
    assert problem(binary).endswith("b.yaml cannot be read: it is not UTF-8 text")


def test_other_types_are_refused() -> None:
    assert problem([1]) == "a sweep config must be a mapping, YAML text or a file, not a list"
