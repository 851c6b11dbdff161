"""The stance scorer: the claim's polarity, the evidence, the flip, the band, and the shipped data."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from service.core.model import Item
from service.core.reading.features import match_features, stance_features
from service.core.reading.stance import Judgement, Stance, StanceModel, judge
from service.core.reading.wording import Rarity, cut, cut_claim, digest
from service.core.text import fold
from service.errors import LexiconError
from service.lexicons.stance import CLASSES, from_json, load_stance, load_words, parse_words, to_json

CASES: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (Path(__file__).parents[1] / "cases" / "stance.toml").read_text("utf-8")
)
EVEN = Rarity({}, 1.0)


@pytest.fixture(scope="module")
def model() -> StanceModel:
    return load_stance()


def item(text: str) -> Item:
    return Item("one", "", text, datetime(2026, 1, 1, tzinfo=UTC))


def found(claim: str, text: str) -> dict[str, float]:
    words = load_words()
    return stance_features(cut_claim(claim, words), cut(text, words), EVEN, words, frozenset())


@pytest.mark.parametrize("case", CASES["polarity"], ids=lambda case: case["id"])
def test_a_claim_worded_as_a_denial_is_known_as_one(case: dict[str, Any]) -> None:
    assert cut_claim(case["claim"], load_words()).denies is case["denies"], case["why"]


@pytest.mark.parametrize("case", CASES["judgement"], ids=lambda case: case["id"])
def test_the_shipped_scorer_judges_plain_cases(case: dict[str, Any], model: StanceModel) -> None:
    assert judge(case["claim"], item(case["text"]), model).stance == case["stance"], case["why"]


def test_a_negated_denial_is_counted_apart() -> None:
    features = found("Ford buys Rivian", "Ford did not deny the report.")
    assert "first:deny" not in features
    assert features["first:deny-negated"] > 0
    assert features["first-denial:none"] == 1.0


def test_claim_words_after_a_negator_are_seen() -> None:
    denied = found("Ford buys Rivian", "It is true that Ford has not bought Rivian.")
    stated = found("Ford buys Rivian", "It is true that Ford has bought Rivian.")
    before = found("Ford buys Rivian", "Ford has bought Rivian, and not too late.")
    assert denied["after-negator"] > stated["after-negator"] == before["after-negator"] == 0.0


def test_a_denial_far_from_the_claim_is_not_around_it() -> None:
    near = found("Ford buys Rivian", "Ford denied buying Rivian.")
    far = found("Ford buys Rivian", "Ford met Rivian.\nA judge denied bail.")
    assert near["around-denial"] > far["around-denial"] == 0.0


def test_the_opposite_of_the_claims_verb_is_seen() -> None:
    assert found("Keeper joins the club", "The keeper leaves the club.")["opposite"] > 0
    assert found("Keeper joins the club", "The keeper joins the club.")["opposite"] == 0


@pytest.mark.parametrize("case", CASES["look_alike"], ids=lambda case: case["id"])
def test_a_look_alike_is_neither_a_denial_nor_a_negation(case: dict[str, Any]) -> None:
    told = found(case["claim"], case["text"])
    denied = found(case["claim"], case["denial"])
    seen = [name for name in ("first:deny", "first:false", "first:negator") if name in told]
    assert not seen, case["why"]
    assert denied["first:denials"] + denied.get("first:negator", 0.0) > 0, case["why"]


@pytest.mark.parametrize("case", CASES["manner"], ids=lambda case: case["id"])
def test_a_denial_counts_once_more_for_the_manner_of_the_claim(case: dict[str, Any]) -> None:
    told = found(case["claim"], "The bank denied the report.")
    crossed = {name.partition("-claim&")[0] for name in told if name.endswith("-claim&first:denials")}
    assert crossed == set(case["manners"]), case["why"]
    assert all(told[f"{m}-claim&first:denials"] == told["first:denials"] for m in crossed)


def test_a_denial_by_somebody_official_is_counted_apart() -> None:
    official = found("Ford buys Rivian", "A spokesman denied that Ford buys Rivian.")
    other = found("Ford buys Rivian", "My neighbour denied that Ford buys Rivian.")
    assert official["lead:official-denial"] > 0
    assert "lead:official-denial" not in other


def test_match_features_that_are_there_already_are_not_made_again() -> None:
    words = load_words()
    claim, body = cut_claim("Ford buys Rivian", words), cut("Ford buys Rivian.", words)
    made = stance_features(claim, body, EVEN, words, frozenset())
    assert made == stance_features(claim, body, EVEN, words, frozenset(), match_features(claim, body, EVEN))
    assert stance_features(claim, body, EVEN, words, frozenset(), {"match:lead": 9.0})["match:lead"] == 9.0


def test_reversal_wording_counts_against_a_claim_without_it_only() -> None:
    assert "reversal:first" in found("Actor to play the king", "The actor pulled out of the film.")
    assert "reversal-too:first" in found("Actor pulls out of the film", "The actor pulled out of the film.")


def test_a_stem_not_in_the_table_tells_most() -> None:
    rarity = Rarity({"report": 0.5, digest("acme"): 2.0}, 9.0)
    assert (rarity.of("report"), rarity.of("acme"), rarity.of("never-met")) == (0.5, 2.0, 9.0)


def test_the_weight_of_several_stems_does_not_hang_on_their_order() -> None:
    rarity = Rarity({"a": 0.1, "b": 0.2, "c": 0.3}, 1.0)
    assert rarity.sum("abc") == rarity.sum("cba") == 0.6


def test_nothing_of_the_claim_in_the_text_is_no_match() -> None:
    words = load_words()
    matched = match_features(cut_claim("Ford buys Rivian", words), cut("Rain fell.", words), EVEN)
    assert matched["match:share"] == matched["match:sentence"] == 0.0


def test_a_judgement_names_what_moved_it(model: StanceModel) -> None:
    case = CASES["judgement"][0]
    because = judge(case["claim"], item(case["text"]), model).because
    assert because
    assert [abs(m.amount) for m in because] == sorted((abs(m.amount) for m in because), reverse=True)


def test_probabilities_change_places_with_the_claims_polarity(model: StanceModel) -> None:
    weights = replace(model.weights, stance={}, stance_bias=(2.0, 0.0, 0.0), match={}, match_bias=5.0)
    plain = judge("Ford buys Rivian", item("Ford."), replace(model, weights=weights))
    turned = judge("Ford denies buying Rivian", item("Ford."), replace(model, weights=weights))
    assert plain.scores.asserts == turned.scores.denies > plain.scores.denies


def test_inside_the_band_a_judgement_is_not_sure(model: StanceModel) -> None:
    def under(band: float) -> Judgement:
        weights = replace(
            model.weights, stance={}, stance_bias=(1.0, 0.0, 0.0), match={}, match_bias=9.0,
            shifts=(0.0, 0.0, 0.0), band=band,
        )  # fmt: skip
        return judge("Ford buys Rivian", item("Ford."), replace(model, weights=weights))

    assert under(0.1).sure
    assert not under(2.0).sure
    assert under(2.0).stance is Stance.ASSERTS


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.text(max_size=400))
def test_any_text_gets_some_judgement(claim: str, text: str) -> None:
    judgement = judge(claim, item(text), _MODEL)
    assert judgement.stance in Stance
    assert 0.0 <= judgement.scores.related <= 1.0


_MODEL = load_stance()


# --- the data --------------------------------------------------------------------------------------


def test_no_listed_name_is_a_feature(model: StanceModel) -> None:
    rows = csv.DictReader(files("service.lexicons").joinpath("names.csv").read_text("utf-8").splitlines())
    names = {fold(s) for row in rows for s in (row["name"], *row["aliases"].split("|")) if s}
    spelled = {name.partition(":")[2] for name in model.weights.stance if "-word:" in name}
    assert spelled
    assert not names & (spelled | set(model.weights.known))
    assert not names & set(model.weights.rarity.table)


def test_the_weights_are_small_and_come_back_as_written(model: StanceModel) -> None:
    text = files("service.lexicons.stance").joinpath("weights.json").read_text("utf-8")
    assert len(text.encode()) < 1_000_000
    assert to_json(from_json(text)) == text


def test_weights_of_another_form_are_refused() -> None:
    with pytest.raises(LexiconError, match="form that training writes"):
        from_json('{"rarity": {}}')


def test_an_unknown_class_of_phrases_is_refused() -> None:
    classes = "\n".join(f"{name} = []" for name in sorted(CLASSES))
    assert parse_words(f"[cues]\n{classes}\n")
    with pytest.raises(LexiconError, match="'denyy'"):
        parse_words(f"[cues]\n{classes}\ndenyy = []\n")
