"""Names around code: of languages, and of the file that code is saved to."""

import re
import unicodedata

_LANGUAGES = """
Ada .adb ada
Assembly .asm asm assembly nasm
AWK .awk awk
Bash .sh bash
Batch .bat bat batch cmd
C .c c
C# .cs c# cs csharp
C++ .cpp c++ cpp cc cxx
Clojure .clj clj clojure
CMake .cmake cmake
CoffeeScript .coffee coffee coffeescript
Common-Lisp .lisp lisp common-lisp
CSS .css css
CSV .csv csv
CUDA .cu cuda cu
Dart .dart dart
Diff .diff diff patch udiff
Dockerfile .dockerfile docker dockerfile
Elixir .ex elixir ex
Elm .elm elm
Erlang .erl erlang erl
F# .fs f# fs fsharp
Fortran .f90 fortran f90
Go .go go golang
GraphQL .graphql graphql gql
Groovy .groovy groovy
Haskell .hs haskell hs
HCL .hcl hcl
HTML .html html htm
HTTP .http http
INI .ini ini cfg
Java .java java
JavaScript .js javascript js mjs
JSON .json json
JSON .jsonl jsonl ndjson
JSX .jsx jsx
Julia .jl julia jl
Kotlin .kt kotlin kt
LaTeX .tex latex tex
Less .less less
Lua .lua lua
Makefile .mk make makefile
Markdown .md markdown md
MATLAB .m matlab
Mermaid .mmd mermaid
Nginx .conf nginx
Nim .nim nim
Nix .nix nix
Objective-C .m objective-c objc objectivec
OCaml .ml ocaml ml
Pascal .pas pascal delphi
Perl .pl perl pl
PHP .php php
Plain-text .txt text txt plain plaintext
PowerShell .ps1 powershell ps1 pwsh
Prolog .prolog prolog
Protobuf .proto proto protobuf
Python .py python py python3
R .r r
Ruby .rb ruby rb
Rust .rs rust rs
Sass .sass sass
Scala .scala scala
Scheme .scm scheme
SCSS .scss scss
Shell .sh shell sh zsh console
Solidity .sol solidity sol
SQL .sql sql mysql postgresql sqlite plpgsql
SVG .svg svg
Swift .swift swift
Terraform .tf terraform tf
TOML .toml toml
TSX .tsx tsx
TypeScript .ts typescript ts
Verilog .v verilog
VHDL .vhdl vhdl
Vim-script .vim vim viml
Visual-Basic .vb vb vbnet
Vue .vue vue
WebAssembly .wat wasm wat
XML .xml xml
YAML .yaml yaml yml
Zig .zig zig
"""
"""What a language is called (with hyphens for spaces), its extension, and how models write it."""

_BY_NAME = {
    written: (name if name == "Objective-C" else name.replace("-", " "), extension)
    for name, extension, *all_written in (line.split() for line in _LANGUAGES.split("\n") if line)
    for written in all_written
}

MAX_NAME = 100
_TITLE = re.compile(
    r"""(?:^|[\s{,])(?:title|file|filename|name|path)\s*[=:]\s*(?:"([^"]+)"|'([^']+)'|([^\s,}]+))"""
)
_BARE = re.compile(r"^(?:\S*/)?[\w.-]*\w\.\w{1,10}$")
_COMMENT = re.compile(r"^\s*(?:#+|//+|--+|;+|%+|/\*+|<!--|\(\*)\s*(.*?)\s*(?:\*/|-->|\*\))?\s*$")
_LABEL = re.compile(r"^(?:file ?name|file|path)\s*:\s*", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)\s*(\.|$)", re.IGNORECASE)


def shown_language(written: str) -> str:
    """What to call a language; one that is not known is called as it was written."""
    return _BY_NAME.get(written.lower(), (written, ""))[0]


def proposed_name(info: str, language: str, code: str) -> str:
    """A file name for code: as its fence or its first line says, else ``code`` and an extension.

    It is a bare name that every system takes, whatever was written: no folder, no device, nothing hidden.
    """
    extension = _BY_NAME.get(language.lower(), ("", ".txt"))[1]
    return _bare(_from_info(info, language)) or _bare(_from_comment(code)) or f"code{extension}"


def _from_info(info: str, language: str) -> str:
    titled = _TITLE.search(info)
    if titled:
        return titled[1] or titled[2] or titled[3]
    words = info.split()
    if words and words[0] == language:
        words = words[1:]
    return next((word for word in words if _BARE.match(word)), "")


def _from_comment(code: str) -> str:
    first = code.lstrip("\ufeff").split("\n", 1)[0][:400]
    comment = _COMMENT.match(first)
    if comment is None or first.startswith("#!"):
        return ""
    said = _LABEL.sub("", comment[1])
    return said if _BARE.match(said) else ""


def _bare(name: str) -> str:
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(
        c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    )
    name = _FORBIDDEN.sub("", name).strip().lstrip(".-~ ").rstrip(". ")
    if len(name) > MAX_NAME:
        stem, dot, extension = name.rpartition(".")
        name = stem[: MAX_NAME - 12] + dot + extension[:10] if dot else name[:MAX_NAME]
    return f"_{name}" if _DEVICE.match(name) else name
