"""Texts that cost a parser, a layout or a reader more than their length says.

Data for tests and benchmarks: a name, and what builds about ``size`` characters of it. Most are repetitions
that once were quadratic in a parser of Markdown or in a layout.
``python -m tests.ui.transcript.hostile`` prints the slowest step of each.
"""

import time
from collections.abc import Callable, Iterator

SIZE = 100_000


def _repeat(unit: str, begin: str = "", end: str = "") -> Callable[[int], str]:
    return lambda size: begin + unit * max(1, size // len(unit)) + end


def _numbered(unit: str, begin: str = "") -> Callable[[int], str]:
    """``unit`` with a number in place of each ``#``."""
    return lambda size: begin + "".join(unit.replace("#", str(i)) for i in range(max(1, size // len(unit))))


def _table(columns: int) -> Callable[[int], str]:
    def build(size: int) -> str:
        rows = max(1, size // (2 * columns))
        return "|" + "a|" * columns + "\n|" + "-|" * columns + "\n" + ("|" + "b|" * columns + "\n") * rows

    return build


def _growing(unit: str, end: str = " ") -> Callable[[int], str]:
    """``unit`` once, twice, three times, …"""
    return lambda size: "".join(unit * i + end for i in range(1, int((2 * size / len(unit)) ** 0.5)))


TEXTS: dict[str, Callable[[int], str]] = {
    # Brackets and links
    "opening brackets": _repeat("["),
    "closing brackets": _repeat("]"),
    "nested brackets": lambda size: "[" * (size // 2) + "a" + "]" * (size // 2),
    "half links": _repeat('[]( "'),
    "links without a target": _repeat("[a]("),
    "targets without a link": _repeat("]("),
    "images without an end": _repeat("![a]("),
    "nested images": _repeat("![["),
    "links in angles": _repeat("[a](<b"),
    "nested parentheses": lambda size: "[a](" + "(" * size,
    "references to references": _repeat("[a][b]"),
    "unknown references": _numbered("[a#] "),
    "a title without an end": lambda size: '[a](b "' + "c" * size,
    "links": _repeat("[a](https://example.org) "),
    "backslashes in brackets": _repeat("[\\"),
    # Emphasis
    "emphasis": _repeat("*a _a "),
    "nested emphasis": _repeat("*a **a "),
    "stars and underscores": _repeat("*_"),
    "stars": _repeat("*"),
    "spaced stars": _repeat("a**b"),
    "strikes": _repeat("~~a "),
    "emphasis of many lengths": _repeat("a***b**c*d "),
    "closers without openers": _repeat("a_ b* "),
    "openers, then closers": lambda size: "*a " * (size // 6) + "a* " * (size // 6),
    # Code
    "backticks of many lengths": _growing("`"),
    "backticks": _repeat("`"),
    "code that never closes": _repeat("`a``b"),
    "fences": _repeat("```\n"),
    "fences in lists": _repeat("- ```\n"),
    "tildes of many lengths": _growing("~", "\n"),
    "a language": lambda size: "```" + "x" * size + "\ny\n```",
    "a line of code": lambda size: "```python\n" + "x" * size + "\n```",
    "code in a list item": lambda size: "- a\n\n  ```python\n" + "  x = 1\n" * (size // 8) + "  ```\n",
    # HTML, entities, escapes
    "CDATA": _repeat("<![CDATA["),
    "comments": _repeat("<!--"),
    "processing instructions": _repeat("<?"),
    "declarations": _repeat("<!A "),
    "tables of HTML": _repeat("<table><tr><td>"),
    "angles": _repeat("<"),
    "addresses in angles": _repeat("<a@"),
    "entities": _repeat("&amp;"),
    "half entities": _repeat("&a"),
    "ampersands": _repeat("&"),
    "backslashes": _repeat("\\"),
    "escapes": _repeat("\\*"),
    # Containers
    "quotes in quotes": _repeat("> "),
    "quotes without spaces": _repeat(">"),
    "deep quotes": lambda size: "".join("> " * i + "a\n" for i in range(1, int(size**0.5))),
    "a quote": _repeat("> Some words in a quote.\n"),
    "a lazy quote": lambda size: "> a\n" + "b\n" * (size // 2),
    "quotes and lists": _repeat("> - "),
    "lists in lists": _repeat("- "),
    "deep lists": lambda size: "".join("  " * i + "- a\n" for i in range(int(size**0.5))),
    "deep numbers": lambda size: "".join("   " * i + "1. a\n" for i in range(int((size / 1.5) ** 0.5))),
    "bullets": _repeat("- x\n"),
    "empty bullets": _repeat("-\n"),
    "a loose list": _repeat("- a\n\n"),
    "bullets of two kinds": _repeat("- a\n* b\n"),
    "a lazy list item": lambda size: "- a\n" + "b\n" * (size // 2),
    "a list item": lambda size: "- a\n" + "\n  Some words in an item.\n" * (size // 25),
    "a list item of lists": lambda size: "- a\n" + "  - b\n    - c\n" * (size // 14),
    "tasks": _repeat("- [ ] a\n"),
    # Blocks
    "headings": _repeat("# a\n"),
    "underlines": _repeat("a\n-\n"),
    "rules": _repeat("* * *\n"),
    "almost a rule": _repeat("- - "),
    "indented code": _repeat("    a\n\n"),
    "tabs": _repeat("\t"),
    "spaces": _repeat(" "),
    "line feeds": _repeat("\n"),
    "blank lines with spaces": _repeat("  \n"),
    # Tables
    "a table of many rows": _table(2),
    "a table of 100 columns": _table(100),
    "a table of 5,000 columns": _table(5000),
    "bars": _repeat("|"),
    "half tables": _repeat("|a|\n"),
    "delimiter rows": _repeat("|-|\n"),
    "tables in a quote": _repeat("> |a|b|\n> |-|-|\n> |c|d|\n"),
    "escaped bars": _repeat("\\|", "|a|\n|-|\n|"),
    # Definitions and footnotes
    "definitions": _numbered("[a#]: https://example.org\n"),
    "one definition": _repeat("[a]: b\n"),
    "a definition without an end": lambda size: '[a]: b "' + "c\n" * (size // 2),
    "a label": lambda size: "[" + "a" * size + "]: b",
    "definitions in quotes": _repeat("> [a]: b\n"),
    "used, then defined": lambda size: (
        _numbered("[a#] ")(size // 2) + "\n\n" + _numbered("[a#]: b\n")(size // 2)
    ),
    "footnotes": _numbered("[^#]: a\n"),
    "references to footnotes": _numbered("a[^#] "),
    "footnotes in footnotes": _repeat("[^1]: "),
    "a footnote": lambda size: "[^1]: a\n" + "\n    Some words in it.\n" * (size // 23),
    "half footnotes": _repeat("[^1"),
    # Formulas
    "formulas": _repeat("$a$ "),
    "dollars": _repeat("$"),
    "prices": _repeat("$5 and "),
    "half formulas": _repeat("a $b"),
    "displays": _repeat("$$\na\n$$\n"),
    "displays without an end": _repeat("$$\na\n\n"),
    "opening delimiters": _repeat("\\[\n"),
    "opening delimiters in a line": _repeat("\\[ \\( "),
    "displays in lists that end": lambda size: "- \\[\n" * (size // 5) + "\\]",
    "a formula that never closes": lambda size: "\\[\n" + "a &= b \\\\\n" * (size // 10),
    # Addresses
    "addresses": _repeat("https://example.org/a "),
    "an address": lambda size: "https://example.org/" + "a" * size,
    "an address in parentheses": lambda size: "https://example.org/" + ")" * size,
    "half addresses": _repeat("://"),
    "mail addresses": _repeat("a@"),
    "dots": _repeat("a."),
    "www": _repeat("www."),
    "addresses that end": _repeat("https://a.b/&amp;"),
    # Text
    "one word": _repeat("x"),
    "a megabyte without a space": lambda size: "x" * (10 * size),
    "a paragraph": _repeat("Some words that never end, and `more` of them. "),
    "a paragraph of lines": _repeat("Some words that never end\n"),
    "hard breaks": _repeat("a  \n"),
    "emoji": _repeat("😀"),
    "joined emoji": _repeat("👩\u200d👩\u200d👧\u200d👦"),
    "right to left": _repeat("אבג "),
    "overrides": _repeat("\u202e\u202d"),
    "combining marks": lambda size: "e" + "\u0301" * size,
    "Chinese": _repeat("没有空格的很长的一段话"),
    "surrogates": _repeat("\ud800"),
    "control characters": _repeat("\0\x07\x1b[31m"),
    "carriage returns": _repeat("a\r"),
    "separators": _repeat("\u2028\u2029"),
    "one letter a line": _repeat("a\n"),
    "everything": _repeat("*a* [b](c) `d` $e$ <f> &g; ![h](i) ~~j~~ \\k https://l.m [^1] | "),
}


def texts(size: int = SIZE) -> Iterator[tuple[str, str]]:
    """Each text with its name; what they have is about ``size`` characters."""
    for name, build in TEXTS.items():
        yield name, build(size)


def slowest_steps(size: int = SIZE) -> list[tuple[float, float, str]]:
    """(CPU milliseconds of the slowest step, milliseconds in all, name), slowest first."""
    from desktop_chat.ui.transcript import preload
    from desktop_chat.ui.transcript.stream import MarkdownStream, pieces

    preload()
    found = []
    for name, text in texts(size):
        stream, steps = MarkdownStream(), []
        for piece in pieces(text):
            began = time.process_time()
            stream.feed(piece)
            steps.append(time.process_time() - began)
        began = time.process_time()
        stream.finish()
        steps.append(time.process_time() - began)
        found.append((max(steps) * 1e3, sum(steps) * 1e3, name))
    return sorted(found, reverse=True)


if __name__ == "__main__":
    for slowest, total, name in slowest_steps():
        print(f"{slowest:8.1f} ms  {total:9.0f} ms  {name}")
