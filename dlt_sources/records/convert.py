"""Columns of wire values to columns of Arrow values.

Each function takes one column of a page as Python values (None where absent) and returns the Arrow array together with the
positions that do not fit and why: those rows go to quarantine, the others go on. Good columns are converted in one vectorised
step; one that fails is halved until only the few values around the bad ones are looked at one by one. The functions for texts
take Arrow arrays as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

Values: TypeAlias = Sequence[Any] | pa.Array
_MONEY = pa.decimal128(38, 12)
_RATE = pa.decimal128(38, 18)
_INSTANT = pa.timestamp("us")
_PRECISION = 38
_CLOCK = pa.time64("us")
_INT64 = 2**63
_DAY = r"^\d{4}-\d\d-\d\d($|[TZ+-]| \d)"  # not of another era, "0044-03-15 BC"
_UTC = r"(Z|\+00:?00)?"
_MONTH = re.compile(r"^\d{4}-\d{2}$")
_MS_DATE = re.compile(r"^/Date\((-?\d{1,15})([+-]\d{4})?\)/$")
_DURATION = re.compile(r"^PT(?=.)(?:(\d{1,2})H)?(?:(\d{1,2})M)?(?:(\d{1,2})S)?$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FEW = 16


@dataclass(frozen=True)
class Converted:
    """The Arrow column (null at bad positions) and ``{position: reason}``."""

    array: pa.Array
    bad: dict[int, str] = field(default_factory=dict)


def _each(values: Values, kind: pa.DataType, one: Callable[[Any], Any]) -> Converted:
    """The slow, exact way: value by value, keeping the reason of each that fails."""
    good: list[Any] = []
    bad: dict[int, str] = {}
    for position, value in enumerate(values.to_pylist() if isinstance(values, pa.Array) else values):
        try:
            good.append(None if value is None else one(value))
        except (ValueError, ArithmeticError, TypeError) as reason:
            good.append(None)
            bad[position] = str(reason)
    return Converted(pa.array(good, kind), bad)


def _convert(values: Values, kind: pa.DataType, whole: Callable[[Values], pa.Array | None], one: Callable[[Any], Any]) -> Converted:
    """``whole`` converts at once, and returns None or raises where the values as a whole do not fit: then each half is tried."""
    try:
        array = whole(values)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        array = None
    if array is not None:
        return Converted(array)
    if len(values) <= _FEW:
        return _each(values, kind, one)
    middle = len(values) // 2
    first, second = _convert(values[:middle], kind, whole, one), _convert(values[middle:], kind, whole, one)
    return Converted(
        pa.concat_arrays([first.array, second.array]), first.bad | {middle + at: reason for at, reason in second.bad.items()}
    )


def _texts(
    values: Values, kind: pa.DataType, pattern: str, cast: Callable[[pa.Array], pa.Array], one: Callable[[str], Any]
) -> Converted:
    """Texts that all have a pattern are cast together; the empty text is absent."""

    def whole(part: Values) -> pa.Array | None:
        strings = _without_empty(_strings(part))
        return cast(strings) if _all_match(strings, pattern) else None

    return _convert(values, kind, whole, one)


def _strings(values: Values) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, pa.string())


def _all_match(strings: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(strings, pattern), min_count=0).as_py())


def _without_empty(strings: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(strings, ""), pa.scalar(None, pa.string()), strings)


def _fits(value: Decimal, scale: int = _MONEY.scale) -> Decimal:
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > scale and value != round(value, scale):
        raise ValueError(f"{value} has more than {scale} decimals")
    if value and value.adjusted() >= _PRECISION - scale:
        raise ValueError(f"{value} has more than {_PRECISION - scale} digits before the point")
    return value


def decimal(values: Sequence[Decimal | None]) -> Converted:
    """Exact decimals; what DECIMAL(38, 12) cannot hold to the last digit is refused, never rounded."""
    return _convert(values, _MONEY, lambda part: pa.array(part, _MONEY), _fits)


def _read_decimal(text: str, scale: int = _MONEY.scale) -> Decimal | None:
    if text == "":
        return None
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", text):
        raise ValueError(f"'{text[:60]}' is not a number")
    try:
        return _fits(Decimal(text), scale)
    except InvalidOperation:
        raise ValueError(f"'{text[:60]}' is not a number") from None


def decimal_text(values: Values, kind: pa.DataType = _MONEY) -> Converted:
    """Numbers in strings ("12.5", ".5"); the empty string is absent. Grouping commas and currency signs are refused, not guessed at."""
    pattern = rf"^[+-]?(\d{{1,{_PRECISION - kind.scale}}}(\.\d{{0,{kind.scale}}})?|\.\d{{1,{kind.scale}}})$"
    return _texts(values, kind, pattern, lambda strings: pc.cast(strings, kind), lambda value: _read_decimal(value, kind.scale))


def rate_text(values: Values) -> Converted:
    """Exchange rates in strings, to 18 decimals."""
    return decimal_text(values, _RATE)


def digits(values: Sequence[Decimal | None]) -> Converted:
    """Numbers of any length as plain text: a rate with forty digits takes no document out."""
    return Converted(pa.array([None if value is None else f"{value:f}" for value in values], pa.string()))


def text(values: Values) -> Converted:
    """Any text that is valid Unicode."""
    return _convert(values, pa.string(), _strings, _encodable)


def _encodable(value: str) -> str:
    value.encode()
    return value


def filled(values: Sequence[str | None]) -> Converted:
    """Text; the empty string is absent."""
    converted = text(values)
    array = pc.if_else(pc.equal(converted.array, ""), pa.scalar(None, pa.string()), converted.array)
    return Converted(array, converted.bad)


def integer(values: Sequence[int | None]) -> Converted:
    """Whole numbers of 64 bits."""
    return _convert(values, pa.int64(), lambda part: pa.array(part, pa.int64()), _int64)


def _int64(value: int) -> int:
    if not -_INT64 <= value < _INT64:
        raise ValueError(f"{value} does not fit 64 bits")
    return value


def integer_text(values: Values) -> Converted:
    """Whole numbers in strings ("12" or "12.0"); the empty string is absent."""
    return _texts(values, pa.int64(), r"^-?\d{1,18}$", lambda strings: pc.cast(strings, pa.int64()), _read_integer)


def _read_integer(value: str) -> int | None:
    number = _read_decimal(value)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise ValueError(f"'{value}' is not a whole number")
    return _int64(int(number))


def boolean(values: Sequence[bool | None]) -> Converted:
    """JSON booleans."""
    return Converted(pa.array(values, pa.bool_()))


def boolean_text(values: Sequence[str | None]) -> Converted:
    """Strings "true" and "false"; the empty string is absent."""
    return _words(values, "true", "false")


def boolean_letter(values: Sequence[str | None]) -> Converted:
    """Strings "T" and "F"; the empty string is absent."""
    return _words(values, "T", "F")


def _words(values: Sequence[str | None], yes: str, no: str) -> Converted:
    def read(value: str) -> bool | None:
        known = {yes: True, no: False, "": None}
        if value not in known:
            raise ValueError(f"'{value[:60]}' is neither {yes} nor {no}")
        return known[value]

    return _texts(values, pa.bool_(), f"^({yes}|{no})$", lambda strings: pc.equal(strings, yes), read)


def flag(values: Sequence[bool | str | None]) -> Converted:
    """Booleans that travel as JSON booleans, as Y and N, or as words; the empty string is absent."""
    if not any(isinstance(value, str) for value in values):
        return Converted(pa.array(values, pa.bool_()))
    return _each(values, pa.bool_(), _read_flag)


def _read_flag(value: bool | str) -> bool | None:
    known = {"Y": True, "N": False, "TRUE": True, "FALSE": False, "": None}
    if isinstance(value, bool):
        return value
    if value.upper() not in known:
        raise ValueError(f"'{value[:60]}' is neither yes nor no")
    return known[value.upper()]


def day(values: Values) -> Converted:
    """Calendar days, from ``/Date(ms)/`` (the UTC day), ``YYYY-MM-DD`` with or without a time, or ``YYYY-MM`` (its first day)."""

    def plain(part: Values) -> pa.Array | None:
        strings = _strings(part)
        if _all_match(strings, _DAY):
            return pc.cast(pc.utf8_slice_codeunits(strings, 0, 10), pa.date32())
        milliseconds = _milliseconds(strings)
        return None if milliseconds is None else pc.cast(pc.cast(milliseconds, pa.timestamp("ms")), pa.date32(), safe=False)

    return _convert(values, pa.date32(), plain, _read_day)


def _read_day(value: str) -> date | None:
    if value == "":
        return None
    if match := _MS_DATE.match(value):
        return (_EPOCH + timedelta(milliseconds=int(match[1]))).date()
    try:
        if _MONTH.match(value):
            return date.fromisoformat(f"{value}-01")  # a month stands for its first day
        return date.fromisoformat(value[:10] if re.match(_DAY, value) else value)
    except ValueError:
        raise ValueError(f"'{value[:60]}' is not a day") from None


def instant(values: Values) -> Converted:
    """Moments in UTC. A time without offset is UTC; epoch milliseconds may travel in a string."""

    def plain(part: Values) -> pa.Array | None:
        strings = _strings(part)
        milliseconds = _milliseconds(strings)
        if milliseconds is not None:
            return pc.cast(pc.cast(milliseconds, pa.timestamp("ms")), _INSTANT)
        if _all_match(strings, rf"^\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{{1,6}})?{_UTC}$"):
            return pc.cast(pc.replace_substring_regex(strings, f"{_UTC}$", ""), _INSTANT)
        return None

    return _convert(values, _INSTANT, plain, read_instant)


def _milliseconds(strings: pa.Array) -> pa.Array | None:
    """The numbers inside ``/Date(ms+0000)/``; None unless every value has this form."""
    pattern = r"^/Date\((?P<ms>-?\d{1,15})(?P<offset>[+-]\d{4})?\)/$"
    if not _all_match(strings, pattern):
        return None
    return pc.cast(pc.struct_field(pc.extract_regex(strings, pattern), "ms"), pa.int64())


def read_instant(value: str) -> datetime | None:
    """One moment as naive UTC; None for the empty string. Raises ValueError for anything that is not a moment."""
    if value == "":
        return None
    if match := _MS_DATE.match(value):
        return (_EPOCH + timedelta(milliseconds=int(match[1]))).replace(tzinfo=None)
    if re.fullmatch(r"-?\d{10,15}", value):
        return (_EPOCH + timedelta(milliseconds=int(value))).replace(tzinfo=None)
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
    except ValueError:
        raise ValueError(f"'{value[:60]}' is not a moment") from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def clock_time(values: Sequence[str | None]) -> Converted:
    """Times of day: ``PT14H30M00S`` or ``14:30:00``; the empty string is absent."""
    return _each(values, _CLOCK, _read_clock)


def _read_clock(value: str) -> time | None:
    if value == "":
        return None
    if match := _DURATION.match(value):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return time(hours, minutes, seconds)
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise ValueError(f"'{value[:60]}' is not a time of day") from None


def instant_ms(values: Sequence[int | None]) -> Converted:
    """Epoch milliseconds as JSON numbers."""
    return _each(values, _INSTANT, lambda value: (_EPOCH + timedelta(milliseconds=value)).replace(tzinfo=None))
