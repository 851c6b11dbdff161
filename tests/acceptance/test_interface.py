"""`read --jsonl` and `replay --jsonl`, to the letter: other programs rely on them."""

from __future__ import annotations

import json
import re

import pytest

from service.core.model import EventType, Kind, Reason, Role, Status, Strength
from tests.acceptance.running import ROOT, Process, command, wait_until

STATEMENT_KEYS = [
    "kind", "party", "speaker", "role", "strength", "claim", "entities", "fresh", "confidence", "evidence",
    "because",
]  # fmt: skip
ROW_KEYS = [
    "at", "item", "story", "event", "kind", "party", "role", "strength", "claim", "status", "alert", "reason",
    "evidence",
]  # fmt: skip

RUMOR = "Ford is in talks with Xiaomi on a joint venture in the US, people familiar with the matter said."
DENIAL = (
    "Ford denied the report that it is in talks with Xiaomi on a joint venture, calling it completely false."
)
OTHER = (
    "Nokia is in talks to sell its network unit to Samsung, people familiar with the matter said on Monday."
)


def item(number: int | None, text: str, published: str | None, **more: object) -> str:
    row = {"title": "", "text": text, "url": None, "outlet": "Daily", "published": published, **more}
    return json.dumps({"id": f"n{number}", **row} if number else row, ensure_ascii=False)


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


def rows_of(done) -> list[dict]:
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


@pytest.fixture
def say(tmp_path):
    def run(words: tuple[str, ...], given: str = ""):
        return command(*words, folder=tmp_path, given=given)

    return run


STORY = lines(item(1, RUMOR, "2026-02-01T04:00:00Z"), item(2, DENIAL, "2026-02-01T09:00:00+00:00"))


def test_read_answers_one_line_an_item_in_input_order(say):
    done = say(
        ("read", "--jsonl"), lines(item(2, DENIAL, None), item(1, RUMOR, None), item(3, "Rain.", None))
    )
    rows = rows_of(done)
    assert (done.returncode, [row["id"] for row in rows]) == (0, ["n2", "n1", "n3"])
    assert [list(row) for row in rows] == [["id", "lang", "statements"]] * 3
    assert rows[2]["statements"] == []
    for statement in rows[0]["statements"] + rows[1]["statements"]:
        assert list(statement) == STATEMENT_KEYS
        assert list(statement["evidence"]) == ["field", "start", "end", "text"]


def test_read_finds_the_denial_with_its_exact_words(say):
    (row,) = rows_of(say(("read", "--jsonl"), item(2, DENIAL, "2026-02-01")))
    (denial,) = [one for one in row["statements"] if one["kind"] == "denial"]
    evidence = denial["evidence"]
    assert DENIAL[evidence["start"] : evidence["end"]] == evidence["text"]
    assert (denial["party"], denial["strength"], denial["role"], denial["fresh"]) == (
        "Ford", "flat", "principal", True,
    )  # fmt: skip
    assert {"Ford", "Xiaomi"} <= set(denial["entities"])
    assert 0 <= denial["confidence"] <= 1
    assert all(cue.startswith("en.") for cue in denial["because"])


def test_replay_answers_a_row_for_each_statement_that_joins_or_opens(say):
    rows = rows_of(say(("replay", "--jsonl"), STORY))
    assert [(row["item"], row["event"], row["alert"], row["reason"]) for row in rows] == [
        ("n1", "story.opened", False, "rumor"),
        ("n2", "story.denied", True, "first_denial_by_party"),
    ]
    assert len({row["story"] for row in rows}) == 1
    assert [row["at"] for row in rows] == ["2026-02-01T04:00:00+00:00", "2026-02-01T09:00:00+00:00"]
    for row in rows:
        assert list(row) == ROW_KEYS
        assert row["event"] in set(EventType)
        assert row["kind"] in set(Kind)
        assert row["role"] is None or row["role"] in set(Role)
        assert row["strength"] is None or row["strength"] in set(Strength)
        assert row["status"] in set(Status)
        assert row["reason"] in set(Reason) - {Reason.NOT_WATCHED}


