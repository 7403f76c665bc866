"""Blocks in reading order to articles: headline, subtitle, byline, body. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from asynctaskflow_pdfxtract.layout.blocks import build_blocks
from asynctaskflow_pdfxtract.layout.furniture import Furniture
from asynctaskflow_pdfxtract.layout.geometry import Block, Line, Page, body_size
from asynctaskflow_pdfxtract.layout.hyphens import Vocabulary, join_lines, join_texts
from asynctaskflow_pdfxtract.layout.lines import build_lines
from asynctaskflow_pdfxtract.layout.order import reading_order
from asynctaskflow_pdfxtract.layout.roles import Roles, ends_sentence, split_byline
from asynctaskflow_pdfxtract.layout.scripts import count_words

# Fewer words than this, with no sentence among them, are a masthead, a teaser or a label.
MIN_BODY_WORDS = 8
MIN_WORDS_WITHOUT_SENTENCE = 40
# The same headline is set in one size; a subtitle is clearly smaller.
SAME_SIZE = 0.9
# In units of the type size.
INDENT = 0.6
# Share of the column's width.
SHORT_LINE = 0.85
# With more of its lines than this leading to a page number, it is a table of contents.
CONTENTS_SHARE = 0.3
_LEADERS = re.compile(r"(?:[.·…]\s?){5,}|…\s?…")


@dataclass(frozen=True, slots=True)
class Piece:
    """An article as the layout shows it; what it lacks is empty.

    Attributes:
        kicker: the word or two over the headline that name its section.
        body: paragraphs parted by blank lines.
    """

    title: str = ""
    subtitle: str = ""
    author: str = ""
    kicker: str = ""
    body: str = ""


@dataclass(slots=True)
class _Draft:
    title: list[Block] = field(default_factory=list)
    subtitle: list[Block] = field(default_factory=list)
    author: str = ""
    kicker: str = ""
    body: list[Block] = field(default_factory=list)


class Reader:
    """Reads the pages of one document in order; what it learns about words and margins adds up."""

    def __init__(self) -> None:
        """Start a document."""
        self._furniture = Furniture()
        self._vocabulary = Vocabulary()

    def read(self, page: Page) -> list[Piece]:
        """Return the articles of the page in reading order."""
        lines = self._furniture.remove(page, build_lines(page.words))
        if not lines:
            return []
        self._vocabulary.learn(lines)
        roles = Roles(body_size(lines))
        drafts = _draft(reading_order(build_blocks(lines), roles), roles)
        return [piece for draft in drafts if (piece := self._finish(draft)) is not None]

    def _finish(self, draft: _Draft) -> Piece | None:
        body = self._body(draft.body)
        count = count_words(body)
        has_sentence = any(ends_sentence(paragraph) for paragraph in body.split("\n\n"))
        enough = MIN_BODY_WORDS if has_sentence else MIN_WORDS_WITHOUT_SENTENCE
        if count < enough or _is_contents(draft.body):
            return None
        return Piece(
            title=self._flat(draft.title),
            subtitle=self._flat(draft.subtitle),
            author=draft.author,
            kicker=draft.kicker,
            body=body,
        )

    def _flat(self, blocks: Sequence[Block]) -> str:
        return join_lines([line for block in blocks for line in block.lines], self._vocabulary)

    def _body(self, blocks: Sequence[Block]) -> str:
        paragraphs: list[str] = []
        hyphenated = False
        for lines in (part for block in blocks for part in split_paragraphs(block)):
            text = join_lines(lines, self._vocabulary)
            if paragraphs and (hyphenated or _runs_on(paragraphs[-1], text)):
                paragraphs[-1] = join_texts(
                    paragraphs[-1], text, hyphenated=hyphenated, vocabulary=self._vocabulary
                )
            else:
                paragraphs.append(text)
            hyphenated = lines[-1].words[-1].hyphenated
        return "\n\n".join(paragraphs)


def _is_contents(blocks: Sequence[Block]) -> bool:
    """Tell whether many lines lead to a page number; what has no letters has no vote."""
    lines = [line.text for block in blocks for line in block.lines]
    voting = [text for text in lines if any(map(str.isalpha, text))]
    leading = sum(bool(_LEADERS.search(text)) for text in voting)
    return leading > CONTENTS_SHARE * len(voting)


def _runs_on(paragraph: str, text: str) -> bool:
    """Tell whether ``text`` goes on in the middle of a sentence, as over a column break."""
    return not ends_sentence(paragraph) and text[:1].islower()


def split_paragraphs(block: Block) -> Iterator[list[Line]]:
    """Yield the lines of each paragraph: a new one starts indented or after a short last line."""
    paragraph: list[Line] = []
    for line in block.lines:
        if paragraph and _starts_paragraph(line, paragraph[-1], block):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    yield paragraph


def _starts_paragraph(line: Line, last: Line, block: Block) -> bool:
    if last.words[-1].hyphenated:
        return False
    indent = INDENT * line.size
    indented = line.x0 - block.x0 > indent and last.x0 - block.x0 <= indent
    short = last.x1 - block.x0 < SHORT_LINE * block.width and ends_sentence(last.text)
    return indented or short


def _draft(blocks: Sequence[Block], roles: Roles) -> list[_Draft]:
    """Hand each block to the article that it belongs to."""
    drafts = [_Draft()]
    for block in blocks:
        draft = drafts[-1]
        if roles.is_kicker(block, blocks):
            drafts.append(_Draft(kicker=block.text))
        elif roles.is_headline(block):
            _place_headline(block, drafts)
        elif not draft.body and draft.title and roles.is_subtitle(block):
            draft.subtitle.append(block)
        elif not roles.is_caption(block) and any(map(str.isalpha, block.text)):
            _place_body(block, draft)
    return drafts


def _place_headline(block: Block, drafts: list[_Draft]) -> None:
    draft = drafts[-1]
    if draft.body or (draft.title and block.size * SAME_SIZE > draft.title[0].size):
        drafts.append(_Draft(title=[block]))
    elif not draft.title or (not draft.subtitle and block.size >= SAME_SIZE * draft.title[-1].size):
        draft.title.append(block)
    else:
        draft.subtitle.append(block)


def _place_body(block: Block, draft: _Draft) -> None:
    rest: Block | None = block
    if not draft.body and not draft.author:
        draft.author, rest = split_byline(block)
    if rest is not None:
        draft.body.append(rest)
