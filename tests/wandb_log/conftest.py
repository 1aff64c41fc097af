import struct
import zlib
from collections.abc import Callable, Iterable

import pytest

BLOCK = 32 * 1024
HEADER = b":W&B\xe1\xbe\x00"
Framed = Callable[[Iterable[bytes]], bytes]


@pytest.fixture(scope="session")
def framed() -> Framed:
    """Frame records as ``doc/log_format.md`` of google/leveldb says: a test's own truth."""

    def frame(records: Iterable[bytes]) -> bytes:
        data = bytearray(HEADER)
        for record in records:
            rest, first = record, True
            while first or rest:
                room = BLOCK - len(data) % BLOCK
                if room < 7:
                    data += bytes(room)
                    continue
                part, rest = rest[: room - 7], rest[room - 7 :]
                kind = (2 if first else 3) if rest else (1 if first else 4)
                body = bytes([kind]) + part
                data += struct.pack("<IH", zlib.crc32(body), len(part)) + body
                first = False
        return bytes(data)

    return frame
