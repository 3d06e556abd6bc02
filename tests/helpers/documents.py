"""Small documents of each kind, made by hand: what a reader has to find in them is what is put in."""

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
RELATED = "http://schemas.openxmlformats.org/package/2006/relationships"
ODF = "urn:oasis:names:tc:opendocument:xmlns"
KINDS = {
    "word/document.xml": "wordprocessingml.document.main",
    "xl/workbook.xml": "spreadsheetml.sheet.main",
    "ppt/presentation.xml": "presentationml.presentation.main",
}


def archive(parts: Mapping[str, str | bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return file.getvalue()


def office(main: str, parts: Mapping[str, str | bytes]) -> bytes:
    """A document of Office whose main part is ``main``."""
    kind = f"application/vnd.openxmlformats-officedocument.{KINDS[main]}+xml"
    types = f'<Types xmlns="{TYPES}"><Override PartName="/{main}" ContentType="{kind}"/></Types>'
    return archive({"[Content_Types].xml": types, **parts})


def related(targets: Iterable[tuple[str, str]]) -> str:
    """A list of relationships: kinds and targets; their ids are ``r0``, ``r1`` and so on."""
    listed = "".join(
        f'<Relationship Id="r{number}" Type="{R}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets)
    )
    return f'<Relationships xmlns="{RELATED}">{listed}</Relationships>'


def docx(body: str, **parts: str) -> bytes:
    """A document with this content of its ``w:body``; further parts of ``word/`` by name."""
    document = f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    others = {f"word/{name}.xml": content for name, content in parts.items()}
    return office("word/document.xml", {"word/document.xml": document, **others})


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}<w:r><w:t>{text}</w:t></w:r></w:p>"


def xlsx(
    rows: str, *, texts: Iterable[str] = (), formats: str = "", first: str = "", state: str = "visible"
) -> bytes:
    """A workbook with one sheet: its rows, shared texts, styles, properties of the workbook."""
    workbook = (
        f'<workbook xmlns="{S}" xmlns:r="{R}"><workbookPr {first}/><sheets>'
        f'<sheet name="Prices" sheetId="1" state="{state}" r:id="r0"/></sheets></workbook>'
    )
    listed = "".join(f"<si><t>{text}</t></si>" for text in texts)
    targets = [
        ("worksheet", "worksheets/sheet1.xml"),
        ("sharedStrings", "sharedStrings.xml"),
        ("styles", "styles.xml"),
    ]
    return office(
        "xl/workbook.xml",
        {
            "xl/workbook.xml": workbook,
            "xl/_rels/workbook.xml.rels": related(targets),
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{S}"><sheetData>{rows}</sheetData></worksheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{S}">{listed}</sst>',
            "xl/styles.xml": f'<styleSheet xmlns="{S}">{formats}</styleSheet>',
        },
    )


def pptx(slides: Iterable[str], notes: str = "") -> bytes:
    """A presentation with these paragraphs, one a slide, the first with notes of its speaker."""

    def slide(text: str) -> str:
        return f'<p:sld xmlns:p="{P}" xmlns:a="{A}"><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sld>'

    texts = list(slides)
    listed = "".join(f'<p:sldId r:id="r{number}" id="{256 + number}"/>' for number in range(len(texts)))
    parts: dict[str, str | bytes] = {
        "ppt/presentation.xml": f'<p:presentation xmlns:p="{P}" xmlns:r="{R}">{listed}</p:presentation>',
        # Their files are numbered by when they were made, not by where they stand.
        "ppt/_rels/presentation.xml.rels": related(
            ("slide", f"slides/slide{len(texts) - number}.xml") for number in range(len(texts))
        ),
    }
    for number, text in enumerate(texts):
        parts[f"ppt/slides/slide{len(texts) - number}.xml"] = slide(text)
    if notes:
        parts[f"ppt/slides/_rels/slide{len(texts)}.xml.rels"] = related(
            [("notesSlide", "../notesSlides/notesSlide1.xml")]
        )
        parts["ppt/notesSlides/notesSlide1.xml"] = slide(notes)
    return office("ppt/presentation.xml", parts)


def odf(kind: str, body: str, manifest: str = "") -> bytes:
    """A document of OpenDocument: ``text``, ``spreadsheet`` or ``presentation``."""
    names = ("office", "text", "table")
    spaces = " ".join(f'xmlns:{name}="{ODF}:{name}:1.0"' for name in names)
    spaces += f' xmlns:draw="{ODF}:drawing:1.0" xmlns:presentation="{ODF}:presentation:1.0"'
    return archive(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": f"<office:document-content {spaces}>{body}</office:document-content>",
            "META-INF/manifest.xml": f'<m:manifest xmlns:m="{ODF}:manifest:1.0">{manifest}</m:manifest>',
        }
    )


def pdf(pages: Iterable[str | bytes], trailer: str = "") -> bytes:
    """A PDF with a line of ASCII on each page, or with a content stream of its own."""
    streams = [
        page if isinstance(page, bytes) else b"BT /F1 12 Tf 72 720 Td (%s) Tj ET" % page.encode()
        for page in pages
    ]
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(streams)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(streams)}>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number, stream in enumerate(streams):
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>"
            b"/Contents %d 0 R>>" % (5 + 2 * number)
        )
        packed = zlib.compress(stream)
        objects.append(b"<</Length %d/Filter/FlateDecode>>\nstream\n%s\nendstream" % (len(packed), packed))
    found = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(found))
        found += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(found)
    found += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    found += b"".join(b"%010d 00000 n \n" % place for place in places)
    found += (
        f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    )
    return bytes(found)
