"""The life of a Debian package: installed on a bare system, used, upgraded, removed and purged."""

import contextlib
import json
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import weights

from smoke import desktop, files, installed
from smoke.desktop import Session
from smoke.program import QUIT_SECONDS, Process, resident, seconds_of_cpu
from smoke.report import Failed, Report, expect, indented, until, verdict
from smoke.root import HOME, SUITES, UID, Root
from smoke.screen import Screen
from smoke.server import MODEL, Server

NAME = "desktop-chat"
PAINT_LIMIT, IDLE_LIMIT = 0.5, 110
"""Seconds of processor time, MB."""
MARKER = f"usr/lib/{NAME}/only-in-the-version-before"
KEY = "sk-smoke-0123456789abcdefghijklmnopqrstuvwxyz"
MAGENTA = "ff00ff"
LOOPBACK = "These words came over a socket."
ANSWER = f"{LOOPBACK}\n\n$$\\color{{#{MAGENTA}}}{{\\sum_{{n=1}}^\\infty \\frac{{1}}{{n^2}}}}$$\n"

OTHERS = (
    # Package management's own records.
    "var/lib/dpkg/*",
    "var/lib/apt/*",
    "var/cache/apt/*",
    "var/cache/debconf/*",
    "var/log/*",
    # What libraries, certificates and fonts make when they are installed, and no package owns.
    "etc/ld.so.cache",
    "etc/ca-certificates.conf",
    "etc/ssl/certs/*",
    "usr/local/share/ca-certificates",
    "etc/fonts/conf.d/*",
    "usr/local/share/fonts",
    "var/cache/ldconfig/*",
    "var/cache/fontconfig*",
)
"""What differs after the purge and is nobody's rest."""


