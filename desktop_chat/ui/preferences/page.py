"""What the pages of the settings have in common."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractSpinBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from desktop_chat.settings import Settings
from desktop_chat.ui.card_parts import words
from desktop_chat.ui.safe import label
from desktop_chat.ui.theme import Theme

LABEL_WIDTH = 170


class Page(QWidget):
    """One page. Its rows have their label at the left; what the user changes there is set at once."""

    title = ""
    names: tuple[str, ...] = ()
    """The preferences that the page shows."""

    def __init__(self, theme: Theme, settings: Settings) -> None:
        super().__init__()
        self.theme = theme
        self.settings = settings
        px = theme.px
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(px(24), px(20), px(24), px(20))
        self.column.setSpacing(px(12))
        self.column.addWidget(words(theme, self.title, size=16, bold=True))
        self.form = QGridLayout()
        self.form.setHorizontalSpacing(px(16))
        self.form.setVerticalSpacing(px(10))
        self.form.setColumnMinimumWidth(0, px(LABEL_WIDTH))
        self.form.setColumnStretch(1, 1)
        self.column.addLayout(self.form)

    def load(self) -> None:
        """Show what is set."""
        raise NotImplementedError

    def apply(self) -> None:
        """Set what is shown."""
        raise NotImplementedError

    def add_row(self, text: str, field: QWidget, hint: str = "") -> QLabel:
        """Add ``field`` with its label, and a dim line below it that says more."""
        made = label(text)
        made.setBuddy(field)
        if not field.accessibleName():
            field.setAccessibleName(text)
        if isinstance(field, QAbstractSpinBox):
            # Qt leaves the style sheet's padding out of the place of a spin box's text.
            field.lineEdit().setTextMargins(self.theme.px(9), 0, 0, 0)
        row = self.form.rowCount()
        self.form.addWidget(made, row, 0, Qt.AlignmentFlag.AlignVCenter)
        self.form.addWidget(field, row, 1, Qt.AlignmentFlag.AlignLeft)
        if hint:
            field.setAccessibleDescription(hint)
            self.form.addWidget(words(self.theme, hint, size=12.5, color="dim"), row + 1, 1)
        return made
