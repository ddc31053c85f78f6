"""What an old laboratory system keeps, in its own words, and beside each row what is really so.

Fields of `Columns`, `Dossier` and `Result` that are in French are columns, in the order in which the old program
unloads them; every shape writes the same ones.
"""

from typing import NamedTuple

import msgspec

from aliquot.cli.simulate.catalogue import Line
from aliquot.terms.quantities import Value


class Written(NamedTuple):
    """A day or an hour as people write it (23/04/1987, 07:45) and as databases keep it (19870423, 0745)."""

    slashed: str
    compact: str


NOTHING = Written("", "")


class Columns(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The sixty columns of a row of patients."""

    numpat: str
    titre: str
    nom: str
    nomjf: str
    prenom: str
    prenom2: str
    sexe: str
    datnai: Written
    lieunai: str
    nir: str
    clenir: str
    rangcpam: str
    caisse: str
    centre: str = "0000"
    regime: str
    adr1: str
    adr2: str
    adr3: str = ""
    cp: str
    ville: str
    pays: str
    tel: str
    portable: str
    fax: str = ""
    mail: str
    grpsang: str
    rhesus: str
    medtrait: str
    medcp: str
    medmail: str
    mutuelle: str
    numadh: str
    datmut: Written = NOTHING
    nomass: str
    prenass: str = ""
    datnaiass: Written = NOTHING
    nirass: str
    lienass: str
    conjoint: str
    datdern: Written
    datcrea: Written
    site: str
    preleveur: str
    prescripteur: str
    prescp: str
    presmail: str
    comment1: str
    comment2: str
    login: str
    mdp: str
    datmdp: Written
    envoi: str
    confid: str
    decede: str
    datdec: Written
    numfus: str = ""
    statut: str = "A"
    utilcrea: str
    utilmod: str
    datmod: Written


class Person(msgspec.Struct, frozen=True):
    """Who somebody really is. Days are ordinals; `died` is 0 for the living.

    `insured_nir` is set for children, whose row carries a parent's number; `nir` is then nowhere in the system. Of
    twins, `twin` is the one who was typed second.
    """

    number: int
    title: str
    sex: str
    family: str
    birth_family: str
    given: tuple[str, ...]
    born: int
    died: int
    nir: str
    insured_nir: str
    department: str
    town: str
    street: str
    twin: bool = False


class Result(msgspec.Struct, frozen=True, gc=False):
    """One row of results; `line` is what was measured and `value` what came out."""

    codexam: str
    libexam: str
    valeur: str
    unite: str
    norminf: str
    normsup: str
    flag: str
    statut: str
    valideur: str
    datval: Written
    comres: str
    line: Line
    value: Value
    mess: tuple[str, ...]


class Dossier(msgspec.Struct, frozen=True):
    """What came in together. `collected_at` is the true instant, `month` its year and month; `utf8`: a newer program
    wrote its rows."""

    numdos: str
    datprel: Written
    heuprel: Written
    site: str
    prescripteur: str
    results: tuple[Result, ...]
    collected_at: str
    month: str
    utf8: bool
    mess: tuple[str, ...]


class Chart(msgspec.Struct, frozen=True):
    """One row of patients with what hangs on it. Where it is not `kept` the row is gone and the rest is still there."""

    person: Person
    columns: Columns
    dossiers: tuple[Dossier, ...]
    kept: bool
    utf8: bool
    mess: tuple[str, ...]
