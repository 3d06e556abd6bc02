"""What OpenAI's own models can do, which their list does not say.

From the pages of the models at https://platform.openai.com/docs/models: context window, most output tokens,
features and modalities of each. The windows of GPT-5.5 and later are those of genai-prices, and no limit of
their output is claimed. Models that are not here are new, or not for chat; of them nothing is claimed at all.
What the list itself says goes before what stands here.
"""

import re
from dataclasses import replace

from desktop_chat.domain.model import Ability, Model

_TEXT = frozenset({Ability.TOOLS, Ability.JSON_SCHEMA})
_SEES = _TEXT | {Ability.IMAGES, Ability.FILES}
_REASONS = _SEES | {Ability.REASONING}

_MODELS: dict[str, tuple[int, int | None, frozenset[Ability]]] = {
    r"gpt-6(\.\d)?(-(sol|terra|luna|astra))?": (1_050_000, None, _REASONS),
    r"gpt-5\.6-(sol|terra|luna)": (1_050_000, None, _REASONS),
    r"gpt-5\.5(-pro)?": (1_000_000, None, _REASONS),
    r"gpt-5\.4(-pro)?": (1_050_000, 128_000, _REASONS),
    r"gpt-5\.4-(mini|nano)": (400_000, 128_000, _REASONS),
    r"gpt-5-pro": (400_000, 272_000, _REASONS),
    r"gpt-5(-mini|-nano)?|gpt-5\.1|gpt-5\.2(-pro)?": (400_000, 128_000, _REASONS),
    r"gpt-4\.1(-mini|-nano)?": (1_047_576, 32_768, _SEES),
    r"gpt-4o(-mini)?": (128_000, 16_384, _SEES),
    r"o1|o1-pro|o3|o3-pro|o4-mini": (200_000, 100_000, _REASONS),
    r"o3-mini": (200_000, 100_000, _TEXT | {Ability.REASONING}),
    r"gpt-4-turbo": (128_000, 4_096, frozenset({Ability.IMAGES, Ability.TOOLS})),
    r"gpt-4": (8_192, 8_192, frozenset({Ability.TOOLS})),
    r"gpt-3\.5-turbo": (16_385, 4_096, frozenset({Ability.TOOLS})),
}
_NAME = re.compile(r"(?:ft:)?(?P<family>[^:]+?)(?:-20\d\d-\d\d-\d\d)?(?::.*)?")
"""``family``, ``family-2025-08-07``, or ``ft:family-2025-08-07:organization::id``."""


def known(model: Model) -> Model:
    """``model`` with what is known of it, where its list said nothing."""
    name = _NAME.fullmatch(model.id)
    family = name["family"] if name is not None else model.id
    for pattern, (context, output, abilities) in _MODELS.items():
        if re.fullmatch(pattern, family):
            return replace(
                model,
                context=model.context or context,
                max_output=model.max_output or output,
                abilities=abilities if model.abilities is None else model.abilities,
            )
    return model
