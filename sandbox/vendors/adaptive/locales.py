"""How a locale writes numbers, months and days in the text of an export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sandbox.vendors.adaptive.replies import Refusal

_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_GERMAN = ("Jan", "Feb", "Mrz", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez")
_FRENCH = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")


@dataclass(frozen=True)
class Locale:
    """The decimal sign, the names of months, and the shape of a day."""

    sign: str
    months: Sequence[str]
    day: str

    def number(self, value: Decimal) -> str:
        """A number with one decimal or more."""
        text = f"{value.normalize():f}"
        return (text if "." in text else f"{text}.0").replace(".", self.sign)

    def month(self, month: date) -> str:
        """The label of a month."""
        return f"{self.months[month.month - 1]}-{month.year}"

    def date(self, day: date) -> str:
        """A day."""
        return self.day.format(day=day)


LOCALES = {
    "en_US": Locale(".", _ENGLISH, "{day.month}/{day.day}/{day.year}"),
    "en_GB": Locale(".", _ENGLISH, "{day:%d/%m/%Y}"),
    "de_DE": Locale(",", _GERMAN, "{day:%d.%m.%Y}"),
    "fr_FR": Locale(",", _FRENCH, "{day:%d/%m/%Y}"),
}


def locale_of(name: str) -> Locale:
    """A locale by its name."""
    try:
        return LOCALES[name]
    except KeyError:
        raise Refusal("error-invalid-locale", f"The locale '{name}' does not exist.") from None


def line(values: Sequence[str]) -> str:
    """A line of an export: what holds a comma, a quote or a line break is quoted; a code as Excel keeps it is not."""
    return ",".join(
        f'"{value.replace(chr(34), 2 * chr(34))}"'
        if any(sign in value for sign in ',"\n\r') and not value.startswith('="')
        else value
        for value in values
    )
