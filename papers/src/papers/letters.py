"""Letters and certificates as PDF: set by typst, in the Korean font that is shipped beside this module."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from typst import Compiler, Fonts, TypstError

_ACCESSIBLE: Final = "ua-1"
# One weight is shipped: what is strong gets a stroke. No date of making, so that bytes are reproducible.
_PREAMBLE: Final = """\
#let data = json(bytes(sys.inputs.data))
#set document(date: none)
#set page(paper: "a4", margin: (x: 25mm, y: 30mm))
#set text(font: "Pretendard", size: 10.5pt, lang: data.at("language", default: "ko"))
#set par(leading: 0.8em, spacing: 1.2em)
#show strong: set text(stroke: 0.25pt)
#show heading: set text(stroke: 0.25pt)
"""


def pdf(template: str, data: Mapping[str, Any]) -> bytes:
    """Set a letter: the same template and data give the same bytes, whatever fonts the machine has.

    Args:
        template: typst source; it finds `data` as a dictionary, and must set the document's title
            (`#set document(title: data.title)`). What stands in `data` is text, never markup.
        data: JSON values; `language` (`ko` where it is left out) is what a screen reader reads it as.

    Returns:
        A tagged PDF that follows PDF/UA-1, or a plain tagged one where a name has characters that the font
        does not (Chinese ones, say), so that the letter can be had all the same.

    Raises:
        TypstError: The template does not compile; a fault of the program.
    """
    try:
        return _compiled(template, data, _ACCESSIBLE)
    except TypstError as error:
        if "could not be displayed" not in error.message:
            raise
        return _compiled(template, data)


def _compiled(template: str, data: Mapping[str, Any], *standards: Any) -> bytes:
    compiler = Compiler(
        (_PREAMBLE + template).encode(),
        root=_folder(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )
    letter = compiler.compile(format="pdf", pdf_standards=list(standards))
    if not isinstance(letter, bytes):
        raise TypeError("typst gives a PDF as one piece")
    return letter


@cache
def _fonts() -> Fonts:
    return Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[_folder()])


def _folder() -> Path:
    """The fonts' folder; templates may read nothing outside of it."""
    return Path(str(resources.files("papers") / "fonts"))
