"""The cards of an import: what was found, before it is added; and what was not taken, to be copied."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from desktop_chat.domain.titles import UNTITLED
from desktop_chat.importing import Preview
from desktop_chat.ui.card import Card
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.counts import counted
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

WIDTH = 480
TITLES = 5
"""Chats whose titles are shown."""
_REPORT_HEIGHT = 240


@dataclass(frozen=True, slots=True)
class Found:
    """What is to be imported, in words: from where, how many chats, the titles of some, and whether there are
    more."""

    where: str
    chats: str
    titles: tuple[str, ...]
    more: str


class ImportDialog(Card):
    """Accepted by its button: what was found is to be added."""

    def __init__(self, theme: Theme, host: QWidget, found: Found, unread: Sequence[str]) -> None:
        """``unread`` says of files that nothing can be read of why that is."""
        super().__init__(theme, host, WIDTH, modal=True)
        self.setObjectName("importDialog")
        self.setAccessibleName("Import chats")
        px = theme.px
        self.body.setSpacing(px(4))
        self.body.addWidget(words(theme, "Import chats", size=16, bold=True))
        self.body.addWidget(words(theme, found.where, size=13, color="dim"))
        self.body.addSpacing(px(8))
        self.body.addWidget(words(theme, found.chats, size=14, bold=True))
        for title in found.titles:
            self.body.addWidget(words(theme, title or UNTITLED, size=13))
        if found.more:
            self.body.addWidget(words(theme, found.more, size=13, color="dim"))
        self.body.addSpacing(px(8))
        for line in unread:
            self.body.addWidget(words(theme, line, size=13, color="warn"))
        self.body.addWidget(
            words(
                theme,
                "The chats are added to yours. What is here already stays as it is; a copy of all chats is "
                "made before. Settings and keys are not imported.",
                size=13,
                color="dim",
            )
        )
        cancel, self.import_button = button("Cancel"), button("Import", primary=True)
        self.import_button.setObjectName("importButton")
        cancel.clicked.connect(self.reject)
        self.import_button.clicked.connect(self.accept)
        self.body.addSpacing(px(12))
        self.body.addLayout(row(theme, None, cancel, self.import_button))
        self.starts_at = self.import_button


class Report(Card):
    """What of an import was skipped or left out, and why."""

    def __init__(self, theme: Theme, host: QWidget, outcome: str, report: str) -> None:
        super().__init__(theme, host, 620, modal=True)
        self.setObjectName("importReport")
        self.setAccessibleName("What was not imported")
        px = theme.px
        self.body.setSpacing(px(8))
        self.body.addWidget(words(theme, "What was not imported", size=16, bold=True))
        self.body.addWidget(words(theme, outcome, size=13, color="dim"))
        text = QPlainTextEdit()
        text.setPlainText(report)
        text.setReadOnly(True)
        text.setTabChangesFocus(True)
        text.setFont(theme.code_font(12))
        text.setFixedHeight(px(_REPORT_HEIGHT))
        text.setAccessibleName("What was skipped or left out, and why")
        self.body.addWidget(text)
        copy, close = button("Copy"), button("Close", primary=True)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(report))
        close.clicked.connect(self.accept)
        self.body.addSpacing(px(4))
        self.body.addLayout(row(theme, None, copy, close))
        self.starts_at = close


def found_words(found: Sequence[tuple[Path, Preview]]) -> Found:
    """What was found in files, together."""
    programs = dict.fromkeys(program for _, preview in found for program in preview.programs)
    names = [one_line(path.name) for path, _ in found]
    name = f"“{names[0]}”" if len(names) == 1 else counted(len(names), "file")
    size = sum(preview.size for _, preview in found)
    is_all = all(preview.is_all for _, preview in found)
    chats = sum(preview.chats for _, preview in found)
    titles = [one_line(title) for _, preview in found for title in preview.titles][:TITLES]
    more = f"and {counted(chats - len(titles), 'other')}" if is_all else "and others"
    return Found(
        f"From {' and '.join(programs) or 'an export'}: {name}{_size(size)}",
        counted(chats, "chat") if is_all else f"More than {counted(chats, 'chat')}",
        tuple(titles),
        more if not is_all or chats > len(titles) else "",
    )


def _size(size: int) -> str:
    if size < 1_000_000:
        return ""
    return f", {size / 1e9:.1f} GB" if size >= 1e9 else f", {size / 1e6:.0f} MB"
