"""The theme applied to a QApplication: Fusion, a palette and one style sheet.

Widgets ask for a look by a dynamic property that is set before they are shown:

- ``QPushButton``: ``primary`` (filled), ``flat`` (no frame), ``pill`` (30 px, small text)
- ``QLabel``: ``role`` = ``title``, ``heading``, ``caption``, ``dim``, ``warn``, ``detail`` or ``strong``
- ``QFrame``: ``surface`` = ``side``, ``raised`` or ``bar``

The bold and coloured texts of these are at least 4.5:1 on their ground in both themes.
"""

from PySide6.QtCore import QObject
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from desktop_chat.ui.icons import FOLDER
from desktop_chat.ui.theme import Theme


class Style(QObject):
    """Keeps the look of ``app`` in step with ``theme``, from now on."""

    def __init__(self, app: QApplication, theme: Theme) -> None:
        super().__init__(app)
        self._app = app
        self._theme = theme
        if app.style().name() != "fusion":
            app.setStyle("Fusion")
        self._apply()
        theme.changed.connect(self._apply)

    def _apply(self) -> None:
        self._app.setFont(self._theme.font())
        self._app.setPalette(palette(self._theme))
        self._app.setStyleSheet(style_sheet(self._theme))


def handle_color(theme: Theme) -> QColor:
    """The handle of a scroll bar."""
    return mixed(theme.colors.faint, theme.colors.window, 0.75)


def palette(theme: Theme) -> QPalette:
    """The palette of the theme in force; disabled texts are faded."""
    c = theme.colors
    made = QPalette()
    role = QPalette.ColorRole
    for roles, color in (
        ((role.Window,), c.window),
        ((role.Base, role.Button, role.ToolTipBase), c.raised),
        ((role.AlternateBase,), c.side),
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText, role.BrightText), c.text),
        ((role.PlaceholderText,), c.faint),
        ((role.Highlight, role.Accent, role.Link, role.LinkVisited), c.accent),
        ((role.HighlightedText,), c.on_accent),
        ((role.Light, role.Midlight, role.Mid), c.line),
        ((role.Dark, role.Shadow), c.dim),
    ):
        for each in roles:
            made.setColor(each, color)
    for each in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText, role.PlaceholderText):
        made.setColor(QPalette.ColorGroup.Disabled, each, mixed(c.text, c.window, 0.45))
    made.setColor(QPalette.ColorGroup.Disabled, role.Highlight, c.hover)
    return made


def mixed(color: QColor, ground: QColor, share: float) -> QColor:
    """``color`` laid over ``ground`` with the opacity ``share``."""
    return QColor.fromRgbF(
        color.redF() * share + ground.redF() * (1 - share),
        color.greenF() * share + ground.greenF() * (1 - share),
        color.blueF() * share + ground.blueF() * (1 - share),
    )


def focused_fill(theme: Theme) -> QColor:
    """The ground of a primary button with the focus: dark enough for a ring in the colour of the text."""
    c = theme.colors
    return mixed(c.accent, c.on_accent, 0.77) if theme.dark else c.accent


