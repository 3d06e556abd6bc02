"""Windows and widgets: the only home of QtGui and QtWidgets."""
