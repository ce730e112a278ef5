"""What a file is, is told by its bytes."""

import hashlib
import io
import zipfile

import pytest
from tests.applications.town import BEFORE

from applications.domain.documents import MEDIA_TYPES, SIZE_LIMIT, media_type_of, take_in
from applications.domain.vocabulary import DocumentId
from chassis.refusals import Invalid


def zipped(first: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(first, content)
        archive.writestr("Contents/section0.xml", "<hs:sec/>")
    return file.getvalue()


FILES = {
    "application/pdf": b"%PDF-1.7\n",
    "application/x-hwp": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
    "application/hwp+zip": zipped("mimetype", b"application/hwp+zip"),
    "image/png": b"\x89PNG\r\n\x1a\n" + bytes(20),
    "image/jpeg": b"\xff\xd8\xff\xe0" + bytes(20),
}


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_each_media_type_that_is_taken_is_known_by_its_bytes(media_type: str) -> None:
    assert media_type_of(FILES[media_type]) == media_type


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00",
        b"<html><script>",
        b"#!/bin/sh",
        b" %PDF-1.7",
        zipped("evil.exe", b"MZ"),
        zipped("mimetype", b"application/epub+zip"),
    ],
)
def test_anything_else_is_refused_whatever_it_is_called(content: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        take_in(DocumentId("doc_1"), "operation_plan", content, BEFORE)
    assert (refusal.value.field, refusal.value.rule) == ("content", "media_type")


def test_digest_and_size_are_of_the_bytes() -> None:
    taken = take_in(DocumentId("doc_1"), "operation_plan", FILES["application/pdf"], BEFORE)
    assert taken.digest == hashlib.sha256(FILES["application/pdf"]).hexdigest()
    assert taken.size == 9


@pytest.mark.parametrize(("size", "rule"), [(0, "not_empty"), (SIZE_LIMIT + 1, "size_limit")])
def test_a_file_has_content_and_keeps_to_the_limit(size: int, rule: str) -> None:
    content = (FILES["application/pdf"] + bytes(SIZE_LIMIT))[:size]
    with pytest.raises(Invalid) as refusal:
        take_in(DocumentId("doc_1"), "operation_plan", content, BEFORE)
    assert refusal.value.rule == rule


def test_a_file_of_just_the_limit_is_taken() -> None:
    content = (FILES["application/pdf"] + bytes(SIZE_LIMIT))[:SIZE_LIMIT]
    assert take_in(DocumentId("doc_1"), "operation_plan", content, BEFORE).size == SIZE_LIMIT
