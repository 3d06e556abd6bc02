"""The archive for every Linux whose glibc is not older: runs from any folder, and installs itself."""

import shutil
from pathlib import Path

import commands
import product
from linux import tree
from product import Product

SCRIPTS = ("install.sh", "uninstall.sh")


def path(source: Product, dist: Path) -> Path:
    return dist / f"{source.name}-{source.version}-linux-{product.machine()}.tar.xz"


def build(source: Product, bundle: Path, dist: Path) -> Path:
    """Make the archive. Raises :class:`product.Unavailable`, :class:`product.Failed`."""
    for program in ("tar", "xz"):
        if shutil.which(program) is None:
            raise product.Unavailable(f"{program} is missing")
    root = tree.fresh(product.BUILD / "linux" / "tar" / f"{source.name}-{source.version}")
    tree.install(source, bundle, root)
    for name in SCRIPTS:
        (root / name).write_bytes(tree.read(tree.HERE / "archive" / name))
        (root / name).chmod(0o755)
    readme = tree.filled("archive/README.txt", source, machine=product.machine())
    (root / "README.txt").write_text(readme, "utf-8")
    tree.finish(root, source.epoch)
    target = path(source, dist)
    dist.mkdir(parents=True, exist_ok=True)
    # GNU's format has no time but that of the files. Threads change the bytes only where there is just one.
    owner = ("--owner=0", "--group=0", "--numeric-owner", "--sort=name", "--format=gnu")
    compress = "--use-compress-program=xz -6 --threads=2"
    where = (f"--directory={root.parent}", root.name)
    commands.run(["tar", "--create", f"--file={target}", *owner, compress, *where])
    return target
