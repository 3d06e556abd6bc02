"""The models of an endpoint: the usual ones, those that stand in, and what models said they do not take."""

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QPlainTextEdit, QVBoxLayout, QWidget

from desktop_chat.domain.endpoint import Endpoint
from desktop_chat.domain.model import Model
from desktop_chat.ui.buttons import LabelButton
from desktop_chat.ui.card_parts import row, words
from desktop_chat.ui.form import Form
from desktop_chat.ui.safe import one_line
from desktop_chat.ui.theme import Theme

FALLS_BACK = {False: "Offer the next one", True: "Take the next one, and say so"}


class ModelsSection(Form):
    """``forgotten`` are models whose rejections are to be forgotten on Save."""

    title = "Models"
    edited = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.forgotten: list[str] = []
        self.default_model = _models_box()
        self.title_model = _models_box()
        self.fallbacks = QPlainTextEdit()
        self.fallbacks.setTabChangesFocus(True)
        self.fallbacks.setPlaceholderText("one a line, in this order")
        self.fallbacks.setFixedHeight(theme.px(76))
        self.falls_back = QComboBox()
        for takes, text in FALLS_BACK.items():
            self.falls_back.addItem(text, takes)
        self.takes_images = QCheckBox("Takes images")
        self.takes_files = QCheckBox("Takes files as they are")
        self.rejections = Rejections(theme)
        self.rejections.forgotten.connect(self._forget)
        self.add("default_model", "Default model", self.default_model, read=lambda: _text(self.default_model))
        self.add(
            "title_model",
            "Small model",
            self.title_model,
            "For titles and summaries.",
            read=lambda: _text(self.title_model),
        )
        self.add(
            "fallback_models",
            "Stand-ins",
            self.fallbacks,
            "Models to go on with where one is overloaded or gone.",
            read=self._fallbacks,
            tall=True,
        )
        self.add(
            "falls_back", "If one fails", self.falls_back, read=lambda: bool(self.falls_back.currentData())
        )
        self.add("takes_images", "", self.takes_images, read=self.takes_images.isChecked)
        self.add(
            "takes_files",
            "",
            self.takes_files,
            "Else their text is sent.",
            read=self.takes_files.isChecked,
        )
        self.add(
            "rejections",
            "Not taken",
            self.rejections,
            "What models said that they do not take. It is not sent to them any more.",
            tall=True,
        )
        self.falls_back.setAccessibleName("Where a model is overloaded or gone")
        self.show_row("rejections", False)
        self.fallbacks.textChanged.connect(self._changed)
        for box in (self.default_model, self.title_model):
            box.editTextChanged.connect(self._changed)
        for check in (self.takes_images, self.takes_files):
            check.toggled.connect(self._changed)
        self.takes_images.setChecked(True)

    def fill(self, endpoint: Endpoint) -> None:
        self.default_model.setEditText(endpoint.default_model)
        self.title_model.setEditText(endpoint.title_model)
        self.fallbacks.setPlainText("\n".join(endpoint.fallback_models))
        self.falls_back.setCurrentIndex(self.falls_back.findData(endpoint.falls_back))
        self.takes_images.setChecked(endpoint.takes_images)
        self.takes_files.setChecked(endpoint.takes_files)

    def set_rejected(self, rejected: Mapping[str, Iterable[str]]) -> None:
        """Show what each model said that it does not take."""
        found = {model: list(names) for model, names in rejected.items() if names}
        self.rejections.show_models(found)
        self.show_row("rejections", bool(found))

    def offer(self, models: Iterable[Model]) -> None:
        """Offer the models that the endpoint lists; what was entered stays."""
        names = [one_line(model.id) for model in models if model.chats]
        for box in (self.default_model, self.title_model):
            text = box.currentText()
            box.blockSignals(True)
            box.clear()
            box.addItems(names)
            box.setEditText(text)
            box.blockSignals(False)

    def _fallbacks(self) -> tuple[str, ...]:
        lines = (line.strip() for line in self.fallbacks.toPlainText().splitlines())
        return tuple(dict.fromkeys(line for line in lines if line))

    def _forget(self, model: str) -> None:
        self.forgotten.append(model)
        self._changed()

    def _changed(self) -> None:
        self.edited.emit()


class Rejections(QWidget):
    """Models with what they did not take, each with a button to forget it. ``forgotten`` carries a model."""

    forgotten = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.px(4))
        self.setAccessibleName("What models did not take")

    def show_models(self, rejected: Mapping[str, Iterable[str]]) -> None:
        for model, names in rejected.items():
            line = QWidget()
            text = words(
                self._theme, f"{one_line(model)}: {', '.join(map(one_line, names))}", size=12.5, color="dim"
            )
            forget = LabelButton(self._theme, "", "Forget")
            forget.setProperty("pill", True)
            forget.setAccessibleName(f"Forget what {one_line(model)} did not take")
            forget.clicked.connect(lambda _=False, model=model, line=line: self._forget(model, line))
            inner = row(self._theme, text, forget)
            inner.setContentsMargins(0, 0, 0, 0)
            line.setLayout(inner)
            self._column.addWidget(line)

    def _forget(self, model: str, line: QWidget) -> None:
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        line.hide()
        line.deleteLater()
        self.forgotten.emit(model)


def _models_box() -> QComboBox:
    made = QComboBox()
    made.setEditable(True)
    made.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    line = made.lineEdit()
    if line is not None:
        line.setPlaceholderText("none")
    return made


def _text(box: QComboBox) -> str:
    return box.currentText().strip()
