"""The form of a backup: a zip of JSON Lines, one member a table, with a manifest of counts and hashes.

One form for both databases, so a ledger moves between them and a backup is read with any tool. Values stand
as the tables hold them: moments are whole microseconds since 1970, bytes are {"base64": ...}. Nothing here
knows a database.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from service.errors import InputError, StoreError
from service.store.codec import decode, encode

FORM = 1  # of the archive itself: raised where an older rumorwatch could not read it
MANIFEST = "manifest.json"
MOST_LINE = 256 * 1024 * 1024  # bytes of one row: more is no row of ours
MOST_MANIFEST = 4 * 1024 * 1024
_CHUNK = 1024 * 1024
_LEVEL = 6

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A member: `rows` lines of a table (or 0, of a file), and the SHA-256 of its bytes, in hex."""

    name: str
    rows: int
    sha256: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `schema` is the version of its tables, `store` the kind of its database."""

    form: int
    made_at: datetime
    rumorwatch: str
    schema: str
    store: str
    tables: tuple[Part, ...]
    files: tuple[Part, ...] = ()

    @property
    def rows(self) -> int:
        """All rows of all tables."""
        return sum(part.rows for part in self.tables)

    def rows_of(self, table: str) -> int:
        """The rows of one table, 0 where it is not there."""
        return next((part.rows for part in self.tables if part.name == table), 0)


class ArchiveWriter:
    """A backup being written to `target`, which need not be seekable. It is whole once `finish` returned."""

    def __init__(self, target: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)

    def add_table(self, name: str, columns: tuple[str, ...], rows: Iterable[Row]) -> Part:
        """Write the rows of a table, a line each."""
        digest, count = hashlib.sha256(), 0
        with self._zip.open(_member(name), "w", force_zip64=True) as out:
            for row in rows:
                line = _line(row)
                digest.update(line)
                out.write(line)
                count += 1
        return Part(name, count, digest.hexdigest(), columns)

    def add_file(self, name: str, body: bytes) -> Part:
        """Write a file as it is."""
        self._zip.writestr(f"files/{name}", body)
        return Part(name, 0, hashlib.sha256(body).hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and the end."""
        self._zip.writestr(MANIFEST, encode(manifest))
        self._zip.close()


class Archive:
    """A backup, open for reading."""

    def __init__(self, opened: zipfile.ZipFile, name: str) -> None:
        self._zip, self._name = opened, name
        self.manifest = self._manifest()

    def check(self) -> None:
        """Read every byte and compare. InputError where something is missing or was changed."""
        for part in self.manifest.tables:
            digest, lines = self._digest(_member(part.name))
            if digest != part.sha256 or lines != part.rows:
                raise self._damaged(f"the table {part.name} is not as the manifest says")
        for part in self.manifest.files:
            if self._digest(f"files/{part.name}")[0] != part.sha256:
                raise self._damaged(f"{part.name} is not as the manifest says")

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """The rows of a table in their order; none where it is not there."""
        if all(part.name != table for part in self.manifest.tables):
            return
        with self._reading(_member(table)) as lines:
            while line := lines.readline(MOST_LINE):
                try:
                    row = json.loads(line)
                    yield {name: _value(value) for name, value in row.items()}
                except (ValueError, AttributeError, RecursionError) as error:
                    raise self._damaged(f"a row of {table} cannot be read") from error

    def file(self, name: str) -> bytes | None:
        """The bytes of a file, None where it is not there."""
        if all(part.name != name for part in self.manifest.files):
            return None
        with self._reading(f"files/{name}") as body:
            return body.read()

    def _manifest(self) -> Manifest:
        with self._reading(MANIFEST) as body:
            text = body.read(MOST_MANIFEST)
        try:
            found = decode(Manifest, text.decode("utf-8"))
        except (UnicodeDecodeError, StoreError) as error:
            raise self._damaged("its manifest cannot be read") from error
        if found.form > FORM:
            raise InputError(
                f"The backup {self._name} was made by a newer rumorwatch ({found.rumorwatch}): "
                "install that one, or a later."
            )
        return found

    def _digest(self, member: str) -> tuple[str, int]:
        digest, lines = hashlib.sha256(), 0
        with self._reading(member) as body:
            while chunk := body.read(_CHUNK):
                digest.update(chunk)
                lines += chunk.count(b"\n")
        return digest.hexdigest(), lines

    @contextmanager
    def _reading(self, member: str) -> Iterator[IO[bytes]]:
        try:
            with self._zip.open(member) as body:
                yield body
        except KeyError:
            raise self._damaged(f"{member} is missing") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise self._damaged(f"{member} cannot be read") from error

    def _damaged(self, why: str) -> InputError:
        return InputError(f"The backup {self._name} is damaged: {why}.")


@contextmanager
def open_archive(source: IO[bytes], name: str) -> Iterator[Archive]:
    """The backup in `source`, which must be seekable. InputError where it is none, or is of a newer form."""
    try:
        opened = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise InputError(f"{name} is no backup of rumorwatch, or not a whole one.") from error
    with opened:
        yield Archive(opened, name)


def _member(table: str) -> str:
    return f"tables/{table}.jsonl"


def _line(row: Row) -> bytes:
    plain = {name: _plain(value) for name, value in row.items()}
    return (json.dumps(plain, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"base64": base64.b64encode(value).decode("ascii")}
    return value


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        try:
            return base64.b64decode(value["base64"], validate=True)
        except (KeyError, TypeError, binascii.Error) as error:
            raise ValueError("no bytes") from error
    return value
