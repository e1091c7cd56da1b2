"""Turns what was typed (kind, id, text) into what the SQL takes: folded words, date, date exchanged, year, matricule."""

import re
import sys
import unicodedata


def fold(text):
    text = text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae")
    plain = unicodedata.normalize("NFD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).upper()


def date_of(part):
    m = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", part) or re.fullmatch(r"(\d\d)(\d\d)(\d{4})", part)
    return tuple(int(x) for x in m.groups()) if m else None


for line in sys.stdin:
    kind, number, text = line.rstrip("\n").split("\t")
    words, born, swapped, year, matricule = [], r"\N", r"\N", r"\N", r"\N"
    compact = text.replace(" ", "")
    if re.fullmatch(r"[0-9AB]{15}", compact):
        matricule = compact
    else:
        for part in text.split():
            date = date_of(part)
            if date:
                d, m, y = date
                born = f"{y:04}-{m:02}-{d:02}"
                if d <= 12 and d != m:
                    swapped = f"{y:04}-{d:02}-{m:02}"
            elif re.fullmatch(r"\d{4}", part):
                year = part
            else:
                words += [w for w in re.split(r"[^A-Z0-9]+", fold(part)) if w]
    array = "{" + ",".join(words) + "}"
    print(kind, number, array, born, swapped, year, matricule, sep="\t")
