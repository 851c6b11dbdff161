"""The commands `backup` and `restore`, and `deliveries` for what a restore held."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from service import wiring
from service.alerts.inert import one_line
from service.core.messages import ChannelAlert, Digest, FeedAlert, Message
from service.core.model import Alert
from service.errors import InputError
from service.settings import Settings
from service.store.archive import Archive, Manifest, open_archive
from service.store.backup import back_up as back_up_ledger
from service.store.copies import flush_file, flush_folder
from service.store.restore import check_restorable, restore as restore_ledger, work_in

PATIENCE_SECONDS = 2.0  # what takes longer says how far it is

HOLDS = (
    "It holds all of the ledger (feeds, texts of items, stories, decisions, alerts, deliveries) and the list "
    "of imported feeds, but not the settings, so no secret of a channel but "
    "one that `channels rotate` made. What the ledger knows of feeds may "
    "hold keys: keep it as you keep the ledger."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """How to restore. `hold`: what was on its way is not sent. `dry_run`: nothing is written."""

    dry_run: bool = False
    force: bool = False
    hold: bool = False


def back_up(settings: Settings, target: str) -> None:
    """Writes a backup to the file `target` ("-": standard output); the service may go on meanwhile."""
    if target == "-":
        if sys.stdout.isatty():
            raise InputError("A backup is not written to a terminal: name a file, or send it through a pipe.")
        manifest = _written(settings, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        manifest = _to_file(settings, Path(target))
    words = "standard output" if target == "-" else target
    _tell(f"Backed up {_holding(manifest)} to {words}. {HOLDS}")


def _to_file(settings: Settings, target: Path) -> Manifest:
    """Written beside, read back, flushed, and only then given its name."""
    beside = target.with_name(f"{target.name}.partial")
    try:
        with _private(beside) as out:
            manifest = _written(settings, out)
        with beside.open("rb") as source, open_archive(source, str(target)) as archive:
            archive.check()
        flush_file(beside)
        os.replace(beside, target)
        flush_folder(target.absolute().parent)
    except OSError as error:
        raise InputError(f"The backup {target} cannot be written: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)
    return manifest


@contextmanager
def _private(file: Path) -> Iterator[IO[bytes]]:
    """A new file that only its owner may read, from its first byte on."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        yield out


def _written(settings: Settings, out: IO[bytes]) -> Manifest:
    listed = wiring.list_path(settings)
    files = {listed.name: listed.read_bytes()} if listed.exists() else {}
    return back_up_ledger(settings.ledger_url, out, files, wiring.utc_now(), _progress("backup"))


def restore(settings: Settings, source: str, asked: Asked) -> None:
    """Puts a backup ("-": from standard input) in the place of an empty ledger, or of any with `force`.

    What is replaced is backed up before. InputError or StoreError, and nothing touched, where it cannot be.
    """
    with _opened(source) as body, open_archive(body, source) as archive:
        check_restorable(archive)
        work = work_in(settings.ledger_url)
        _say(f"{source}: {_holding(archive.manifest)}. All of it is there and unchanged.")
        if asked.dry_run:
            _say(_would(archive.manifest, work, asked))
            return
        if work and asked.force:
            _keep_what_is_there(settings)
        hold = _restored(settings, archive, asked)
    _say(f"Restored. {_of_deliveries(archive.manifest, hold, asked)}")


def _restored(settings: Settings, archive: Archive, asked: Asked) -> int:
    url, progress = settings.ledger_url, _progress("restore")
    held = restore_ledger(url, archive, progress, replace=asked.force, hold=asked.hold)
    _restore_list(settings, archive, replace=asked.force)
    return held


def _restore_list(settings: Settings, archive: Archive, *, replace: bool) -> None:
    listed = wiring.list_path(settings)
    body = archive.file(listed.name)
    if body is None:
        return
    if listed.exists() and not replace and listed.read_bytes() != body:
        _tell(
            f"{listed} is there already and stays as it is: the backup holds another list of imported feeds."
        )
        return
    listed.parent.mkdir(parents=True, exist_ok=True)
    beside = listed.with_name(f"{listed.name}.partial")
    with _private(beside) as out:
        out.write(body)
    os.replace(beside, listed)


