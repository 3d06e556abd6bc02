"""Well-known servers: what is filled into the form when one is chosen. Nothing else depends on them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """``needs_key`` is False for servers that usually run on this computer and ask for none."""

    name: str
    base_url: str
    needs_key: bool = True


PRESETS = (
    Preset("Ollama", "http://localhost:11434/v1", needs_key=False),
    Preset("LM Studio", "http://localhost:1234/v1", needs_key=False),
    Preset("llama.cpp", "http://localhost:8080/v1", needs_key=False),
    Preset("vLLM", "http://localhost:8000/v1", needs_key=False),
    Preset("LiteLLM", "http://localhost:4000/v1", needs_key=False),
    Preset("OpenRouter", "https://openrouter.ai/api/v1"),
    Preset("Groq", "https://api.groq.com/openai/v1"),
    Preset("Mistral", "https://api.mistral.ai/v1"),
    Preset("DeepSeek", "https://api.deepseek.com/v1"),
    Preset("xAI", "https://api.x.ai/v1"),
    Preset("Google Gemini", "https://generativelanguage.googleapis.com/v1beta/openai"),
    Preset("Anthropic", "https://api.anthropic.com/v1"),
)
"""Base URLs as the documentation of each names them for the OpenAI SDK: docs.ollama.com (OpenAI
compatibility), lmstudio.ai/docs/api/openai-api, llama.cpp's llama-server and vLLM's and LiteLLM's servers at
their default ports, openrouter.ai/docs, console.groq.com/docs/openai, docs.mistral.ai, api-docs.deepseek.com,
docs.x.ai, ai.google.dev/gemini-api/docs/openai, docs.anthropic.com (OpenAI SDK compatibility)."""


def preset_at(base_url: str) -> Preset | None:
    """The preset of this very address."""
    return next((preset for preset in PRESETS if preset.base_url == base_url.rstrip("/")), None)
