"""What Info.plist says of the program, for the bundle spec."""

import importlib.metadata
import re
import sys
import sysconfig
from collections.abc import Iterable
from typing import Any

from product import Failed, Product

TAG = re.compile(r"^Tag: .*-macosx_(\d+)_(\d+)_", re.MULTILINE)


def plist(product: Product, minimum: str) -> dict[str, Any]:
    """Info.plist, as a value (developer.apple.com, "Information Property List").

    ``minimum`` is the oldest macOS that it runs on, as in :func:`minimum_system`.
    """
    return {
        "CFBundleIdentifier": identifier(product),
        "CFBundleName": product.title,
        "CFBundleDisplayName": product.title,
        "CFBundlePackageType": "APPL",
        "CFBundleDevelopmentRegion": "en",
        "CFBundleShortVersionString": product.version,
        "CFBundleVersion": product.version,
        "LSMinimumSystemVersion": minimum,
        "LSApplicationCategoryType": "public.app-category.productivity",
        "NSHumanReadableCopyright": f"{product.publisher}. {product.licence} licence.",
        "NSHighResolutionCapable": True,
        # Dark title bars in the dark appearance, whichever SDK Python was built with.
        "NSRequiresAquaSystemAppearance": False,
        # Asked for from macOS 15 on when a model runs on another machine of the same network.
        "NSLocalNetworkUsageDescription": f"{product.title} sends messages to the server that you entered.",
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": "Text",
                "CFBundleTypeRole": "Viewer",
                # Offered under "Open With", and never the default of any file.
                "LSHandlerRank": "Alternate",
                "LSItemContentTypes": ["public.text"],
            }
        ],
    }


def identifier(product: Product) -> str:
    """The bundle identifier: the id of the product, with a hyphen for what Apple does not allow in it
    (developer.apple.com, "CFBundleIdentifier": letters, digits, hyphens and periods)."""
    return product.app_id.replace("_", "-")


def minimum_system(folders: Iterable[str] | None = None, python: str | None = None) -> str:
    """The oldest macOS that everything in this environment runs on: its wheels, by their tags, and Python.

    ``folders`` are those of the packages, of this Python when None; ``python`` is what Python was built for.
    Raises :class:`product.Failed` where there are no wheels for macOS.
    """
    found = importlib.metadata.distributions(path=list(sys.path if folders is None else folders))
    tags = [TAG.findall(distribution.read_text("WHEEL") or "") for distribution in found]
    # A package that comes with one wheel for each architecture needs what this one needs; one wheel can have
    # several tags, each of which would do.
    versions = [min((int(major), int(minor)) for major, minor in needed) for needed in tags if needed]
    if not versions:
        raise Failed("There is no package for macOS in this environment.")
    target = python or str(sysconfig.get_config_var("MACOSX_DEPLOYMENT_TARGET") or "0")
    major, minor = [*map(int, target.split(".")), 0][:2]
    versions.append((major, minor))
    return ".".join(map(str, max(versions)))
