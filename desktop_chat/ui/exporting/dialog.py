"""The dialog of an export: which chats, as what, and with what of them."""

from pathlib import Path

from PySide6.QtWidgets import QButtonGroup, QCheckBox, QRadioButton, QVBoxLayout, QWidget

from desktop_chat.exporting import (
    WITH_ATTACHMENTS,
    WITH_REASONING,
    WITH_VERSIONS,
    Format,
    Packing,
    Plan,
    packing_of,
)
from desktop_chat.exports import Contents
from desktop_chat.ui.card import Card
from desktop_chat.ui.card_parts import button, row, words
from desktop_chat.ui.choice import Choice
from desktop_chat.ui.counts import counted
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

WIDTH = 500
FORMATS = (
    (Format.MARKDOWN, "Markdown", "For notes and editors: what was written, with its details on top."),
    (
        Format.HTML,
        "Web page",
        "To read in any browser, or to send: one file, with its images.",
    ),
    (Format.PDF, "PDF", "To print or to hand in: the chat as it looks here."),
    (Format.TEXT, "Plain text", "To read anywhere, without markup."),
    (Format.JSON, "JSON", "A full copy, with every version and figure. Desktop Chat can import it."),
    (Format.MESSAGES, "JSONL for fine-tuning", "Questions with whole answers, as OpenAI takes them."),
)
"""Each format, its name, and what it is good for."""
PACKINGS = (("A zip file", Packing.ZIP), ("A folder", Packing.FOLDER))


class ExportDialog(Card):
    """Accepted by its button, with :attr:`plan` as what was chosen; its path is none yet."""

    def __init__(
        self,
        theme: Theme,
        host: QWidget,
        contents: Contents,
        *,
        is_all: bool,
        format: Format = Format.MARKDOWN,
    ) -> None:
        """``format`` is what is offered first."""
        super().__init__(theme, host, WIDTH, modal=True)
        self.setObjectName("exportDialog")
        self.setAccessibleName("Export")
        self._contents = contents
        px = theme.px
        self.body.setSpacing(px(4))
        title = words(theme, "Export", size=16, bold=True)
        self._what = words(theme, _what(contents, is_all=is_all), size=13, color="dim")
        self.body.addWidget(title)
        self.body.addWidget(self._what)
        self.body.addSpacing(px(10))
        self._group = QButtonGroup(self)
        self._formats: dict[Format, QRadioButton] = {}
        for offered, name, use in FORMATS:
            self.body.addLayout(self._format_row(offered, name, use))
        self.body.addSpacing(px(8))
        self.versions = QCheckBox("All versions, not only those that are shown")
        self.reasoning = QCheckBox("What models showed of their reasoning")
        self.attachments = QCheckBox("Attachments")
        self.attachments.setChecked(True)
        for check in (self.versions, self.reasoning, self.attachments):
            self.body.addWidget(check)
            # The card keeps its size and its place, whatever is chosen.
            policy = check.sizePolicy()
            policy.setRetainSizeWhenHidden(check is not self.attachments or contents.has_attachments)
            check.setSizePolicy(policy)
            check.toggled.connect(self._show_what_applies)
        self.packing = Choice(theme, "What is written", PACKINGS, prefix="As ")
        self.packing.setObjectName("exportPacking")
        self.packing.show_value(Packing.ZIP)
        cancel, self.export_button = button("Cancel"), button("Export…", primary=True)
        self.export_button.setObjectName("exportButton")
        cancel.clicked.connect(self.reject)
        self.export_button.clicked.connect(self.accept)
        self.body.addSpacing(px(12))
        self.body.addLayout(row(theme, self.packing, None, cancel, self.export_button))
        self._formats[format].setChecked(True)
        self.starts_at = self._formats[format]
        self._group.buttonToggled.connect(self._show_what_applies)
        self._show_what_applies()

    @property
    def format(self) -> Format:
        return next(format for format, choice in self._formats.items() if choice.isChecked())

    @property
    def plan(self) -> Plan:
        """What was chosen; what does not apply to the format is off."""
        format = self.format
        ways = self._ways()
        packing = self.packing.value if self.packing.value in ways else ways[0]
        return Plan(
            format,
            Path(),
            packing,
            versions=self.versions.isChecked() and format in WITH_VERSIONS,
            reasoning=self.reasoning.isChecked() and format in WITH_REASONING,
            attachments=self._takes_attachments(),
        )

    def choose(self, format: Format) -> None:
        """As if the user did."""
        self._formats[format].setChecked(True)

    def _format_row(self, format: Format, name: str, use: str) -> QVBoxLayout:
        px = self.theme.px
        choice = QRadioButton(name)
        choice.setObjectName(f"export-{format.value}")
        choice.setAccessibleDescription(use)
        self._formats[format] = choice
        self._group.addButton(choice)
        told = words(self.theme, use, size=12.5, color="dim")
        told.setContentsMargins(px(24), 0, 0, px(4))
        made = QVBoxLayout()
        made.setSpacing(0)
        made.addWidget(choice)
        made.addWidget(told)
        return made

    def _takes_attachments(self) -> bool:
        return (
            self.attachments.isChecked()
            and self.format in WITH_ATTACHMENTS
            and self._contents.has_attachments
        )

    def _ways(self) -> tuple[Packing, ...]:
        return packing_of(self.format, self._contents.chats, attachments=self._takes_attachments())

    def _show_what_applies(self) -> None:
        self.versions.setVisible(self.format in WITH_VERSIONS)
        self.reasoning.setVisible(self.format in WITH_REASONING)
        self.attachments.setVisible(self.format in WITH_ATTACHMENTS and self._contents.has_attachments)
        self.packing.setVisible(len(self._ways()) > 1)


def _what(contents: Contents, *, is_all: bool) -> str:
    if contents.chats == 1 and not is_all:
        return f"“{one_line(contents.title) or 'New chat'}”"
    chats = counted(contents.chats, "chat")
    return f"All {chats}, with those in the archive" if is_all and contents.chats > 1 else chats
