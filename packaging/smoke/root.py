"""A bare Debian to install into: made once a week, unpacked for each run into memory of its own.

What runs in it has its own mounts and processes (namespaces of Linux), so that both are gone with the test,
however that ends.
"""

import datetime
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from smoke.program import Process
from smoke.report import Failed

SUITES = {"bookworm": "Debian 12", "trixie": "Debian 13"}
PROGRAMS = ("mmdebstrap", "tar", "unshare", "setpriv", "chroot", "mount", "Xvfb")
USER, UID = "tester", 1000
HOME = f"home/{USER}"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SECONDS = 900
"""For one run of apt or mmdebstrap, with a slow mirror."""
_NODES = ("null", "zero", "full", "random", "urandom", "tty")


def missing() -> list[str]:
    """What this machine lacks for a root."""
    if not sys.platform.startswith("linux"):
        return ["Linux"]
    lacking = [] if os.geteuid() == 0 else ["the rights of root"]
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    return lacking + [name for name in PROGRAMS if shutil.which(name, path=path) is None]


def inside(command: Sequence[str]) -> list[str]:
    """The command, with mounts and processes of its own that end with this process."""
    ends = ["setpriv", "--pdeathsig", "KILL"]
    return [*ends, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *command]


def base(suite: str, cache: Path) -> Path:
    """The archive of a bare ``suite``, from the cache or made anew. Raises :class:`Failed`."""
    sources = _sources(suite)
    year, week, _day = datetime.datetime.now(datetime.UTC).isocalendar()
    key = hashlib.sha256("\n".join(sources).encode()).hexdigest()[:8]
    archive = cache / f"{suite}-{year}-{week:02}-{key}.tar"
    if archive.exists():
        return archive
    cache.mkdir(parents=True, exist_ok=True)
    for old in cache.glob(f"{suite}-*.tar"):
        old.unlink()
    partial = Path(tempfile.mkdtemp(dir=cache)) / archive.name
    try:
        # The lists stay, so that apt in the root knows at once what there is.
        keep_lists = "--skip=cleanup/apt/lists"
        command = ["mmdebstrap", "--quiet", "--variant=minbase", keep_lists, suite, str(partial), *sources]
        made = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        if made.returncode:
            raise Failed(f"mmdebstrap could not make {suite}:\n{made.stderr}")
        partial.replace(archive)
    finally:
        shutil.rmtree(partial.parent)
    return archive


def claim(cache: Path) -> IO[str]:
    """Wait until no other run uses the cache, whose packages apt locks; closing this sets it free."""
    import fcntl  # of Linux, like all that needs a root

    lock = (cache / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _sources(suite: str) -> list[str]:
    """Where apt of this machine gets Debian from, for ``suite``; nothing on another system.

    Without any, mmdebstrap asks Debian's own servers.
    """
    shape = "$(ORIGIN) $(REPO_URI) $(RELEASE)"
    command = ["apt-get", "indextargets", "--format", shape, "Created-By: Packages"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    lines = []
    for origin, uri, release in (line.split() for line in told.splitlines() if line.count(" ") == 2):
        if origin != "Debian":
            continue
        codename, dash, pocket = release.partition("-")
        if pocket in ("", "updates", "security") and codename:
            lines.append(f"deb {uri} {suite}{dash}{pocket} main")
    return list(dict.fromkeys(lines))


class Root:
    """A Debian in a folder, with a user in it who has no rights."""

    def __init__(self, archive: Path, folder: Path, packages: Path) -> None:
        """Unpack it. ``packages`` is a folder that keeps what apt downloads for the next run."""
        self.path = folder
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "-xf", str(archive), "-C", str(folder), "--exclude=./dev/*"], check=True)
        self._mount("-t", "proc", "proc", "proc")
        self._mount("-t", "tmpfs", "-o", "mode=755", "dev", "dev")
        for name in _NODES:
            (folder / "dev" / name).touch()
            self._mount("--bind", f"/dev/{name}", f"dev/{name}")
        for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
            (folder / "dev" / name).symlink_to(f"/proc/self/{target}")
        for name, kind, options in (
            ("shm", "tmpfs", "mode=1777"),
            ("pts", "devpts", "newinstance,ptmxmode=666"),
        ):
            (folder / "dev" / name).mkdir()
            self._mount("-t", kind, "-o", options, kind, f"dev/{name}")
        (folder / "dev/ptmx").symlink_to("pts/ptmx")
        packages.mkdir(parents=True, exist_ok=True)
        self._mount("--bind", str(packages), "var/cache/apt/archives")
        shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
        (folder / "etc/hosts").write_text("127.0.0.1 localhost\n")
        # No service is started here: there is no init (policy-rc.d of invoke-rc.d(8)).
        policy = folder / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        self.admin("useradd", "--create-home", "--uid", str(UID), "--shell", "/bin/bash", USER)
        self.runtime = folder / f"run/user/{UID}"
        self.runtime.mkdir(parents=True)
        os.chown(self.runtime, UID, UID)
        self.runtime.chmod(0o700)

    @property
    def home(self) -> Path:
        return self.path / HOME

    def _mount(self, *arguments: str) -> None:
        subprocess.run(["mount", *arguments[:-1], str(self.path / arguments[-1])], check=True)

    def admin(self, *command: str) -> str:
        """Run a command in it as root; gives what it printed. Raises :class:`Failed`."""
        env = {"PATH": PATH, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "HOME": "/root"}
        done = subprocess.run(
            ["chroot", str(self.path), *command],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            raise Failed(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def apt(self, *arguments: str) -> str:
        """apt-get, which asks nothing and takes no more than is needed."""
        return self.admin("apt-get", "-y", "-q", "--no-install-recommends", *arguments)

    def env(self, more: Mapping[str, str]) -> dict[str, str]:
        """The environment of the user."""
        own = {"HOME": f"/{HOME}", "USER": USER, "LOGNAME": USER, "LANG": "C.UTF-8"}
        return {**own, "PATH": PATH, "XDG_RUNTIME_DIR": f"/run/user/{UID}", **more}

    def command(self, *command: str) -> list[str]:
        """The command as the user runs it."""
        return ["chroot", f"--userspec={UID}:{UID}", "--groups=", str(self.path), *command]

    def run(self, *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command as the user, to its end; ``more`` are variables of its environment."""
        return subprocess.run(
            self.command(*command),
            env=self.env(more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, *command: str, **more: str) -> Process:
        """As :meth:`run`, without waiting."""
        return Process(self.command(*command), self.env(more))

    def processes(self) -> list[tuple[int, str]]:
        """Id and command line of what the user runs; what has ended is left out."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    is_the_users = entry.stat().st_uid == UID
                except OSError:
                    continue
                if words[0] and is_the_users:
                    found.append((int(entry.name), b" ".join(words).decode(errors="replace").strip()))
        return found
