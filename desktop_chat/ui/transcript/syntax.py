"""What markdown-it lacks: formulas and footnotes, as rules of its own.

A formula is ``$…$`` or ``\\(…\\)`` within text, ``$$…$$`` or ``\\[…\\]`` as a display of its own. A footnote
is shown where it is defined, under its own label, so that text that streams in never renumbers what is above.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

MAX_FORMULA, MAX_DISPLAY = 1000, 3000
"""Characters of the longest formula; how far one is looked for decides what a long text can cost."""

OPEN, NEVER = -1, -2
"""Instead of the end of a formula that has none."""
CLOSINGS = {"$": "$", "\\(": "\\)", "$$": "$$", "\\[": "\\]"}
DISPLAYS = frozenset({"$$", "\\["})
_STOPS = {
    "$": re.compile(r"\\.|\$", re.DOTALL),
    "$$": re.compile(r"\\.|\$\$", re.DOTALL),
    "\\(": re.compile(r"\\.", re.DOTALL),
    "\\[": re.compile(r"\\.", re.DOTALL),
}
_OPENING = re.compile(r"\$\$?|\\[(\[]")
_PRICE = re.compile(r"\$\d[\d.,]*(?:[kKmMbB]n?)?(?:\s+[^\W\d_]{2}|\s*[-–—/]\s*(?:\$|[^\W\d_]{2}))")
_BEGIN = re.compile(r"[\n$*\[\\\]_`~]|!(?=\[)|&(?=[#A-Za-z])|<(?=[A-Za-z])")
_FOOTNOTE = re.compile(r"\[\^(\d{1,4}|[^\W\d_]\w[\w-]{0,62})\]")
_DEFINITION = re.compile(r"\[\^([^\s\[\]^]{1,64})\]:")


def extend(md: "MarkdownIt") -> None:
    """Add the rules to a parser."""
    ends = ["paragraph", "reference", "blockquote", "list"]
    md.block.ruler.before("table", "math", _display, {"alt": ends})
    md.block.ruler.before("reference", "footnote", _definition, {"alt": ["paragraph", "reference"]})
    md.inline.ruler.at("text", _text)
    md.inline.ruler.before("escape", "math", _formula)
    md.inline.ruler.before("link", "footnote", _reference)


def opens(text: str, start: int) -> str:
    """The delimiter that opens a formula at ``start``, or ``""``. It may lack its end."""
    found = _OPENING.match(text, start)
    if found is None:
        return ""
    if found[0] == "$":
        before, after = text[start - 1 : start], text[start + 1 : start + 2]
        if after.isspace() or (before.isascii() and before.isalnum()) or _PRICE.match(text, start):
            return ""
    return found[0]


def closes(text: str, start: int, opening: str) -> int:
    """Where the formula ends whose content begins at ``start``: at its closing delimiter; or :data:`OPEN`
    where text that is still to come can close it, or :data:`NEVER`."""
    limit = MAX_DISPLAY if opening in DISPLAYS else MAX_FORMULA
    closing = CLOSINGS[opening]
    # A slice of bounded length, looked for at the speed of C: most candidates close nowhere.
    if text.find(closing, start, start + limit) >= 0:
        for match in _STOPS[opening].finditer(text, start, min(len(text), start + limit)):
            if match[0] == closing:
                at = match.start()
                if opening == "$" and (text[at - 1].isspace() or text[at + 1 : at + 2].isdigit()):
                    return NEVER
                return at
    return OPEN if len(text) - start <= limit else NEVER


def is_formula(content: str) -> bool:
    """Whether there is anything between two delimiters that a formula could be made of."""
    return any(character.isalnum() for character in content)


def _text(state: "StateInline", silent: bool) -> bool:
    """Text up to where one of the rules in use can begin; markdown-it's own stops for rules that are not."""
    found = _BEGIN.search(state.src, state.pos, state.posMax)
    end = found.start() if found else state.posMax
    if end == state.pos:
        return False
    if not silent:
        state.pending += state.src[state.pos : end]
    state.pos = end
    return True


def _formula(state: "StateInline", silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    opening = opens(state.src, state.pos)
    if not opening:
        return False
    start = state.pos + len(opening)
    end = closes(state.src, start, opening)
    if end < 0 or end + len(opening) > state.posMax or not is_formula(state.src[start:end]):
        if opening == "$$" and not silent:
            state.pending += opening
        if opening == "$$":
            state.pos += 2
        return opening == "$$"
    if not silent:
        token = state.push("math", "", 0)
        token.content, token.markup = state.src[start:end], opening
    state.pos = end + len(opening)
    return True


def _reference(state: "StateInline", silent: bool) -> bool:
    if not state.src.startswith("[^", state.pos):
        return False
    found = reference(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("footnote_reference", "", 0).content = found[1]
    state.pos = found.end()
    return True


def reference(text: str, start: int) -> re.Match[str] | None:
    """The reference to a footnote at ``start``. One with a name follows a word: else it may be a pattern."""
    found = _FOOTNOTE.match(text, start)
    if found and (found[1].isdigit() or (start > 0 and not text[start - 1].isspace())):
        return found
    return None


def _display(state: "StateBlock", start: int, end: int, silent: bool) -> bool:
    first = state.bMarks[start] + state.tShift[start]
    opening = state.src[first : first + 2]
    if opening not in DISPLAYS or state.is_code_block(start):
        return False
    closing = closes(state.src, first + 2, opening)
    if closing == NEVER or (closing == OPEN and "open" not in state.env):
        return False
    line = start
    while closing < 0 or closing > state.eMarks[line]:
        line += 1
        if line >= end:
            break
        outside = state.sCount[line] < state.blkIndent
        if outside and not state.isEmpty(line):
            return False
    if line >= end:
        return closing < 0 and state.eMarks[end - 1] >= state.env["open"] and _hold(state, start, end, silent)
    content = state.getLines(start, line + 1, state.blkIndent, False).strip()
    if state.src[closing + 2 : state.eMarks[line]].strip() or not is_formula(content[2:-2]):
        return False
    if not silent:
        state.line = line + 1
        token = state.push("math_block", "", 0)
        token.content, token.markup, token.map = content[2:-2], opening, [start, state.line]
    return True


def _hold(state: "StateBlock", start: int, end: int, silent: bool) -> bool:
    """Show nothing yet of a formula that is still open."""
    if not silent:
        state.line = end
        state.push("held", "", 0).map = [start, end]
    return True


def _definition(state: "StateBlock", start: int, end: int, silent: bool) -> bool:
    begin = state.bMarks[start] + state.tShift[start]
    found = _DEFINITION.match(state.src, begin, state.eMarks[start])
    if found is None or state.is_code_block(start):
        return False
    if silent:
        return True
    opening = state.push("footnote_open", "", 1)
    opening.content = found[1]
    before = state.bMarks[start], state.tShift[start], state.sCount[start], state.parentType
    text = found.end()
    while text < state.eMarks[start] and state.src[text] in " \t":
        text += 1
    state.bMarks[start], state.tShift[start] = found.end(), text - found.end()
    state.blkIndent += 4
    state.sCount[start] = state.blkIndent
    state.parentType = "footnote"
    state.md.block.tokenize(state, start, end)
    state.blkIndent -= 4
    state.bMarks[start], state.tShift[start], state.sCount[start], state.parentType = before
    state.push("footnote_close", "", -1)
    opening.map = [start, state.line]
    return True