def test_replay_goes_in_time_order_whatever_the_input_order(say):
    backwards = "".join(reversed(STORY.splitlines(keepends=True)))
    assert say(("replay", "--jsonl"), backwards).stdout == say(("replay", "--jsonl"), STORY).stdout


@pytest.mark.parametrize("words", ["read", "replay"])
def test_the_same_input_gives_the_same_bytes(say, words):
    given = lines(*STORY.splitlines(), item(None, OTHER, None))
    first, second = (say((words, "--jsonl"), given) for _ in range(2))
    assert first.stdout == second.stdout != b""


def test_an_item_without_a_time_speaks_when_the_one_before_it_did(say):
    given = lines(item(1, RUMOR, "2026-02-01"), item(2, DENIAL, None), item(3, OTHER, "2026-02-03"))
    rows = rows_of(say(("replay", "--jsonl"), given))
    assert [(row["item"], row["at"][:10]) for row in rows] == [
        ("n1", "2026-02-01"), ("n2", "2026-02-01"), ("n3", "2026-02-03"),
    ]  # fmt: skip


def test_a_bad_line_is_named_and_the_others_go_on(say):
    given = lines(
        item(1, RUMOR, "2026-02-01"), "{not json", item(2, DENIAL, "soon"), item(3, DENIAL, "2026-02-02")
    )
    done = say(("replay", "--jsonl"), given)
    complaints = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert len(complaints) == 2
    assert "line 2" in complaints[0]
    assert "line 3" in complaints[1]
    assert "'soon'" in complaints[1]
    assert [row["item"] for row in rows_of(done)] == ["n1", "n3"]


def test_as_of_stops_the_clock(say):
    rows = rows_of(say(("replay", "--jsonl", "--as-of", "2026-02-01T05:00:00Z"), STORY))
    assert [row["item"] for row in rows] == ["n1"]


def test_a_wrong_as_of_is_said(say):
    done = say(("replay", "--jsonl", "--as-of", "later"), STORY)
    assert done.returncode != 0
    assert b"'later'" in done.stderr


@pytest.mark.parametrize(("name", "text"), [("w.txt", "# cars\n小米\n"), ("w.toml", 'watchlist = ["小米"]')])
def test_a_watchlist_limits_what_is_tracked_by_any_name(say, tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    given = lines(*STORY.splitlines(), item(3, OTHER, "2026-02-03"))
    rows = rows_of(say(("replay", "--jsonl", "--watchlist", name), given))
    assert [row["item"] for row in rows] == ["n1", "n2"]
    assert {row["item"] for row in rows_of(say(("replay", "--jsonl"), given))} == {"n1", "n2", "n3"}


@pytest.mark.parametrize("text", ["# nobody\n", "\n"])
def test_a_watchlist_that_names_nobody_is_refused(say, tmp_path, text):
    (tmp_path / "w.txt").write_text(text)
    done = say(("replay", "--jsonl", "--watchlist", "w.txt"), STORY)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"w.txt" in done.stderr


def test_with_the_clock_a_long_silence_is_a_row(say):
    given = lines(*STORY.splitlines(), item(3, OTHER, "2026-12-03"))
    rows = rows_of(say(("replay", "--jsonl", "--clock"), given))
    (expired,) = [row for row in rows if row["event"] == "story.expired"]
    assert list(expired) == ROW_KEYS
    assert [expired[key] for key in ("item", "kind", "party", "evidence")] == [None] * 4
    assert (expired["at"][:10], expired["status"], expired["story"]) == (
        "2026-07-31",
        "denied",
        rows[0]["story"],
    )
    assert [row["item"] for row in rows] == ["n1", "n2", None, "n3"]


def test_files_feeds_and_folders_are_all_taken(say, tmp_path):
    (tmp_path / "a.jsonl").write_text(STORY, encoding="utf-8")
    feed = str(ROOT / "seeds" / "feed.atom")
    by_feed = rows_of(say(("replay", "--jsonl", feed)))
    by_folder = rows_of(say(("replay", "--jsonl", str(ROOT / "seeds"))))
    told = [
        [(row["at"], row["story"], row["event"], row["party"]) for row in rows]
        for rows in (by_feed, by_folder)
    ]
    assert told[0] == told[1]
    both = rows_of(say(("replay", "--jsonl", "a.jsonl", str(ROOT / "seeds"))))
    assert len(both) > len(by_folder)


def test_rss_and_json_feed_files_are_read(say, tmp_path):
    entry = f"<item><guid>g1</guid><title>T</title><description>{RUMOR}</description></item>"
    (tmp_path / "a.rss").write_text(f"<rss version='2.0'><channel><title>D</title>{entry}</channel></rss>")
    page = {"version": "https://jsonfeed.org/version/1.1", "title": "D",
            "items": [{"id": "g1", "title": "T", "content_text": RUMOR}]}  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(page))
    for name in ("a.rss", "a.json"):
        rows = rows_of(say(("replay", "--jsonl", name)))
        assert [(row["item"], row["event"]) for row in rows] == [("g1", "story.opened")], name


