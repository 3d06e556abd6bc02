"""The helper of an installed program: whether what it reads files and checks answers with was bundled."""

import io
import json
import struct
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smoke.report import Report, expect

_LENGTH = struct.Struct(">I")
_READ, _CHECK = "desktop_chat.attachments.reading:read", "desktop_chat.validation:answer_problems"
_WORD = "Привет, helper"
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_T = "http://schemas.openxmlformats.org/package/2006/content-types"
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def check(report: Report, program: str, env: Mapping[str, str], folder: Path) -> None:
    """Ask the helper for one job of each library, with files in ``folder``."""
    with report.step("the helper reads files and checks answers") as told:
        files = _files(folder)
        requests = [
            *({"path": _READ, "arguments": {"path": str(file), "name": file.name}} for file in files),
            {"path": _CHECK, "arguments": {"text": '{"a": 1}', "schema": {"required": ["b"]}}},
        ]
        frames = [json.dumps({**request, "seconds": 20}).encode() for request in requests]
        done = subprocess.run(
            [program, "--worker"],
            input=b"".join(_LENGTH.pack(len(frame)) + frame for frame in frames),
            env=env,
            capture_output=True,
            timeout=120,
            check=False,
        )
        if done.returncode == 2:
            told.append("none of its own: it is not frozen")
            return
        answers = _answers(done.stdout)
        expect(len(answers) == len(frames) + 1, f"exit code {done.returncode}\n{done.stdout!r}")
        _ready, *read, checked = answers
        for file, answer in zip(files, read, strict=True):
            expect(not answer["failed"] and _WORD[-6:] in answer["value"]["text"], f"{file.name}: {answer}")
        expect(checked["value"] == ["$: 'b' is a required property"], repr(checked))


def _answers(output: bytes) -> list[Any]:
    """All that came whole."""
    found = []
    while len(output) >= _LENGTH.size:
        end = _LENGTH.size + _LENGTH.unpack_from(output)[0]
        if len(output) < end:
            break
        found.append(json.loads(output[_LENGTH.size : end]))
        output = output[end:]
    return found


def _files(folder: Path) -> list[Path]:
    """One for each library, with the word that is to be found in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        override = f'<Override PartName="/word/document.xml" ContentType="{_MAIN}"/>'
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{_T}">{override}</Types>')
        text = f"<w:p><w:r><w:t>{_WORD}</w:t></w:r></w:p>"
        archive.writestr(
            "word/document.xml", f'<w:document xmlns:w="{_W}"><w:body>{text}</w:body></w:document>'
        )
    page = b"BT /F 12 Tf (helper) Tj ET"
    font = b"<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    pdf = (
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources%s/Contents 4 0 R>>endobj\n"
        b"4 0 obj<</Length %d>>stream\n%s\nendstream endobj\n"
        b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n0\n%%%%EOF\n"
    ) % (font, len(page), page)
    contents = {
        "a.docx": packed.getvalue(),
        "a.pdf": pdf,
        "a.rtf": rb"{\rtf1\ansi helper}",
        "a.txt": f"{_WORD}, как дела? Все хорошо, спасибо.".encode("cp1251"),
    }
    files = []
    for name, content in contents.items():
        file = folder / name
        file.write_bytes(content)
        files.append(file)
    return files
