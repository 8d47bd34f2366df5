"""Deals with their products and their flow: what is read of a deal whenever the deal has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from dlt_sources.assembly import State
from dlt_sources.http import NotFound, PermissionMissing, QuotaExhausted, Reply
from dlt_sources.pipedrive import pages, records
from dlt_sources.pipedrive.fields import Wanted
from dlt_sources.pipedrive.living import Living, Session, forget
from dlt_sources.records.intake import Endpoint

_MOST_DEALS = 100  # whose products one call tells


class _Line(msgspec.Struct):
    deal_id: int


class _Item(msgspec.Struct):
    object: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


def read(session: Session, endpoint: Endpoint, state: State, find: Callable[[], Wanted]) -> Iterator[Any]:
    """Deals and what belongs to them.

    Those deleted are asked for first: one that is deleted while the others are read is named by the next run.
    """
    living = Living(session, endpoint, state, find)
    living.take_deleted(pages.listing(session.api, "deals", {"status": "deleted"}))
    options = living.options()  # before either listing moves the newest change on
    for path in ("deals", "deals/archived") if session.ways.archived else ("deals",):
        yield from living.take(pages.listing(session.api, path, options))
    yield from living.finish()
    changed = living.known if living.is_whole else living.loaded
    yield from _products(
        session, state, [key for key in _owed(state, "products_owed", changed) if key not in living.gone], living.gone
    )
    yield from _flows(session, state, _owed(state, "owed", living.loaded), living.gone)


def _owed(state: State, name: str, changed: Iterable[str]) -> dict[str, None]:
    """Deals of which something is to be read: those that earlier runs did not get to, then those that changed."""
    return dict.fromkeys([*map(str, state.get(name, [])), *changed])


def _products(session: Session, state: State, deals: Sequence[str], gone: set[str]) -> Iterator[Any]:
    """The products of deals, a hundred deals a call; those of a deal that has none left are taken out."""
    known = state.setdefault("known_products", {})
    intake, bare = session.intake(records.DEAL_PRODUCTS, known), {key for key in gone if key in known}
    start, state["products_owed"] = 0, []
    try:
        for start in range(0, len(deals), _MOST_DEALS):
            some = deals[start : start + _MOST_DEALS]
            lines: dict[str, list[msgspec.Raw]] = {key: [] for key in some}
            found = list(pages.listing(session.api, "deals/products", {"deal_ids": ",".join(some)}))
            for _, rows in found:
                for row in rows:
                    lines.setdefault(str(msgspec.json.decode(row, type=_Line).deal_id), []).append(row)
            bare.update(key for key, own in lines.items() if not own and key in known)
            whole = [_together(key, "products", own) for key, own in lines.items() if own]
            for reply, _ in found[:-1]:
                yield from intake.take(reply, [])
            yield from intake.take(found[-1][0], whole)
    except (NotFound, PermissionMissing) as refusal:
        session.missing.reasons["deal_products"] = str(refusal)
        state["products_owed"] = [int(key) for key in deals[start:]]
    yield from intake.gone([(int(key),) for key in sorted(bare, key=int)])
    yield from intake.finish()
    forget(known, bare)


def _flows(session: Session, state: State, owed: dict[str, None], gone: set[str]) -> Iterator[Any]:
    """The changes of deals, one call a deal: the dearest part of a run, which is why many at once are spread over several runs."""
    known = state.setdefault("known_changes", {})
    intake, bare = session.intake(records.DEAL_CHANGES, known), {key for key in gone if key in known}
    waiting, lost = [key for key in owed if key not in gone], dict[str, str]()
    is_read = False
    for key in waiting[: session.ways.flows]:
        try:
            found = list(pages.old_listing(session.api, f"deals/{key}/flow", {"items": "change"}))
        except NotFound as refusal:
            lost[key] = str(refusal)
            continue
        except (PermissionMissing, QuotaExhausted) as refusal:  # what has been read so far stays; the next run goes on from here
            session.missing.reasons["deal_changes"] = str(refusal)
            break
        for reply, _ in found[:-1]:
            yield from intake.take(reply, [])
        yield from intake.take(found[-1][0], [_together(key, "changes", _changes(found))])
        owed.pop(key)
        is_read = True
    if lost and not is_read:
        session.missing.reasons["deal_changes"] = next(iter(lost.values()))
    elif lost:  # deleted meanwhile, as the next run will be told
        forget(owed, lost)
    yield from intake.gone([(int(key),) for key in sorted(bare, key=int)])
    yield from intake.finish()
    forget(known, bare)
    state["owed"] = [int(key) for key in owed if key not in gone]


def _changes(found: Sequence[tuple[Reply, list[msgspec.Raw]]]) -> list[msgspec.Raw]:
    items = [msgspec.json.decode(row, type=_Item) for _, rows in found for row in rows]
    return [item.data for item in items if item.object == "dealChange"]


def _together(key: str, name: str, parts: list[msgspec.Raw]) -> msgspec.Raw:
    """The parts of a deal as one document."""
    return msgspec.Raw(msgspec.json.encode({"deal_id": int(key), name: parts}))
