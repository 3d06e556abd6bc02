"""Titles of conversations: from the first words at once, then from a model."""

import re
import unicodedata

LONGEST_TITLE = 80

UNTITLED = "New chat"
"""What a conversation without a title is called."""

TITLE_PROMPT = (
    "Write a title of two to six words for the conversation that follows, in its language, "
    "without quotes, without markup and without a full stop. Answer with the title alone."
)


def clean_title(text: str) -> str:
    """``text`` as one line of at most 80 characters, without quotes around it, without Markdown's marks for
    emphasis and code, and without control, bidirectional and other invisible characters; empty where nothing
    is left."""
    visible = "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    line = re.sub(r"\s+", " ", re.sub(r"\*\*|`+", "", visible)).strip(" \"'`*#“”„«».")
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"


def title_from_words(text: str, longest: int = 48) -> str:
    """The first words of a message, cut between words."""
    line = clean_title(text.strip()[:400])
    if len(line) <= longest:
        return line
    cut = line[:longest].rsplit(" ", 1)[0] if " " in line[:longest] else line[:longest]
    return cut.rstrip(" ,;:.…") + "…"


def title_key(text: str) -> str:
    """``text`` as names are compared and sorted: in any case, and without accents.

    Accents are Unicode's marks that stand above, below or across letters, and the points of Hebrew and
    Arabic. Others, the vowels of Thai say, make another word and stay.
    """
    if text.isascii():
        return text.lower()
    marked = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(each for each in marked if not _is_accent(unicodedata.combining(each)))


def _is_accent(combining_class: int) -> bool:
    """By the canonical combining class (https://www.unicode.org/reports/tr44/#Canonical_Combining_Class_Values)."""
    return 10 <= combining_class <= 36 or combining_class >= 200
