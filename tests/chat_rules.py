"""What each chat asks of a request, by its own documentation: shapes and limits. Raises AssertionError.

Slack: Block Kit (header, section, context, text objects). Discord: Execute Webhook, limits of embeds. Teams:
incoming webhooks by Workflows, Adaptive Cards 1.4. Telegram: sendMessage, MessageEntity.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

OUR_LINKS = ("Read it there", "阅读原文", "Story", "事件", "All alerts", "The page")
Json = dict[str, Any]


def slack(request: Json) -> None:
    assert set(request) == {"text", "blocks", "unfurl_links", "unfurl_media"}
    assert (request["unfurl_links"], request["unfurl_media"]) == (False, False)
    assert 0 < len(request["blocks"]) <= 50
    for block in request["blocks"]:
        match block["type"]:
            case "header":
                _slack_text(block["text"], 150)
            case "section":
                _slack_text(block["text"], 3000)
            case "context":
                assert 0 < len(block["elements"]) <= 10
                for element in block["elements"]:
                    _slack_text(element, 3000)
            case other:
                raise AssertionError(other)


def _slack_text(text: Json, limit: int) -> None:
    assert text["type"] in ("plain_text", "mrkdwn")
    assert 0 < len(text["text"]) <= limit
    assert text["type"] != "mrkdwn" or text["text"].startswith("<http")


def discord(request: Json) -> None:
    assert request["allowed_mentions"] == {"parse": []}
    assert 0 < len(request["content"]) <= 2000
    (embed,) = request["embeds"]
    assert len(embed["description"]) <= 4096
    assert len(embed["fields"]) <= 25
    for field in embed["fields"]:
        assert 0 < len(field["name"]) <= 256
        assert 0 < len(field["value"]) <= 1024
    words = [embed.get("title", ""), embed["description"]]
    words += [part for field in embed["fields"] for part in (field["name"], field["value"])]
    assert sum(map(len, words)) <= 6000


def teams(request: Json) -> None:
    assert request["type"] == "message"
    (attachment,) = request["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {part["type"] for part in card["body"]} == {"RichTextBlock"}
    assert all(run["type"] == "TextRun" for part in card["body"] for run in part["inlines"])
    assert len(card["actions"]) <= 6
    assert all(action["type"] == "Action.OpenUrl" for action in card["actions"])
    assert len(json.dumps(request)) <= 28 * 1024


def telegram(request: Json) -> None:
    units = request["text"].encode("utf-16-le")
    assert 0 < len(units) // 2 <= 4096
    assert request["chat_id"] == "-1001"
    assert "parse_mode" not in request
    for entity in request["entities"]:
        assert entity["type"] in ("bold", "text_link")
        assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= len(units) // 2
        said = units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")
        assert "\n" not in said
        assert entity["type"] != "text_link" or said in OUR_LINKS
    assert len(request["entities"]) <= 100


RULES = {"slack": slack, "discord": discord, "teams": teams, "telegram": telegram}


def strings(value: Any) -> Iterator[str]:
    """Every string of a request that a person may read."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            if key not in ("url", "$schema", "type", "contentType"):
                yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
