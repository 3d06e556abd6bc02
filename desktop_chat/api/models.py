"""The model list of an endpoint."""

import re

from desktop_chat.api.server_errors import visible
from desktop_chat.domain.model import Model, day_of

PATH = "/models"
_MOST = 5000
_LONGEST_ID = 200

_NOT_FOR_CHAT = re.compile(
    r"embed|whisper|tts|dall-e|image|moderation|realtime|audio|transcri|translat|sora|davinci|babbage"
    r"|rerank|(?:^|[-/])(?:bge|gte|e5|clip|ocr|veo|imagen|stable-diffusion|flux|live)(?:[-.:/]|$)"
    r"|computer-use|text-ada|text-curie|guard",
    re.IGNORECASE,
)
"""By their names: no server says which of its models hold conversations."""


def read(document: object) -> list[Model]:
    """The models of a ``GET /models`` document, by id, whatever shape it has; what has no id is left out."""
    if isinstance(document, dict):
        document = next((document[name] for name in ("data", "models") if document.get(name)), [])
    models: dict[str, Model] = {}
    for entry in document[:_MOST] if isinstance(document, list) else ():
        model = _model(entry)
        if model is not None:
            models.setdefault(model.id, model)
    return sorted(models.values(), key=lambda model: model.id.casefold())


def chats(model_id: str) -> bool:
    """Whether a model of this name holds conversations, as far as its name tells."""
    return _NOT_FOR_CHAT.search(model_id) is None


def _model(entry: object) -> Model | None:
    fields = entry if isinstance(entry, dict) else {"id": entry}
    for name in ("id", "model", "name"):
        value = fields.get(name)
        if isinstance(value, str) and (text := visible(value).replace("\n", " ").strip()):
            if len(text) > _LONGEST_ID:
                return None
            created, owner = fields.get("created"), fields.get("owned_by")
            return Model(
                text,
                chats(text),
                float(created) if isinstance(created, int | float) and 0 < created < 1e11 else 0.0,
                visible(owner)[:_LONGEST_ID] if isinstance(owner, str) else "",
                day_of(fields.get("shutdown_date")),
            )
    return None
