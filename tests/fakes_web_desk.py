"""Six made-up stories in every status, Chinese among them, with healthy and failing feeds."""

from __future__ import annotations

from datetime import timedelta

from service.core.model import Kind, Reason, Role, Status, Strength
from service.store.views import StoryPage
from tests.fakes_web import NOW, FakeReports, Said, feed, story_page


def a_full_desk() -> FakeReports:
    """A fresh copy of the whole desk."""
    return FakeReports(
        [_ford_and_xiaomi(), _great_wall(), _chip_maker(), _bank(), _ferry_line(), _mine()],
        [
            feed("Harbour Ledger"),
            feed("金融早报", reason="Polled every 5 minutes: it changes often."),
            feed(
                "Old Wire",
                "failing",
                failures=6,
                reason="The server answered 503 six times; the next try is in two hours.",
                next_poll_at=NOW + timedelta(hours=2),
            ),
            feed("New Desk", "waiting", last_polled_at=None, next_poll_at=None, items=0, reason=""),
        ],
    )


def _ford_and_xiaomi() -> StoryPage:
    return story_page(
        "story_5f0c2d7a91b34e68",
        "Ford is in talks with Xiaomi on a joint venture to build electric vehicles in the United States",
        Status.DENIED,
        ("Ford", "Xiaomi"),
        Said(
            Kind.RUMOR,
            None,
            "Ford held talks with Xiaomi on a joint venture",
            77.5,
            outlet="Northern Finance",
            title="Carmaker sounds out phone maker on US plant, four people say",
            before="Four people who know of the matter said that ",
            after=", and that nothing has been signed.",
            role=Role.SOURCE,
        ),
        Said(
            Kind.DENIAL,
            "Ford",
            "This report is made up from end to end",
            76.0,
            Strength.FLAT,
            speaker="Dana Whitfield",
            role=Role.SPOKESMAN,
            title="Carmaker rejects report of US venture",
            before="A spokeswoman answered within two hours: “",
            after=".”",
        ),
        Said(
            Kind.NO_COMMENT,
            "BYD",
            "BYD did not want to comment",
            75.0,
            role=Role.PRINCIPAL,
            title="BYD did not want to comment on the talks",
        ),
        Said(
            Kind.DENIAL,
            "Xiaomi",
            "we sell nothing in the United States and negotiate with nobody about it",
            17.2,
            Strength.FLAT,
            title="Xiaomi answers on its own channel",
            before="The company wrote: “To be plain, ",
            after="”, and asked readers to trust its filings only.",
        ),
        Said(
            Kind.DENIAL,
            "Ford",
            "Ford had called it made up",
            17.2,
            Strength.FLAT,
            title="Xiaomi answers on its own channel",
            reason=Reason.RECAP,
        ),
    )


def _great_wall() -> StoryPage:
    return story_page(
        "story_1b90a4c7d2e83f56",
        "传小米计划利用长城汽车的工厂生产自有品牌电动车",
        Status.OPEN,
        ("小米集团", "长城汽车"),
        Said(
            Kind.RUMOR,
            None,
            "据三名知情人士透露，小米计划在长城汽车的一家工厂生产电动车",
            5.4,
            outlet="金融早报",
            title="小米造车再传新动向：或由长城代工",
            before="本报讯　",
            after="，双方最快下周宣布合作。",
            role=Role.SOURCE,
        ),
        Said(
            Kind.NO_COMMENT,
            "小米集团",
            "小米方面未予回应",
            5.0,
            outlet="金融早报",
            title="小米未回应代工传闻",
        ),
        Said(
            Kind.DENIAL,
            "长城汽车",
            "一切以公司公告为准，目前没有应披露而未披露的事项",
            1.2,
            Strength.NON_DENIAL,
            outlet="金融早报",
            title="长城汽车：以公告为准",
            reason=Reason.BELOW_THRESHOLD,
        ),
        alerts=False,
    )


def _chip_maker() -> StoryPage:
    return story_page(
        "story_77aa03fe5518bd20",
        "Lindqvist Semiconductor prepares a takeover offer for Orsted Photonics at 41 crowns a share",
        Status.DISPUTED,
        ("Lindqvist Semiconductor", "Orsted Photonics"),
        Said(
            Kind.RUMOR,
            None,
            "is working with two banks on an offer",
            30.0,
            outlet="Baltic Courier",
            title="Chip maker works on an offer",
            role=Role.SOURCE,
        ),
        Said(
            Kind.DENIAL,
            "Lindqvist Semiconductor",
            "there is no agreement at this time",
            28.0,
            Strength.LIMITED,
            speaker="Per Ahlgren",
            role=Role.EXECUTIVE,
            outlet="Baltic Courier",
        ),
        Said(
            Kind.CONFIRMATION,
            "Orsted Photonics",
            "has received an indicative proposal",
            0.4,
            outlet="Exchange Notices",
            title="Orsted Photonics has received an indicative proposal",
        ),
    )


def _bank() -> StoryPage:
    return story_page(
        "story_c3e1f9b24d7708aa",
        "Banco Alameda will cut 2,000 jobs in its branches before summer",
        Status.CONFIRMED,
        ("Banco Alameda",),
        Said(Kind.RUMOR, None, "plans to cut 2,000 jobs", 60.0, outlet="El Puerto", role=Role.SOURCE),
        Said(
            Kind.CONFIRMATION,
            "Banco Alameda",
            "the plan that was reported is correct",
            49.0,
            outlet="El Puerto",
            speaker="Lucía Ferrer",
            role=Role.EXECUTIVE,
        ),
    )


def _ferry_line() -> StoryPage:
    return story_page(
        "story_e8d6c5b4a3920110",
        "The ferry line Skagerrak Express has lost its operating licence",
        Status.RETRACTED,
        ("Skagerrak Express",),
        Said(Kind.RUMOR, None, "has lost its licence", 130.0, outlet="Coast Today", role=Role.SOURCE),
        Said(
            Kind.RETRACTION,
            "Coast Today",
            "We withdraw this report and apologise",
            101.0,
            outlet="Coast Today",
            role=Role.OUTLET,
        ),
    )


def _mine() -> StoryPage:
    return story_page(
        "story_09f8e7d6c5b4a321",
        "A buyer from the Gulf has taken a tenth of Katanga Copper through the open market",
        Status.DENIED,
        ("Katanga Copper",),
        Said(
            Kind.DENIAL,
            "Katanga Copper",
            "we are not aware of any such purchase",
            90.0,
            Strength.NOT_AWARE,
            outlet="Metals Wire",
        ),
    )
