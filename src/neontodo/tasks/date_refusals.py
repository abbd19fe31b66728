"""Why words for a date are refused: what was understood, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from neontodo.errors import BadValue
from neontodo.tasks.dates import (
    CLOCK,
    DAYS_AWAY,
    FIRST_YEAR,
    LAST_YEAR,
    MONTHS,
    NUMERIC_DAY,
    PERIODS,
    TEXT_MAX,
    UNITS,
    WEEKDAYS,
    find_next_weekday,
    find_period,
    read_clock,
    read_day,
)
from neontodo.wording import find_similar

_OTHER_WORDS = (
    "in", "at", "of", "next", "end", "start", "first", "last", "quarter", "weekend",
    "midnight", "eow", "eom", "eoy",
)  # fmt: skip
_DAY_AND_WORD = r"[0-9]{1,2}[.]? ?[^\W\d_]{3,}[.]?(?: [0-9]{4})?"
_FILLERS = ("on", "by", "due", "this", "the")


@dataclass(frozen=True)
class _Asked:
    today: date
    accepts: Callable[[str], bool]

    @property
    def example(self) -> str:
        return f"write a day as `tomorrow`, `fri 17:00`, `in 3 days` or `{self.today.year}-12-24`"

    def suggest(self, day: date | None = None, what: str = "a whole date") -> str:
        return f"write {what}, such as `{day or f'{self.today.year}-12-24'}`"


def explain_refusal(words: str, today: date, accepts: Callable[[str], bool]) -> BadValue:
    """Return the refusal of words, in lower case with single spaces, that are in no grammar.

    Only words that `accepts` takes are suggested.
    """
    asked = _Asked(today, accepts)
    if not words:
        return BadValue("no date was given", hint=asked.example)
    if len(words) > TEXT_MAX:
        return BadValue(f"`{words[:TEXT_MAX]}…` is not a date", hint=asked.example)
    for pattern, explain in _EXPLANATIONS.items():
        if (found := re.fullmatch(pattern, words)) and (refusal := explain(found, asked)):
            return refusal
    near = next((other for other in _respell(words) if accepts(other)), None)
    if near is None and _names_month(words):
        return _explain_month(words, asked)
    hint = f"did you mean `{near}`?" if near else asked.example
    is_foreign = not _names_month(words) and (
        _names_month(near) if near else re.fullmatch(_DAY_AND_WORD, words)
    )
    reason = ": names of months are in English" if is_foreign else ""
    return BadValue(f"`{words}` is not a date{reason}", hint=hint)


def _names_month(words: str) -> bool:
    return not MONTHS.keys().isdisjoint(re.findall("[a-z]+", words))


def _explain_number(found: re.Match[str], asked: _Asked) -> BadValue:
    days = f", or `in {found[0]} days`" if len(found[0]) < 4 else ""
    complete = "complete " if len(found[0]) < 5 else ""
    return BadValue(f"`{found[0]}` is not a {complete}date", hint=f"{asked.suggest()}{days}")


def _explain_digits(found: re.Match[str], asked: _Asked) -> BadValue | None:
    """Explain eight digits if they can be day, month and year, or no day of the year they name."""
    refusal = _explain_numeric(found, asked)
    if asked.example not in (refusal.hint or ""):
        return refusal
    year = int(found[0][:4])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        read_day(f"{year}-{found[0][4:6]}-{found[0][6:]}", asked.today)
    except BadValue as not_in_calendar:
        return not_in_calendar
    return None


def _explain_numeric(found: re.Match[str], asked: _Asked) -> BadValue:
    """Explain three numbers in another order or form than that of `2026-12-24`."""
    first, middle, last = (int(part) for part in found.group("first", "middle", "last"))
    orders = [(first, middle, last)]
    if first <= 31:
        orders = [(last, middle, first), (last, first, middle)]
    readings = _list_readings(map(_make_day, orders), found["rest"] or "", asked)
    return _choose_reading(found[0], readings, "is not a date written as year-month-day", asked)


def _explain_day_and_month(found: re.Match[str], asked: _Asked) -> BadValue:
    """Explain two numbers without a year, which may be a time of day, too."""
    first, last = int(found[1]), int(found[3])
    days = (_find_next_day(asked.today, *order) for order in ((first, last), (last, first)))
    readings = _list_readings(days, found[4] or "", asked)
    clock = f"today {first}:{last:02}"
    if re.fullmatch(r"[0-9]+\.[0-9]{2}", found[0]) and asked.accepts(clock):
        readings.append(clock)
    return _choose_reading(found[0], readings, "is not a date", asked)


def _list_readings(days: Iterable[date | None], rest: str, asked: _Asked) -> list[str]:
    """Return each of the days, with what follows it if that is a time of day."""
    found = [day for day in dict.fromkeys(days) if day]
    return [f"{day}{rest}" if asked.accepts(f"{day}{rest}") else f"{day}" for day in found]


def _choose_reading(words: str, readings: list[str], problem: str, asked: _Asked) -> BadValue:
    quoted = [f"`{reading}`" for reading in readings]
    if len(quoted) > 1:
        return BadValue(f"`{words}` could be {' or '.join(quoted)}", hint="write one of these")
    hint = f"did you mean {quoted[0]}?" if quoted else asked.example
    return BadValue(f"`{words}` {problem}", hint=hint)


def _find_next_day(today: date, month: int, day: int) -> date | None:
    """Return the next such day from today on, if it is this year or the next."""
    days = (_make_day((today.year + years, month, day)) for years in (0, 1))
    return next((each for each in days if each and each >= today), None)


def _explain_month_number(found: re.Match[str], asked: _Asked) -> BadValue:
    year, month = (int(part) for part in (found[1] or found[4], found[2] or found[3]))
    hint = asked.suggest(_make_day((year, month, 1)))
    return BadValue(f"`{found[0]}` does not say which day", hint=hint)


def _explain_clock(found: re.Match[str], asked: _Asked) -> BadValue:
    """Explain what follows a date in numbers, unless the date itself is wrong."""
    try:
        if read_day(found[1], asked.today) is None:
            return BadValue(f"`{found[1]}` is not a date", hint=asked.example)
    except BadValue as refusal:
        return refusal
    return BadValue(
        f"`{found[2]}` is not a time of day",
        hint="write a time as `17:00` or `5pm`, with a time zone as `17:00+02:00`",
    )


def _explain_hours(found: re.Match[str], asked: _Asked) -> BadValue | None:
    """Explain `17h`, which may be a time of day, and alone also a number of hours."""
    day, hour, minute = found.group(1, 2, 3)
    clock = f"{day or 'today'} {hour}:{minute or '00'}"
    readings = [clock] if asked.accepts(clock) else []
    if not (day or minute):
        readings.append(f"in {hour} hours")
    return _choose_reading(found[0], readings, "is not a date", asked) if readings else None


def _explain_offset(found: re.Match[str], asked: _Asked) -> BadValue | None:
    whole = f"{read_day(found[1], asked.today)} {found[2]}{found[3]}"
    if not asked.accepts(whole):
        return None
    return BadValue(
        f"a time zone such as `{found[3]}` can only follow a date in numbers",
        hint=f"write `{whole}`",
    )


def _explain_period(found: re.Match[str], asked: _Asked) -> BadValue:
    """Explain Taskwarrior's names for the ends of weeks, months, quarters and years."""
    end, away, unit = found.groups()
    which, count = {"p": ("the previous", -1), "c": ("this", 0), "n": ("the next", 1)}[away]
    period = PERIODS[unit]
    day = find_period(asked.today, count, period)[end == "e"]
    return BadValue(
        f"`{found[0]}` is not supported: the {'first' if end == 's' else 'last'} day of"
        f" {which} {period} is {day}",
        hint=f"write `{day}`",
    )


