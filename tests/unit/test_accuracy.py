"""The accuracy tool: labels, parties, strengths, folds, noise, and what it says of absent folders."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from math import log
from pathlib import Path

import pytest

from benchmarks.accuracy.__main__ import _others, main
from benchmarks.accuracy.claims import Cut, Outcome, Scored, given, tuned, weighted
from benchmarks.accuracy.corpus import (
    Judged,
    kind_of,
    labelled_items,
    party_checks,
    quiet_checks,
    same_party,
    strength_checks,
    with_known_names,
)
from benchmarks.accuracy.figures import Figure, f1, fallen, figure, record, recorded, share
from benchmarks.accuracy.fnc1 import Fold, Pair, load_pairs, story_folds, text_folds
from service.core.model import Claim, Evidence, Kind, Reading, Role, Statement, Strength
from service.core.reading.lexicon import NameRow, compile_names
from service.errors import InputError


def denial(party: str, strength: Strength, *, fresh: bool = True) -> Statement:
    return Statement(
        Kind.DENIAL, party, None, Role.PRINCIPAL, strength, Claim("c"), (), fresh, 0.9,
        Evidence("text", 0, 1, "x"), (),
    )  # fmt: skip


def judged(folder: Path, row: dict[str, object], *statements: Statement) -> Judged:
    file = folder / "rows.jsonl"
    base = {"id": "1", "title": "T", "text": "x", "published": None}
    file.write_text(json.dumps(base | row) + "\n", "utf-8")
    reading = Reading("en", statements)
    return Judged(labelled_items(file)[0], reading, kind_of(reading))


def told(by: str, strength: str) -> dict[str, object]:
    return {"label": "denial", "statements": [{"kind": "denial", "by": by, "strength": strength}]}


@pytest.mark.parametrize(
    ("label", "strength", "right"),
    [
        ("partial", Strength.LIMITED, True),
        ("partial", Strength.FLAT, False),
        ("soft", Strength.NOT_AWARE, True),
        ("soft", Strength.NON_DENIAL, True),
        ("soft", Strength.LIMITED, False),
        ("flat", Strength.FLAT, True),
        ("not_aware", Strength.NON_DENIAL, False),
    ],
)
def test_labelled_strengths_are_mapped(tmp_path: Path, label: str, strength: Strength, right: bool) -> None:
    assert strength_checks([judged(tmp_path, told("Ford", label), denial("Ford", strength))]) == [right]


def test_the_strength_asked_for_is_that_of_the_labelled_party(tmp_path: Path) -> None:
    row = judged(
        tmp_path, told("Ford", "flat"), denial("Rivian", Strength.FLAT), denial("Ford", Strength.LIMITED)
    )
    assert strength_checks([row]) == [False]


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("Ford Motor", "Ford; Xiaomi", True),
        ("Ford", "Xiaomi", False),
        ("the company", "the bank", False),
        ("小米", "小米集团与福特", True),
        ("比亚迪", "小米", False),
    ],
)
def test_parties_are_compared_by_words(ours: str, theirs: str, same: bool) -> None:
    assert same_party(ours, theirs) is same


def test_a_labelled_party_in_another_script_is_known_by_its_canonical_name() -> None:
    names = compile_names((NameRow("Xiaomi", "company", "CN", False, ("小米",)),))
    assert same_party("Xiaomi", with_known_names("小米集团", names))
    assert not same_party("Xiaomi", with_known_names("比亚迪", names))


def test_a_denier_that_nobody_read_counts_against_the_party_figure(tmp_path: Path) -> None:
    assert party_checks([judged(tmp_path, told("Ford", "flat"), denial("Rivian", Strength.FLAT))]) == [False]


def test_a_recap_is_no_denial(tmp_path: Path) -> None:
    assert judged(tmp_path, {"label": "other"}, denial("Ford", Strength.FLAT, fresh=False)).kind == "other"


def test_only_a_negative_without_a_denial_must_stay_quiet(tmp_path: Path) -> None:
    read = denial("Ford", Strength.FLAT)
    rows = [judged(tmp_path, {"trap": trap}, read) for trap in "abcdef"]
    assert [row.labelled.label for row in rows] == ["denial", *["other"] * 5]
    assert quiet_checks(rows) == [False] * 4


def test_an_untitled_negative_without_a_letter_is_one_too(tmp_path: Path) -> None:
    row = judged(tmp_path, {"title": None, "why": "nothing is denied"})
    assert (row.labelled.trap, row.labelled.label, quiet_checks([row])) == ("-", "other", [True])


# --- pairs -----------------------------------------------------------------------------------------

PAIRS = [
    Pair(f"headline {story}.{n}", f"body {story}.{m}", "disagree" if story % 3 == 0 else "discuss")
    for story in range(12)
    for n in range(3)
    for m in range(3)
] + [Pair(f"headline {a}.0", f"body {b}.0", "unrelated") for a in range(12) for b in range(12) if a != b]


@pytest.mark.parametrize("make", [story_folds, text_folds])
def test_no_headline_and_no_body_is_on_both_sides_of_a_fold(make: type) -> None:
    folds: list[Fold] = make(PAIRS, 4)
    assert sum(len(fold.test) for fold in folds) > 0
    for fold in folds:
        for side in ("headline", "body"):
            train = {getattr(PAIRS[i], side) for i in fold.train}
            assert not train & {getattr(PAIRS[i], side) for i in fold.test}


def test_folds_by_story_test_every_related_pair_once() -> None:
    tested = Counter(i for fold in story_folds(PAIRS, 4) for i in fold.test if PAIRS[i].stance != "unrelated")
    assert set(tested.values()) == {1}
    assert len(tested) == 108


@pytest.mark.parametrize(
    ("bodies", "stances", "part"),
    [
        ("train_bodies.csv.gz", "train_stances.csv.gz", ""),
        ("test_bodies.csv", "test_stances.csv", ""),
        ("competition_test_bodies.csv", "competition_test_stances.csv", "test"),
    ],
)
def test_files_of_any_usual_name_are_read(tmp_path: Path, bodies: str, stances: str, part: str) -> None:
    _write(tmp_path / bodies, '\ufeffBody ID,articleBody\n1,"Two\nlines."\n')
    _write(tmp_path / stances, "Headline,Body ID,Stance\nA claim,1,Disagree\n")
    _write(tmp_path / "test_stances_unlabeled.csv", "Headline,Body ID\nA claim,1\n")
    loaded = load_pairs(tmp_path, part)
    assert loaded.pairs == (Pair("A claim", "1", "disagree"),)
    assert loaded.bodies == {"1": "Two\nlines."}


def _write(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def test_a_folder_without_pairs_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file of bodies"):
        load_pairs(tmp_path)


def row(truth: str, fold: int = 0, related: float = 0.9, denies: float = 0.2) -> Scored:
    return Scored(0, fold, truth, 1.0, related, tuple(map(log, (0.3, denies, 0.7 - denies))))


def test_a_shift_lets_a_rare_stance_win() -> None:
    assert given(row("disagree"), Cut((0.0, 0.0, 0.0))) == "discuss"
    assert given(row("disagree"), Cut((0.0, 1.5, 0.0))) == "disagree"
    assert given(row("disagree", related=0.1), Cut((0.0, 1.5, 0.0))) == "unrelated"


def test_tuning_finds_the_shift_that_the_rows_ask_for() -> None:
    rows = [row("disagree", denies=0.2)] * 5 + [row("discuss", denies=0.05)] * 5
    assert all(given(one, tuned(rows)) == one.truth for one in rows)


def test_unrelated_pairs_weigh_as_in_the_data() -> None:
    rows = weighted(
        [row("unrelated"), row("agree"), row("discuss")], Counter(unrelated=30, agree=1, discuss=1)
    )
    assert [one.weight for one in rows] == [30.0, 1.0, 1.0]


def test_the_challenges_score_gives_a_quarter_for_relatedness() -> None:
    counts = {("agree", "discuss"): 1.0, ("unrelated", "unrelated"): 1.0, ("discuss", "discuss"): 1.0}
    assert Outcome(counts).score() == pytest.approx(100 * (0.25 + 0.25 + 1.0) / 2.25)


# --- figures ---------------------------------------------------------------------------------------


def test_a_figure_that_fell_by_more_than_noise_is_named() -> None:
    before = {"a": 0.9, "b": 0.9, "gone": 0.5}
    now = [Figure("a", 0.80, 0.05, 50), Figure("b", 0.87, 0.05, 50), Figure("new", 0.1, 0.0, 5)]
    assert [line.split()[0] for line in fallen(now, before)] == ["a"]


def test_noise_shrinks_with_the_number_of_units() -> None:
    few, many = figure("x", [True, False] * 10, share), figure("x", [True, False] * 1000, share)
    assert few.value == many.value == 0.5
    assert few.noise > 3 * many.noise > 0


def test_f1_of_a_kind_is_that_of_its_precision_and_recall() -> None:
    counts = Counter({("denial", "denial"): 3, ("denial", "rumor"): 1, ("rumor", "denial"): 2})
    assert [round(value, 6) for value in f1(counts, "denial")] == [0.6, 0.75, 0.666667]


def test_recording_keeps_what_was_not_measured(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    record(file, [Figure("a", 0.5, 0.1, 3)], {"b": 0.7})
    assert recorded(file) == {"a": 0.5, "b": 0.7}


# --- the command -----------------------------------------------------------------------------------


def test_an_absent_folder_is_said_and_is_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--corpus", str(tmp_path / "none"), "--record-file", str(tmp_path / "r.json")]) == 0
    told = capsys.readouterr().out
    assert "corpus: there is no" in told
    assert "Nothing was measured" in told


def test_a_fallen_figure_ends_with_one_and_a_recorded_run_writes_no_texts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Ford denied on Monday that it is in talks to buy Rivian, calling the report completely false."
    rows = [
        {"id": str(n), "title": "Ford denies report", "text": text, "published": None, "label": "denial",
         "statements": [{"kind": "denial", "by": "Ford", "strength": "flat"}]}
        for n in range(4)
    ]  # fmt: skip
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "x_en_rows.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    record_file, table = tmp_path / "r.json", tmp_path / "t.md"
    places = ["--record-file", str(record_file), "--table-file", str(table)]
    assert main(["--corpus", str(tmp_path / "set"), *places, "--record"]) == 0
    assert recorded(record_file)["corpus: denial F1"] == 1.0
    assert "completely false" not in table.read_text("utf-8")
    rows[0]["label"] = rows[1]["label"] = rows[2]["label"] = "rumor"
    (tmp_path / "set" / "x_en_rows.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    record_file.write_text(json.dumps({"corpus: hard": 0.1, "corpus: denial F1": 1.9}), "utf-8")
    assert main(["--corpus", str(tmp_path / "set"), *places]) == 1
    assert "corpus: denial F1 fell from 1.900" in capsys.readouterr().out


def test_a_recorded_run_keeps_the_tables_of_what_it_did_not_measure(tmp_path: Path) -> None:
    table = tmp_path / "accuracy.md"
    table.write_text("# Accuracy\n\n### claims: figures\n\n| a |\n\n### set: kinds\n\n| old |\n", "utf-8")
    assert "| a |" in _others(table, {"set"})
    assert "old" not in _others(table, {"set"})
