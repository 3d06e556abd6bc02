"""Folders, tags, and where conversations stand. Everything here runs in the storage thread."""

import json
from collections.abc import Sequence

from desktop_chat.domain.listing import Folder, Place, Tag
from desktop_chat.domain.titles import title_key
from desktop_chat.storage.database import Database
from desktop_chat.storage.errors import reading
from desktop_chat.storage.rows import TAGS

_IDS = "id IN (SELECT value FROM json_each(?))"


def folders(db: Database) -> list[Folder]:
    """Parents before what lies in them, by their positions."""
    found = db.execute(
        "WITH RECURSIVE below AS ("
        "SELECT id, name, parent_id, position, 0 AS depth FROM folder WHERE parent_id IS NULL "
        "UNION ALL SELECT folder.id, folder.name, folder.parent_id, folder.position, depth + 1 "
        "FROM folder JOIN below ON folder.parent_id = below.id) "
        "SELECT id, name, parent_id, position FROM below ORDER BY depth, position, id"
    )
    return [Folder(*row) for row in found]


def save_folder(db: Database, folder: Folder) -> None:
    with db.transaction():
        parents: dict[str, str | None] = dict(db.execute("SELECT id, parent_id FROM folder"))
        above = folder.parent
        if above is not None and above not in parents:
            raise ValueError(f"no folder {above}")
        while above is not None:
            if above == folder.id:
                raise ValueError("a folder cannot lie in itself")
            above = parents[above]
        db.execute(
            "INSERT INTO folder (id, name, parent_id, position) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET name = excluded.name, parent_id = excluded.parent_id",
            (folder.id, folder.name, folder.parent, folder.position),
        )
        others = [id for id in _inside(db, folder.parent) if id != folder.id]
        others.insert(max(0, folder.position), folder.id)
        _number(db, others)
        if (before := parents.get(folder.id, folder.parent)) != folder.parent:
            _number(db, _inside(db, before))


def _inside(db: Database, parent: str | None) -> list[str]:
    """The folders in a folder, in their order."""
    found = db.execute("SELECT id FROM folder WHERE parent_id IS ? ORDER BY position, seq", (parent,))
    return [id for (id,) in found]


def _number(db: Database, ids: Sequence[str]) -> None:
    for position, id in enumerate(ids):
        db.execute("UPDATE folder SET position = ? WHERE id = ?", (position, id))


def remove_folder(db: Database, folder_id: str) -> list[str]:
    with db.transaction():
        found = db.execute("SELECT parent_id FROM folder WHERE id = ?", (folder_id,))
        if not found:
            return []
        ((parent,),) = found
        inside = db.execute("SELECT id FROM conversation WHERE folder_id = ?", (folder_id,))
        db.execute("UPDATE conversation SET folder_id = ? WHERE folder_id = ?", (parent, folder_id))
        siblings = _inside(db, parent)
        at = siblings.index(folder_id)
        siblings[at : at + 1] = _inside(db, folder_id)
        db.execute("UPDATE folder SET parent_id = ? WHERE parent_id = ?", (parent, folder_id))
        db.execute("DELETE FROM folder WHERE id = ?", (folder_id,))
        _number(db, siblings)
    return [id for (id,) in inside]


def tags(db: Database) -> list[Tag]:
    return [Tag(*row) for row in db.execute("SELECT id, name, color FROM tag ORDER BY key")]


def save_tag(db: Database, tag: Tag) -> None:
    key = title_key(tag.name)
    with db.transaction():
        if db.execute("SELECT 1 FROM tag WHERE key = ? AND id <> ?", (key, tag.id)):
            raise ValueError(f"there is a tag {tag.name}")
        db.execute(
            "INSERT INTO tag (id, name, key, color) VALUES (?, ?, ?, ?) ON CONFLICT (id) "
            "DO UPDATE SET name = excluded.name, key = excluded.key, color = excluded.color",
            (tag.id, tag.name, key, tag.color),
        )


def remove_tag(db: Database, tag_id: str) -> list[str]:
    with db.transaction():
        had = db.execute(
            "SELECT conversation.id FROM tag JOIN conversation_tag ON tag_seq = tag.seq "
            "JOIN conversation ON conversation.seq = conversation_seq WHERE tag.id = ?",
            (tag_id,),
        )
        db.execute("DELETE FROM tag WHERE id = ?", (tag_id,))
    return [id for (id,) in had]


def organise(
    db: Database,
    ids: Sequence[str],
    folder: str | None,
    flags: dict[str, bool],
    add_tags: Sequence[str],
    remove_tags: Sequence[str],
) -> list[Place]:
    """``flags`` are columns of a conversation; the rest is as in :meth:`Store.organise`."""
    chosen = json.dumps(list(ids))
    with db.transaction():
        with reading(db.path):
            before = [
                Place(id, at, bool(archived), bool(pinned), bool(unread), tuple(json.loads(tagged)))
                for id, at, archived, pinned, unread, tagged in db.execute(
                    f"SELECT id, folder_id, archived, pinned, unread, {TAGS} FROM conversation WHERE {_IDS}",
                    (chosen,),
                )
            ]
        if folder and not db.execute("SELECT 1 FROM folder WHERE id = ?", (folder,)):
            raise LookupError(f"no folder {folder}")
        values: dict[str, str | bool | None] = {**flags}
        if folder is not None:
            values["folder_id"] = folder or None
        if values:
            columns = ", ".join(f"{name} = ?" for name in values)
            db.execute(f"UPDATE conversation SET {columns} WHERE {_IDS}", (*values.values(), chosen))
        if add_tags:
            db.execute(
                "INSERT OR IGNORE INTO conversation_tag SELECT conversation.seq, tag.seq "
                f"FROM conversation, tag WHERE conversation.{_IDS} AND tag.{_IDS}",
                (chosen, json.dumps(list(add_tags))),
            )
        if remove_tags:
            db.execute(
                f"DELETE FROM conversation_tag WHERE tag_seq IN (SELECT seq FROM tag WHERE {_IDS}) "
                f"AND conversation_seq IN (SELECT seq FROM conversation WHERE {_IDS})",
                (json.dumps(list(remove_tags)), chosen),
            )
    return before


def place(db: Database, places: Sequence[Place]) -> None:
    with db.transaction():
        for each in places:
            for (seq,) in db.execute(
                "UPDATE conversation SET folder_id = (SELECT id FROM folder WHERE id = ?), archived = ?, "
                "pinned = ?, unread = ? WHERE id = ? RETURNING seq",
                (each.folder, each.archived, each.pinned, each.unread, each.id),
            ):
                db.execute("DELETE FROM conversation_tag WHERE conversation_seq = ?", (seq,))
                db.execute(
                    f"INSERT INTO conversation_tag SELECT ?, seq FROM tag WHERE {_IDS}",
                    (seq, json.dumps(each.tags)),
                )
