"""`python -m contracts generate | check | release`: the published files and the gate that holds them."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from contracts.asyncapi import asyncapi
from contracts.catalogue import EVENTS
from contracts.compatibility import Break, breaks_of_events, breaks_of_topics
from contracts.document import catalogue
from contracts.schemas import envelope_schema, event_schema, topics_schema

SCHEMAS: Final = Path(__file__).resolve().parents[2] / "schemas"
"""Where the generated files stand in the repository."""

ENVELOPE: Final = "ieum.envelope.v1"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is 0 when all is well, 1 when the gate is shut."""
    parser = argparse.ArgumentParser(prog="python -m contracts", description=__doc__)
    parser.add_argument("--schemas", type=Path, default=SCHEMAS, help="where the generated files stand")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("generate", help="write schemas, AsyncAPI and the catalogue")
    commands.add_parser("check", help="fail where a file is stale or a change breaks a reader")
    release = commands.add_parser("release", help="make the present schemas the released ones")
    release.add_argument(
        "--anew", action="store_true", help="even where it breaks: nobody has read the released ones yet"
    )
    options = parser.parse_args(arguments)
    if options.command == "generate":
        return generate(options.schemas)
    if options.command == "check":
        return check(options.schemas)
    return release_present(options.schemas, anew=options.anew)


def generate(schemas: Path) -> int:
    """Write every generated file and remove those of events that are gone."""
    wanted = generated()
    for stale in _present_files(schemas) - wanted.keys():
        (schemas / stale).unlink()
    _write(schemas, wanted)
    _say(f"Wrote {len(wanted)} files to {schemas}")
    return 0


def check(schemas: Path) -> int:
    """Name each stale file and each breaking change."""
    stale = stale_files(schemas)
    for name in stale:
        _say(f"{schemas / name}: stale, run `make schemas` and commit it")
    breaks = breaks_since_release(schemas)
    for broken in breaks:
        _say(f"breaks its readers: {broken}")
    if breaks:
        _say(
            "Give a changed event a new class, type and topic version beside the old one, or undo the change."
        )
    return 1 if stale or breaks else 0


def release_present(schemas: Path, *, anew: bool) -> int:
    """Make the present schemas the released ones, unless that breaks a reader."""
    breaks = [] if anew else breaks_since_release(schemas)
    for broken in breaks:
        _say(f"not released, breaks its readers: {broken}")
    if breaks:
        return 1
    released = schemas / "released"
    for old in released.glob("*.json") if released.is_dir() else ():
        old.unlink()
    wanted = {f"{name}.json": _json(schema) for name, schema in _compared().items()}
    _write(released, {**wanted, "topics.json": _json(topics_schema())})
    _say(f"Released {len(EVENTS)} events")
    return 0


def stale_files(schemas: Path) -> list[str]:
    """Generated files that are missing, out of date, or of events that are gone, relative to `schemas`."""
    wanted = generated()
    gone = _present_files(schemas) - wanted.keys()
    changed = {name for name, text in wanted.items() if _read(schemas / name) != text}
    return sorted(gone | changed)


def breaks_since_release(schemas: Path) -> list[Break]:
    """Breaking changes of the present contracts against the released files, none before the first release."""
    released = schemas / "released"
    if not released.is_dir():
        return []
    before = {
        path.name.removesuffix(".json"): json.loads(path.read_text("utf-8"))
        for path in released.glob("*.json")
    }
    topics = before.pop("topics", {})
    return [
        *breaks_of_events(dict(sorted(before.items())), _compared()),
        *breaks_of_topics(topics, topics_schema()),
    ]


def generated() -> dict[str, str]:
    """Every generated file by its path below the schemas' folder."""
    return {
        **{f"events/{name}.json": _json(event_schema(event)) for name, event in EVENTS.items()},
        "envelope.json": _json(envelope_schema()),
        "asyncapi.json": _json(asyncapi()),
        "catalogue.md": catalogue(),
    }


def _compared() -> dict[str, Mapping[str, Any]]:
    return {**{name: event_schema(event) for name, event in EVENTS.items()}, ENVELOPE: envelope_schema()}


def _present_files(schemas: Path) -> set[str]:
    return {f"events/{path.name}" for path in (schemas / "events").glob("*.json")}


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
