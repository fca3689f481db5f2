"""How value chains and their stages are named; those of a territory's own files by their code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from toolkit.knowledge.chains import Chain, Stage, read_chains
from toolkit.language import text


@cache
def _shipped() -> Mapping[str, Chain]:
    return MappingProxyType({chain.chain_id: chain for chain in read_chains()})


def spelt(code: str) -> str:
    """Return a code as words, where nothing says what a person reads for it.

    Examples
    --------
    >>> spelt("wool_washing")
    'Wool washing'
    """
    words = code.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def chain_label(chain_id: str, *, lang: str) -> str:
    """Return what a person reads for a chain.

    Examples
    --------
    >>> chain_label("timber", lang="en"), chain_label("our_seaweed", lang="en")
    ('Local timber', 'Our seaweed')
    """
    chain = _shipped().get(chain_id)
    return spelt(chain_id) if chain is None else chain.label(lang)


def stage_label(chain_id: str, stage_id: str, *, lang: str) -> str:
    """Return what a person reads for a stage of a chain."""
    chain = _shipped().get(chain_id)
    stages = () if chain is None else chain.stages
    found = next((stage for stage in stages if stage.stage_id == stage_id), None)
    return spelt(stage_id) if found is None else found.label(lang)


def lack_label(chain_id: str, lack: str, *, lang: str) -> str:
    """Return what a person reads for what lacks in a chain, in quotation marks.

    Parameters
    ----------
    chain_id : str
        The chain.
    lack : str
        A stage, the number of an order of several, or a span of orders (``2-4``).
    lang : str
        ``fr`` or ``en``.

    Examples
    --------
    >>> lack_label("timber", "2-3", lang="en"), lack_label("our_seaweed", "2-3", lang="en")
    ('“Logging and hauling”, then “Sawmills”', 'stages 2 to 3')
    """
    span = _span(lack)
    if not span:
        return _quoted(stage_label(chain_id, lack, lang=lang), lang=lang)
    named = [
        _choice([_quoted(stage.label(lang), lang=lang) for stage in order], lang=lang)
        for order in _needed(chain_id, span)
    ]
    if not named:
        key = "chain.orders" if len(span) > 1 else "chain.order"
        return text(key, lang=lang, first=span[0], last=span[-1])
    said = named[0]
    for following in named[1:]:
        said = text("chain.then", lang=lang, one=said, other=following)
    return said


def lack_title(chain_id: str, lack: str, *, lang: str) -> str:
    """Return the same for a title: without what stands behind a colon, several orders counted.

    Examples
    --------
    >>> lack_title("timber", "processing", lang="en"), lack_title("timber", "2-3", lang="en")
    ('Second processing', '2 stages')
    """
    span = _span(lack)
    if not span:
        return _cut(stage_label(chain_id, lack, lang=lang))
    needed = _needed(chain_id, span)
    if len(span) > 1:
        return text("chain.stages", lang=lang, count=len(needed) or len(span))
    labels = [_cut(stage.label(lang)) for order in needed for stage in order]
    return _choice(labels, lang=lang) if labels else text("chain.order", lang=lang, first=span[0])


def _span(lack: str) -> range:
    """Return the orders that lack; none where a stage is named."""
    first, _, last = lack.partition("-")
    return range(int(first), int(last or first) + 1) if first.isdigit() else range(0)


def _needed(chain_id: str, span: range) -> list[list[Stage]]:
    """Return the stages of each order that are not optional; none of a chain that is not known."""
    chain = _shipped().get(chain_id)
    stages = () if chain is None else chain.stages
    orders = [[one for one in stages if one.order == n and not one.optional] for n in span]
    return [order for order in orders if order]


def _choice(labels: list[str], *, lang: str) -> str:
    """Return labels of which one is enough."""
    *others, last = labels
    return text("chain.choice", lang=lang, one=", ".join(others), other=last) if others else last


def _quoted(label: str, *, lang: str) -> str:
    return text("gap_title.group", lang=lang, group=label)


def _cut(label: str) -> str:
    return label.partition(":")[0].strip()
