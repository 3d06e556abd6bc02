"""What servers say of their models -> domain.model.

Each has names of its own for the same thing. Read here are, beside OpenAI's ``shutdown_date``:

- OpenRouter (``context_length``, ``top_provider``, ``architecture``, ``supported_parameters``,
  ``expiration_date``): https://openrouter.ai/docs/models
- Groq (``context_window``, ``max_completion_tokens``, ``active``): https://console.groq.com/docs/models
- Mistral (``max_context_length``, ``capabilities``, ``deprecation``): https://docs.mistral.ai/api
- vLLM (``max_model_len``), llama.cpp (``meta.n_ctx_train``), LM Studio (``api/v0/models``)
- LiteLLM (``model_info`` of ``/model/info``): https://docs.litellm.ai/docs/proxy/model_management
- Ollama (``capabilities`` and ``model_info`` of ``/api/show``)
- Gemini (``inputTokenLimit``, ``outputTokenLimit``): https://ai.google.dev/api/models
- Azure (``capabilities``, ``deprecation.inference``), Anthropic (``max_input_tokens``), Together (``type``)
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from desktop_chat.api.openai_models import known
from desktop_chat.api.server_errors import visible
from desktop_chat.domain.model import Ability, Model, day_of

MOST = 5000
"""Models of a list that are read."""
_LONGEST_ID = 200
_LARGEST_WINDOW = 10**9

_NOT_FOR_CHAT = re.compile(
    r"embed|whisper|tts|dall-e|image|moderation|realtime|audio|transcri|translat|sora|davinci|babbage"
    r"|rerank|(?:^|[-/])(?:bge|gte|e5|clip|ocr|veo|imagen|stable-diffusion|flux|live)(?:[-.:/]|$)"
    r"|computer-use|text-ada|text-curie|guard",
    re.IGNORECASE,
)
"""By their names: most servers do not say which of their models hold conversations."""

_INNER = ("top_provider", "model_info", "meta", "limits")
"""Objects of an entry in which some servers keep the numbers."""
_CONTEXT = (
    *("context_length", "context_window", "max_context_length", "max_model_len", "n_ctx", "n_ctx_train"),
    *("max_input_tokens", "inputTokenLimit"),
)
_OUTPUT = ("max_completion_tokens", "max_output_tokens", "max_tokens", "outputTokenLimit")
_SHUTDOWN = ("shutdown_date", "expiration_date", "deprecation_date", "deprecation")

_WORDS = {
    **dict.fromkeys(("image", "images", "image_input", "vision", "multimodal"), Ability.IMAGES),
    **dict.fromkeys(("file", "files", "pdf", "pdf_input"), Ability.FILES),
    **dict.fromkeys(("reasoning", "include_reasoning", "thinking"), Ability.REASONING),
    **dict.fromkeys(
        ("tools", "tool_use", "tool_calling", "function_calling", "trained_for_tool_use"), Ability.TOOLS
    ),
    **dict.fromkeys(("structured_outputs", "response_schema", "json_schema"), Ability.JSON_SCHEMA),
    **dict.fromkeys(("audio", "audio_input"), Ability.AUDIO),
}
"""What servers call an ability, without ``supports_``."""
_CHAT_WORDS = {"chat", "chat_completion", "completion_chat", "completion", "llm", "vlm", "language", "text"}
_CHAT_SWITCHES = ("completion_chat", "chat_completion", "supports_chat")


def entries_of(document: object) -> list[Mapping[str, Any]]:
    """The entries of a list in whatever shape it comes; a bare name becomes one with an ``id``."""
    if isinstance(document, dict):
        document = next((document[name] for name in ("data", "models") if document.get(name)), [])
    found = document[:MOST] if isinstance(document, list) else []
    return [entry if isinstance(entry, dict) else {"id": entry} for entry in found]


def id_of(entry: Mapping[str, Any]) -> str | None:
    """What requests call the model, None where the entry has no usable id."""
    for name in ("id", "model", "name"):
        value = entry.get(name)
        if isinstance(value, str) and (text := visible(value).replace("\n", " ").strip()):
            return text if len(text) <= _LONGEST_ID else None
    return None


def read(document: object, *, are_openais: bool = False) -> list[Model]:
    """The models of a list, by id; what has no id is left out.

    Of models that ``are_openais`` it is known what they can do, though the list does not say.
    """
    models: dict[str, Model] = {}
    for entry in entries_of(document):
        model = _model(entry)
        if model is not None:
            models.setdefault(model.id, known(model) if are_openais else model)
    return sorted(models.values(), key=lambda model: model.id.casefold())


def chats(model_id: str) -> bool:
    """Whether a model of this name holds conversations, as far as its name tells."""
    return _NOT_FOR_CHAT.search(model_id) is None


def _model(entry: Mapping[str, Any]) -> Model | None:
    name = id_of(entry)
    if name is None or entry.get("active") is False:
        return None
    created = entry.get("created")
    owner = next((entry[key] for key in ("owned_by", "publisher") if isinstance(entry.get(key), str)), "")
    says = _chats(entry)
    model = Model(
        name,
        chats(name) if says is None else says,
        float(created) if isinstance(created, int | float) and 0 < created < 1e11 else 0.0,
        visible(owner)[:_LONGEST_ID],
    )
    objects = [entry, *(entry[key] for key in _INNER if isinstance(entry.get(key), dict))]
    return replace(
        model,
        shuts_down=next((day for fields in objects if (day := _shutdown(fields)) is not None), None),
        context=next(_numbers(objects, _CONTEXT), None),
        max_output=next(_numbers(objects, _OUTPUT), None),
        abilities=_abilities(objects),
    )


def _numbers(objects: list[Mapping[str, Any]], names: tuple[str, ...]) -> Iterator[int]:
    for fields in objects:
        for name in names:
            value = fields.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST_WINDOW:
                yield value


def _shutdown(fields: Mapping[str, Any]) -> Any:
    values = [fields.get(name) for name in _SHUTDOWN]
    # Azure: the last day of answers, and that of fine-tuning.
    values = [value.get("inference") if isinstance(value, dict) else value for value in values]
    return next((day for value in values if (day := day_of(value)) is not None), None)


def _chats(entry: Mapping[str, Any]) -> bool | None:
    """Whether the server says that the model holds conversations; None where it does not say."""
    architecture, kind = entry.get("architecture"), entry.get("type")
    if isinstance(architecture, dict) and isinstance(architecture.get("output_modalities"), list):
        return "text" in architecture["output_modalities"]
    capabilities = entry.get("capabilities")
    switches = [fields for fields in (entry, capabilities) if isinstance(fields, dict)]
    for fields in switches:
        for name in _CHAT_SWITCHES:
            if isinstance(fields.get(name), bool):
                return bool(fields[name])
    if isinstance(capabilities, list) and "embedding" in capabilities:
        return False
    if isinstance(kind, str) and kind not in ("model", "base", "fine-tuned"):
        return kind in _CHAT_WORDS
    return None


def _abilities(objects: list[Mapping[str, Any]]) -> frozenset[Ability] | None:
    """What the server says of the model's abilities; None where it says nothing of them."""
    words: set[str] = set()
    says = False
    for fields in objects:
        architecture = fields.get("architecture")
        inputs = architecture.get("input_modalities") if isinstance(architecture, dict) else None
        for told in (inputs, *map(fields.get, ("input_modalities", "supported_parameters", "capabilities"))):
            if isinstance(told, list | dict):
                says = True
                words |= _true(told)
        supports = {name: value for name, value in fields.items() if name.startswith("supports_")}
        says = says or any(isinstance(value, bool) for value in supports.values())
        words |= {name.removeprefix("supports_") for name in _true(supports)}
        if fields.get("type") == "vlm":
            words.add("vision")
        if fields.get("thinking") is True:
            words.add("thinking")
            says = True
    return frozenset(_WORDS[word] for word in words & _WORDS.keys()) if says else None


def _true(told: list[Any] | dict[str, Any]) -> set[str]:
    """The words of a list, or the names that are on in an object, where each may have one of its own."""
    if isinstance(told, list):
        return {word for word in told if isinstance(word, str)}
    return {
        name
        for name, value in told.items()
        if value is True or (isinstance(value, dict) and value.get("supported") is True)
    }
