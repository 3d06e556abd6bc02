"""What is not there before the first paint, because nothing of it is to be seen yet."""

import subprocess
import sys

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_chat.ui.find_bar import FindBar
from desktop_chat.ui.transcript import Transcript
from tests.ui.shell.conftest import Running, until

LATE = (
    *("openai", "httpx2", "keyring", "markdown_it", "pygments", "ziamath", "PySide6.QtPrintSupport"),
    *("tiktoken", "genai_prices", "pydantic"),
    *("desktop_chat.ui.transcript", "desktop_chat.ui.find_bar", "desktop_chat.ui.paper"),
    *("desktop_chat.ui.preferences", "desktop_chat.ui.welcome", "desktop_chat.ui.model_picker"),
    *("desktop_chat.lock", "desktop_chat.ui.lock"),
    *("desktop_chat.ui.palette", "desktop_chat.domain.search_query", "desktop_chat.domain.words"),
    *("desktop_chat.storage.search", "desktop_chat.storage.indexing"),
    *("desktop_chat.api.reply", "desktop_chat.api.model_lists", "desktop_chat.api.probe"),
    *("desktop_chat.credentials.command", "desktop_chat.domain.probe", "desktop_chat.validation"),
)


def test_the_window_needs_no_more_than_it_shows() -> None:
    code = f"import sys, desktop_chat.application; print(*sorted(set({LATE}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


async def test_the_transcript_comes_with_the_first_message(running: Running) -> None:
    chat = running.window.chat
    running.window.activateWindow()
    for key in (Qt.Key.Key_F, Qt.Key.Key_G):
        QTest.keyClick(chat.composer.text_edit, key, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(chat.composer.text_edit, Qt.Key.Key_Escape)
    running.settings.change(announce="never")
    assert chat.findChild(Transcript) is None
    assert chat.findChild(FindBar) is None
    await running.chat("A chat")
    await until(lambda: chat.transcript.isVisible())
    assert chat.transcript.announce == "never"
    assert chat.findChild(FindBar) is None
