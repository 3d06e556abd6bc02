from tests.ui.shell.conftest import dialogs, running, theme

__all__ = ["dialogs", "running", "theme"]
