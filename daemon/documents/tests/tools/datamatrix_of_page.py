#!/usr/bin/env python3
"""Decodes the INS datamatrix from the rendered first page of reports, and compares it with the header of the CDA.

    datamatrix_of_page.py NAME.pdf ...      (NAME.xml, its CDA, stands beside)

Independent of the program: pages are drawn by pdftoppm, symbols read by zxing-cpp, fields cut here from the published
table (header, S1 to S7, lengths, group separators). A report without qualified INS must have no symbol at all.
Exit: 0 all agree, 1 one does not, 3 a tool is missing (said on the output).
"""
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

try:
    import zxingcpp
    from PIL import Image
except ImportError as missing:
    print("skipped: %s" % missing)
    sys.exit(3)
if not shutil.which("pdftoppm"):
    print("skipped: pdftoppm is not installed")
    sys.exit(3)

GS = "\x1d"
NS = {"c": "urn:hl7-org:v3"}
# tag -> (length, fixed); a variable field ends with GS unless it has its full length.
TABLE = {"S1": (15, True), "S2": (20, False), "S3": (100, False), "S4": (100, False), "S5": (1, True), "S6": (10, True), "S7": (5, True)}
INS_ROOTS = {"1.2.250.1.213.1.4.%d" % n for n in (8, 9, 10, 11)}


def fields(payload):
    head = "IS01" + "0" * 22
    assert payload.startswith(head), "header"
    rest, found, order = payload[len(head):], {}, []
    while rest:
        tag, rest = rest[:2], rest[2:]
        length, fixed = TABLE[tag]
        if fixed:
            value, rest = rest[:length], rest[length:]
            assert len(value) == length, tag
        else:
            value = rest.split(GS)[0][:length]
            rest = rest[len(value):]
            if len(value) < length:
                assert rest.startswith(GS), tag + " without GS"
                rest = rest[1:]
        found[tag] = value
        order.append(tag)
    assert order == sorted(order), order
    return found


def expected(cda):
    role = ET.parse(cda).getroot().find("c:recordTarget/c:patientRole", NS)
    ins = [i for i in role.findall("c:id", NS) if i.get("root") in INS_ROOTS]
    if not ins:
        return None
    name = role.find("c:patient/c:name", NS)
    given = [g.text for g in name.findall("c:given", NS) if g.get("qualifier") is None]
    birth = [f.text for f in name.findall("c:family", NS) if f.get("qualifier") == "BR"]
    place = role.find("c:patient/c:birthplace/c:place/c:addr/c:county", NS)
    out = {
        "S1": ins[0].get("extension"),
        "S2": ins[0].get("root"),
        "S3": given[0],
        "S4": birth[0],
        "S5": role.find("c:patient/c:administrativeGenderCode", NS).get("code"),
    }
    if place is not None:
        out["S7"] = place.text
    return out


def decode(pdf):
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "page"
        subprocess.run(["pdftoppm", "-r", "200", "-gray", "-png", "-f", "1", "-l", "1", "-singlefile", pdf, base], check=True)
        image = Image.open(str(base) + ".png")
        found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.DataMatrix)
        return [b.bytes.decode("ascii") for b in found]


def main():
    wrong = symbols = 0
    for pdf in sys.argv[1:]:
        try:
            read, wanted = decode(pdf), expected(Path(pdf).with_suffix(".xml"))
            if wanted is None:
                assert read == [], "a symbol without qualified INS"
                continue
            assert len(read) == 1, "%d symbols" % len(read)
            got = fields(read[0])
            day = got.pop("S6")
            assert re.fullmatch(r"\d\d-\d\d-\d{4}", day), day
            assert got == wanted, (got, wanted)
            symbols += 1
        except (AssertionError, KeyError) as fault:
            wrong += 1
            print("%s: %s" % (Path(pdf).name, fault))
    print("%d documents, %d symbols read, %d errors" % (len(sys.argv) - 1, symbols, wrong))
    sys.exit(1 if wrong else 0)


main()
