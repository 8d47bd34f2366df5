"""Sets of object ids that are small enough for the state: most ids are small whole numbers, so a bit each."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Iterator

_LARGEST = 2**24  # ids beyond it, and those that are no plain numbers, are kept as texts


class IdSet:
    """Ids of one entity. ``encode`` gives a text for the state, a few hundred bytes for some thousand ids."""

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._bits = bytearray()
        self._others: set[str] = set()
        for each in ids:
            self.add(each)

    def add(self, key: str) -> None:
        """Take an id in."""
        number = _number(key)
        if number is None:
            self._others.add(key)
            return
        if number >= len(self._bits) * 8:
            self._bits.extend(bytes(max(number // 8 + 1 - len(self._bits), len(self._bits))))
        self._bits[number // 8] |= 1 << number % 8

    def discard(self, key: str) -> None:
        """Leave an id out, if it is here."""
        number = _number(key)
        if number is None:
            self._others.discard(key)
        elif number < len(self._bits) * 8:
            self._bits[number // 8] &= ~(1 << number % 8)

    def __contains__(self, key: str) -> bool:
        number = _number(key)
        if number is None:
            return key in self._others
        return number < len(self._bits) * 8 and bool(self._bits[number // 8] >> number % 8 & 1)

    def __iter__(self) -> Iterator[str]:
        for at, byte in enumerate(self._bits):
            if byte:
                yield from (str(at * 8 + bit) for bit in range(8) if byte >> bit & 1)
        yield from sorted(self._others)

    def __len__(self) -> int:
        return int.from_bytes(self._bits, "little").bit_count() + len(self._others)

    def encode(self) -> str:
        """The set as text; equal sets give equal texts."""
        bits = base64.b64encode(zlib.compress(bytes(self._bits).rstrip(b"\0"), 9)).decode()
        return " ".join([bits, *sorted(self._others)])

    @classmethod
    def decode(cls, text: str) -> IdSet:
        """The set that ``encode`` wrote."""
        bits, *others = text.split(" ")
        found = cls(others)
        found._bits = bytearray(zlib.decompress(base64.b64decode(bits)))
        return found


def _number(key: str) -> int | None:
    """The id as a small number, if it is written as one writes it."""
    if key.isascii() and key.isdigit() and (key[0] != "0" or key == "0"):
        number = int(key)
        return number if number < _LARGEST else None
    return None
