"""How value chains and their stages are named; those of a territory's own files by their code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from toolkit.knowledge.chains import Chain, Stage, read_chains
from toolkit.language import listing, text


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


def lack_label(chain_id: str, lack: str, *, lang: str, short: bool = False) -> str:
    """Return what a person reads for what lacks in a chain.

    Parameters
    ----------
    chain_id : str
        The chain.
    lack : str
        A stage, the number of an order of several, or a span of orders (``2-4``).
    lang : str
        ``fr`` or ``en``.
    short : bool, default False
        Whether what stands behind the colon of a label is left out.

    Examples
    --------
    >>> lack_label("timber", "sawmill", lang="en"), lack_label("our_seaweed", "2-3", lang="en")
    ('Sawmills', 'stages 2 to 3')
    """
    first, _, last = lack.partition("-")
    if not first.isdigit():
        return _cut(stage_label(chain_id, lack, lang=lang), short=short)
    chain, span = _shipped().get(chain_id), range(int(first), int(last or first) + 1)
    orders = (
        [[stage for stage in chain.stages if stage.order == one] for one in span] if chain else []
    )
    needed = [[stage for stage in order if not stage.optional] for order in orders]
    named = [_choice(order, lang=lang, short=short) for order in needed if order]
    if named:
        return listing(named, lang=lang)
    key = "chain.orders" if last else "chain.order"
    return text(key, lang=lang, first=int(first), last=int(last or first))


def _choice(order: list[Stage], *, lang: str, short: bool) -> str:
    """Return the stages of one order, one of which is enough."""
    labels = [_cut(stage.label(lang), short=short) for stage in order]
    *others, last = labels
    return text("chain.choice", lang=lang, one=", ".join(others), other=last) if others else last


def _cut(label: str, *, short: bool) -> str:
    return label.partition(":")[0].strip() if short else label
