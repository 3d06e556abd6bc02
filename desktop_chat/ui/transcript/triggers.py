"""What the buttons and menu entries of a message do."""

from typing import TYPE_CHECKING

from desktop_chat.domain.message import Role
from desktop_chat.ui.transcript.code_header import CODE_ACTIONS
from desktop_chat.ui.transcript.excerpt import Excerpt
from desktop_chat.ui.transcript.row_actions import BRANCHING, Action, Button

if TYPE_CHECKING:
    from desktop_chat.ui.transcript.view import Transcript


def trigger(view: "Transcript", index: int, action: Action, button: Button | None) -> None:
    """Do what a button or a menu entry of a message says."""
    row = view.rows.row(index)
    message_id = row.message.id
    if action is Action.COPY:
        view.copier.copy(Excerpt([row.message]))
    elif action in CODE_ACTIONS and button is not None:
        view.code.trigger(action, index, button.part, button.index)
    elif action is Action.FOLD:
        view.rows.hold_row(index, row.fold_top)
        view.rows.set_unfolded(index, not row.unfolded)
        view.selection.folded(index)
        view.finder.message_changed(index)
        view.refresh()
    elif action is Action.TOGGLE and button is not None:
        view.parts.toggle(index, button.key, button.box.top())
    elif action is Action.DETAILS:
        view.details_requested.emit(message_id)
    elif action is Action.OPEN and button is not None:
        view.attachment_requested.emit(row.message.parts[int(button.key)])
    elif action is Action.TREE:
        view.tree_requested.emit(message_id)
    elif action in BRANCHING:
        view.branch_requested.emit(message_id, action)
    elif action is Action.CONTEXT:
        view.context_requested.emit()
    elif action is Action.REGENERATE:
        view.regenerate_requested.emit(message_id)
    elif action is Action.EDIT:
        view.edit_requested.emit(_question_of(view, index))
    elif action is Action.CONTINUE:
        view.continue_requested.emit(message_id)
    elif action is Action.TRY_AGAIN:
        view.try_again_requested.emit(message_id)
    elif action in (Action.PREVIOUS, Action.NEXT):
        here = row.versions.index(message_id) if message_id in row.versions else 0
        there = here + (1 if action is Action.NEXT else -1)
        if 0 <= there < len(row.versions):
            view.version_requested.emit(row.versions[there])


def _question_of(view: "Transcript", index: int) -> str:
    while index > 0 and view.rows.messages[index].role is not Role.USER:
        index -= 1
    return view.rows.messages[index].id