def _make_day(parts: tuple[int, int, int]) -> date | None:
    try:
        return date(*parts) if FIRST_YEAR <= parts[0] <= LAST_YEAR else None
    except ValueError:
        return None


def _explain_midnight(found: re.Match[str], asked: _Asked) -> BadValue | None:
    """Explain the midnight of a day, which begins it or ends it."""
    day = read_day(found[1], asked.today)
    if day is None:
        return None
    return _choose_reading(found[0], [f"{day} 0:00", f"{day + timedelta(days=1)} 0:00"], "", asked)


def _explain_tonight(found: re.Match[str], asked: _Asked) -> BadValue:
    clock, hour = found[1], read_clock(found[1]).hour
    reading = f"tomorrow {clock}" if hour < 5 else f"today {clock}"
    if 5 <= hour < 12 and not clock.endswith("m"):
        reading = f"today {hour + 12}{clock[clock.index(':') :]}"
    return _choose_reading(found[0], [reading], "is not in the evening", asked)


def _explain_next(found: re.Match[str], asked: _Asked) -> BadValue | None:
    """Explain `next fri` and `next weekend`, which are the coming one or that after it."""
    name = found[1]
    if name not in ("weekend", *WEEKDAYS):
        return None
    near = find_next_weekday(asked.today, WEEKDAYS.get(name, WEEKDAYS["sat"]))
    far = near + timedelta(days=7)
    soon = name if name in WEEKDAYS else near
    return BadValue(f"`next {name}` could be {near} or {far}", hint=f"write `{soon}` or `{far}`")


