"""Documents (첨부서류): which files are taken, told by their first bytes, never by what the sender claims."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from applications.domain.vocabulary import DocumentId
from chassis.refusals import Invalid

SIZE_LIMIT: Final = 10 * 1024 * 1024
"""Bytes of one document at most; a default of this software."""
PER_APPLICATION: Final = 30
"""Documents of one application at most, removed ones included; a default of this software."""

MEDIA_TYPES: Final = (
    "application/pdf",
    "application/x-hwp",
    "application/hwp+zip",
    "image/png",
    "image/jpeg",
)

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP: Final = b"PK\x03\x04"
# The first entry of an OPC-like package, stored uncompressed: 30 bytes of zip header, then name and content.
_HWPX: Final = b"mimetypeapplication/hwp+zip"


@dataclass(frozen=True, slots=True)
class Document:
    """A file of an application as it was taken in; `digest` is the SHA-256 of its bytes in lower-case hex."""

    id: DocumentId
    name: str
    media_type: str
    size: int
    digest: str
    attached_at: datetime


def media_type_of(content: bytes) -> str | None:
    """PDF, HWP, HWPX, PNG or JPEG by its magic bytes, else None."""
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    if content.startswith(_OLE):
        return "application/x-hwp"
    if content.startswith(_ZIP) and content[30:].startswith(_HWPX):
        return "application/hwp+zip"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return None


def take_in(document: DocumentId, name: str, content: bytes, now: datetime) -> Document:
    """Check the bytes of a file and describe it.

    Raises:
        Invalid: It is empty, too large, or of no type that is taken.
    """
    if not content:
        raise Invalid("not_empty", "The document has no content", "content")
    if len(content) > SIZE_LIMIT:
        raise Invalid("size_limit", f"A document has at most {SIZE_LIMIT} bytes", "content")
    media_type = media_type_of(content)
    if media_type is None:
        raise Invalid("media_type", "A document is a PDF, HWP, HWPX, PNG or JPEG file", "content")
    digest = hashlib.sha256(content).hexdigest()
    return Document(document, name, media_type, len(content), digest, now)