def _keep_what_is_there(settings: Settings) -> None:
    now = wiring.utc_now()
    kept = settings.data_dir / f"before-restore-{now:%Y%m%dT%H%M%SZ}.zip"
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    _to_file(settings, kept)
    _say(f"What is there now was backed up to {kept}: restore that with --force to go back.")


def _would(manifest: Manifest, work: int, asked: Asked) -> str:
    there = f"{work} items, stories, alerts and decisions"
    if work and not asked.force:
        return f"Nothing was written. The ledger holds {there}: it would be refused without --force."
    what = f"It would replace {there}, and back them up before." if work else "It would fill an empty ledger."
    return f"Nothing was written. {what} {_schema(manifest)}"


def _schema(manifest: Manifest) -> str:
    return f"The tables of version {manifest.schema} would be brought to this one."


def _of_deliveries(manifest: Manifest, held: int, asked: Asked) -> str:
    if not asked.hold:
        return (
            "Deliveries that were on their way when the backup was made are sent as soon as the service runs."
        )
    if not held:
        return "No delivery was on its way."
    return f"{held} deliveries are held: `rumorwatch deliveries release` sends them, `drop` gives them up."


@contextmanager
def _opened(source: str) -> Iterator[IO[bytes]]:
    if source == "-":
        with tempfile.TemporaryFile() as spooled:  # a zip is read from its end
            while chunk := sys.stdin.buffer.read(1 << 20):
                spooled.write(chunk)
            yield spooled
        return
    if not Path(source).is_file():
        raise InputError(f"{source} cannot be read: there is no such file.")
    with Path(source).open("rb") as body:
        yield body


def _holding(manifest: Manifest) -> str:
    counts = {name: manifest.rows_of(name) for name in ("items", "stories", "alerts", "decisions")}
    words = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    made = f"made {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC by rumorwatch {manifest.rumorwatch}"
    return f"a ledger of {words} ({made} from {manifest.store}, schema {manifest.schema})"


def _progress(what: str) -> Callable[[str, int], None]:
    """Says on standard error how far it is, once it takes long."""
    began = time.monotonic()

    def tell(table: str, rows: int) -> None:
        if time.monotonic() - began > PATIENCE_SECONDS:
            _tell(f"{what}: {table}: {rows:,} rows")

    return tell


# --- what a restore held ---------------------------------------------------------------------------


def list_held(settings: Settings) -> None:
    """Prints the deliveries that a restore held."""
    with closing(wiring.open_ledger(settings)) as ledger:
        rows = ledger.deliveries.held()
    for id_, channel, message in rows:
        _say(f"{id_}  {channel}  {message.event!s}  {one_line(_subject(message))}")
    if not rows:
        _say("No delivery is held.")


def _subject(message: Message) -> str:
    """What a held message is about, in a few words."""
    match message:
        case Alert():
            return message.claim
        case FeedAlert():
            return f"{message.outlet}: {message.why}"
        case Digest():
            return f"{message.count} alerts"
        case ChannelAlert():
            return f"{message.channel}: {message.why}"


def release_held(settings: Settings) -> None:
    """Lets the service send what a restore held."""
    with closing(wiring.open_ledger(settings)) as ledger:
        count = ledger.deliveries.release(wiring.utc_now())
    _say(f"{count} deliveries are sent from now on.")


def drop_held(settings: Settings) -> None:
    """Gives up what a restore held; it stays visible as given up."""
    with closing(wiring.open_ledger(settings)) as ledger:
        count = ledger.deliveries.drop_held()
    _say(f"{count} deliveries are given up.")


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")


def _tell(words: str) -> None:
    sys.stderr.write(f"{words}\n")