def _explain_span(found: re.Match[str], asked: _Asked) -> BadValue:
    """Explain what is a span in a filter, but no day."""
    day = find_period(asked.today, -1 if found[1] == "last" else 0, found[2])[1]
    return BadValue(
        f"`{found[0]}` does not say which day", hint=f"write one of its days, such as `{day}`"
    )


def _explain_no_date(found: re.Match[str], asked: _Asked) -> BadValue:
    return BadValue(f"`{found[0]}` is not a date", hint="write `none` for no date")


def _explain_unit(found: re.Match[str], asked: _Asked) -> BadValue:
    return BadValue(
        f"`{found[0]}` could be minutes or months",
        hint=f"write `{found[1]} minutes` or `{found[1]} months`",
    )


def _explain_month(words: str, asked: _Asked) -> BadValue:
    """Explain a month without a day, or with numbers that are not read as its day and year."""
    today = asked.today
    tokens = re.findall("[0-9]+|[a-z]+", words)
    month = next(MONTHS[token] for token in tokens if token in MONTHS)
    numbers = [int(token) for token in tokens if token.isdecimal() and len(token) < 5]
    day = next((n for n in numbers if 1 <= n <= 31), None)
    year = next((n for n in numbers if FIRST_YEAR <= n <= LAST_YEAR), None)
    whole = _make_day((year or today.year, month, day or 1))
    if whole and whole < today and not year:
        whole = _make_day((today.year + 1, month, day or 1))
    is_alone = not day and tokens[0] in MONTHS
    problem = "does not say which day" if is_alone else "is not a date"
    return BadValue(f"`{words}` {problem}", hint=asked.suggest(whole))


def _explain_hour(found: re.Match[str], asked: _Asked) -> BadValue | None:
    if not asked.accepts(found[1]):
        return None
    clocks = [f"`{found[1]} {found[2]}{end}`" for end in (":00", "pm")]
    takes = [clock for clock in clocks if asked.accepts(clock.strip("`"))]
    other = "a year as `2027`" if _names_month(found[1]) else "a time such as `17:00`"
    return BadValue(
        f"`{found[0]}` ends in a number that is not a time of day",
        hint=f"write {' or '.join(takes or [other])}",
    )


_EXPLANATIONS: dict[str, Callable[[re.Match[str], _Asked], BadValue | None]] = {
    "(?P<first>[0-9]{2})(?P<middle>[0-9]{2})(?P<last>[0-9]{4})(?P<rest>)": _explain_digits,
    "[0-9]+": _explain_number,
    "(?:(.+?)(?: at)? )?([0-9]{1,2}) ?h([0-9]{2})?": _explain_hours,
    "(.+?)(?: at)? ([0-9]{1,2})": _explain_hour,
    "(.+?)(?: at)? midnight": _explain_midnight,
    f"({NUMERIC_DAY})(?: at |[ t])(.+)": _explain_clock,
    "(?P<first>[0-9]{1,4})([-/.])(?P<middle>[0-9]{1,2})\\2(?P<last>[0-9]{1,4})(?P<rest> .*)?": (
        _explain_numeric
    ),
    "([0-9]{1,2})([-/.])([0-9]{1,2})[.]?( .*)?": _explain_day_and_month,
    "([0-9]{4})[-/.]([0-9]{1,2})|([0-9]{1,2})[-/.]([0-9]{4})": _explain_month_number,
    f"(.+?)(?: at)? ({CLOCK}) ?(z|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)": _explain_offset,
    "([se])o([pnc])([wmqy])": _explain_period,
    f"tonight(?: at)? ({CLOCK})": _explain_tonight,
    "next ([a-z]+)(?: .*)?": _explain_next,
    "(?:(this|last) )?(week|month|quarter|year)": _explain_span,
    "later|someday": _explain_no_date,
    "(in [0-9]+) ?m": _explain_unit,
}
"""By what the words look like; the first that explains them does."""


def _respell(words: str) -> Iterator[str]:
    """Yield other words that the user may have meant, the likeliest first."""
    known = [*WEEKDAYS, *MONTHS, *UNITS, *" ".join(DAYS_AWAY).split(), *_OTHER_WORDS]
    close = []
    for word in words.split():
        longer = [other for other in known if len(word) > 2 and other.startswith(word)]
        # Digits are never left out, and `eopm` is no `eom`: another day would be offered.
        is_typo = word.isalpha() and not re.fullmatch("[se]o[a-z]{2,3}", word)
        near = find_similar(word, known) if is_typo else None
        close.append([*longer, near or word][0])
    yield " ".join(close)
    first, _, rest = words.partition(" ")
    if first in _FILLERS:
        yield rest
    yield f"{rest} {first}"
    yield f"in {' '.join(close)}"
