"""Who saw or changed what of whom, on record so that it cannot be quietly altered. Domain §8, reliability §3.10 (NEN 7513).

`record` writes in the transaction of the change, `record_reads` before an answer is sent. `seal` chains
what is committed, `export_heads` carries the chain's ends to where nobody writes twice, `verify` names
the first record that is not as it was. `of_employee`, `by_account` and `sample` are what people read.
"""

from scheduler.audit.heads import Head, export_heads, read_heads
from scheduler.audit.recording import Entry, Origin, record, record_reads
from scheduler.audit.reports import EVER, Line, Period, by_account, of_employee, sample
from scheduler.audit.sealing import seal, sealer
from scheduler.audit.verifying import Broken, Harm, Sound, verify

__all__ = [
    "EVER",
    "Broken",
    "Entry",
    "Harm",
    "Head",
    "Line",
    "Origin",
    "Period",
    "Sound",
    "by_account",
    "export_heads",
    "of_employee",
    "read_heads",
    "record",
    "record_reads",
    "sample",
    "seal",
    "sealer",
    "verify",
]
