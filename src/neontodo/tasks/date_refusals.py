"""Why words for a date are refused: what was understood, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from neontodo.errors import BadValue
from neontodo.tasks.dates import (
    CLOCK,
    FIRST_YEAR,
    FIXED_DAYS,
    LAST_YEAR,
    TEXT_MAX,
    UNITS,
    WEEKDAYS,
    add_to_day,
    find_next_weekday,
    read_clock,
)

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_FILLERS = ("on", "by", "due", "this", "the")
_ALIKE = 0.7


def explain_refusal(
    words: str, today: date, *, timed: bool, accepts: Callable[[str], bool]
) -> BadValue:
    """Return the refusal of words that are in no grammar.

    Args:
        words: what was given, in lower case, with single spaces.
        today: the user's day, for the examples.
        timed: whether a time of day may be given.
        accepts: tells whether other words would be taken; nothing else is suggested.
    """
    example = _write_example(today, timed)
    if not words:
        return BadValue("no date was given", hint=example)
    if len(words) > TEXT_MAX:
        return BadValue(f"`{words[:TEXT_MAX]}…` is not a date", hint=example)
    ambiguous = (
        _explain_number(words, today)
        or _explain_numeric(words, example)
        or _explain_time(words, example, timed)
        or _explain_next(words, today)
        or _explain_unit(words)
        or _explain_month(words, today)
        or _explain_hour(words, timed, accepts)
    )
    if ambiguous:
        return ambiguous
    near = next((other for other in _respell(words) if accepts(other)), None)
    return BadValue(f"`{words}` is not a date", hint=f"did you mean `{near}`?" if near else example)


def _write_example(today: date, timed: bool) -> str:
    time_too = ", `fri 17:00`" if timed else ", `fri`"
    return f"write a day as `tomorrow`{time_too}, `in 3 days` or `{today.year}-12-24`"


def _explain_number(words: str, today: date) -> BadValue | None:
    if not re.fullmatch("[0-9]+", words):
        return None
    days = f", or `in {words} days`" if len(words) < 4 else ""
    return BadValue(
        f"`{words}` is not a complete date",
        hint=f"write a whole date, such as `{today.year}-12-24`{days}",
    )


def _explain_numeric(words: str, example: str) -> BadValue | None:
    """Explain `1/2/2026` and its like."""
    found = re.fullmatch("([0-9]{1,4})([-/.])([0-9]{1,2})\\2([0-9]{1,4})(?: .*)?", words)
    if not found:
        return None
    first, middle, last = (int(part) for part in found.group(1, 3, 4))
    orders = [(first, middle, last)]
    if first <= 31:
        orders = [(last, middle, first), (last, first, middle)]
    days = [f"`{day}`" for day in dict.fromkeys(map(_make_day, orders)) if day]
    if len(days) == 2:
        return BadValue(f"`{words}` could be {' or '.join(days)}", hint="write one of these")
    return BadValue(
        f"`{words}` is not a date written as year-month-day",
        hint=f"did you mean {days[0]}?" if days else example,
    )


def _make_day(parts: tuple[int, int, int]) -> date | None:
    try:
        return date(*parts) if FIRST_YEAR <= parts[0] <= LAST_YEAR else None
    except ValueError:
        return None


def _explain_time(words: str, example: str, timed: bool) -> BadValue | None:
    found = re.fullmatch(f"(?:at )?({CLOCK})", words)
    if not found:
        return None
    clock = found[1]
    try:
        read_clock(clock)
    except BadValue as refusal:
        return refusal
    return BadValue(
        f"`{clock}` is a time without a day",
        hint=f"write `today {clock}` or `tomorrow {clock}`" if timed else example,
    )


def _explain_next(words: str, today: date) -> BadValue | None:
    """Explain `next fri` and `next month`; only `next week` has one meaning here."""
    found = re.fullmatch("next ([a-z]+)(?: .*)?", words)
    if not found:
        return None
    unit = found[1]
    if unit in WEEKDAYS:
        near = find_next_weekday(today, WEEKDAYS[unit])
        far = near + timedelta(days=7)
        return BadValue(
            f"`next {unit}` could be {near} or {far}", hint=f"write `{unit}` or `{far}`"
        )
    if unit not in ("month", "year"):
        return None
    later = add_to_day(today, 1, unit) or today
    first = later.replace(day=1, month=later.month if unit == "month" else 1)
    return BadValue(
        f"`next {unit}` could be its first day, or a {unit} from today",
        hint=f"write `{first}` or `in 1 {unit}`",
    )


def _explain_unit(words: str) -> BadValue | None:
    found = re.fullmatch("(in [0-9]+) ?m", words)
    if not found:
        return None
    return BadValue(
        f"`{words}` could be minutes or months",
        hint=f"write `{found[1]} minutes` or `{found[1]} months`",
    )


def _explain_month(words: str, today: date) -> BadValue | None:
    """Explain `feb`, `24 dec` or `dec 24 2026`."""
    tokens = re.findall("[0-9]+|[a-z]+", words)
    names = (token for token in tokens if len(token) > 2 and token not in WEEKDAYS)
    month = next(
        (n for name in names for n, full in enumerate(_MONTHS, 1) if full.startswith(name)), None
    )
    if month is None:
        return None
    numbers = [int(token) for token in tokens if token.isdecimal() and len(token) < 5]
    day = next((n for n in numbers if 1 <= n <= 31), None)
    year = next((n for n in numbers if FIRST_YEAR <= n <= LAST_YEAR), None)
    whole = _make_day((year or today.year, month, day or 1))
    if whole and whole < today and not year:
        whole = _make_day((today.year + 1, month, day or 1))
    asked = f"such as `{whole or f'{today.year}-12-24'}`"
    if day is None:
        return BadValue(f"`{words}` does not say which day", hint=f"write a whole date, {asked}")
    return BadValue(
        f"month names are not supported: `{words}`", hint=f"write a date in numbers, {asked}"
    )


def _explain_hour(words: str, timed: bool, accepts: Callable[[str], bool]) -> BadValue | None:
    """Explain `fri 5`."""
    found = re.fullmatch("(.+?)(?: at)? ([0-9]{1,2})", words)
    if not (found and timed and accepts(found[1])):
        return None
    clocks = [f"`{found[1]} {found[2]}{end}`" for end in (":00", "pm")]
    takes = [clock for clock in clocks if accepts(clock.strip("`"))]
    return BadValue(
        f"`{words}` ends in a number that is not a time of day",
        hint=f"write {' or '.join(takes or ['a time such as `17:00`'])}",
    )


def _respell(words: str) -> Iterator[str]:
    """Yield other words that the user may have meant, the likeliest first."""
    import difflib

    known = [*WEEKDAYS, *UNITS, *" ".join(FIXED_DAYS).split(), "in", "at"]
    close = []
    for word in words.split():
        longer = [other for other in known if len(word) > 2 and other.startswith(word)]
        close.append([*longer, *difflib.get_close_matches(word, known, 1, _ALIKE), word][0])
    yield " ".join(close)
    first, _, rest = words.partition(" ")
    if first in _FILLERS:
        yield rest
    yield f"{rest} {first}"
    yield f"in {words}"
