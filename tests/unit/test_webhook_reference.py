"""Every field that a webhook sends stands in its reference, and the reference names no other."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from service.alerts.payload import webhook_body
from tests.alert_examples import BASE_URL
from tests.unit.test_alert_content import backed, messages

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "webhook.md").read_text("utf-8")
NAMED = set(re.findall(r"`([a-z_]+)`", REFERENCE))


def keys_of(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for inner in value.values() for key in keys_of(inner)}
    return {key for inner in value for key in keys_of(inner)} if isinstance(value, list) else set()


def test_every_field_stands_in_the_reference() -> None:
    told = [*messages("en"), replace(backed(), doubtful=True, note="It ran out")]
    sent = {key for one in told for key in keys_of(json.loads(webhook_body(one, BASE_URL)))}
    assert sent <= NAMED


def test_the_reference_names_no_field_of_a_story_that_is_not_sent() -> None:
    table = REFERENCE.split("## `data` of a story")[1].split("A quotation:")[0]
    named = set(re.findall(r"^\| `([a-z_]+)`", table, re.M))
    full = replace(backed(), doubtful=True, note="It ran out")
    assert named == set(json.loads(webhook_body(full, BASE_URL))["data"])
