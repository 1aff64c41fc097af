from pathlib import Path

import pytest

from wandb_magic.errors import SpecError
from wandb_magic.spec.source import read


def problem(source: object) -> str:
    with pytest.raises(SpecError) as caught:
        read(source)  # type: ignore[arg-type] # wrong types are tried on purpose
    return str(caught.value)


def test_numbers_with_an_exponent_are_numbers() -> None:
    config = read("a: [1e-5, 1E5, 2.5e-3, .5e3, +1e2, -3e0]\nb: [1e, e5, '1e-5', x1e5]")
    assert config == {
        "a": [1e-5, 1e5, 2.5e-3, 0.5e3, 100.0, -3.0],
        "b": ["1e", "e5", "1e-5", "x1e5"],
    }


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


def test_a_key_given_twice_is_refused() -> None:
    assert problem("a: 1\nb: {c: 1, c: 2}").endswith(
        "is no YAML: line 2, column 11: the key 'c' is given twice"
    )


def test_broken_yaml_is_refused_with_its_place() -> None:
    assert problem("a: 1\nb: [").startswith("the config is no YAML: line 2, column 5: ")


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
    assert problem(binary).endswith("b.yaml cannot be read: it is no UTF-8 text")


def test_other_types_are_refused() -> None:
    assert problem([1]) == "a sweep config must be a mapping, YAML text or a file, not a list"
