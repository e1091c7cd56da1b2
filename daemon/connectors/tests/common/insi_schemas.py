# Validates requests read from standard input (separated by a null byte) against the published schemas.
import sys, json
try:
    from lxml import etree
except ImportError:
    print("missing"); sys.exit(0)
base = sys.argv[1] + "/wsdl/xsd/"
files = {"{urn:siram:bam:ctxbam}ContexteBAM": "CTX/ROOT_ctxbam_CTXBAM_V01_02.xsd",
         "{urn:siram:lps:ctxlps}ContexteLPS": "CTX/ROOT_ctxlps_CTXLPS_V01_00.xsd",
         "{http://www.cnamts.fr/INSiRecSans}RECSANSVITALE": "ServiceIdentiteCertifiee/INSi_RECSANS_INS.xsd",
         "{http://www.cnamts.fr/INSiRecVit}RECVITALE": "ServiceIdentiteCertifiee/INSi_RECVITALE_INS.xsd"}
schemas = {name: etree.XMLSchema(etree.parse(base + path)) for name, path in files.items()}
soap = "{http://www.w3.org/2003/05/soap-envelope}"
checked = 0
for raw in sys.stdin.buffer.read().split(b"\0"):
    root = etree.fromstring(raw)
    for block in list(root.find(soap + "Header")) + list(root.find(soap + "Body")):
        if block.tag in schemas:
            schema = schemas[block.tag]
            checked += 1
            if not schema.validate(block):
                print(block.tag, schema.error_log.last_error); sys.exit(0)
print("checked", checked)
