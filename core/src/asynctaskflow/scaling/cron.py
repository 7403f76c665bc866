"""Five-field cron expressions, UTC: when did this one last match? Pure; never schedules anything."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
WEEKDAYS = "sun mon tue wed thu fri sat".split()
SUNDAY_TOO = 7


@dataclass(frozen=True, slots=True)
class Field:
    """One column of an expression: its name for messages, its bounds, its words."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()
    first_word: int = 0


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12, tuple(MONTHS), 1),
    Field("day of week", 0, SUNDAY_TOO, tuple(WEEKDAYS), 0),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression; ``any_day``/``any_weekday`` say that the field was ``*``."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Read ``minute hour day month weekday``; names, ranges, lists and steps are allowed.

        Raises:
            ValueError: names the field and what was wrong with it.
        """
        parts = text.lower().split()
        if len(parts) != len(FIELDS):
            raise ValueError(f"cron: expected 5 fields, got {len(parts)} in {text[:100]!r}")
        minutes, hours, days, months, weekdays = (
            _values(part, field) for part, field in zip(parts, FIELDS, strict=True)
        )
        weekdays = frozenset(day % SUNDAY_TOO for day in weekdays)
        return cls(minutes, hours, days, months, weekdays, parts[2] == "*", parts[4] == "*")

    def matches_day(self, day: datetime) -> bool:
        """Whether it matches some minute of that day; both day fields given: either is enough."""
        if day.month not in self.months:
            return False
        in_month = day.day in self.days
        in_week = day.isoweekday() % SUNDAY_TOO in self.weekdays
        if self.any_day or self.any_weekday:
            return in_month and in_week
        return in_month or in_week

    def last_match_s(self, *, now_s: float, within_s: float) -> float | None:
        """Start of the latest matching minute in the ``within_s`` seconds before now (epoch seconds)."""
        now = datetime.fromtimestamp(now_s, UTC)
        oldest = now - timedelta(seconds=within_s)
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        while day > oldest - timedelta(days=1):
            if self.matches_day(day):
                found = self._last_of_day(day, now)
                if found is not None:
                    return found.timestamp() if found > oldest else None
            day -= timedelta(days=1)
        return None

    def _last_of_day(self, day: datetime, now: datetime) -> datetime | None:
        times = (
            day.replace(hour=hour, minute=minute)
            for hour in sorted(self.hours, reverse=True)
            for minute in sorted(self.minutes, reverse=True)
        )
        return next((time for time in times if time <= now), None)


def _values(text: str, field: Field) -> frozenset[int]:
    found: set[int] = set()
    for item in text.split(","):
        span, _, step_text = item.partition("/")
        low, high = _span(span, field, open_ended=bool(step_text))
        step = _number(step_text, field) if step_text else 1
        if step < 1 or low > high:
            raise ValueError(f"cron: {field.name}: {item!r} is empty")
        found.update(range(low, high + 1, step))
    return frozenset(found)


def _span(text: str, field: Field, *, open_ended: bool) -> tuple[int, int]:
    if text == "*":
        return field.low, field.high
    first, dash, last = text.partition("-")
    low = _bounded(first, field)
    if dash:
        return low, _bounded(last, field)
    return low, field.high if open_ended else low


def _bounded(text: str, field: Field) -> int:
    if text in field.words:
        return field.words.index(text) + field.first_word
    number = _number(text, field)
    if not field.low <= number <= field.high:
        raise ValueError(f"cron: {field.name}: {number} is not in {field.low}..{field.high}")
    return number


def _number(text: str, field: Field) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"cron: {field.name}: {text[:20]!r} is not a number")
    return int(text)