def test_a_file_that_is_not_there_is_said(say):
    done = say(("read", "--jsonl", "nothing.jsonl"))
    assert done.returncode == 1
    assert b"nothing.jsonl" in done.stderr
    assert b"Traceback" not in done.stderr


HOSTILE = {
    "NUL": "Ford denied\x00 the report that it is in talks with Xiaomi.",
    "lone surrogate": "Ford denied \ud800 the report that it is in talks with Xiaomi.",
    "bidi and zero width": "Ford\u200b denied\u202e the report that it is in talks with Xiaomi.",
    "only spaces and a letter": " \n\t x",
    "very long": "Ford denied the report. " * 20_000,
}


@pytest.mark.parametrize("case", HOSTILE, ids=str)
def test_any_text_goes_through_both(say, case):
    given = json.dumps({"id": "h", "title": "T", "text": HOSTILE[case], "published": "2026-02-01"})
    for words in ("read", "replay"):
        done = say((words, "--jsonl"), given + "\n")
        assert done.returncode == 0, done.stderr
        rows_of(done)


def test_explain_shows_the_words_in_place_whatever_it_is_given(say, tmp_path):
    (tmp_path / "a.txt").write_text(DENIAL)
    by_file, by_text = (say(("explain", given)).stdout.decode() for given in ("a.txt", DENIAL))
    by_input = say(("explain",), DENIAL).stdout.decode()
    for said in (by_file, by_text, by_input):
        assert "denial (flat): Ford" in said
        assert "because en.denial" in said
        marked = next(line for line in said.splitlines() if "[1 " in line)
        assert re.sub(r"\[\d+ | \d+\]|\([a-z] | [a-z]\)", "", marked).strip() == DENIAL


def test_explain_gives_the_learned_scores_opinion_of_a_claim_with_what_moved_it(say):
    text = (
        "The story that a giant crab lives under Brighton pier is a hoax, police said. The picture is fake."
    )
    said = say(("explain", "--claim", "Giant crab lives under Brighton pier", text)).stdout.decode()
    assert "the claim, by the learned score: denies" in said
    assert "denies 0." in said
    assert "unrelated" in say(("explain", "--claim", "Zebra elected mayor of Lyon", text)).stdout.decode()


def test_explain_says_why_a_tempting_phrase_was_not_taken(say):
    said = say(
        ("explain", "Ford did not deny that it is in talks with Xiaomi, two people said.")
    ).stdout.decode()
    assert re.search(r"\(a .* a\)", said)
    assert "not taken: " in said
    assert not re.search(r"^\d+  denial", said, re.MULTILINE)


def test_explain_takes_the_id_of_a_stored_item(tmp_path):
    with Process("run", tmp_path, port="0") as service:
        alert = wait_until(lambda: service.get("/api/v1/alerts")["items"])[0]
        assert service.stop() == 0
    said = command("explain", alert["evidence"]["item_id"], folder=tmp_path).stdout.decode()
    assert "denial" in said
    assert b"no item" in command("explain", "i_0000000000000000", folder=tmp_path).stderr