def style_sheet(theme: Theme) -> str:
    """The application's style sheet for the theme in force."""
    c = theme.colors
    px = theme.px
    images = f"{FOLDER.as_posix()}/{'dark' if theme.dark else 'light'}"
    disabled = mixed(c.text, c.window, 0.45).name()
    handle = handle_color(theme).name()
    accent_hover = mixed(c.accent, c.text, 0.88).name()
    window, side, raised, line, text = (x.name() for x in (c.window, c.side, c.raised, c.line, c.text))
    dim, faint, accent, soft, hover = (x.name() for x in (c.dim, c.faint, c.accent, c.accent_soft, c.hover))
    return f"""
QMainWindow, QDialog {{ background: {window}; }}
QFrame[surface="side"] {{ background: {side}; }}
QFrame[surface="raised"] {{ background: {raised}; border: 1px solid {line}; border-radius: {px(14)}px; }}
QFrame[surface="bar"] {{ background: {hover}; border-radius: {px(8)}px; }}
QSplitter::handle {{ background: {line}; }}
QSplitter[bare="true"]::handle {{ background: transparent; }}

QLabel[role="title"] {{ font-size: {px(15)}px; font-weight: 600; }}
QLabel[role="heading"] {{ font-size: {px(20)}px; font-weight: 600; }}
QLabel[role="caption"] {{ font-size: {px(12)}px; font-weight: 600; color: {faint}; }}
QLabel[role="dim"] {{ font-size: {px(12.5)}px; color: {dim}; }}
QLabel[role="warn"] {{ font-size: {px(12.5)}px; color: {c.warn.name()}; }}
QLabel[role="detail"], QPlainTextEdit[role="detail"] {{ font-size: {px(13)}px; }}
QLabel[role="detail"] {{ min-height: {px(28)}px; }}
QLabel[role="strong"] {{ font-weight: 600; }}

QPushButton {{ background: {raised}; color: {text}; border: 1px solid {line}; border-radius: {px(8)}px;
  padding: 0 {px(13)}px; min-height: {px(32)}px; }}
QPushButton:hover {{ background: {hover}; }}
QPushButton:pressed {{ background: {line}; }}
QPushButton:focus {{ border: 2px solid {accent}; padding: 0 {px(13) - 1}px; min-height: {px(32) - 2}px; }}
QPushButton:disabled {{ color: {disabled}; }}
QPushButton[primary="true"] {{ background: {accent}; color: {c.on_accent.name()}; border-color: {accent};
  font-weight: 600; }}
QPushButton[primary="true"]:hover, QPushButton[primary="true"]:pressed {{ background: {accent_hover};
  border-color: {accent_hover}; }}
QPushButton[primary="true"]:focus {{ background: {focused_fill(theme).name()}; border: 2px solid {text}; }}
QPushButton[primary="true"]:disabled {{ background: {hover}; color: {disabled}; border-color: {hover}; }}
QPushButton[pill="true"] {{ font-size: {px(13)}px; padding: 0 {px(9)}px; min-height: {px(28)}px; }}
QPushButton[pill="true"]:focus {{ padding: 0 {px(9) - 1}px; min-height: {px(28) - 2}px; }}
QPushButton[flat="true"] {{ background: transparent; border: 2px solid transparent; font-size: {px(12.5)}px;
  color: {dim}; padding: 0 {px(6)}px; min-height: {px(24)}px; }}
QPushButton[flat="true"]:hover {{ background: {hover}; color: {text}; }}
QPushButton[flat="true"]:focus {{ border: 2px solid {accent}; padding: 0 {px(6)}px; }}
QPushButton::menu-indicator {{ image: none; width: 0; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}

QToolButton {{ background: transparent; border: 2px solid transparent; border-radius: {px(8)}px;
  min-width: {px(24)}px; min-height: {px(24)}px; padding: 0; }}
QToolButton:hover {{ background: {hover}; }}
QToolButton:pressed, QToolButton:checked {{ background: {hover}; }}
QToolButton[toggle="true"]:checked {{ background: {soft}; border-color: {accent}; }}
QToolButton:focus {{ border-color: {accent}; }}
QToolButton[framed="true"] {{ border: 1px solid {line}; min-width: {px(30)}px; min-height: {px(28)}px; }}
QToolButton[framed="true"]:focus {{ border: 2px solid {accent}; min-width: {px(30) - 2}px;
  min-height: {px(28) - 2}px; }}
QToolButton[framed="true"]:checked {{ background: transparent; }}
QToolButton[framed="true"]:hover {{ background: {hover}; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}
QLineEdit QToolButton {{ border: none; min-width: 0; min-height: 0; }}

QLineEdit, QPlainTextEdit, QTextEdit, QComboBox, QAbstractSpinBox {{ background: {raised}; color: {text};
  border: 1px solid {line}; border-radius: {px(8)}px; padding: 0 {px(9)}px;
  selection-background-color: {accent}; selection-color: {c.on_accent.name()};
  placeholder-text-color: {faint}; }}
QLineEdit, QComboBox, QAbstractSpinBox {{ min-height: {px(32)}px; }}
QAbstractSpinBox {{ max-height: {px(32)}px; }}
QPlainTextEdit, QTextEdit {{ padding: {px(6)}px; }}
QLineEdit:focus, QComboBox:focus, QAbstractSpinBox:focus {{ border: 2px solid {accent};
  padding: 0 {px(9) - 1}px; min-height: {px(32) - 2}px; }}
QAbstractSpinBox:focus {{ max-height: {px(32) - 2}px; }}
QPlainTextEdit:focus, QTextEdit:focus {{ border: 2px solid {accent}; padding: {px(6) - 1}px; }}
QLineEdit:disabled, QComboBox:disabled, QAbstractSpinBox:disabled, QPlainTextEdit:disabled {{
  color: {disabled}; background: {side}; }}
QLineEdit[bare="true"], QLineEdit[bare="true"]:focus {{ background: transparent; border: none; padding: 0;
  min-height: {px(52)}px; }}
QComboBox::drop-down, QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: none;
  background: transparent; width: {px(22)}px; }}
QComboBox::down-arrow {{ image: url("{images}/down.svg"); width: {px(14)}px; height: {px(14)}px; }}
QAbstractSpinBox::up-arrow {{ image: url("{images}/up.svg"); width: {px(11)}px; height: {px(11)}px; }}
QAbstractSpinBox::down-arrow {{ image: url("{images}/down.svg"); width: {px(11)}px; height: {px(11)}px; }}
QComboBox QLineEdit, QAbstractSpinBox QLineEdit, QComboBox QLineEdit:focus, QAbstractSpinBox QLineEdit:focus
  {{ background: transparent; border: none; padding: 0;
  min-height: {px(52)}px; }}
QComboBox QAbstractItemView {{ background: {raised}; border: 1px solid {line}; padding: {px(4)}px; }}
QComboBox QAbstractItemView::item {{ min-height: {px(28)}px; border-radius: {px(6)}px;
  padding: 0 {px(6)}px; }}
QComboBox {{ padding-left: {px(9) + 2}px; combobox-popup: 0; }}
QComboBox:focus {{ padding-left: {px(9) + 1}px; }}
QComboBox[editable="true"] {{ padding-left: {px(9)}px; }}
QComboBox[editable="true"]:focus {{ padding-left: {px(9) - 1}px; }}
QComboBox[flat="true"], QAbstractSpinBox[flat="true"] {{ background: transparent; color: {dim};
  font-size: {px(12.5)}px;
  border: 2px solid transparent; padding: 0 {px(2)}px; min-height: {px(24)}px; max-height: {px(24)}px; }}
QAbstractSpinBox[flat="true"]::up-button, QAbstractSpinBox[flat="true"]::down-button {{
  subcontrol-origin: margin; width: 0; height: 0; }}
QComboBox[flat="true"]:hover, QAbstractSpinBox[flat="true"]:hover {{ background: {hover}; color: {text}; }}
QComboBox[flat="true"]:focus, QAbstractSpinBox[flat="true"]:focus {{ border: 2px solid {accent};
  padding: 0 {px(2)}px; min-height: {px(24)}px; }}

QCheckBox, QRadioButton {{ spacing: {px(8)}px; min-height: {px(28)}px; }}
QCheckBox::indicator, QRadioButton::indicator, QListView::indicator {{ width: {px(16)}px; height: {px(16)}px;
  border: 1px solid {dim}; border-radius: {px(4)}px; background: {raised}; }}
QRadioButton::indicator {{ border-radius: {px(16) // 2 + 1}px; }}
QCheckBox::indicator:checked, QListView::indicator:checked {{ background: {accent};
  border-color: {accent}; image: url("{images}/check.svg"); }}
QRadioButton::indicator:checked {{ background: {raised}; border: {px(5)}px solid {accent};
  width: {px(8)}px; height: {px(8)}px; }}
QCheckBox:focus, QRadioButton:focus {{ background: {soft}; border-radius: {px(6)}px; }}
QCheckBox::indicator:focus, QRadioButton::indicator:focus {{ border-color: {accent}; }}

QListView, QTreeView, QTableView {{ background: transparent; border: none; outline: none;
  selection-background-color: {soft}; selection-color: {text}; }}
QListView::item, QTreeView::item {{ min-height: {px(28)}px; border-radius: {px(8)}px; }}
QListView::item:hover {{ background: {hover}; }}
QListView::item:selected {{ background: {soft}; color: {text}; }}
QTableView {{ border: 1px solid {line}; gridline-color: {line}; }}
QTableView:focus {{ border-color: {accent}; }}
QTableView::item {{ padding: 0 {px(9)}px; }}
QTableView::item:selected {{ background: {soft}; color: {text}; }}
QHeaderView {{ background: {side}; }}
QHeaderView::section {{ background: {side}; color: {text}; font-weight: 600; border: none;
  font-size: {px(13)}px; border-right: 1px solid {line}; border-bottom: 1px solid {line};
  padding: 0 {px(9) + 3}px; }}
QTabWidget::pane {{ border: none; border-top: 1px solid {line}; }}
QTabBar::tab {{ background: transparent; color: {dim}; padding: {px(6)}px {px(12)}px; border: none;
  border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {text}; border-bottom-color: {accent}; }}
QTabBar::tab:hover {{ color: {text}; }}
QTabBar::tear {{ image: none; width: 0; }}
QTabBar:focus {{ border: 1px solid {accent}; }}
QGroupBox {{ border: none; font-weight: 600; margin-top: {px(22)}px; }}
QGroupBox::title {{ subcontrol-origin: margin; left: 0; }}

QMenu {{ background: {raised}; color: {text}; border: 1px solid {line}; padding: {px(4)}px; }}
QMenu::item {{ padding: {px(5)}px {px(18)}px {px(5)}px {px(12)}px; border-radius: {px(6)}px;
  min-height: {px(18)}px; }}
QMenu::item:selected {{ background: {soft}; }}
QMenu::item:disabled {{ color: {disabled}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: {px(4)}px {px(8)}px; }}
QMenu::indicator {{ width: {px(14)}px; height: {px(14)}px; padding-left: {px(6)}px; }}
QMenu::indicator:checked {{ image: url("{images}/tick.svg"); }}
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {line}; padding: {px(4)}px; }}

QScrollBar {{ background: transparent; border: none; margin: 0; }}
QScrollBar:vertical {{ width: {px(10)}px; }}
QScrollBar:horizontal {{ height: {px(10)}px; }}
QScrollBar::handle {{ background: {handle}; border-radius: {px(3)}px; margin: {px(2)}px; }}
QScrollBar::handle:vertical {{ min-height: {px(28)}px; }}
QScrollBar::handle:horizontal {{ min-width: {px(28)}px; }}
QScrollBar::handle:hover, QScrollBar::handle:pressed {{ background: {dim}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QAbstractScrollArea::corner {{ background: transparent; border: none; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

QSlider {{ min-height: {px(28)}px; }}
QSlider::groove:horizontal {{ height: {px(4)}px; border-radius: {px(2)}px; background: {line}; }}
QSlider::sub-page:horizontal {{ background: {accent}; border-radius: {px(2)}px; }}
QSlider::handle:horizontal {{ width: {px(10)}px; height: {px(10)}px; margin: -{px(5)}px 0;
  border: 2px solid {accent}; border-radius: {px(10) // 2 + 2}px; background: {raised}; }}
QSlider::handle:horizontal:focus {{ background: {accent}; border-color: {text}; }}
QSlider::sub-page:horizontal:disabled {{ background: {line}; }}
QSlider::handle:horizontal:disabled {{ border-color: {line}; }}
QSlider[unset="true"]::sub-page:horizontal {{ background: {line}; }}
QSlider[unset="true"]::handle:horizontal {{ border-color: {faint}; }}
QSlider[unset="true"]::handle:horizontal:disabled {{ border-color: {line}; }}
QSlider[unset="true"]::handle:horizontal:focus {{ background: {faint}; border-color: {text}; }}
QProgressBar {{ background: {hover}; border: none; border-radius: {px(3)}px; max-height: {px(6)}px;
  min-height: {px(6)}px; color: transparent; }}
QProgressBar::chunk {{ background: {accent}; border-radius: {px(3)}px; }}
"""
