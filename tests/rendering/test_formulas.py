"""TeX -> outlines, as the helper process draws them; hostile TeX too."""

import math

import pytest

from desktop_chat.rendering.formulas import EM, MAX_SIDE, MAX_TEX, draw

FORMULAS = [
    "x",
    r"\frac{a}{b}",
    r"\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}",
    r"A^{-1} = \frac{1}{ad-bc}\begin{bmatrix}d & -b\\-c & a\end{bmatrix}^{T}",
    r"\begin{aligned}a &= b + c\\ &= d\end{aligned}",
    r"\begin{align}a &= b \tag{1}\\ c &= d \label{x}\nonumber\end{align}",
    r"\begin{cases} x^2 & \text{if } x \geq 0 \\ -x & \text{otherwise} \end{cases}",
    r"\sum_{i=1}^n i^2 = \prod_{j} \lim_{k \to \infty} \binom{n}{\frac{k}{2}}",
    r"\alpha\beta\Gamma\Delta \in \mathbb{R}, \mathcal{O}(n \log n)",
    r"\text{a < b & c \& d}",
    r"\left.\frac{df}{dx}\right|_{x=0} \overrightarrow{AB} \cancel{x} \boxed{y}",
    r"P(A|B) = \frac{P(B|A)\,P(A)}{P(B)}, \quad 50\%",
]


@pytest.mark.parametrize("display", [False, True])
@pytest.mark.parametrize("tex", FORMULAS)
def test_what_models_write_is_drawn(tex: str, display: bool) -> None:
    drawing = draw(tex, display)
    assert 0 < drawing["width"] < 40 * EM
    assert drawing["ascent"] > 0
    assert drawing["shapes"]
    for color, line, outline in drawing["shapes"]:
        assert color == ""
        assert 0 <= line < EM
        assert outline[0] == "M"
        assert all(part in "MLQCZ" if isinstance(part, str) else math.isfinite(part) for part in outline)


def test_letters_stand_on_the_baseline() -> None:
    plain, deep = draw("x", False), draw("y", False)
    assert plain["depth"] < 0.03 * EM < 0.15 * EM < deep["depth"]


def test_a_formula_that_stands_alone_is_larger() -> None:
    assert draw(r"\sum_a^b", True)["ascent"] > draw(r"\sum_a^b", False)["ascent"]


def test_colours_are_names_or_numbers() -> None:
    assert {shape[0] for shape in draw(r"\color{red}x", False)["shapes"]} == {"red"}
    assert {shape[0] for shape in draw(r"\color{#f00}x", False)["shapes"]} == {"#f00"}
    for color in ('url(#x)"', "javascript:alert(1)", "x" * 100, "a b"):
        assert {shape[0] for shape in drawn(rf"\color{{{color}}}x")} <= {"", "javascript"}


def drawn(tex: str) -> list[tuple[str, float, list[object]]]:
    try:
        return draw(tex, True)["shapes"]  # type: ignore[no-any-return]
    except Exception:  # noqa: BLE001 - whatever the library raises is fine, the helper tells it
        return []


HOSTILE = [
    r"\href{https://example.com}{x}",
    r"\includegraphics{secret.png}",
    r"\input{/etc/passwd}",
    r'\text{<image href="https://example.com/x.png"/>}',
    r'\text{</mtext><mglyph src="file:///etc/passwd"/><mtext>}',
    r"\style{background: url(https://example.com)}{x}",
    r"\class{a}{b}\cssId{a}{b}",
    r'\color{red" onload="x}{y}',
    r"\rule{100000em}{1em}",
    r"\hspace{1000000em} x",
    r"\mathop{x}\limits_a",
    r"\def\x{\x\x}\x",
    r"\newcommand{\a}{\a\a}\a",
    "{" * 2000 + "x" + "}" * 2000,
    r"\frac" * 500,
    r"\begin{matrix}" * 200,
    "^" * 1000,
    r"\sqrt{" * 300 + "x" + "}" * 300,
    "x" * (MAX_TEX + 1),
    "\x00\ud800\u202e",
    r"\text{日本語}",
    "",
    "\\",
    "&&&",
    "<a>",
    "<!DOCTYPE x [<!ENTITY a 'b'>]>&a;",
]


@pytest.mark.parametrize("tex", HOSTILE, ids=lambda tex: ascii(tex[:20]))
def test_hostile_tex_draws_outlines_within_bounds_or_nothing(tex: str) -> None:
    for color, line, outline in drawn(tex):
        assert color in ("", "red")
        assert 0 <= line < 2 * MAX_SIDE
        for part in outline:
            assert (
                part in ("M", "L", "Q", "C", "E", "Z") if isinstance(part, str) else abs(part) <= 3 * MAX_SIDE
            )
