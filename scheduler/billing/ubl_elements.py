"""The words of UBL 2.1: elements of the one kind hold values, those of the other hold elements."""

import re
from xml.etree import ElementTree as ET

from scheduler.billing.money import in_euros

INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
CURRENCY = "EUR"
NEVER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may have in it."""


def cbc(name: str, text: object, **attributes: str) -> ET.Element | None:
    """A value; nothing where there is none."""
    said = NEVER.sub("", str(text)) if text is not None else ""
    if not said:
        return None
    made = ET.Element(f"{{{CBC}}}{name}", attributes)
    made.text = said
    return made


def cac(name: str, *parts: ET.Element | None) -> ET.Element | None:
    """What holds others; nothing where it holds nothing."""
    inner = [one for one in parts if one is not None]
    if not inner:
        return None
    made = ET.Element(f"{{{CAC}}}{name}")
    made.extend(inner)
    return made


def amount(name: str, cents: int) -> ET.Element | None:
    return cbc(name, in_euros(cents), currencyID=CURRENCY)


def vat_scheme() -> ET.Element | None:
    """The tax is VAT."""
    return cac("TaxScheme", cbc("ID", "VAT"))
