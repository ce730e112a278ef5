"""From an event to the words in which a party is told of it, in Korean and in English.

A catalogue a language (`ko.toml`, `en.toml`) holds a subject and a body for each template, and what codes
are called. Templates are strict: a field that an event does not have is an error, never a gap in a text.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from hangulpy import josa
from jinja2 import Environment, StrictUndefined, Template

from contracts.values import KINDS, PROVINCES, TRACKS, Named
from notifications.domain.deliveries import LANGUAGES, Language, Text

KST: Final = ZoneInfo("Asia/Seoul")

_PATTERNS: Final[Mapping[Language, tuple[str, str, str]]] = {
    "ko": ("y년 M월 d일(EEE) HH:mm", "y년 M월 d일(EEE)", "{}원"),
    "en": ("EEE d MMMM y, HH:mm 'KST'", "EEE d MMMM y", "KRW {}"),
}

_BETWEEN: Final = "\x1e"
"""Stands between subject and body, which are one template: half the work of two."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language. `sender` is the name mail comes from, `greeting` takes a name, `footer` ends a mail."""

    language: Language
    templates: Mapping[str, Template]
    codes: Mapping[str, str]
    sender: str
    greeting: str
    footer: str

    def text(self, template: str, facts: Mapping[str, Any]) -> Text:
        """Say `facts`, an event's fields by name, in the words of `template`.

        Raises:
            KeyError: there is no such template.
            jinja2.UndefinedError: the template needs a field that the event does not have.
        """
        said = self.templates[template].render(_in_language(self.language, facts))
        subject, _, body = said.partition(_BETWEEN)
        return Text(" ".join(subject.split()), body.strip())


def catalogue(language: Language) -> Catalogue:
    return _catalogues()[language]


def texts(template: str, facts: Mapping[str, Any]) -> dict[Language, Text]:
    """The same message in every language there is."""
    return {language: each.text(template, facts) for language, each in _catalogues().items()}


def _in_language(language: Language, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, and for each pair like `school_name_ko` and `school_name_en` the one to be read here."""
    words = dict(facts)
    for field, name in facts.items():
        if field.endswith("_ko"):
            pair = field.removesuffix("_ko")
            words[pair] = (facts.get(f"{pair}_en") or name) if language == "en" else name
    return words


@cache
def _catalogues() -> Mapping[Language, Catalogue]:
    return {language: _read(language) for language in LANGUAGES}


def _read(language: Language) -> Catalogue:
    entries = tomllib.loads(resources.files(__name__).joinpath(f"{language}.toml").read_text("utf-8"))
    codes, mail = entries.pop("codes"), entries.pop("mail")
    environment = Environment(
        autoescape=False,  # noqa: S701 - plain text, nothing here is ever read as HTML
        undefined=StrictUndefined,
        auto_reload=False,
    )
    environment.filters.update(_filters(language, codes))
    # Copied for each message that is written, and no text of ours calls any of them.
    environment.globals.clear()
    return Catalogue(
        language=language,
        templates={
            name: environment.from_string(f"{entry['subject']}{_BETWEEN}{entry['body']}")
            for name, entry in entries.items()
        },
        codes=codes,
        sender=mail["sender"],
        greeting=mail["greeting"],
        footer=mail["footer"],
    )


def _listed(one: Callable[[str], str], separator: str = ", ") -> Callable[[Iterable[str]], str]:
    return lambda several: separator.join(one(each) for each in several)


def _filters(language: Language, codes: Mapping[str, str]) -> dict[str, Callable[..., str]]:
    locale = Locale.parse(language)
    moment, day, won = _PATTERNS[language]

    def named(vocabulary: Mapping[str, Named]) -> Callable[[str], str]:
        return lambda code: getattr(vocabulary[code], language) if code in vocabulary else code

    @lru_cache(4096)
    def when(value: datetime) -> str:
        return format_datetime(value, moment, tzinfo=KST, locale=locale)

    @lru_cache(4096)
    def on(value: date) -> str:
        return format_date(value, day, locale=locale)

    def number(value: int) -> str:
        return format_decimal(value, locale=locale)

    def code(value: str) -> str:
        return codes.get(value, value)

    track = named(TRACKS)
    general = track("general")
    return {
        "josa": josa,
        "moment": when,
        "day": on,
        "number": number,
        "won": lambda value: won.format(number(value)),
        "code": code,
        "codes": _listed(code),
        "province": named(PROVINCES),
        "kind": named(KINDS),
        "kinds": _listed(named(KINDS)),
        "track": track,
        "tracks": _listed(track),
        "wishes": lambda tracks: _listed(track, " > ")(tracks) or general,
        "place": lambda tracks: _listed(track)(tracks) or general,
    }
