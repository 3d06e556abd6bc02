"""The RPM package, for Fedora and openSUSE. Like the Debian package it brings no script that runs as root."""

import shutil
import textwrap
from pathlib import Path

import commands
import product
from linux import deb, tree
from product import Product

ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}
RELEASE = 1
ALSO_NEEDED = deb.ALSO_NEEDED
RECOMMENDED = (
    "(gnome-keyring or kf6-kwallet or kwalletd6 or keepassxc)",
    # Fedora's names, then openSUSE's.
    "(google-noto-sans-cjk-vf-fonts or google-noto-sans-cjk-fonts or noto-sans-cjk-fonts)",
    "(google-noto-color-emoji-fonts or google-noto-coloremoji-fonts)",
)
OPTIONAL = tuple(deb.OPTIONAL)


def build(source: Product, bundle: Path, dist: Path) -> Path:
    """Make the package. Raises :class:`product.Unavailable`, :class:`product.Failed`."""
    if shutil.which("rpmbuild") is None:
        raise product.Unavailable("rpmbuild is missing (package rpm, or rpm-build)")
    machine = product.machine()
    if machine not in ARCHITECTURES:
        raise product.Unavailable(f"RPM's name for {machine} is not known")
    architecture = ARCHITECTURES[machine]
    top = tree.fresh(product.BUILD / "linux" / "rpm")
    root = top / "tree"
    needs = tree.install(source, bundle, root / "usr")
    tree.finish(root, source.epoch)
    spec = top / f"{source.name}.spec"
    spec.write_text(spec_file(source, needs, root), "utf-8")
    macros = {
        "_topdir": top,
        "_build_id_links": "none",
        "_buildhost": "localhost",
        "_binary_payload": "w19.zstdio",
        "use_source_date_epoch_as_buildtime": "1",
        "clamp_mtime_to_source_date_epoch": "1",
        # Neither strip nor compress nor compile what the tree holds.
        "__os_install_post": "%{nil}",
        "debug_package": "%{nil}",
    }
    defines = [f"--define={name} {value}" for name, value in macros.items()]
    commands.run(
        ["rpmbuild", "-bb", "--quiet", f"--target={architecture}-linux", *defines, str(spec)],
        {"SOURCE_DATE_EPOCH": str(source.epoch), "LC_ALL": "C.UTF-8"},
    )
    name = f"{source.name}-{source.version}-{RELEASE}.{architecture}.rpm"
    dist.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(top / "RPMS" / architecture / name, dist / name))


def requires(needs: dict[str, set[str]]) -> list[str]:
    """``needs`` as RPM writes them; the libraries of every distribution provide themselves by these names."""
    return [
        f"{soname}({version})(64bit)"
        for soname, versions in needs.items()
        for version in ["", *sorted(versions)]
        if soname not in OPTIONAL
    ]


def spec_file(source: Product, needs: dict[str, set[str]], root: Path) -> str:
    """The recipe: it copies ``root``, the finished tree."""
    share = root / "usr" / "share"
    icons = [str(path.relative_to(root)) for path in sorted((share / "icons").rglob("*.*g"))]
    lines = [
        f"Name: {source.name}",
        f"Version: {source.version}",
        f"Release: {RELEASE}",
        f"Summary: {source.summary}",
        f"License: {source.licence}",
        f"Packager: {source.maintainer}",
        *([f"URL: {source.homepage}"] if source.homepage else []),
        # What is bundled is nobody else's to use, and what it needs is told below.
        "AutoReqProv: no",
        *(f"Requires: {need}" for need in (*requires(needs), *ALSO_NEEDED)),
        *(f"Recommends: {package}" for package in RECOMMENDED),
        *(f"Recommends: {soname}()(64bit)" for soname in OPTIONAL if soname in needs),
        "",
        "%description",
        textwrap.dedent(deb.DESCRIPTION).replace("\n.\n", "\n\n").strip(),
        "",
        "%install",
        f'cp -a "{root}/." "%{{buildroot}}"',
        "",
        "%files",
        f"/usr/bin/{source.name}",
        f"/usr/lib/{source.name}",
        f"/usr/share/applications/{source.app_id}.desktop",
        f"/usr/share/metainfo/{source.app_id}.metainfo.xml",
        f"/usr/share/bash-completion/completions/{source.name}",
        f"/usr/{tree.ZSH_SITE}/_{source.name}",
        f"/usr/share/fish/vendor_completions.d/{source.name}.fish",
        f"%doc /usr/share/man/man1/{source.name}.1.gz",
        f"%license /usr/share/doc/{source.name}",
        *(f"/{icon}" for icon in icons),
        "",
        "%changelog",
        *_changelog(source),
    ]
    return "\n".join(lines) + "\n"


def _changelog(source: Product) -> list[str]:
    lines = []
    for release in source.releases:
        day = release.date.strftime("%a %b %d %Y")
        lines.append(f"* {day} {source.maintainer} - {release.version}-{RELEASE}")
        notes = (textwrap.fill(f"- {note}", 80, subsequent_indent="  ") for note in release.notes)
        lines += [note.replace("%", "%%") for note in notes]
        lines.append("")
    return lines
