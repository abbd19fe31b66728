"""Why words for a date are refused: what was understood, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Asked:
    today: date
    example: str
    timed: bool
    accepts: Callable[[str], bool]


def explain_refusal(
    words: str, today: date, *, timed: bool, accepts: Callable[[str], bool]
) -> BadValue:
    """Return the refusal of words, in lower case with single spaces, that are in no grammar.

    `timed` says whether a time of day may be given. Only words that `accepts` takes are suggested.
    """
    time_too = ", `fri 17:00`" if timed else ", `fri`"
    example = f"write a day as `tomorrow`{time_too}, `in 3 days` or `{today.year}-12-24`"
    if not words:
        return BadValue("no date was given", hint=example)
    if len(words) > TEXT_MAX:
        return BadValue(f"`{words[:TEXT_MAX]}…` is not a date", hint=example)
    asked = _Asked(today, example, timed, accepts)
    for pattern, explain in _EXPLANATIONS.items():
        if (found := re.fullmatch(pattern, words)) and (refusal := explain(found, asked)):
            return refusal
    near = next((other for other in _respell(words) if accepts(other)), None)
    return BadValue(f"`{words}` is not a date", hint=f"did you mean `{near}`?" if near else example)


def _explain_number(found: re.Match[str], asked: _Asked) -> BadValue:
    days = f", or `in {found[0]} days`" if len(found[0]) < 4 else ""
    return BadValue(
        f"`{found[0]}` is not a complete date",
        hint=f"write a whole date, such as `{asked.today.year}-12-24`{days}",
    )


def _explain_numeric(found: re.Match[str], asked: _Asked) -> BadValue:
    words = found[0]
    first, middle, last = (int(part) for part in found.group(1, 3, 4))
    orders = [(first, middle, last)]
    if first <= 31:
        orders = [(last, middle, first), (last, first, middle)]
    days = [f"`{day}`" for day in dict.fromkeys(map(_make_day, orders)) if day]
    if len(days) == 2:
        return BadValue(f"`{words}` could be {' or '.join(days)}", hint="write one of these")
    return BadValue(
        f"`{words}` is not a date written as year-month-day",
        hint=f"did you mean {days[0]}?" if days else asked.example,
    )


def _make_day(parts: tuple[int, int, int]) -> date | None:
    try:
        return date(*parts) if FIRST_YEAR <= parts[0] <= LAST_YEAR else None
    except ValueError:
        return None


def _explain_time(found: re.Match[str], asked: _Asked) -> BadValue:
    clock = found[1]
    try:
        read_clock(clock)
    except BadValue as refusal:
        return refusal
    return BadValue(
        f"`{clock}` is a time without a day",
        hint=f"write `today {clock}` or `tomorrow {clock}`" if asked.timed else asked.example,
    )


def _explain_next(found: re.Match[str], asked: _Asked) -> BadValue | None:
    """Explain what only `next week` has here: one meaning."""
    unit, today = found[1], asked.today
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


def _explain_unit(found: re.Match[str], asked: _Asked) -> BadValue:
    return BadValue(
        f"`{found[0]}` could be minutes or months",
        hint=f"write `{found[1]} minutes` or `{found[1]} months`",
    )


def _explain_month(found: re.Match[str], asked: _Asked) -> BadValue | None:
    words, today = found[0], asked.today
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
    example = f"such as `{whole or f'{today.year}-12-24'}`"
    if day is None:
        return BadValue(f"`{words}` does not say which day", hint=f"write a whole date, {example}")
    return BadValue(
        f"month names are not supported: `{words}`", hint=f"write a date in numbers, {example}"
    )


def _explain_hour(found: re.Match[str], asked: _Asked) -> BadValue | None:
    if not (asked.timed and asked.accepts(found[1])):
        return None
    clocks = [f"`{found[1]} {found[2]}{end}`" for end in (":00", "pm")]
    takes = [clock for clock in clocks if asked.accepts(clock.strip("`"))]
    return BadValue(
        f"`{found[0]}` ends in a number that is not a time of day",
        hint=f"write {' or '.join(takes or ['a time such as `17:00`'])}",
    )


_EXPLANATIONS: dict[str, Callable[[re.Match[str], _Asked], BadValue | None]] = {
    "[0-9]+": _explain_number,
    "([0-9]{1,4})([-/.])([0-9]{1,2})\\2([0-9]{1,4})(?: .*)?": _explain_numeric,
    f"(?:at )?({CLOCK})": _explain_time,
    "next ([a-z]+)(?: .*)?": _explain_next,
    "(in [0-9]+) ?m": _explain_unit,
    ".*": _explain_month,  # `feb`, `24 dec` or `dec 24 2026`
    "(.+?)(?: at)? ([0-9]{1,2})": _explain_hour,
}
"""By what the words look like; the first that explains them does."""


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
