"""Packages for Linux, made of a small bundle with a real library in it: what they hold, need and leave."""

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from linux import deb, elf, tree
from product import load, machine

from tests.helpers.stand_ins import EPOCH, Workshop

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("readelf") is None, reason="needs Linux and readelf"
)
PROGRAM = '#!/bin/sh\necho desktop-chat 0.0.0 "$@"\n'
TOOLS = "readelf dpkg-deb rpmbuild tar xz sh bash cp mkdir rm gzip tail sed cat dirname id uname chmod env"
FILES = "[%{FILEMODES:perms} %{FILEUSERNAME} %{FILENAMES}\n]"
PT_GNU_STACK, EXECUTABLE = 0x6474E551, 1


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is missing")


def library(distribution: str, name: str) -> Path:
    """A compiled file of a package that is installed here."""
    files = importlib.metadata.files(distribution) or []
    return Path(str(next(file.locate() for file in files if re.fullmatch(name, file.name))))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle that needs the C library, and names itself as the real one does."""
    folder = tmp_path / "bundle" / "desktop-chat"
    inside = folder / "_internal"
    inside.mkdir(parents=True)
    program = folder / "desktop-chat"
    program.write_text(PROGRAM)
    program.chmod(0o700)
    (inside / "LICENCES.txt").write_text("The licences.\n")
    (inside / "data file").write_text("data\n")
    (inside / "data file").chmod(0o666)
    shutil.copy(library("jiter", r"jiter\..*\.so"), inside / "jiter.so")
    (inside / "jiter.so").chmod(0o777)
    (inside / "link.so").symlink_to("jiter.so")
    return folder


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Where packages are made with the real tools."""
    made = Workshop(tmp_path)
    for name in TOOLS.split():
        if found := shutil.which(name):
            made.link(found)
    icons = made.build_folder / "icons"
    icons.mkdir()
    for size in tree.ICON_SIZES:
        (icons / f"desktop-chat-{size}.png").write_bytes(b"a picture")
    return made


def build(workshop: Workshop, module: str, bundle: Path) -> Path:
    answer = workshop.build(module, bundle)
    assert answer.returncode == 0, answer.stderr
    return Path(answer.stdout.strip())


def run(*command: str | Path, **environment: str) -> str:
    answer = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def change(bundle: Path) -> None:
    """Make another bundle of the same contents: other times, order and modes."""
    for path in sorted(bundle.rglob("*"), reverse=True):
        if not path.is_symlink():
            os.utime(path, (1, 1))
    (bundle / "_internal" / "data file").chmod(0o600)


@needs("dpkg-deb")
def test_debian_package_belongs_to_root_and_runs_nothing(
    workshop: Workshop, bundle: Path, tmp_path: Path
) -> None:
    package = build(workshop, "linux.deb", bundle)
    assert package.name == f"desktop-chat_{load().version}_{deb.ARCHITECTURES[machine()]}.deb"
    for line in run("dpkg-deb", "--contents", package).splitlines():
        mode, owner, *_, name = line.split(maxsplit=5)
        assert owner == "root/root", line
        program = name.endswith("/lib/desktop-chat/desktop-chat")
        expected = {"d": "drwxr-xr-x", "l": "lrwxrwxrwx", "-": "-rwxr-xr-x" if program else "-rw-r--r--"}
        assert mode == expected[mode[0]], line
    run("dpkg-deb", "--control", package, tmp_path / "control")
    assert sorted(path.name for path in (tmp_path / "control").iterdir()) == ["control", "md5sums"]
    run("dpkg-deb", "--extract", package, tmp_path / "root")
    answer = subprocess.run(
        ["md5sum", "--quiet", "--check", tmp_path / "control" / "md5sums"], cwd=tmp_path / "root"
    )
    assert answer.returncode == 0
    assert run(tmp_path / "root" / "usr" / "bin" / "desktop-chat", "--x") == "desktop-chat 0.0.0 --x\n"


@needs("dpkg-deb")
def test_debian_package_asks_for_what_the_bundle_needs(workshop: Workshop, bundle: Path) -> None:
    package = build(workshop, "linux.deb", bundle)
    depends = run("dpkg-deb", "--field", package, "Depends").strip().split(", ")
    found = elf.objects(bundle)
    newest = elf.newest(found[0].versions["libc.so.6"], "GLIBC_")
    assert depends == [f"libc6 (>= {newest})", "libgcc-s1", *deb.ALSO_NEEDED]
    assert float(newest) > 2


