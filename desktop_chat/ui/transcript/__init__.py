"""The chat view.

leaves         the model: a message as a flat list of leaves
markdown       text -> leaves, by markdown-it's tokens and an allow-list
syntax         formulas and footnotes: rules that markdown-it lacks
inline         the tokens within a paragraph -> text with marks, links and formulas
unfinished     markup that is still open, as it will look once it is closed
stream         the same for text that grows: what is final is frozen
continuation   where a long block is cut, and how the rest goes on
highlight      colours for code: what is known, and what the helper is asked for
formulas       drawings of formulas, and their places in a text
formats        fonts, colours and measures of a theme
text           text laid out: layout, painting, hit test
paragraph      text in bands of lines
blocks         one leaf: paragraphs and rules
code_actions   copying, saving, wrapping, folding code
code_block     one leaf of code
code_header    buttons of a code block
code_names     names of languages and files
strip          what scrolls sideways
table_block    one leaf of a table
math_block     one leaf that is a formula
flow           the blocks of one text
row            one message: caption, reasoning, body, state, actions
row_actions    what can be done with a message, and where in its row
row_extras     steps of tools, pictures, files, sources: what is shown beside the text
extras_painter how these are drawn
citations      where sources are cited in the text
images         pictures, decoded off the GUI thread
days           where another day begins
parts          what the view does for all of these
shapes         small shapes that are drawn
row_state      how a message ended, when it was, what it took
row_painter    how a row is drawn
heights        prefix sums of heights
arrangement    which rows are where; the line that stays in place
link_places    the links of a message, with their places in its text
excerpt        a part of a chat to be copied
markup         what is copied, as HTML and Markdown
clipboard      copying
selection      what is selected, and its text
places         places of the text on the screen
caret          moving the caret
find           where a query is in a text
finder         the hits in all messages, and going to them
hit_bar        ticks on the scroll bar
repaints       what has to be painted again
pointer        hovering, clicking, selecting
keyboard       what keys do
wheel          what the wheel and the touch-pad say
pages          messages cut into pages
printing       a chat on paper
menu           the menu of a message
sideways       scrolling code and tables sideways
triggers       what buttons do
accessible     the view for screen readers: how they find it, and events
accessible_items  the list, messages, links and buttons
accessible_text   their text: caret, selection, places, looks
accessible_slots  two questions that PySide does not pass on
announcer      what is said of an answer while it is written
readings       messages out of view, parsed for screen readers
view           the widget
"""

from desktop_chat.ui.transcript.arrangement import Position
from desktop_chat.ui.transcript.view import Transcript

__all__ = ["Position", "Transcript", "preload"]


def preload() -> None:
    """Import what the first message needs. Takes 0.2 s or so; call it on a background thread."""
    from desktop_chat.ui.transcript.markdown import parser

    parser().parse("")
