"""How often which mess occurs in an invented old system, and where a figure was published.

Shares of the flat file are those that Next INpact counted on the 491,840 lines published in February 2021. What has no
source here is ours: chosen so that a source of a few hundred patients shows each kind at least once or twice.
"""

from enum import StrEnum
from typing import Final

_LINES: Final = 491_840
"""Lines of the published file; the counts below are of the same article."""

WOMEN: Final = 268_983 / _LINES
MEN: Final = 195_828 / _LINES
CHILDREN: Final = 13_478 / _LINES
BABIES: Final = 425 / _LINES
SISTERS: Final = 265 / _LINES
WITH_NATIONAL_NUMBER: Final = 489_838 / _LINES
WITH_SURNAME: Final = 478_882 / _LINES
WITH_LANDLINE: Final = 270_569 / _LINES
WITH_MOBILE: Final = 159_591 / _LINES
WITH_EMAIL: Final = 55_738 / _LINES
WITH_PASSWORD: Final = 14_997 / _LINES

TWIN: Final = 0.012
"""Deliveries of twins were 0.9 % in the 1970s and 1.5 % in 2000 (Pison and Couvert, Population 2004;59:877)."""

DUPLICATE: Final = 0.05
MERGED: Final = 0.03
"""Together 8 %: the rate that ECRI gives for a hospital's records (For The Record, May 2017)."""

OTHER_NATIONAL_NUMBER: Final = 0.535
"""Confirmed duplicates whose national number differs; here it is blank or mistyped (Just et al., PMC4832129)."""

MISSPELT_GIVEN: Final = 0.53
MISSPELT_FAMILY: Final = 0.34
"""Of the differences in names, those that are misspellings (Just et al., PMC4832129)."""

DECEASED: Final = 0.06
WRONG_KEY: Final = 0.005
TWO_DIGIT_BIRTH: Final = 0.03
IMPOSSIBLE_BIRTH: Final = 0.004
MOJIBAKE: Final = 0.02
COMMENT: Final = 0.12
SENSITIVE: Final = 0.03
HOSTILE: Final = 0.01
"""Comments with a line break, a separator or a quote in them: each a third of these."""
DELETED_PATIENT: Final = 0.008
ORPHANED: Final = 0.012
"""Patients whose row is gone while their results are still there."""
UTF8: Final = 0.08
"""Rows that a newer program wrote, in another character set than the rest of the file."""

SECOND_SITE: Final = 0.22
OTHER_CODE: Final = 0.15
IMPOSSIBLE_DAY: Final = 0.003
OUTSIDE_DAY: Final = 0.003
TWO_DIGIT_DAY: Final = 0.02
PRESCRIBER_SPELLING: Final = 0.18

REPEATED: Final = 0.002
USER_SPELLING: Final = 0.08
UNIT_SPELLING: Final = 0.05
NO_UNIT: Final = 0.006
TYPED_TEXT: Final = 0.012
COMPARATOR: Final = 0.002
DECIMAL_COMMA: Final = 0.03
RESULT_COMMENT: Final = 0.02
RESULT_SENSITIVE: Final = 0.003

DELETED_RESULT: Final = 0.008
CANCELLED: Final = 0.007
CORRECTED: Final = 0.006
PENDING: Final = 0.005
TECHNICAL: Final = 0.01
NO_STATUS: Final = 0.004

MISSING_SEPARATORS: Final = 0.002
"""Lines of a file that end before their last columns."""


class Mess(StrEnum):
    """A kind of mess, as the truth counts it by table."""

    TWIN = "twin"
    DUPLICATE = "duplicate"
    MERGED = "merged"
    DECEASED = "deceased"
    NO_NATIONAL_NUMBER = "no-national-number"
    INSURED_NUMBER = "insured-number"
    WRONG_KEY = "wrong-key"
    NO_SURNAME = "no-surname"
    TWO_DIGIT_YEAR = "two-digit-year"
    IMPOSSIBLE_DATE = "impossible-date"
    OUTSIDE_DATE = "outside-date"
    MOJIBAKE = "mojibake"
    OTHER_CHARSET = "other-charset"
    PASSWORD = "password"  # noqa: S105  # a kind, not a secret
    COMMENT = "comment"
    LINE_BREAK = "line-break"
    SEPARATOR = "separator"
    QUOTE = "quote"
    MISSING_SEPARATORS = "missing-separators"
    DELETED = "deleted"
    ORPHAN = "orphan"
    REPEATED = "repeated"
    SECOND_SITE = "second-site"
    RENAMED_CODE = "renamed-code"
    SECOND_CODE = "second-code"
    REUSED_CODE = "reused-code"
    MOVED_UNIT = "moved-unit"
    UNIT_SPELLING = "unit-spelling"
    NO_UNIT = "no-unit"
    TYPED_TEXT = "typed-text"
    COMPARATOR = "comparator"
    DECIMAL_COMMA = "decimal-comma"
    USER_SPELLING = "user-spelling"
    PRESCRIBER_SPELLING = "prescriber-spelling"
    SENSITIVE_HIV = "sensitive-hiv"
    SENSITIVE_PREGNANCY = "sensitive-pregnancy"
    SENSITIVE_CANCER = "sensitive-cancer"
    SENSITIVE_GENETIC = "sensitive-genetic"
    SENSITIVE_MENTAL = "sensitive-mental"
    SENSITIVE_ADDICTION = "sensitive-addiction"
    SENSITIVE_TREATMENT = "sensitive-treatment"
