"""Are these two records the same actor?  The panel in which an officer answers, pair by pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import ipywidgets
import pandas as pd

from toolkit.errors import ToolkitError
from toolkit.language import error_text, problem_text, text
from toolkit.linkage.pairs import ASK, DIFFERENT, SAME
from toolkit.territory import Territory
from toolkit.widgets import cards
from toolkit.workspace import Workspace, questions
from toolkit.workspace.joining import ONE, OTHER
from toolkit.workspace.journal import user_name
from toolkit.workspace.linking import LinkReport
from toolkit.workspace.links import questions_of

Pair = tuple[str, str]
ZONES: Final = (ASK, SAME, DIFFERENT)
LISTED: Final = 8
"""Links that a list shows at once."""
_UNKNOWN_USER: Final = "?"
_UNDO: Final = {SAME: ("part", DIFFERENT), DIFFERENT: ("join", SAME)}
"""By list: the button that undoes a link, and the answer that it gives."""


class QuestionPanel:
    """The open questions of a workspace one at a time, and what was answered, to be undone.

    Each answer is one transaction of the workspace, which writes its file of questions again.

    Parameters
    ----------
    workspace : Workspace
        Where the questions are.
    lang : str
        ``fr`` or ``en``.
    territory : callable
        Gives the territory as it was last read.
    on_change : callable
        Called after an answer that joined actors or took them apart: reads the territory again.

    Attributes
    ----------
    box : ipywidgets.VBox
        What a notebook shows.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        lang: str,
        territory: Callable[[], Territory],
        on_change: Callable[[], None],
    ) -> None:
        self._workspace, self._lang = workspace, lang
        self._territory, self._on_change = territory, on_change
        self._given = 0
        self._shown: Pair | None = None
        self._first = {SAME: 0, DIFFERENT: 0}
        self._buttons: list[ipywidgets.Button] = []
        name = user_name()
        self._who = ipywidgets.Text(
            value="" if name == _UNKNOWN_USER else name,
            description=self._text("who"),
            style={"description_width": "initial"},
        )
        self._message = ipywidgets.HTML()
        self._parts = {zone: ipywidgets.VBox() for zone in ZONES}
        self._tab = ipywidgets.Tab(children=list(self._parts.values()), selected_index=0)
        self.box = ipywidgets.VBox(
            [ipywidgets.HTML(cards.STYLE), self._who, self._message, self._tab]
        )
        self._read()
        self._draw()

    def _repr_mimebundle_(self, **wanted: object) -> dict[str, Any]:
        """Return what the notebook shows; where it shows no widgets, how many questions wait."""
        shown = dict(self.box._repr_mimebundle_(**wanted) or {})
        return {**shown, "text/plain": self._text("tab.ask", count=len(self._pairs[ASK]))}

    # --- answers ----------------------------------------------------------------------------------
    def answer(self, pair: Pair, answer: str) -> None:
        """Take in the answer for one pair, and show what it changed; what fails is told in words.

        Parameters
        ----------
        pair : tuple of str
            Ids of the two actors of a link.
        answer : str
            ``same`` or ``different``.
        """
        self._tell([self._text("working")])
        for button in self._buttons:
            button.disabled = True
        wrong, said = [self._text("failed")], list[str]()
        try:
            wrong, said = self._taken_in(pair, answer)
        finally:
            if wrong == [self._text("failed")]:  # nothing was drawn: the buttons are still there
                for button in self._buttons:
                    button.disabled = False
            self._tell([*wrong, *said], wrong=bool(wrong))

    def _taken_in(self, pair: Pair, answer: str) -> tuple[list[str], list[str]]:
        """Return what is wrong after an answer, and what it did."""
        row, order, before = self._rows[pair], self._pairs[ASK], set(self._pairs[SAME])
        reports: list[LinkReport] = []
        given = pd.DataFrame([(*pair, answer)], columns=[ONE, OTHER, "answer"])
        who = self._who.value.strip()
        wrong = self._tried(lambda: reports.append(self._workspace.link(given, who=who)))
        wrong += self._tried(self._read)  # after a fault too: a file may fail after the database
        is_changed = set(self._pairs[SAME]) != before
        if is_changed:
            wrong += self._tried(self._on_change)
        self._given += len(reports)
        is_asked = pair in order
        if is_asked and pair not in self._pairs[ASK]:
            self._shown = _following(pair, order, still=set(self._pairs[ASK]))
        self._draw(focus=is_asked)
        said = self._done(row, reports[0], answer=answer) if reports else []
        return wrong, [*said, self._text("rerun")] if is_changed else said

    def _tried(self, step: Callable[[], object]) -> list[str]:
        """Return what went wrong in a step, in words."""
        try:
            step()
        except ToolkitError as err:
            return error_text(err, lang=self._lang)
        return []

    def _done(self, row: Mapping[Any, Any], report: LinkReport, *, answer: str) -> list[str]:
        """Return what an answer did."""
        said = [self._text(f"done.{answer}", one=row["one_name"], other=row["other_name"])]
        also = len(report.joined) - (answer == SAME)
        if also > 0:
            said.append(self._text("also_joined", count=also))
        return [*said, *(problem_text(note, lang=self._lang) for note in report.notes)]

    def _turn(self, step: int) -> None:
        """Show another question."""
        order = self._pairs[ASK]
        place = order.index(self._shown) + step if self._shown in order else 0
        self._shown = order[place % len(order)]
        self._draw(focus=True)
        key = "first_again" if place == len(order) else "moved_on"
        self._tell([self._text(key)] if step > 0 else [])

    def _page(self, zone: str, step: int) -> None:
        """Show other links of a list."""
        self._first[zone] += step
        self._draw()
        self._tell([])

    # --- what is known ----------------------------------------------------------------------------
    def _read(self) -> None:
        """Read the links, as people read them."""
        links = self._workspace.links()
        sources = self._territory().sources
        titles = dict(zip(sources["source_id"], sources["title"], strict=True))
        told = [links.reset_index(drop=True)[name] for name in ("answered_by", "answered_at")]
        words = pd.concat([questions.in_words(links, titles, lang=self._lang), *told], axis=1)
        self._rows = {(row[ONE], row[OTHER]): row for row in words.to_dict("records")}
        self._pairs = {
            ASK: _ids(questions_of(links)),
            SAME: _ids(_latest_first(links[links["zone"] == SAME])),
            DIFFERENT: _ids(_latest_first(links[links["zone"] == DIFFERENT])),
        }

    # --- what is shown ----------------------------------------------------------------------------
    def _draw(self, *, focus: bool = False) -> None:
        """Show what is known; every button is new, so that a second click finds nothing to do."""
        self._buttons = []
        for zone, part in self._parts.items():
            old = list(_inside(part))
            part.children = self._question() if zone == ASK else self._listed(zone)
            for widget in old:
                widget.close()
        self._tab.titles = [
            self._text(f"tab.{zone}", count=len(self._pairs[zone])) for zone in ZONES
        ]
        if focus:
            self._focus()

    def _question(self) -> list[ipywidgets.Widget]:
        """Return the question that is shown, with its buttons."""
        order = self._pairs[ASK]
        given = [self._text("given", count=self._given)] if self._given else []
        if not order:
            return [_html(cards.plain(" – ".join([self._text("none"), *given]), look="number"))]
        pair = self._shown if self._shown in order else order[0]
        self._shown = pair
        counter = self._text("counter", number=order.index(pair) + 1, total=len(order))
        facts = cards.facts_of_actors(self._territory(), set(pair), lang=self._lang)
        file = text("workspace.file.links", lang=self._workspace.lang)
        buttons = [
            self._button(SAME, lambda: self.answer(pair, SAME)),
            self._button(DIFFERENT, lambda: self.answer(pair, DIFFERENT)),
            self._button("later", lambda: self._turn(1)),
            self._button("back", lambda: self._turn(-1)),
        ]
        buttons[2].layout.margin = "2px 2px 2px 24px"  # what answers stands apart from what turns
        return [
            _html(cards.plain(" – ".join([counter, *given]), look="number")),
            _html(cards.pair_card(self._rows[pair], facts, lang=self._lang)),
            _side_by_side(buttons if len(order) > 1 else buttons[:3]),
            _html(cards.plain(self._text("file", path=file), look="soft")),
        ]

    def _listed(self, zone: str) -> list[ipywidgets.Widget]:
        """Return the links of a zone, a few at a time, each with the button that undoes it."""
        pairs = self._pairs[zone]
        if not pairs:
            return [_html(cards.plain(self._text(f"empty_{zone}")))]
        last_page = (len(pairs) - 1) // LISTED * LISTED
        first = self._first[zone] = min(self._first[zone], last_page)
        shown = pairs[first : first + LISTED]
        lines = [_html(cards.plain(self._text(f"intro.{zone}"), look="soft"))]
        if last_page:  # above the lines, so that it stays in place when there are fewer of them
            said = self._text("shown", first=first + 1, last=first + len(shown), total=len(pairs))
            back = self._button("earlier", lambda: self._page(zone, -LISTED), off=first == 0)
            on = self._button("further", lambda: self._page(zone, LISTED), off=first == last_page)
            lines.append(_side_by_side([back, _html(cards.plain(said), margin="0 8px"), on]))
        return [*lines, *(self._line(pair, zone) for pair in shown)]

    def _line(self, pair: Pair, zone: str) -> ipywidgets.Widget:
        """Return a link of a list, with the button that undoes it."""
        key, answer = _UNDO[zone]
        row = self._rows[pair]
        names = f"{row['one_name']} / {row['other_name']}"
        button = self._button(key, lambda: self.answer(pair, answer), about=names)
        line = _html(cards.link_line(row, lang=self._lang))
        line.layout.flex = "1 1 0"
        look = {"align_items": "center", "border_bottom": "1px solid #8886", "padding": "4px 0"}
        return ipywidgets.HBox([line, button], layout=look)

    def _button(
        self, key: str, act: Callable[[], None], *, about: str = "", off: bool = False
    ) -> ipywidgets.Button:
        """Return a button; what it is about is read out with its words."""
        words = self._text(f"button.{key}")
        made = ipywidgets.Button(
            description=words,
            tooltip=f"{words} – {about}" if about else words,
            disabled=off,
            layout={"width": "auto", "flex": "0 0 auto"},
        )
        made.on_click(lambda _: act())
        self._buttons.append(made)
        return made

    def _focus(self) -> None:
        """Put the keyboard where it was: on the button that does no harm if pressed again."""
        later = self._text("button.later")
        for button in self._buttons:
            if button.description == later:
                button.focus()

    def _tell(self, sentences: list[str], *, wrong: bool = False) -> None:
        self._message.value = cards.told(sentences, wrong=wrong)

    def _text(self, key: str, **values: object) -> str:
        return text(f"questions.{key}", lang=self._lang, **values)


