"""Titles of conversations: from the first words at once, then from a model."""

import re
import unicodedata

LONGEST_TITLE = 80

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
