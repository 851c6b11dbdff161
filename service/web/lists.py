"""The API's list of items, and one item whole."""

from __future__ import annotations

from typing import Annotated, Protocol

from fastapi import APIRouter, HTTPException, Query

from service.store.lists import ItemPage, ItemRow
from service.store.views import Page
from service.web.answers import PageAnswer
from service.web.api import Cursor, Limit
from service.web.list_answers import ItemAnswer, ItemPageAnswer
from service.web.problems import problem_answers
from service.web.reading import FIT_ID

Named = Annotated[str | None, Query(min_length=1, max_length=500, pattern=FIT_ID)]
_MOST_ID = 500


class ListsLike(Protocol):
    """Blocking reads. InputError for a cursor that we never gave, StoreError without a ledger."""

    def items(self, limit: int = 50, cursor: str | None = None, feed_id: str | None = None) -> Page[ItemRow]:
        """Items, the last to come or change first."""
        ...

    def item(self, item_id: str) -> ItemPage | None:
        """An item whole, None where there is none."""
        ...


def lists_router(lists: ListsLike) -> APIRouter:
    """`/items` and `/items/{id}`, newest first, a page at a time."""
    router = APIRouter(prefix="/api/v1", tags=["desk"], responses=problem_answers(400, 422, 503))

    @router.get("/items", summary="Items, the last to come or change first")
    def list_items(limit: Limit = 50, cursor: Cursor = None, feed: Named = None) -> PageAnswer[ItemAnswer]:
        page = lists.items(limit, cursor, feed)
        return PageAnswer(items=[ItemAnswer.model_validate(row) for row in page.items], next=page.next)

    # An id is its maker's and may hold slashes, as addresses do.
    @router.get(
        "/items/{item_id:path}", summary="One item, what was read in it", responses=problem_answers(404)
    )
    def one_item(item_id: str) -> ItemPageAnswer:
        found = lists.item(item_id) if _may_be_an_id(item_id) else None
        if found is None:
            raise HTTPException(404, "There is no item with this id.")
        return ItemPageAnswer.of(found)

    return router


def _may_be_an_id(text: str) -> bool:
    return 0 < len(text) <= _MOST_ID and text.isprintable()
