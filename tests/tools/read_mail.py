"""Reads a mail with Python's own email and zipfile, and says in one JSON line what an outsider finds in it.

Usage: read_mail.py MAIL FOLDER [LCM_XSD]. The archive is unpacked into FOLDER. With LCM_XSD (ebRS 3.0) and lxml, the
METADATA.XML is validated.
"""
import email
import email.policy
import io
import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile

path, folder = sys.argv[1:3]
with open(path, "rb") as file:
    mail = email.message_from_binary_file(file, policy=email.policy.default)
assert not mail.defects, mail.defects
attached = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
archives = [name for name in attached if name.lower().endswith(".zip")]
assert len(archives) == 1, list(attached)
archive = zipfile.ZipFile(io.BytesIO(attached[archives[0]]))
assert archive.testzip() is None
archive.extractall(folder)
facts = {
    "subject": mail["Subject"],
    "to": mail["To"],
    "attachments": sorted(attached),
    "archive_name": archives[0],
    "names": archive.namelist(),
}

metadata = next(name for name in archive.namelist() if name.endswith("METADATA.XML"))
try:
    from lxml import etree

    if len(sys.argv) < 4:
        raise ImportError("the published schemas are not at hand")
    schema = etree.XMLSchema(etree.parse(sys.argv[3]))
    schema.assertValid(etree.fromstring(archive.read(metadata)))
    facts["metadata"] = "valid"
except ImportError as error:
    facts.update(metadata="not checked", why=str(error))

base = os.path.dirname(metadata)
inside = [name for name in archive.namelist() if os.path.dirname(name) == base]
cda = next(name for name in inside if b"<ClinicalDocument" in archive.read(name))
pdf = next(name for name in inside if archive.read(name).startswith(b"%PDF"))
pdfs = [content for name, content in attached.items() if name.lower().endswith(".pdf")]
facts["pdf_attached_is_pdf_archived"] = pdfs == [archive.read(pdf)]

hl7 = "{urn:hl7-org:v3}"
xsi = "{http://www.w3.org/2001/XMLSchema-instance}type"
root = ElementTree.fromstring(archive.read(cda))
values = []
for observation in root.iter(hl7 + "observation"):
    for value in observation.findall(hl7 + "value"):
        if value.get(xsi) == "PQ" and observation.get("classCode") == "OBS" and observation.find(hl7 + "code") is not None:
            values.append(value.get("value"))
facts["cda_values"] = [v for v in values if v]

facts["pdf_text"] = None
if shutil.which("pdftotext"):
    said = subprocess.run(["pdftotext", "-layout", os.path.join(folder, pdf), "-"], capture_output=True, check=True)
    facts["pdf_text"] = said.stdout.decode()
print(json.dumps(facts))
