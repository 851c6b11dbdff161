"""The five articles, replayed: every `expect` line of their manifest."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.acceptance.running import ROOT, command

SEEDS = ROOT / "seeds"
GREAT_WALL_1, GREAT_WALL_2 = "002_f605638a6703b966", "003_090f7277e45132e5"
BAIC_ITEM, FORD_ITEM, XIAOMI_ITEM = "004_a3af3be000fa34f6", "000_94185a266bf37fb9", "001_c78dd4137a61b501"


@pytest.fixture(scope="module")
def replayed(tmp_path_factory) -> str:
    done = command("replay", "--jsonl", str(SEEDS), folder=tmp_path_factory.mktemp("replay"))
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


@pytest.fixture(scope="module")
def rows(replayed) -> list[dict]:
    return [json.loads(line) for line in replayed.splitlines()]


@pytest.fixture(scope="module")
def story(rows) -> dict[str, str]:
    """The stories by letter: A Great Wall, B BAIC, C Ford and Xiaomi."""

    def opened_by(item: str, *names: str) -> str:
        (found,) = {
            row["story"]
            for row in rows
            if row["item"] == item
            and row["event"] == "story.opened"
            and all(name in row["claim"] for name in names)
        }
        return found

    return {
        "A": opened_by(GREAT_WALL_1, "Great Wall"),
        "B": next(row["story"] for row in rows if row["item"] == BAIC_ITEM and row["kind"] == "denial"),
        "C": next(row["story"] for row in rows if row["item"] == FORD_ITEM and row["kind"] == "denial"),
    }


def pick(rows: list[dict], **want: object) -> list[dict]:
    return [row for row in rows if all(row[key] == value for key, value in want.items())]


def one(rows: list[dict], **want: object) -> dict:
    found = pick(rows, **want)
    assert len(found) == 1, (want, found)
    return found[0]


def test_the_great_wall_rumor_opens_story_a(rows, story):
    opened = one(rows, item=GREAT_WALL_1, story=story["A"], event="story.opened")
    assert (opened["kind"], opened["status"], opened["reason"]) == ("rumor", "open", "rumor")


def test_xiaomi_has_not_yet_responded(rows, story):
    assert one(rows, item=GREAT_WALL_1, kind="no_comment", party="Xiaomi")["story"] == story["A"]


def test_the_same_rumor_by_way_of_reuters_joins_story_a(rows, story):
    spread = pick(rows, item=GREAT_WALL_2, kind="rumor", story=story["A"], event="story.spread")
    assert len(spread) == 1


def test_xiaomi_and_great_wall_refused_to_comment(rows, story):
    parties = {row["party"] for row in pick(rows, item=GREAT_WALL_2, kind="no_comment", story=story["A"])}
    assert parties == {"Xiaomi", "Great Wall Motor"}


def test_apple_and_hyundai_open_no_story_and_deny_nothing(rows):
    assert not [
        row for row in rows if {"Apple", "Hyundai"} & set(row["claim"].split()) or row["party"] == "Apple"
    ]


def test_story_a_stays_open(rows, story):
    assert {row["status"] for row in pick(rows, story=story["A"])} == {"open"}


def test_baic_opens_a_story_of_its_own(rows, story):
    assert len({story["A"], story["B"], story["C"]}) == 3
    opened = one(rows, item=BAIC_ITEM, story=story["B"], event="story.opened")
    assert opened["kind"] == "rumor"


def test_xiaomis_approach_and_its_talks_with_others_are_told(rows):
    rumors = pick(rows, item=BAIC_ITEM, kind="rumor")
    assert any("approached at the end of August" in row["evidence"]["text"] for row in rumors)
    chery = next(row for row in rumors if "Chery, Brilliance" in row["evidence"]["text"])
    assert chery["event"] == "story.opened"


def test_the_qualification_is_a_rumor_of_its_own_that_nobody_denies(rows, story):
    told = [row for row in rows if "qualification" in row["evidence"]["text"]]
    assert {row["kind"] for row in told} == {"rumor"}
    assert any("has obtained" in row["evidence"]["text"] for row in told)
    assert not {row["story"] for row in told} & set(story.values())


def test_baic_is_not_aware_and_that_alerts(rows, story):
    denial = one(rows, item=BAIC_ITEM, kind="denial")
    assert (denial["strength"], denial["story"], denial["event"]) == ("not_aware", story["B"], "story.denied")
    assert (denial["alert"], denial["reason"]) == (True, "first_denial_by_party")
    assert "did not receive relevant information" in denial["evidence"]["text"]
    assert "BAIC" in denial["party"] or "北汽" in denial["party"]


def test_ford_and_xiaomi_open_story_c(rows, story):
    opened = one(rows, item=FORD_ITEM, story=story["C"], event="story.opened")
    assert opened["kind"] == "rumor"
    assert "Ford" in opened["claim"]
    assert "Xiaomi" in opened["claim"]


def test_fords_flat_denial_alerts(rows, story):
    denial = one(rows, item=FORD_ITEM, kind="denial")
    assert (denial["party"], denial["strength"], denial["story"]) == ("Ford", "flat", story["C"])
    assert (denial["event"], denial["alert"]) == ("story.denied", True)
    assert "completely false" in denial["evidence"]["text"]


def test_xiaomi_did_not_respond_and_byd_declined(rows, story):
    silent = {row["party"]: row["story"] for row in pick(rows, item=FORD_ITEM, kind="no_comment")}
    assert silent["Xiaomi"] == story["C"]
    assert "BYD" in silent


def test_xiaomis_denial_two_days_later_alerts_as_a_new_party_on_the_same_story(rows, story):
    denial = one(rows, item=XIAOMI_ITEM, kind="denial", party="Xiaomi", alert=True)
    assert (denial["strength"], denial["story"]) == ("flat", story["C"])
    assert denial["reason"] == "first_denial_by_party"
    assert "completely false" in denial["evidence"]["text"]


def test_fords_denial_told_again_does_not_alert(rows, story):
    again = pick(rows, item=XIAOMI_ITEM, kind="denial", party="Ford")
    assert again
    assert {(row["story"], row["alert"], row["event"]) for row in again} == {(story["C"], False, None)}
    assert {row["reason"] for row in again} <= {"recap", "repeat"}


def test_the_alerts_are_exactly_three(rows):
    alerts = [(row["item"], row["party"]) for row in rows if row["alert"]]
    assert [item for item, _ in alerts] == [BAIC_ITEM, FORD_ITEM, XIAOMI_ITEM]
    assert [party for _, party in alerts[1:]] == ["Ford", "Xiaomi"]


def test_no_denial_lands_on_another_articles_rumor(rows, story):
    landed = {(row["item"], row["story"]) for row in rows if row["kind"] == "denial"}
    assert landed == {(BAIC_ITEM, story["B"]), (FORD_ITEM, story["C"]), (XIAOMI_ITEM, story["C"])}


def test_a_quotation_does_not_reach_into_the_next_paragraph(rows):
    assert not [row["evidence"]["text"] for row in rows if "\n" in row["evidence"]["text"]]


def test_every_quotation_is_the_exact_slice(rows):
    titles = {
        Path(article["file"]).stem: article["title"]
        for article in tomllib.loads((SEEDS / "manifest.toml").read_text(encoding="utf-8"))["article"]
    }
    for row in rows:
        evidence = row["evidence"]
        text = (SEEDS / f"{row['item']}.txt").read_text(encoding="utf-8")
        whole = titles[row["item"]] if evidence["field"] == "title" else text
        assert whole[evidence["start"] : evidence["end"]] == evidence["text"]


def test_a_second_replay_gives_the_same_bytes(replayed, tmp_path):
    again = command("replay", "--jsonl", str(SEEDS), folder=tmp_path)
    assert again.stdout.decode() == replayed


def test_the_report_says_the_same_for_a_person(tmp_path):
    said = command("replay", str(SEEDS), folder=tmp_path).stdout.decode()
    alerts = said[said.index("ALERTS (3)") :]
    assert alerts.index("BAIC") < alerts.index("Ford denies") < alerts.index("Xiaomi denies")
    for words in ("no_comment by Great Wall Motor", "denial (not_aware)", "denial (flat) by Xiaomi"):
        assert words in said