def _following(pair: Pair, order: list[Pair], *, still: set[Pair]) -> Pair | None:
    """Return the first question after one that was answered which is still open."""
    place = order.index(pair)
    return next((one for one in order[place + 1 :] + order[:place] if one in still), None)


def _latest_first(links: pd.DataFrame) -> pd.DataFrame:
    """Return the answers of people, the latest first, then the rest, the least sure first."""
    return links.sort_values(
        ["answered_at", "probability", ONE, OTHER],
        ascending=[False, True, True, True],
        na_position="last",
    )


def _ids(links: pd.DataFrame) -> list[Pair]:
    return [(str(one), str(other)) for one, other in links[[ONE, OTHER]].itertuples(index=False)]


def _html(value: str, *, margin: str = "0") -> ipywidgets.HTML:
    return ipywidgets.HTML(value, layout={"margin": margin})


def _side_by_side(widgets: list[ipywidgets.Widget]) -> ipywidgets.HBox:
    return ipywidgets.HBox(widgets, layout={"flex_flow": "row wrap", "align_items": "center"})


def _inside(box: ipywidgets.Box) -> Iterator[ipywidgets.Widget]:
    """Yield every widget in a box, the box left out."""
    for child in box.children:
        if isinstance(child, ipywidgets.Box):
            yield from _inside(child)
        yield child
