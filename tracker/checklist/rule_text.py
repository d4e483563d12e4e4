"""The language of the ``rule`` column, read into rules and written back in one way.

    artifact kind="data set" name=*train*        input artifact …, output artifact …
    every artifact category=model has retention_class
    param seed    metric auc >= 0.9    tag team=risk    column goal >= 20 characters
    git commit    git clean    approval role=manager    registered stage=staging    rollback
    RULE and RULE or RULE                        ``and`` binds stronger; there are no brackets

A value stands in double quotes where it has blanks, ``|`` gives alternatives, ``*`` stands for any text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple, NoReturn

from tracker.checklist.patterns import Patterns, fits
from tracker.checklist.rules import (
    FIELDS,
    HAD,
    AllOf,
    AnyArtifact,
    AnyOf,
    Approval,
    EveryArtifact,
    Filled,
    Filter,
    Git,
    Logged,
    Registered,
    Rollback,
    Rule,
)
from tracker.errors import RuleError
from tracker.matching import as_number
from tracker.schema import ROLES, STAGES

# -- reading ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def parse_rule(text: str) -> Rule:
    """The rule that a cell holds.

    Raises:
        RuleError: it cannot be understood; says where and what may be meant.
    """
    return _Parser(text).rule()


class _Token(NamedTuple):
    kind: Literal["text", "operator", "bar", "end"]
    text: str
    start: int
    quoted: bool = False


_TOKEN = re.compile(r'\s*(?:"((?:[^"]|"")*)"|(!=|<=|>=|=|<|>)|(\|)|((?:[^\s"|=<>!]|!(?!=))+))')


def _tokens(text: str) -> list[_Token]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            raise rule_error(text, start, "a quote is opened here and not closed")
        quoted, operator, bar, bare = match.groups()
        start = match.start(match.lastindex or 0) - (quoted is not None)
        if quoted is not None:
            found.append(_Token("text", quoted.replace('""', '"'), start, True))
        elif operator:
            found.append(_Token("operator", operator, start))
        else:
            found.append(_Token("bar" if bar else "text", bar or bare, start))
        place = match.end()
    return [*found, _Token("end", "", len(text.rstrip()))]


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0

    def rule(self) -> Rule:
        rule = self._joined("or", lambda: self._joined("and", self._single, AllOf), AnyOf)
        if self._next.kind != "end":
            self._fail("'and' or 'or' must stand before another rule")
        return rule

    def _joined(self, word: str, part: Callable[[], Rule], join: type[AllOf] | type[AnyOf]) -> Rule:
        parts = [part()]
        while self._takes(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else join(tuple(parts))

    def _single(self) -> Rule:
        token = self._next
        word = token.text.lower()
        read = self._RULES.get(word) if token.kind == "text" and not token.quoted else None
        if read is None:
            if token.kind == "end":
                self._fail("a rule is missing here; one begins with " + _listed(self._RULES))
            self._fail_unknown(f"'{token.text}' begins no rule", token.text, self._RULES)
        self._at += 1
        return read(self, word)

    def _artifact(self, word: str) -> Rule:
        direction: Literal["", "input", "output"] = ""
        if word in ("input", "output"):
            direction = "input" if word == "input" else "output"
            self._expect("artifact", f"after '{word}'")
        return AnyArtifact(self._filters(), direction)

    def _every(self, word: str) -> Rule:
        self._expect("artifact", "after 'every'")
        filters = self._filters()
        self._expect("has", "to say what every artifact must have")
        field = self._word("what every artifact must have", HAD)
        return EveryArtifact(field, filters, self._alternatives() if self._takes_operator("=") else ())

    def _logged(self, word: str) -> Rule:
        names = self._alternatives(f"the name of the {word}")
        what: Literal["param", "metric", "tag"] = (
            "param" if word == "param" else "metric" if word == "metric" else "tag"
        )
        token = self._next
        if token.kind != "operator":
            return Logged(what, names)
        if word == "tag" and token.text != "=":
            self._fail("a tag is compared with = only")
        self._at += 1
        start = self._next
        values = self._alternatives(f"what the {word} is compared with")
        if len(values) > 1 and token.text not in ("=", "!="):
            self._fail(f"{token.text} compares with one value", start)
        if word == "metric" and any(as_number(value) is None for value in values):
            self._fail("a metric is compared with a number", start)
        return Logged(what, names, token.text, values)

    def _column(self, word: str) -> Rule:
        name = self._value("the column's name")
        if not self._takes_operator(">="):
            return Filled(name)
        number = self._value("a number of characters")
        if not number.isdecimal() or int(number) < 1:
            self._fail("the number of characters is a whole number", self._tokens[self._at - 1])
        self._expect("characters", "after the number")
        return Filled(name, int(number))

    def _git(self, word: str) -> Rule:
        return Git(self._word("of git", ("commit", "clean")) == "clean")

    def _approval(self, word: str) -> Rule:
        return Approval(self._option("role", lambda: self._word("the role", ROLES)))

    def _registered(self, word: str) -> Rule:
        begin = self._at
        stages: Patterns = self._option("stage", self._alternatives) or ()
        for token in self._tokens[begin : self._at]:
            if token.text in stages and (reason := unknown_stage(token.text)):
                self._fail(reason, token)
        return Registered(stages)

    def _rollback(self, word: str) -> Rule:
        return Rollback()

    _RULES: ClassVar[dict[str, Callable[[_Parser, str], Rule]]] = {
        "artifact": _artifact, "input": _artifact, "output": _artifact, "every": _every,
        "param": _logged, "metric": _logged, "tag": _logged, "column": _column,
        "git": _git, "approval": _approval, "registered": _registered, "rollback": _rollback,
    }  # fmt: skip

    # -- pieces ---------------------------------------------------------------------------------------------------

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _filters(self) -> tuple[Filter, ...]:
        filters = []
        while self._next.kind == "text" and not self._is_word("and", "or", "has"):
            field = self._word("what an artifact is chosen by", FIELDS)
            if not self._takes_operator("="):
                self._fail(f"'=' and a value must follow '{field}'")
            filters.append(Filter(field, self._alternatives()))
        return tuple(filters)

    def _option(self, name: str, read: Callable[[], Patterns | str]) -> Any:
        if self._next.kind != "text" or self._is_word("and", "or"):
            return ""
        self._word("what may follow", (name,))
        if not self._takes_operator("="):
            self._fail(f"'=' and a value must follow '{name}'")
        return read()

    def _alternatives(self, what: str = "a value") -> Patterns:
        values = [self._value(what)]
        while self._next.kind == "bar":
            self._at += 1
            values.append(self._value("another value after '|'"))
        return tuple(values)

    def _value(self, what: str) -> str:
        token = self._next
        if token.kind != "text" or (self._is_word("and", "or") and not token.quoted):
            self._fail(f"{what} is missing here")
        if not token.text.strip():
            self._fail("an empty text matches nothing", token)
        self._at += 1
        return token.text

    def _word(self, what: str, words: Iterable[str]) -> str:
        token = self._next
        if token.kind != "text":
            self._fail(f"{what} is missing here: {_listed(words)}")
        if token.text.lower() not in words:
            self._fail_unknown(f"'{token.text}' is not {what}", token.text, words)
        self._at += 1
        return token.text.lower()

    def _is_word(self, *words: str) -> bool:
        token = self._next
        return token.kind == "text" and not token.quoted and token.text.lower() in words

    def _takes(self, word: str) -> bool:
        found = self._is_word(word)
        self._at += found
        return found

    def _takes_operator(self, sign: str) -> bool:
        found = self._next.kind == "operator" and self._next.text == sign
        self._at += found
        return found

    def _expect(self, word: str, where: str) -> None:
        if not self._takes(word):
            self._fail(f"'{word}' is missing here, {where}")

    def _fail_unknown(self, reason: str, word: str, known: Iterable[str]) -> NoReturn:
        match = difflib.get_close_matches(word.lower(), list(known), 1)
        self._fail(f"{reason}; " + (f"did you mean {match[0]}?" if match else f"it may be {_listed(known)}"))

    def _fail(self, reason: str, token: _Token | None = None) -> NoReturn:
        raise rule_error(self._text, (token or self._next).start, reason)


def unknown_stage(pattern: str) -> str:
    """Why a pattern matches no stage; empty where it does."""
    if any(fits((pattern,), stage) for stage in STAGES):
        return ""
    match = difflib.get_close_matches(pattern.lower(), STAGES, 1)
    hint = f"did you mean {match[0]}?" if match else f"the stages are {', '.join(STAGES)}"
    return f"there is no stage '{pattern}'; {hint}"


def rule_error(text: str, start: int, reason: str) -> RuleError:
    """The error at a place in a rule or pattern, counted from 0."""
    line = " ".join(text.splitlines()) if "\n" in text else text
    return RuleError(position=start + 1, reason=reason, rule=line, pointer=" " * start + "^")


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


# -- writing ------------------------------------------------------------------------------------------------------


def written(rule: Rule) -> str:
    """The rule as text, the same for all ways to write it."""
    match rule:
        case AnyOf(rules):
            return " or ".join(map(written, rules))
        case AllOf(rules):
            return " and ".join(map(written, rules))
        case AnyArtifact(filters, direction):
            return " ".join([*([direction] if direction else []), "artifact", *map(_filter, filters)])
        case EveryArtifact(field, filters, patterns):
            has = f"{field}={alternatives(patterns)}" if patterns else field
            return " ".join(["every artifact", *map(_filter, filters), "has", has])
        case Logged("tag", names, operator, values):
            return f"tag {alternatives(names)}" + (f"={alternatives(values)}" if operator else "")
        case Logged(what, names, operator, values):
            return f"{what} {alternatives(names)}" + (f" {operator} {alternatives(values)}" if operator else "")
        case Filled(column, characters):
            return f"column {_quoted(column)}" + (f" >= {characters} characters" if characters > 1 else "")
        case Git(clean):
            return "git clean" if clean else "git commit"
        case Approval(role):
            return f"approval role={role}" if role else "approval"
        case Registered(stages):
            return f"registered stage={alternatives(stages)}" if stages else "registered"
        case Rollback():
            return "rollback"


def alternatives(patterns: Patterns) -> str:
    """Alternatives as a rule has them."""
    return "|".join(map(_quoted, patterns))


def _filter(filter: Filter) -> str:
    return f"{filter.field}={alternatives(filter.patterns)}"


def _quoted(value: str) -> str:
    bare = _TOKEN.fullmatch(value)
    if bare is not None and bare[4] == value and "!" not in value and value.lower() not in ("and", "or", "has"):
        return value
    return '"' + value.replace('"', '""') + '"'