class Story:
    """One run on one suite. ``short`` leaves out what the other suites tell as well."""

    def __init__(
        self, report: Report, root: Root, deb: Path, pictures: Path, *, suite: str, short: bool
    ) -> None:
        self._report, self._root, self._pictures = report, root, pictures
        self._suite, self._short = suite, short
        self._deb = root.path / "root" / f"{NAME}.deb"
        shutil.copy(deb, self._deb)
        self._screen = Screen(root.path)
        self._program: Process | None = None
        self._session: Session | None = None
        self._of_tools: set[str] = set()
        """Files that came or changed while the tools of the test were installed."""
        report.logs = self._logs

    def close(self) -> None:
        for running in (self._program, self._session, self._screen):
            if running is not None:
                running.close()

    def tell(self) -> None:
        """All of it, in order."""
        with self._report.step(f"{SUITES[self._suite]}: a version before it is made", needed=True):
            before = self._older()
        system = self._files()
        with self._report.step("apt installs it on a bare system", needed=True):
            self._root.apt("install", f"/{before.relative_to(self._root.path)}")
        installed.without_a_display(self._report, self._run_it, self._root.home, self._as_seen_inside)
        self._first_starts()
        self._upgrade()
        self._figures()
        self._use()
        self._removal(system)

    # Packages

    def _older(self) -> Path:
        """The package once more as the version before, which has a file that the next one lacks."""
        folder = self._deb.with_name("older")
        inner = self._as_seen_inside(folder)
        self._root.admin("dpkg-deb", "--raw-extract", self._as_seen_inside(self._deb), inner)
        control = folder / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1~before", control.read_text()))
        (folder / MARKER).write_text("This file goes with the version it came with.\n")
        self._root.admin("dpkg-deb", "-Znone", "--root-owner-group", "--build", inner, f"{inner}.deb")
        shutil.rmtree(folder)
        return folder.with_suffix(".deb")

    def _upgrade(self) -> None:
        with self._report.step(
            "apt upgrades it; what only the version before had is gone", needed=True
        ) as told:
            self._root.apt("install", self._as_seen_inside(self._deb))
            expect(not (self._root.path / MARKER).exists(), "a file of the version before is still there")
            version = self._root.admin("dpkg-query", "--show", "--showformat=${Version}", NAME)
            expect("before" not in version, f"version {version} is installed")
            told.append(version)
        with self._report.step("what is installed is what was packed, and not too large") as told:
            damaged = self._root.admin("dpkg", "--verify", NAME)
            expect(not damaged, f"dpkg --verify:\n{damaged}")
            listed = self._root.admin("dpkg", "--listfiles", NAME).split("\n")
            paths = [self._root.path / path.lstrip("/") for path in listed if path]
            size = sum(path.lstat().st_size for path in paths if path.is_file() and not path.is_symlink())
            told.append(verdict("package", self._deb.stat().st_size / 1e6, weights.DEB[0], "MB"))
            told.append(verdict("installed", size / 1e6, weights.INSTALLED[0], "MB"))

    def _removal(self, before: files.Listing) -> None:
        with self._report.step("nothing of it runs or lies in /tmp after it has ended"):
            left = [line for _pid, line in self._root.processes() if NAME in line]
            left += [path.name for path in (self._root.path / "tmp").glob(f"*{NAME}*")]
            expect(not left, "\n".join(left))
        data = files.listing(self._root.home)
        with self._report.step("removed and purged, it leaves no file behind"):
            self._root.apt("remove", NAME)
            expect(not (self._root.path / "usr/bin" / NAME).is_symlink(), "it is there after apt remove")
            self._root.admin("dpkg", "--purge", NAME)  # apt no longer knows one that left nothing
            owned = self._root.admin("sh", "-c", "cat /var/lib/dpkg/info/*.list").split("\n")
            # Packages of Debian 12 still name what lies in /usr/lib as in /lib, which is a link to it.
            others = self._of_tools | {
                re.sub("^/(s?bin/|lib)", r"/usr/\1", path).lstrip("/") for path in owned
            }
            rest = files.changes(before, self._files(), OTHERS)
            ours = [line for line in rest if line.split()[0] == "gone:" or line.split()[1] not in others]
            expect(not ours, "\n".join(ours))
        with self._report.step("the user's data is untouched") as told:
            changed = files.changes(data, files.listing(self._root.home))
            expect(not changed, "\n".join(changed))
            expect(f".local/share/{NAME}/chats.db" in data, "there was no data")
            told.append(f"{len(data)} files and folders")

    def _files(self) -> files.Listing:
        return files.listing(self._root.path, ("proc", "dev", "sys", "tmp", "run", "root", HOME))

    # The program

    def _run_it(self, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return self._root.run(NAME, *arguments, **env)

    def _as_seen_inside(self, path: Path) -> str:
        return f"/{path.relative_to(self._root.path)}"

    def _start(self, *arguments: str, **env: str) -> Process:
        """Start it in the session, or on the bare display where there is none; it has painted then."""
        where = self._session.env if self._session else self._screen.env
        self._program = self._root.start(NAME, "--debug", *arguments, **where, **env)
        self._program.line("ready to read")
        if self._session:
            self._session.focus(self._program.pid)
        return self._program

    def _save_picture(self, name: str) -> None:
        self._screen.picture().save(self._pictures / f"{self._suite}-{name}.png")

    def _logs(self) -> str:
        """What the program said, what it logged, what is shown."""
        parts = []
        if self._program is not None:
            parts += ["standard error:", indented("\n".join(self._program.error))]
        for log in self._root.home.rglob(f"{NAME}.log"):
            parts += [f"{log}:", indented(log.read_text(errors="replace"))]
        self._save_picture("failed")
        if self._session is not None and self._program is not None and self._program.is_running:
            parts += ["shown:", self._session.told()]
        return "\n".join(parts)

    def _first_starts(self) -> None:
        """With nothing but its own dependencies in the system."""
        with self._report.step("--demo --screenshot keeps a chat in its profile"):
            picture = self._root.home / "code.png"
            arguments = ("--demo", "--profile", f"/{HOME}/kept", "--screenshot", f"/{HOME}/code.png")
            done = self._run_it(*arguments, "Show me code")
            expect((done.returncode, done.stderr) == (0, ""), f"exit code {done.returncode}\n{done.stderr}")
            shutil.copy(picture, self._pictures / f"{self._suite}-offscreen.png")
        with self._report.step("a window on X11 with its own dependencies; SIGTERM ends it") as told:
            program = self._start("Unsent words")
            loaded = Path(f"/proc/{program.pid}/maps").read_text()
            expect("libqxcb.so" in loaded, "the window is not on X11")
            until(lambda: len(self._screen.picture().colors()) > 100, "the window is painted")
            self._save_picture("first-start")
            told.append(program.end())

    def _figures(self) -> None:
        with self._report.step("first paint and memory") as told:
            paints, weights = [], []
            for _ in range(4 if self._short else 6):
                self._program = program = self._root.start(NAME, "--demo", "--debug", **self._screen.env)
                paints.append(seconds_of_cpu(program.line("first paint")))
                program.line("ready to read")
                time.sleep(1)  # what is measured is the program at rest
                weights.append(resident(program.pid))
                program.end()
            told.append(verdict("first paint", min(paints), PAINT_LIMIT, "s of CPU"))
            told.append(verdict("memory while idle", min(weights), IDLE_LIMIT, "MB"))

    # A desktop

    def _use(self) -> None:
        with self._report.step("the tools of the test are installed beside it", needed=True):
            before = self._files()
            self._root.apt("install", *desktop.PACKAGES)
            self._of_tools = {line.split()[1] for line in files.changes(before, self._files())}
            reader = self._root.path / desktop.READER.lstrip("/")
            shutil.copy(Path(__file__).with_name("reader.py"), reader)
            self._browser = self._install_browser()
            self._session = Session(self._root, self._screen.env)
        try:
            self._demo(self._session)
            self._environment(self._session)
            self._keyring(self._session)
            self._newer_database(self._session)
        finally:
            self._session.close()
            self._session = None
            (self._root.path / desktop.READER.lstrip("/")).unlink()
            (self._root.path / "usr/local/bin/xdg-open").unlink()

    def _install_browser(self) -> Path:
        """Put a browser in the place of a real one, which writes down what it was told."""
        opened = self._root.home / "opened"
        program = self._root.path / "usr/local/bin/xdg-open"
        program.write_text(
            '#!/bin/sh\nprintf "%s\\n" "$@" > ~/opened.new\nenv >> ~/opened.new\nmv ~/opened.new ~/opened\n'
        )
        program.chmod(0o755)
        return opened

    def _demo(self, session: Session) -> None:
        report = self._report
        with report.step("the upgraded program opens the chats of the version before"):
            self._start("--demo", "--profile", f"/{HOME}/kept")
            session.find("Show me code", "list item")
            session.keys("ctrl+Tab")
            until(lambda: session.says("borrow checker"), "its answer is shown")
        with report.step("all that has a name has it in the accessibility tree"):
            named = {shown.name for shown in session.tree()}
            wanted = {"Chats", "New chat", "Search chats", "Transcript", "Message", "Send", "Model", "Status"}
            expect(wanted <= named, f"missing: {wanted - named}")
        with report.step("the demo model streams an answer"):
            session.press("New chat")
            session.ask("Show me a table", "inside the program")
        with report.step("code is coloured by the helper of the installed program"):
            plain = self._screen.picture().hues()
            session.ask("Show me code", "borrow checker")
            until(self._has_helper, "the helper runs")
            until(lambda: self._screen.picture().hues() - plain, "code has colours")
            self._save_picture("code")
        if not self._short:
            with report.step("a link is opened by the desktop, without the libraries of the bundle"):
                self._link(session)
            with report.step("a chat is printed to a PDF"):
                self._print(session)
        with report.step("Ctrl+Q ends it, and its helper") as told:
            assert self._program is not None
            session.keys("ctrl+q")
            told.append(self._program.ended("Ctrl+Q"))
            until(lambda: not self._has_helper(), "the helper has ended")
        self._stop()

    def _has_helper(self) -> bool:
        return any("--worker" in line for _pid, line in self._root.processes())

    def _link(self, session: Session) -> None:
        session.press("New chat")
        session.ask("Show me every format", "A formula")
        session.press("a link", "link")
        until(self._browser.exists, "the browser is started")
        address, *variables = self._browser.read_text().splitlines()
        expect(address == "https://example.org/guide", f"opened: {address}")
        ours = [
            v for v in variables if "/usr/lib/desktop-chat" in v or v.startswith(("LD_", "QT_PLUGIN", "_PYI"))
        ]
        expect(not ours, "the browser has variables of the bundle:\n" + "\n".join(ours))

    def _print(self, session: Session) -> None:
        pdf = self._root.home / "printed.pdf"
        session.keys("ctrl+p")
        session.write("Output file:", f"/{HOME}/{pdf.name}")
        session.press("Print", "push button")
        until(lambda: pdf.exists() and pdf.read_bytes().rstrip().endswith(b"%%EOF"), "there is a whole PDF")
        expect(pdf.read_bytes().startswith(b"%PDF-"), "it is no PDF")
        assert self._program is not None
        session.focus(self._program.pid)  # the dialog had it

    def _environment(self, session: Session) -> None:
        """An endpoint of the environment, on the user's own profile."""
        report, server = self._report, Server(ANSWER)
        env = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url}
        with report.step("the unsent words of the version before are there"):
            self._start(**env)
            until(lambda: session.find("Message").text == "Unsent words", "the draft is shown")
        with report.step("an answer of a server streams, over Chat Completions"):
            session.choose_model(MODEL)
            session.ask("A question", LOOPBACK)
            asked = server.requests[-1]
            expect(asked.path == "/v1/chat/completions", f"asked: {asked}")
            expect(asked.authorization == f"Bearer {KEY}", "the key was not sent")
        with report.step("the helper draws a formula"):
            magenta = bytes.fromhex(MAGENTA)
            until(lambda: self._screen.picture().colors()[magenta] > 20, "the formula is drawn")
            self._save_picture("formula")
        self._stop()
        server.close()
        if not self._short:
            with report.step("a certificate that SSL_CERT_FILE trusts is trusted"):
                certificate = self._certificate()
                server = Server(ANSWER, certificate)
                self._start(**env | {"OPENAI_BASE_URL": server.url, "SSL_CERT_FILE": f"/{HOME}/ca.pem"})
                session.press("New chat")
                session.choose_model(MODEL)
                session.ask("Another question", LOOPBACK)
            self._stop()
            with report.step("a certificate that nobody trusts is refused"):
                self._start(**env | {"OPENAI_BASE_URL": server.url})
                session.press("New chat")
                session.choose_model(MODEL)
                session.write("Message", "One more question")
                session.press("Send")
                problem = session.find("Problem", "dialog").text
                expect("certificate" in problem, f"it says: {problem}")
            self._stop()
            server.close()

    def _stop(self) -> None:
        if self._program is not None:
            if self._program.is_running:
                self._program.popen.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._program.popen.wait(QUIT_SECONDS)
            self._program.close()

    def _certificate(self) -> Path:
        """A certificate of localhost, with its key; it is its own authority, as ~/ca.pem."""
        home = self._root.home
        names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        keys = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
        places = ("-keyout", f"/{HOME}/server.key", "-out", f"/{HOME}/ca.pem")
        made = self._root.run("openssl", "req", "-x509", *names, *keys, *places)
        expect(made.returncode == 0, made.stderr)
        both = home / "server.pem"
        both.write_text((home / "ca.pem").read_text() + (home / "server.key").read_text())
        return both

    def _keyring(self, session: Session) -> None:
        report, server = self._report, Server(ANSWER)
        profile = f"/{HOME}/asked"
        with report.step("Welcome stores a key in the Secret Service, and in no file"):
            program = self._start("--profile", profile)
            session.find("Welcome", "dialog")
            session.pop_up("OpenAI", "combo box")  # Qt gives the value of a combo box as its name
            session.keys("End", "Return")
            session.write("Base URL", server.url)
            session.write("API key", KEY)
            session.press("Start chatting")
            until(lambda: not any(s.name == "Welcome" for s in session.tree()), "Welcome is closed")
            self._see_key_in_keyring(session)
        with report.step("the answer comes with this key"):
            session.ask("A question", LOOPBACK)
            expect(server.requests[-1].authorization == f"Bearer {KEY}", "another key was sent")
        with report.step("SIGTERM ends it; the key is in no file"):
            program.end()
            holding = [
                str(p) for p in self._root.home.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()
            ]
            expect(not holding, "the key is in " + ", ".join(holding))
        if not self._short:
            with report.step("the next start has the key from the keyring, over Responses"):
                settings = self._root.home / "asked/settings.json"
                values = json.loads(settings.read_text())
                values["endpoints"][0]["dialect"] = "responses"
                settings.write_text(json.dumps(values))
                self._start("--profile", profile)
                session.press("New chat")
                session.ask("Again", LOOPBACK)
                asked = server.requests[-1]
                expect(asked.path == "/v1/responses", f"asked: {asked}")
                expect(asked.authorization == f"Bearer {KEY}", "the key was not sent")
            self._stop()
        server.close()

    def _see_key_in_keyring(self, session: Session) -> None:
        found = self._root.run("secret-tool", "search", "--all", "service", NAME, **session.env)
        expect(f"secret = {KEY}" in found.stdout, f"in the keyring:\n{found.stdout}\n{found.stderr}")

    def _newer_database(self, session: Session) -> None:
        """A database of a later version, with the backup that was made before its migration."""
        profile = self._root.home / "kept"
        backup = "chats-20260101T000000Z-before-9.0.0-schema1.db"
        with self._report.step("a newer database is refused, with words that name the backup"):
            script = (
                "import shutil, sqlite3, sys\n"
                "folder, backup = sys.argv[1:]\n"
                "shutil.copy(f'{folder}/chats.db', f'{folder}/backups/{backup}')\n"
                "base = sqlite3.connect(f'{folder}/chats.db')\n"
                "base.execute('PRAGMA user_version = 1000')\n"
                "base.close()\n"
            )
            (profile / "backups").mkdir(mode=0o700, exist_ok=True)
            shutil.chown(profile / "backups", UID, UID)
            made = self._root.run("python3", "-c", script, f"/{HOME}/kept", backup)
            expect(made.returncode == 0, made.stderr)
            before = files.listing(profile, ("logs", "lock"))
            self._program = self._root.start(NAME, "--profile", f"/{HOME}/kept", **session.env)
            until(lambda: session.says("newer version"), "it says that a newer version wrote the chats")
            until(lambda: session.says(backup), "it names the backup", 5)
            self._save_picture("newer-database")
            after = files.listing(profile, ("logs", "lock"))
            expect(before["chats.db"] == after["chats.db"], "the database was changed")
        with self._report.step("the backup can be used instead"):
            session.press("Use the backup")
            session.find("Show me code", "list item")
        self._stop()


def run(report: Report, root: Root, deb: Path, pictures: Path, *, suite: str, short: bool) -> None:
    """Tell the story of ``deb`` on ``suite``; it ends early where a needed step fails."""
    story = Story(report, root, deb, pictures, suite=suite, short=short)
    try:
        story.tell()
    except Failed as error:
        print(f"        {error}", flush=True)
    finally:
        report.logs = str
        story.close()