@pytest.mark.parametrize(
    ("module", "program"), [("linux.deb", "dpkg-deb"), ("linux.tarball", "xz"), ("linux.rpm", "rpmbuild")]
)
def test_packages_are_the_same_from_the_same_contents(
    module: str, program: str, workshop: Workshop, bundle: Path
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is missing")
    first = build(workshop, module, bundle).read_bytes()
    change(bundle)
    old = os.umask(0o077)
    try:
        assert build(workshop, module, bundle).read_bytes() == first
    finally:
        os.umask(old)


def test_library_that_no_package_is_known_for_is_refused(workshop: Workshop, bundle: Path) -> None:
    shutil.copy(library("PySide6-Essentials", r"libQt6Svg\.so\.6"), bundle / "_internal")
    answer = workshop.build("linux.deb", bundle)
    assert answer.returncode != 0
    assert "libQt6Gui.so.6" in answer.stderr
    assert "libc.so.6" not in answer.stderr


def test_library_that_looks_elsewhere_is_refused(workshop: Workshop, bundle: Path) -> None:
    data = library("PySide6-Essentials", r"libQt6Svg\.so\.6").read_bytes()
    assert b"\0$ORIGIN\0" in data
    (bundle / "_internal" / "libx.so").write_bytes(data.replace(b"\0$ORIGIN\0", b"\0/opt/ab\0"))
    for module in ("linux.deb", "linux.tarball", "linux.rpm", "linux.appimage"):
        answer = workshop.build(module, bundle)
        if not answer.stderr.startswith("unavailable"):
            assert "libx.so: looks for libraries in /opt/ab" in answer.stderr


def test_library_that_leaves_the_bundle_is_refused(workshop: Workshop, bundle: Path) -> None:
    data = library("PySide6-Essentials", r"libqoffscreen\.so").read_bytes()
    assert b"$ORIGIN/../../lib" in data
    (bundle / "_internal" / "libx.so").write_bytes(data)
    assert (
        "libx.so: looks for libraries in $ORIGIN/../../lib" in workshop.build("linux.tarball", bundle).stderr
    )


def test_library_with_an_executable_stack_is_refused(workshop: Workshop, bundle: Path) -> None:
    path = bundle / "_internal" / "jiter.so"
    data = bytearray(path.read_bytes())
    (headers,) = struct.unpack_from("<Q", data, 0x20)
    size, count = struct.unpack_from("<HH", data, 0x36)
    (stack,) = (
        at
        for at in range(headers, headers + size * count, size)
        if struct.unpack_from("<I", data, at) == (PT_GNU_STACK,)
    )
    data[stack + 4] |= EXECUTABLE
    path.write_bytes(data)
    assert "jiter.so: its stack is executable" in workshop.build("linux.tarball", bundle).stderr


def test_link_out_of_the_bundle_is_refused(workshop: Workshop, bundle: Path) -> None:
    (bundle / "_internal" / "out").symlink_to("/etc/passwd")
    assert "out is a link that leads out: /etc/passwd" in workshop.build("linux.tarball", bundle).stderr


def test_bundle_without_licences_is_refused(workshop: Workshop, bundle: Path) -> None:
    (bundle / "_internal" / "LICENCES.txt").unlink()
    assert "LICENCES.txt is missing" in workshop.build("linux.tarball", bundle).stderr


@needs("rpmbuild")
def test_rpm_package_runs_nothing_and_asks_for_libraries(workshop: Workshop, bundle: Path) -> None:
    package = build(workshop, "linux.rpm", bundle)
    assert run("rpm", "-qp", "--scripts", "--triggers", package) == ""
    required = run("rpm", "-qp", "--requires", package).splitlines()
    assert "libc.so.6()(64bit)" in required
    assert any(re.fullmatch(r"libc\.so\.6\(GLIBC_2\.\d+\)\(64bit\)", each) for each in required)
    assert run("rpm", "-qp", "--provides", package).split()[0] == "desktop-chat"
    listed = run(
        "rpm", "-qp", "--queryformat", "[%{FILEMODES:perms} %{FILEUSERNAME} %{FILENAMES}\n]", package
    )
    for line in listed.splitlines():
        mode, owner, name = line.split(maxsplit=2)
        program = name == "/usr/lib/desktop-chat/desktop-chat"
        expected = {"d": "drwxr-xr-x", "l": "lrwxrwxrwx", "-": "-rwxr-xr-x" if program else "-rw-r--r--"}
        assert (mode, owner) == (expected[mode[0]], "root"), line


def test_app_dir_is_complete_without_appimagetool(workshop: Workshop, bundle: Path) -> None:
    answer = workshop.build("linux.appimage", bundle)
    assert answer.stderr.startswith("unavailable: appimagetool is missing")
    root = workshop.build_folder / "linux" / "desktop-chat.AppDir"
    assert run(root / "AppRun", "--x") == "desktop-chat 0.0.0 --x\n"
    app_id = load().app_id
    assert (root / ".DirIcon").read_bytes() == b"a picture"
    assert (root / f"{app_id}.png").is_file()
    assert "Exec=desktop-chat" in (root / f"{app_id}.desktop").read_text("utf-8")


def test_app_image_is_made_of_the_app_dir(workshop: Workshop, bundle: Path) -> None:
    workshop.add("appimagetool", 'open(arguments[-1], "w").write("an AppImage")')
    runtime = workshop.folder / "runtime"
    answer = workshop.build("linux.appimage", bundle, APPIMAGE_RUNTIME=str(runtime))
    assert answer.returncode == 0, answer.stderr
    made = Path(answer.stdout.strip())
    assert re.fullmatch(rf"Desktop_Chat-{load().version}-\w+\.AppImage", made.name)
    assert os.access(made, os.X_OK)
    (call,) = workshop.calls
    assert call.arguments[1:3] == ["--runtime-file", str(runtime)]
    assert call.environment["SOURCE_DATE_EPOCH"] == str(EPOCH)
    assert call.arguments[-2].endswith("desktop-chat.AppDir")


@needs("xz")
def test_flatpak_manifest_takes_the_archive_by_its_checksum(workshop: Workshop, bundle: Path) -> None:
    made = build(workshop, "linux.flatpak", bundle)
    manifest = json.loads(made.read_text("utf-8"))
    assert manifest["id"] == made.stem == load().app_id
    (source,) = manifest["modules"][0]["sources"]
    archive = made.parent / source["path"]
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == source["sha256"]
    assert [each for each in manifest["finish-args"] if "filesystem" in each or "session-bus" in each] == []


@needs("xz")
def test_flatpak_manifest_that_is_refused_is_a_failure(workshop: Workshop, bundle: Path) -> None:
    workshop.add("flatpak-builder", 'sys.exit("no good manifest")')
    answer = workshop.build("linux.flatpak", bundle)
    assert answer.returncode != 0
    assert "no good manifest" in answer.stderr
    ((show, manifest),) = workshop.told("flatpak-builder")
    assert (show, Path(manifest).parent) == ("--show-manifest", workshop.dist)


@needs("xz")
@needs("flatpak-builder")
def test_flatpak_builder_reads_the_manifest(workshop: Workshop, bundle: Path, tmp_path: Path) -> None:
    made = build(workshop, "linux.flatpak", bundle)
    answer = subprocess.run(
        ["flatpak-builder", "--show-manifest", made], cwd=tmp_path, capture_output=True, check=True
    )
    assert json.loads(answer.stdout)["id"] == load().app_id


class Archive:
    """The unpacked archive, and a prefix with a blank in its name to install it to."""

    def __init__(self, made: Path, folder: Path) -> None:
        with tarfile.open(made) as archive:
            members = archive.getmembers()
            assert {(each.uid, each.gid, each.mtime) for each in members} == {(0, 0, EPOCH)}
            archive.extractall(folder, filter="tar")
        (self.root,) = folder.iterdir()
        self.prefix = folder / "a place"

    def script(self, name: str, tools: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run it, with the programs in ``tools`` before those of the system."""
        command = ["sh", self.root / name, "--prefix", self.prefix]
        path = os.pathsep.join(filter(None, (str(tools or ""), os.environ["PATH"])))
        env = os.environ | {"PATH": path}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)

    def installed(self) -> set[str]:
        return {str(path.relative_to(self.prefix)) for path in self.prefix.rglob("*") if not path.is_dir()}


@pytest.fixture
def archive(workshop: Workshop, bundle: Path, tmp_path: Path) -> Archive:
    made = build(workshop, "linux.tarball", bundle)
    (tmp_path / "unpacked").mkdir()
    return Archive(made, tmp_path / "unpacked")


@needs("xz")
def test_archive_runs_where_it_is(archive: Archive) -> None:
    assert run(archive.root / "bin" / "desktop-chat", "--x") == "desktop-chat 0.0.0 --x\n"


@needs("xz")
def test_archive_installs_replaces_and_removes_itself(archive: Archive) -> None:
    before = archive.prefix / "share" / "applications" / "another.desktop"
    before.parent.mkdir(parents=True)
    before.write_text("[Desktop Entry]\n")
    answer = archive.script("install.sh")
    assert answer.returncode == 0, answer.stderr
    assert "desktop-chat 0.0.0" in answer.stdout
    program = archive.prefix / "bin" / "desktop-chat"
    assert run(program, "--x") == "desktop-chat 0.0.0 --x\n"
    (entry,) = (archive.prefix / "share" / "applications").glob("*.DesktopChat.desktop")
    text = entry.read_text("utf-8")
    assert f'Exec="{program}" --open %f\n' in text
    assert f"TryExec={program}\n" in text
    if shutil.which("desktop-file-validate"):
        assert run("desktop-file-validate", entry) == ""

    first = archive.installed()
    (archive.root / "lib" / "desktop-chat" / "_internal" / "data file").rename(
        archive.root / "lib" / "desktop-chat" / "_internal" / "new file"
    )
    shutil.rmtree(archive.root / "share" / "fish")
    assert archive.script("install.sh").returncode == 0
    inside = "lib/desktop-chat/_internal"
    fish = "share/fish/vendor_completions.d/desktop-chat.fish"
    assert archive.installed() == first - {f"{inside}/data file", fish} | {f"{inside}/new file"}

    answer = subprocess.run(["sh", archive.prefix / "lib" / "desktop-chat" / "uninstall.sh"], timeout=60)
    assert answer.returncode == 0
    left = {str(path.relative_to(archive.prefix)) for path in archive.prefix.rglob("*")}
    # Made anew by desktop-file-utils, where that is there, for the other entry.
    left -= {"share/applications/mimeinfo.cache"}
    assert left == {"share", "share/applications", "share/applications/another.desktop"}
    assert archive.script("uninstall.sh").returncode == 1


@needs("xz")
def test_archive_leaves_what_is_there_when_it_does_not_run(archive: Archive) -> None:
    assert archive.script("install.sh").returncode == 0
    before = archive.installed()
    (archive.root / "lib" / "desktop-chat" / "desktop-chat").write_text("#!/bin/sh\necho no luck; exit 3\n")
    answer = archive.script("install.sh")
    assert answer.returncode == 1
    assert "no luck" in answer.stderr
    assert archive.installed() == before
    assert run(archive.prefix / "bin" / "desktop-chat") == "desktop-chat 0.0.0\n"


@needs("xz")
def test_archive_does_not_replace_what_it_did_not_install(archive: Archive) -> None:
    (archive.prefix / "lib" / "desktop-chat").mkdir(parents=True)
    (archive.prefix / "lib" / "desktop-chat" / "file").touch()
    answer = archive.script("install.sh")
    assert answer.returncode == 1
    assert "was not installed by this script" in answer.stderr
    assert archive.installed() == {"lib/desktop-chat/file"}
    assert archive.script("uninstall.sh").returncode == 1


@needs("xz")
def test_archive_does_not_overwrite_what_it_did_not_install(archive: Archive) -> None:
    command = archive.prefix / "bin" / "desktop-chat"
    command.parent.mkdir(parents=True)
    command.symlink_to("of-another-installer")
    answer = archive.script("install.sh")
    assert answer.returncode == 1
    assert f"{command} was not installed by this script" in answer.stderr
    assert command.readlink() == Path("of-another-installer")
    assert archive.installed() == {"bin/desktop-chat"}


@needs("xz")
@pytest.mark.parametrize("earlier", [False, True])
def test_archive_whose_installation_was_killed_can_be_installed_and_removed(
    archive: Archive, tmp_path: Path, earlier: bool
) -> None:
    tools, count = tmp_path / "tools", tmp_path / "count"
    for tool, call in (("cp", 1), ("cp", 5), ("mkdir", 2), ("rm", 2), ("mv", 1), ("mv", 2)):
        if earlier:
            assert archive.script("install.sh").returncode == 0
        shutil.rmtree(tools, ignore_errors=True)
        tools.mkdir()
        (tools / tool).write_text(
            f'#!/bin/sh\necho >>"{count}"\n[ "$(wc -l <"{count}")" -ne {call} ] || kill -9 $PPID\n'
            f'exec {shutil.which(tool)} "$@"\n'
        )
        (tools / tool).chmod(0o755)
        count.unlink(missing_ok=True)
        assert archive.script("install.sh", tools).returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
        answer = archive.script("install.sh")
        assert answer.returncode == 0, (tool, call, answer.stderr)
        assert run(archive.prefix / "bin" / "desktop-chat", "--x") == "desktop-chat 0.0.0 --x\n"
        assert archive.script("uninstall.sh").returncode == 0
        assert archive.installed() == set(), (tool, call)


@needs("xz")
@pytest.mark.parametrize("name", ["a$b", 'a"b', "a%b", "a`b", "a|b", "a&b", "a\\b", "a\nb"])
def test_archive_makes_nothing_where_menus_could_not_start_it(
    archive: Archive, tmp_path: Path, name: str
) -> None:
    archive.prefix = tmp_path / name
    answer = archive.script("install.sh")
    assert answer.returncode == 1
    assert "menus cannot start" in answer.stderr
    assert not archive.prefix.exists()
