"""Channels on this machine: a file that grows by whole lines, and a command that is handed the message."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.alerts.command import CommandTransport
from service.alerts.file import FileTransport, append
from service.alerts.local import CommandChannel, FileChannel
from service.alerts.transport import Sent
from service.channel_kinds import problems
from service.errors import OutgoingError
from tests.alert_examples import BASE_URL, denial

NOW = datetime(2026, 2, 3, 15, 0, tzinfo=UTC)


def lines(path: Path) -> list[str]:
    return path.read_text("ascii").splitlines()


def write(path: Path, delivery_id: str = "msg_1") -> Sent:
    return asyncio.run(FileTransport(FileChannel("log", path), BASE_URL).send(delivery_id, denial(), NOW))


def test_a_message_is_a_line_of_json_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    write(path)
    write(path, "msg_2")
    first, second = map(json.loads, lines(path))
    assert (first["id"], second["id"], first["type"]) == ("msg_1", "msg_2", "story.denied")
    assert first["data"]["id"] == denial().id
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_moved_away_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    write(path)
    path.rename(tmp_path / "alerts.jsonl.1")
    write(path, "msg_2")
    assert [json.loads(line)["id"] for line in lines(path)] == ["msg_2"]


def test_a_torn_line_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(b'{"id": "torn')
    write(path)
    assert json.loads(lines(path)[1])["id"] == "msg_1"


def test_several_that_write_and_one_that_rotates_lose_no_line_and_tear_none(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    bodies = [json.dumps({"n": n, "pad": "x" * 3000}).encode() + b"\n" for n in range(120)]

    def work(mine: int) -> None:
        for body in bodies[mine::4]:
            append(path, body)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in range(4)]
    for thread in threads:
        thread.start()
    rotated = 0
    while any(thread.is_alive() for thread in threads):
        if path.exists():
            path.rename(tmp_path / f"a.{rotated}.jsonl")
            rotated += 1
    found = [json.loads(line)["n"] for file in tmp_path.glob("a*.jsonl") for line in lines(file)]
    assert sorted(found) == list(range(120))


def test_one_that_waited_while_the_file_was_moved_away_writes_to_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.touch()
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waits = threading.Thread(target=append, args=(path, b"{}\n"))
        waits.start()
        until = time.monotonic() + 10
        while _waiting_for(path) < 2 and time.monotonic() < until:
            pass
        path.rename(tmp_path / "a.jsonl.1")
        fcntl.flock(held, fcntl.LOCK_UN)
        waits.join(10)
    assert (lines(path), (tmp_path / "a.jsonl.1").read_bytes()) == (["{}"], b"")


def _waiting_for(path: Path) -> int:
    """How many handles this process has on a file."""
    links = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    return sum(os.path.realpath(link) == str(path) for link in links)


def test_what_is_no_plain_file_is_refused_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutgoingError, match="'log' cannot be written"):
        write(tmp_path / "pipe")
    with pytest.raises(OutgoingError, match="No such file") as caught:
        write(tmp_path / "gone" / "alerts.jsonl")
    assert not caught.value.permanent


def run(*command: str, seconds: float = 10.0) -> Sent:
    channel = CommandChannel("pager", command, seconds)
    environment = {**os.environ, "RUMORWATCH_INTAKE_TOKEN": "hunter2"}
    return asyncio.run(CommandTransport(channel, BASE_URL, environment).send("msg_1", denial(), NOW))


def python(code: str, *arguments: str, seconds: float = 10.0) -> Sent:
    return run(sys.executable, "-I", "-c", code, *arguments, seconds=seconds)


def test_a_command_reads_the_message_and_no_shell_reads_its_words() -> None:
    code = "import json,sys; print(sys.argv[1], json.load(sys.stdin)['id'])"
    assert python(code, "$(id); `id` > x") == Sent(0, "$(id); `id` > x msg_1")


def test_a_command_sees_nothing_of_our_settings() -> None:
    assert python("import os; print('RUMORWATCH_INTAKE_TOKEN' in os.environ)").answer == "False"


@pytest.mark.parametrize(("code", "permanent"), [(1, False), (65, True), (75, False), (255, False)])
def test_the_exit_code_is_the_answer(code: int, permanent: bool) -> None:
    with pytest.raises(OutgoingError, match=f"exit code {code}") as caught:
        python(f"import sys; print('no\\x1b[31m'); sys.exit({code})")
    assert (caught.value.permanent, caught.value.status, caught.value.answer) == (permanent, code, "no[31m")


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    marker = tmp_path / "child"
    code = (
        "import subprocess,sys,time\n"
        f"p=subprocess.Popen([sys.executable,'-I','-c','import time; time.sleep(60)'])\n"
        f"open({str(marker)!r},'w').write(str(p.pid))\ntime.sleep(60)"
    )
    started = time.monotonic()
    with pytest.raises(OutgoingError, match=r"took longer than 1\.5 s"):
        python(code, seconds=1.5)
    assert time.monotonic() - started < 6
    child = int(marker.read_text())
    until = time.monotonic() + 5
    while _lives(child) and time.monotonic() < until:
        pass
    assert not _lives(child)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in ("Z", "X")


def test_a_command_that_talks_without_end_is_heard_no_further_than_the_beginning() -> None:
    sent = python("import sys; sys.stdout.write('word ' * 400000)")
    assert sent.answer.startswith("word word")
    assert len(sent.answer) <= 500


def test_a_command_that_does_not_read_and_one_that_is_not_there() -> None:
    assert python("pass") == Sent(0, "")
    with pytest.raises(OutgoingError, match="cannot be started: No such file"):
        run("/nowhere/at/all")


WRONG = {
    "no program": (CommandChannel("pager", ()), "begins with a program"),
    "an empty program": (CommandChannel("pager", ("",)), "begins with a program"),
    "a zero byte": (CommandChannel("pager", ("a", "b\0")), "zero byte"),
    "a folder": (FileChannel("log", Path("/")), "is a folder"),
    "no folder": (FileChannel("log", Path("/nowhere/at/all")), "a folder that is there"),
    "a zero byte in a path": (FileChannel("log", Path("/tmp/a\0")), "zero byte"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_sentence(case: str) -> None:
    channel, says = WRONG[case]
    (said,) = problems(channel)
    assert says in said
