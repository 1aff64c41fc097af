"""No damage to a log ends its reader, keeps it busy, or lets it take memory without bounds.

``scripts/test --full`` tries a million damaged logs instead of some thousand.
"""

import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from full import FULL
from wandb_magic.errors import UnsupportedError
from wandb_magic.log_records import LogRecord
from wandb_magic.wandb_log import LogFollower, protobuf_schema
from wandb_magic.wandb_log.record_reader import RecordReader

DAMAGED, PORTION = (1_000_000, 50_000) if FULL else (2_000, 1_000)
MOST_POLLS = 1000
MOST_KIB = 300_000  # more of the process than before
RUN = """
import wandb
with wandb.init(mode="offline", config={"lr": 0.1, "net": {"depth": 2}}, tags=["a"]) as run:
    for step in range(6):
        run.log({"loss": 1 / (step + 1), "deep": {"x": step}, "nan": float("nan")})
    run.log({"table": wandb.Table(columns=["a"], data=[[1]]), "html": wandb.Html("<b>x</b>")})
    run.summary["tree"] = {"a": 1, "b": {"c": 2}}
    artifact = wandb.Artifact("model", type="weights", metadata={"epoch": 1})
    run.log_artifact(artifact)
"""
# JSON that a run may never have written: of other types, too large, too deep, or none at all.
ODD = [
    *('""', "[]", "{}", "null", "true", "-1", "1e999", "NaN", "-Infinity", '"\\ud800"', "1" * 400),
    *(
        "[" * 5000,
        '{"a":' * 5000 + "1" + "}" * 5000,
        "{",
        "",
        "\x00",
        '{"_type": "x"}',
        '{"": {}}',
    ),
    *('{"_type": {"_type": 1}}', '[{"a": [1, "b"]}]', '{"a.b": {"c": 1}, "a": {"b.c": 2}}'),
]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Return the records of a real log."""
    folder = tmp_path_factory.mktemp("log")
    environment = {**os.environ, "WANDB_DIR": str(folder), "WANDB_SILENT": "true"}
    subprocess.run([sys.executable, "-c", RUN], env=environment, cwd=folder, check=True)
    (log,) = folder.rglob("run-*.wandb")
    with log.open("rb") as file:
        found = list(RecordReader(file.fileno()).read())
    assert len(found) > 10
    return [record for record in found if len(record) < 4000]


def read(folder: Path, data: bytes) -> list[LogRecord]:
    """Return what a follower makes of a log; it comes to an end."""
    log = folder / "run-a.wandb"
    log.write_bytes(data)
    follower, found = LogFollower(folder), list[LogRecord]()
    try:
        for _ in range(MOST_POLLS):
            new = follower.poll()
            found += new
            if not new:
                assert 0 <= follower.position <= len(data)
                return found
    except UnsupportedError:
        assert not data.startswith(b":W&B\xe1\xbe\x00")
        return found
    finally:
        follower.close()
    raise AssertionError("it never ends")


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return a log in which something is wrong, as after a fault of disk, memory or program."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        at = chance.randrange(len(found) + 1)
        length = chance.choice((1, 2, 7, 40, 500))
        kind = chance.randrange(6)
        if kind == 0 and found:
            found[at % len(found)] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del found[at : at + length]
        elif kind == 2:
            found[at:at] = found[at : at + length]
        elif kind == 3:
            found[at : at + length] = bytes(length)
        elif kind == 4:
            found[at : at + length] = chance.randbytes(length)
        else:
            del found[at:]
    return bytes(found)


def odd(records: list[bytes], chance: random.Random) -> list[bytes]:
    """Return records that are whole, but say something that no W&B has ever said."""
    found = list(records)
    for _ in range(chance.choice((1, 3, 10))):
        at = chance.randrange(len(found))
        change = damaged if chance.random() < 0.3 else strange
        found[at] = change(found[at], chance)
    return found


def strange(raw: bytes, chance: random.Random) -> bytes:
    """Return a record with other keys and values."""
    try:
        record = protobuf_schema.parse_record(raw)
    except protobuf_schema.DecodeError:
        return raw
    kind = record.WhichOneof("record_type") or "final"
    said = record.run.config if kind == "run" else getattr(record, kind)
    items = [item for part in ("item", "update", "remove") for item in getattr(said, part, ())]
    for item in items:
        if chance.random() < 0.5:
            item.value_json = chance.choice(ODD)
        if chance.random() < 0.2:
            item.key = chance.choice(("_step", "_timestamp", "_type", "", "a.b", "\x00", "é" * 99))
        if chance.random() < 0.2 and kind != "stats":
            item.nested_key[:] = chance.choices(("a", "_type", "", "b", "_wandb"), k=3)
    if kind == "artifact":
        record.artifact.metadata = chance.choice(ODD)
    if kind == "history":
        record.history.step.num = chance.choice((-1, 0, 2**63 - 1, -(2**63)))
    return bytes(record.SerializeToString())


@pytest.mark.timeout(0 if FULL else 300)
@pytest.mark.parametrize("portion", range(DAMAGED // PORTION))
def test_no_damage_ends_the_reader(
    portion: int, records: list[bytes], framed: Callable[..., bytes], tmp_path: Path
) -> None:
    chance = random.Random(portion)
    whole = framed(records)
    assert read(tmp_path, whole)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(PORTION):
        data = damaged(whole, chance) if number % 2 else framed(odd(records, chance))
        try:
            read(tmp_path, data)
        except Exception as error:
            raise AssertionError(f"portion {portion}, log {number}") from error
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_KIB
    # The reader has looked at nothing but the log, and left nothing.
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["run-a.wandb"]


def test_what_follows_a_damaged_block_is_read(
    records: list[bytes], framed: Callable[..., bytes], tmp_path: Path
) -> None:
    whole = framed([*records, b"\x12" + bytes(70_000), *records])
    expected = read(tmp_path, framed(records))
    hurt = bytearray(whole)
    hurt[20] ^= 255
    assert read(tmp_path, bytes(hurt))[-len(expected) :] == expected
