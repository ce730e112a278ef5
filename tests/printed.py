"""What a printed letter says, read by a library that knows nothing of how it was made."""

import pypdfium2


def text_of(letter: bytes) -> str:
    """The text of all pages of a PDF, as it would be copied out of it, in one line."""
    with pypdfium2.PdfDocument(letter) as document:
        return " ".join(" ".join(page.get_textpage().get_text_range().split()) for page in document)
