"""Texts in every encoding that files are still written in, and such as are broken."""

import pytest

from desktop_chat.attachments.decoding import decoded
from desktop_chat.attachments.refusal import Refused

TEXTS = {
    "ja": "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。アイスクリームは美味しい。\n",
    "zh": "道可道，非常道。名可名，非常名。无名天地之始；有名万物之母。故常无欲，以观其妙。\n",
    "zh-TW": "道可道，非常道。名可名，非常名。無名天地之始；有名萬物之母。故常無欲，以觀其妙。\n",
    "ko": "모든 국민은 인간으로서의 존엄과 가치를 가지며, 행복을 추구할 권리를 가진다.\n",
    "de": "Die Größe der Übung läßt sich schön überprüfen: Äpfel, Öl und Straße.\n",
    "fr": "Où est passé le garçon ? Ça va très bien, merci à vous, élève zélé.\n",
    "es": "El niño comió una piña en la montaña; ¿qué pasó después? Mañana será otro día.\n",
    "sv": "Åsa går på vägen för att köpa ägg och räkor på ön.\n",
    "pl": "Zażółć gęślą jaźń. Wszyscy ludzie rodzą się wolni i równi pod względem godności.\n",
    "tr": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Işık ığdır şöyle.\n",
    "ru": "Все счастливые семьи похожи друг на друга, каждая несчастливая по-своему.\n",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια.\n",
    "en": "It\u2019s \u201cfine\u201d \u2013 really. Don\u2019t worry about the café.\n",
}
MARKED = ("utf-8-sig", "utf-16", "utf-32")
UNMARKED = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
OLD = [
    ("ja", "shift_jis"),
    ("ja", "euc_jp"),
    ("zh", "gb18030"),
    ("zh", "gbk"),
    ("zh-TW", "big5"),
    ("ko", "euc_kr"),
    ("de", "latin-1"),
    ("fr", "latin-1"),
    ("es", "latin-1"),
    ("sv", "latin-1"),
    ("de", "mac_roman"),
    ("de", "cp850"),
    ("en", "cp1252"),
    ("pl", "cp1250"),
    ("tr", "cp1254"),
    ("ru", "cp1251"),
    ("ru", "koi8_r"),
    ("el", "cp1253"),
]


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("encoding", [*MARKED, *UNMARKED])
@pytest.mark.parametrize("times", [1, 5000])
def test_unicode_is_no_guess(language: str, encoding: str, times: int) -> None:
    notes: list[str] = []
    text = TEXTS[language] * times
    assert decoded(text.encode(encoding), notes) == text
    assert notes == []


@pytest.mark.parametrize(("language", "encoding"), OLD)
@pytest.mark.parametrize("times", [1, 5000])
def test_an_old_encoding_is_guessed_and_that_is_told(language: str, encoding: str, times: int) -> None:
    notes: list[str] = []
    text = TEXTS[language] * times
    assert decoded(text.encode(encoding), notes) == text
    (note,) = notes
    assert note.startswith("Its encoding was guessed: ")


@pytest.mark.parametrize("encoding", ["iso2022_jp", "iso2022_kr"])
def test_mail_with_escape_sequences_is_no_ascii(encoding: str) -> None:
    text = TEXTS["ja" if encoding.endswith("jp") else "ko"]
    assert decoded(text.encode(encoding), []) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("café\n", "latin-1"),
        ("x = 1  # © 2020\n", "latin-1"),
        ("名前,値\n猫,3\n", "shift_jis"),
        ("吾輩は猫である。名前はまだ無い。", "shift_jis"),
        ("张三,5\n李四,6\n", "gb18030"),
    ],
)
def test_a_few_letters_are_enough(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding), []) == text


@pytest.mark.parametrize(
    "head",
    [
        '<meta charset="iso-8859-7">',
        '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-7">',
        '<?xml version="1.0" encoding="iso-8859-7"?>',
        "# -*- coding: iso-8859-7 -*-",
    ],
)
def test_a_file_that_tells_its_encoding_is_believed(head: str) -> None:
    notes: list[str] = []
    text = f"{head}\nΆ"
    assert decoded(text.encode("iso-8859-7"), notes) == text
    assert notes == []


@pytest.mark.parametrize("told", ["nonsense", "utf-8", "utf-7", "rot13", "hex", "idna", "utf-16", "ascii"])
def test_a_file_that_tells_nonsense_is_not(told: str) -> None:
    text = f"<?xml encoding='{told}'?>\n{TEXTS['fr']}"
    assert decoded(text.encode("latin-1"), []) == text


def test_utf_8_with_mistakes_is_utf_8() -> None:
    notes: list[str] = []
    data = (TEXTS["de"] + "end").encode().replace(b"end", b"\xff\xc3 end")
    assert decoded(data, notes) == TEXTS["de"] + "\ufffd\ufffd end"
    assert notes == ["Some of its characters were broken: \ufffd stands for each."]


@pytest.mark.parametrize("encoding", ["latin-1", "shift_jis"])
@pytest.mark.parametrize("filler", ["x = 1\n" * 200_000, "x = 1; " * 200_000])
def test_what_is_not_ascii_may_come_late(encoding: str, filler: str) -> None:
    text = filler + TEXTS["ja" if encoding == "shift_jis" else "fr"]
    assert decoded(text.encode(encoding), []) == text


def test_what_is_cut_in_the_middle_of_a_character_is_read() -> None:
    notes: list[str] = []
    assert decoded("日本".encode("utf-16")[:-1], notes) == "日\ufffd"
    assert len(notes) == 1
    assert decoded(TEXTS["ja"].encode()[:-2], []).startswith(TEXTS["ja"][:-2])


def test_zeros_in_a_log_do_not_make_it_utf_16() -> None:
    log = b"2026-11-21 10:00:00 started\n" * 100
    assert decoded(log + b"\0\0", []) == (log + b"\0\0").decode()
    assert decoded(b"\0" + log, []) == (b"\0" + log).decode()


@pytest.mark.parametrize(
    "data",
    [bytes(range(256)) * 20, bytes(1000), b"\x7fELF\x02\x01\x01" + b"\0\1" * 500, b"\x01\x02\x03" * 50],
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        decoded(data, [])
