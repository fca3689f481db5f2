from __future__ import annotations

import pytest

from toolkit.views import palette
from toolkit.vocabulary import FAMILIES

# Simulation of missing red cones and of missing green cones on linear RGB
# (Viénot, Brettel, Mollon 1999, as the usual 3x3 matrices).
BLIND = {
    "protanopia": ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
    "deuteranopia": ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_mark_stands_out_from_paper_and_land(family):
    for ground in (palette.PAPER, palette.LAND, "#f8f5ee"):
        assert palette.contrast(palette.family_colour(family), ground) >= 3.0


@pytest.mark.parametrize("words", [palette.INK, palette.MUTED, palette.ACCENT, palette.GAP])
def test_words_are_legible_on_paper(words):
    for ground in (palette.PAPER, "#f7f6f2", "#f0eee8"):
        assert palette.contrast(words, ground) >= 4.5


def test_every_family_has_a_shape_of_its_own():
    shapes = [palette.FAMILY_SHAPES[family] for family in FAMILIES]
    assert len(set(shapes)) == len(FAMILIES)
    drawn = {palette.shape_svg(family, x=0, y=0, radius=5).split("fill")[0] for family in FAMILIES}
    assert len(drawn) == len(FAMILIES)


@pytest.mark.parametrize("kind", sorted(BLIND))
def test_colours_that_look_alike_to_some_have_other_shapes(kind):
    def seen(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [(part + 0.055) ** 2.4 / 1.055**2.4 for part in parts]
        return [
            sum(weight * part for weight, part in zip(row, linear, strict=True))
            for row in BLIND[kind]
        ]

    alike = [
        (one, other)
        for i, one in enumerate(FAMILIES)
        for other in FAMILIES[i + 1 :]
        if sum(
            (a - b) ** 2
            for a, b in zip(
                seen(palette.FAMILY_COLOURS[one]), seen(palette.FAMILY_COLOURS[other]), strict=True
            )
        )
        < 0.02
    ]
    # Colour alone would not do: this is why shapes are not an ornament.
    assert alike
    assert all(palette.FAMILY_SHAPES[one] != palette.FAMILY_SHAPES[other] for one, other in alike)


def test_steps_get_darker_one_by_one():
    light = [palette.contrast(step, "#000000") for step in palette.GAP_STEPS]
    assert light == sorted(light, reverse=True)
    assert len(set(light)) == len(light)
