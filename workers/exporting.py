"""The command `export`: rows as JSON Lines or CSV, and the page that says what stands in each column.

A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@` or a control character as a formula, and feeds
write what they like: such a text gets a `'` before it in CSV (OWASP's rule; CWE-1236). JSON Lines holds it as
it is.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from service import wiring
from service.errors import InputError
from service.jsonl import dump, parse_time
from service.settings import Settings
from service.store.exporting import TABLES, Cells, ExportTable, Value

FORMS = ("jsonl", "csv")
_FORMULA = tuple("=+-@＝＋－＠")
_CONTROL = tuple("\t\r\n\x00")
# What a person doesn't see may stand before the sign that a spreadsheet does see.
_UNSEEN = "\ufeff\u200b\u200c\u200d\u2060\u00ad"

REFERENCE = """# What `rumorwatch export` writes

```
rumorwatch export stories stories.csv
rumorwatch export statements --since 2026-02-01 > statements.jsonl
```

One row a line, with the columns below in this order. Columns are only ever added, at the end. `--since` takes
what is not older than that, by the moment that is named for each table. `pandas.read_json(path, lines=True)`
and `pandas.read_csv(path)` read them.

| value | JSON Lines | CSV |
|---|---|---|
| nothing | `null` | an empty cell |
| a moment | text, ISO 8601 in UTC with microseconds | the same |
| a list | an array of texts | the array as JSON text |
| yes or no | `true`, `false` | `true`, `false` |
| a text that a spreadsheet would run | as it is | with a `'` before it |

In CSV every cell is quoted, the encoding is UTF-8, lines end with a line feed, and a text that begins with
`=`, `+`, `-`, `@`, a tab or a line break, also behind blanks, has a `'` before it: take that off to have the
text back.
"""


def export_rows(settings: Settings, what: str, file: str, since: str | None, form: str | None) -> None:
    """Writes a table of the ledger to `file` ("-": standard output). InputError for what is not known."""
    table = TABLES.get(what)
    if table is None:
        raise InputError(f"{what!r} cannot be exported: take {', '.join(TABLES)} or columns.")
    form = form or ("csv" if file.lower().endswith(".csv") else "jsonl")
    if form not in FORMS:
        raise InputError(f"{form!r} is no format: take jsonl or csv.")
    begin = parse_time(since) if since else None
    with closing(wiring.open_ledger(settings)) as ledger, _target(file) as out:
        rows = ledger.exports.rows(table.name, begin)
        count = 0
        for line in (_csv if form == "csv" else _jsonl)(table, rows):
            out.write(line.encode("utf-8", "replace"))
            count += 1
    if file != "-":
        sys.stderr.write(f"{count - (form == 'csv'):,} {table.name} written to {file}.\n")


def _jsonl(table: ExportTable, rows: Iterable[Cells]) -> Iterator[str]:
    names = [column.name for column in table.columns]
    for row in rows:
        yield f"{dump(dict(zip(names, row, strict=True)))}\n"


def _csv(table: ExportTable, rows: Iterable[Cells]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for cells in _with_header(table, rows):
        writer.writerow([cell(value) for value in cells])
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _with_header(table: ExportTable, rows: Iterable[Cells]) -> Iterator[Cells]:
    yield tuple(column.name for column in table.columns)
    yield from rows


def cell(value: Value) -> str:
    """A value as a cell of CSV that no spreadsheet runs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return repr(value)
    return f"'{value}" if _is_run(value) else value


def _is_run(text: str) -> bool:
    return text.startswith(_CONTROL) or text.lstrip().lstrip(_UNSEEN).lstrip().startswith(_FORMULA)


@contextmanager
def _target(file: str) -> Iterator[IO[bytes]]:
    """Standard output, or a file that is given its name once it is whole."""
    if file == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(file)
    beside = target.with_name(f"{target.name}.partial")
    try:
        with beside.open("wb") as out:
            yield out
        os.replace(beside, target)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.") from None
    finally:
        beside.unlink(missing_ok=True)


def print_columns() -> None:
    """Prints the page that describes every table and column."""
    sys.stdout.write(reference())


def reference() -> str:
    """What stands in docs/reference/export.md."""
    return REFERENCE + "".join(map(_described, TABLES.values()))


def _described(table: ExportTable) -> str:
    lines = [f"\n## {table.name}\n\n{table.meaning} `--since` looks at `{table.since}`.\n\n"]
    lines += ["| column | what stands in it |\n|---|---|\n"]
    lines += [f"| `{column.name}` | {column.meaning} |\n" for column in table.columns]
    return "".join(lines)
