"""What people write where a value is missing."""

from __future__ import annotations

from synthhealth.cells.digits import without_marks

__all__ = ["MISSING", "MISSING_AMONG_NUMBERS", "plain_word"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


#: What stands for a missing value in any column.
MISSING = _words(
    "|.|..|?|??|na|n/a|#n/a|#na|<na>|nan|null|#null!|none given|not done|not measured|not tested"
    "|not determined|not available|not applicable|not assessed|not recorded|not reported"
    "|missing|no data|no result|k.a.|k. a.|k.a|ka|keine angabe|nicht bestimmt"
    "|nicht durchgeführt|nicht gemessen|fehlt|n.d.|n. d.|nd|n.a.|n. a.|n.b.|n. b.|s/o"
    "|غير متوفر|غير متاح|لا يوجد|لم يتم|غير محدد|مفقود"
    "|sin dato|non fait|non disponible|manquant|tnp|qns|#value!|#div/0!|#ref!|#name?|#num!"
)
#: What stands for one among numbers or dates, and may be an answer among words.
MISSING_AMONG_NUMBERS = MISSING | _words(
    "-|--|---|–|—|*|**|x|/|none|nil|unknown|unk|unbekannt|inconnu|pending|error|invalid|refused"
    "|declined|lost|lost to follow-up|insufficient|insufficient sample|quantity not sufficient"
    "|hemolysed|hemolyzed|haemolysed|haemolyzed|hemolytic|haemolytic|lipaemic|lipemic|clotted"
    "|sample clotted|sample haemolysed|sample hemolyzed|not collected|not performed"
    "|hämolytisch|unzureichend|ausstehend|folgt|abgelehnt|غير معروف|مجهول"
)


def plain_word(cell: str) -> str:
    """Give a cell without capitals, needless blanks and invisible marks."""
    return " ".join(without_marks(cell).casefold().split())
