"""The manifest for Flatpak: it puts the archive for every Linux, known by its checksum, onto a runtime.

    flatpak-builder --user --install build-dir dist/io.github.desktop_chat.DesktopChat.json

builds and installs it, with the archive beside it.
"""

import json
import shutil
from pathlib import Path

import commands
import product
from linux import tarball
from product import Product

RUNTIME_VERSION = "25.08"
FINISH_ARGS = {
    "--share=network": "to reach the servers that the user names",
    "--share=ipc": "the shared memory of X11, without which it is slow",
    "--socket=wayland": "to show windows",
    "--socket=fallback-x11": "to show windows where there is no Wayland",
    "--device=dri": "to draw them by the graphics card",
    "--talk-name=org.freedesktop.secrets": "to keep keys in the keyring of the desktop",
}
"""What it may do outside its sandbox, and why. No files: portals hand over what the user chooses."""


def manifest(source: Product, archive: Path) -> dict[str, object]:
    """The manifest; ``archive`` lies beside it (docs.flatpak.org, "flatpak-builder command reference")."""
    return {
        "id": source.app_id,
        "runtime": "org.freedesktop.Platform",
        "runtime-version": RUNTIME_VERSION,
        "sdk": "org.freedesktop.Sdk",
        "command": source.name,
        "finish-args": list(FINISH_ARGS),
        "modules": [
            {
                "name": source.name,
                "buildsystem": "simple",
                # It is stripped, and its libraries lie where its program looks for them.
                "build-options": {"strip": False, "no-debuginfo": True},
                "build-commands": ["cp -a bin lib share /app/"],
                "sources": [
                    {
                        "type": "archive",
                        "path": archive.name,
                        "sha256": product.sha256(archive),
                    }
                ],
            }
        ],
    }


def build(source: Product, bundle: Path, dist: Path) -> Path:
    """Write the manifest, and the archive where it is not there yet. Raises as :func:`tarball.build` does.

    flatpak-builder reads it back where it is there; :class:`product.Failed` is what it does not accept.
    """
    archive = tarball.path(source, dist)
    if not archive.is_file():
        tarball.build(source, bundle, dist)
    target = dist / f"{source.app_id}.json"
    target.write_text(json.dumps(manifest(source, archive), indent=4) + "\n", "utf-8")
    if shutil.which("flatpak-builder"):
        # It leaves a folder where it is started, and with --show-manifest takes no other place for it.
        start = ["env", f"--chdir={product.BUILD}", "flatpak-builder"]
        commands.run([*start, "--show-manifest", str(target.resolve())])
    return target
