"""Cut running text into paragraphs and sentences, for languages that end sentences with a mark.

No model and no word lists beyond abbreviations: a full stop ends a sentence unless what stands
before it is an abbreviation, an initial or an ordinal, or what follows starts in lower case. Pure.
"""

import re
from dataclasses import dataclass

from asynctaskflow_openrouter.offline.quotations import Quotations

# What is looked at on either side of a mark; keeps the work linear on hostile text.
WINDOW_CHARACTERS = 60
_BLANK_LINES = re.compile(r"\n[ \t]*\n+")
_MARKUP_RULE = re.compile(r"^[ \t]*([=\-~*#_^+.|])\1{2,}[ \t]*$", re.MULTILINE)
_BULLET = re.compile(
    r"^[ \t]*(?:[-*•‣–·]|\(?\d{1,3}(?:\.\d{1,3}){0,5}[.)]|\(?[a-z]\)|#{1,6})[ \t]+(?=\S)",
    re.MULTILINE,
)
_EMPHASIS = re.compile(r"\*\*|__(?=\w)|(?<=\w)__")
_SPACES = re.compile(r"\s+")
_UNSPACED = "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
_UNSPACED_WRAP = re.compile(rf"(?<=[{_UNSPACED}])[ \t]*\n[ \t]*(?=[{_UNSPACED}])")
# They end a sentence whatever follows.
_SURE_MARKS = "。！？।॥؟۔።։"
_END = re.compile(
    r"""(?<![.!?…])[.!?…]++[)\]"'”’»›“]{0,3}(?=\s)"""  # marks, closing quotes, white space
    rf"""|[{_SURE_MARKS}]++[」』）”’]{{0,2}}"""
)
# A quotation in Japanese is followed by a particle where the sentence goes on.
_KANA = re.compile(r"[\u3041-\u309f、]")
_OPENERS = "\"'“”„‘’«»‹›([¿¡—–- \t\u00a0\u202f"  # and white space
_LAST_TOKEN = re.compile(r"[^\s(\[\"'“„«]+$")
_ABBREVIATIONS = frozenset(
    """mr mrs ms mx dr prof st vs e.g i.e eg ie cf fig figs eq sec vol pp ca approx dept est gen gov
    sen rep rev hon lt col sgt capt maj cmdr adm mt ft messrs jan feb mar apr jun jul aug sep sept
    oct nov dec sig sigg sig.ra dott dott.ssa ing avv geom on art pag pagg es cfr rag s.p.a sen
    mme mlle mm mgr av bd éd env p.ex hr fr frl str abs vgl evtl ggf inkl z.b d.h u.a o.ä s.o mio
    mrd tel bzw sog geb gest sra srta dra ud uds pág págs núm aprox ee ee.uu exmo exma eng dhr mevr
    bijv o.a dhr m.b.t t.a.v nr bl.a t.ex dvs ul prof inż hab im tzn tj np г ул им т.е т.д""".split()
)
_ABBREVIATIONS_BEFORE_NUMBER = frozenset("no nos n nr núm num art pag p pp pág s vol".split())
_MONTHS_AFTER_ORDINAL = frozenset(
    """januar jänner februar märz april mai juni juli august september oktober november dezember
    jahrhundert jahrhunderts ledna února března dubna""".split()
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A block of text on one line.

    Attributes:
        listed: whether it stood behind a bullet or number.
    """

    text: str
    listed: bool


def split_paragraphs(text: str) -> list[Paragraph]:
    """Return the paragraphs of plain text or light markup, without their bullets."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n\n")
    text = text.replace("\u00a0", " ")  # indents lines where HTML was saved as text
    paragraphs = []
    for block in _BLANK_LINES.split(_EMPHASIS.sub("", _MARKUP_RULE.sub("", text))):
        for index, item in enumerate(_BULLET.split(block)):
            flat = _SPACES.sub(" ", _UNSPACED_WRAP.sub("", item)).strip()
            if flat:
                paragraphs.append(Paragraph(flat, listed=index > 0))
    return paragraphs


def split_sentences(paragraph: str) -> list[str]:
    """Return the sentences of one paragraph in order; joined by spaces they give it back."""
    sentences = []
    start = read = 0
    quotations = Quotations()
    for match in _END.finditer(paragraph):
        end = match.end()
        quotations.read(paragraph[read:end])
        read = end
        if quotations.stays_open(paragraph, end=end) or quotations.just_closed(match.group()):
            continue
        before = paragraph[max(start, end - WINDOW_CHARACTERS) : end]
        if _ends_sentence(before, paragraph[end : end + WINDOW_CHARACTERS]):
            sentences.append(paragraph[start:end].strip())
            start, quotations = end, Quotations()
    sentences.append(paragraph[start:].strip())
    return [sentence for sentence in sentences if sentence]


def _ends_sentence(so_far: str, rest: str) -> bool:
    mark = so_far.rstrip(")]\"'”’»›“」』）")
    following = rest.lstrip(_OPENERS)
    if mark[-1:] in _SURE_MARKS:
        return not (so_far[-1] in "」』" and _KANA.match(rest))
    if not mark.endswith("."):
        return not following[:1].islower()
    if following[:1].islower():
        return False
    token = _LAST_TOKEN.search(mark[:-1])
    return not (token and _is_abbreviation(token.group().lower(), following))


def _is_abbreviation(token: str, following: str) -> bool:
    first_word = following.split(" ", 1)[0].lower().strip(".,")
    if token in _ABBREVIATIONS_BEFORE_NUMBER and following[:1].isdigit():
        return True
    if token.isdigit() and len(token) <= 2:
        return first_word in _MONTHS_AFTER_ORDINAL
    return token in _ABBREVIATIONS or (len(token) == 1 and token.isalpha())
