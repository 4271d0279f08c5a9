"""Laws of the values: parsers raise input errors and nothing else, and what is written is read back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.values import Arn, Instant, Json, Ref, Secret, SekishoInputError, Wildcard
from sekisho.decide.values.documents import line_of, parse_json, parse_yaml_all, to_json

ANY_TEXT = st.text(st.characters())
"""Every code point, halves of surrogate pairs among them."""

JSON = '{ } [ ] , : " a "a" 1 - e9 \\u d800 NaN null'
YAML = """a : [ ] { } , &x *x << !!int !!bool !!float !!set !foo ... | > ' " # % 0x 1e9 .inf ~ = @"""
JSON_PIECES = ["\n", " ", *JSON.split()]
YAML_PIECES = ["\n", " ", "\t", "- ", "? ", "---\n", *YAML.split()]
JSON_LIKE = st.lists(st.sampled_from(JSON_PIECES)).map("".join)
YAML_LIKE = st.lists(st.sampled_from(YAML_PIECES)).map("".join)


def faults_of(error: SekishoInputError) -> list[str]:
    """Return the codes of faults that read well: one line each."""
    return [fault.code for fault in error.faults if fault.code and "\n" not in fault.problem]


@given(ANY_TEXT | JSON_LIKE | st.binary())
def test_no_text_crashes_the_reader_of_json(text: str | bytes) -> None:
    try:
        value = parse_json(text)
    except SekishoInputError as error:
        faults = faults_of(error)
    else:
        faults = [] if parse_json(to_json(value)) != value else ["none"]
    assert faults


@given(ANY_TEXT | YAML_LIKE | JSON_LIKE | st.binary())
def test_no_text_crashes_the_reader_of_yaml(text: str | bytes) -> None:
    try:
        documents = parse_yaml_all(text)
    except SekishoInputError as error:
        faults = faults_of(error)
    else:
        faults = ["none"] if all(parse_json(to_json(value)) == value for value, _ in documents) else []
    assert faults


VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_as_json_is_read_back(value: Json) -> None:
    assert parse_json(to_json(value)) == value


@given(ANY_TEXT | YAML_LIKE, ANY_TEXT, st.integers(0, 3))
def test_a_line_lies_in_the_text(text: str, pointer: str, document: int) -> None:
    assert 0 <= line_of(text, pointer, document) <= len(text.splitlines()) + 1


@given(st.lists(ANY_TEXT | st.integers(min_value=0)), st.text("/~01a"))
def test_a_pointer_gives_back_its_names(names: list[str | int], last: str) -> None:
    ref = Ref("document").child(*names, last)
    assert ref.tokens() == (*(str(name) for name in names), last)


FEW = st.text("ab*?\n", max_size=8)


def naive(pattern: str, text: str) -> bool:
    """Match by the sentence of the IAM User Guide, one character at a time."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive(pattern[1:], text[skipped:]) for skipped in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and naive(pattern[1:], text[1:])


@given(FEW, FEW)
def test_wildcards_agree_with_a_naive_matcher(pattern: str, text: str) -> None:
    assert Wildcard(pattern).matches(text) is naive(pattern, text)
    folded = Wildcard(pattern, ignore_case=True)
    assert folded.matches(text.upper()) is naive(pattern, text)


@given(st.lists(st.tuples(FEW, st.booleans()), min_size=1, max_size=4), FEW)
def test_verbatim_parts_agree_with_a_naive_matcher(parts: list[tuple[str, bool]], text: str) -> None:
    # Stand-ins for the plain star and question mark; neither occurs in what is matched.
    hidden = str.maketrans("*?", "xy")
    pattern = "".join(part.translate(hidden) if verbatim else part for part, verbatim in parts)
    shown = {"*": "x", "?": "y"}
    assert Wildcard.with_verbatim(parts).matches(text) is naive_hidden(pattern, text, shown)


def naive_hidden(pattern: str, text: str, shown: dict[str, str]) -> bool:
    """As `naive`; a character of ``text`` that a verbatim part may hold also fits its stand-in."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive_hidden(pattern[1:], text[skipped:], shown) for skipped in range(len(text) + 1))
    if not text:
        return False
    fits = pattern[0] in ("?", text[0]) or pattern[0] == shown.get(text[0])
    return fits and naive_hidden(pattern[1:], text[1:], shown)


WHOLE_SECONDS = st.datetimes(timezones=st.just(UTC)).map(
    lambda moment: Instant(moment.replace(microsecond=0))
)


@given(WHOLE_SECONDS)
def test_an_instant_is_read_back_from_each_form(moment: Instant) -> None:
    assert Instant.parse_rfc3339(moment.rfc3339()) == moment
    assert Instant.parse_amz(moment.amz()) == moment
    assert Instant.from_epoch(moment.epoch) == moment
    assert len(moment.amz()) == 16


@given(WHOLE_SECONDS, st.timedeltas())
def test_time_goes_forward_and_stays_in_the_calendar(moment: Instant, lifetime: timedelta) -> None:
    later = moment + lifetime
    assert (later >= moment) is (lifetime >= timedelta(0) or later == moment)
    if datetime.min.replace(tzinfo=UTC) < later.moment < datetime.max.replace(tzinfo=UTC):
        assert later - moment == lifetime


@given(
    ANY_TEXT
    | st.from_regex(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
    )
)
def test_no_text_crashes_the_reader_of_timestamps(text: str) -> None:
    for parse in (Instant.parse_rfc3339, Instant.parse_amz):
        try:
            moment = parse(text)
        except ValueError:
            continue
        assert moment.moment.tzinfo is UTC


@given(ANY_TEXT | st.from_regex(r"arn:[a-z]+:[a-z]+:[a-z]*:[0-9]*:.*"))
def test_an_arn_is_read_back(text: str) -> None:
    try:
        arn = Arn.parse(text)
    except ValueError:
        return
    assert (str(arn), Arn.parse(str(arn))) == (text, arn)


@given(st.text(st.characters(), min_size=4))
def test_a_secret_never_shows(text: str) -> None:
    secret = Secret(text)
    printed = f"{secret} {secret!r} {[secret]}"
    assert printed == "*** Secret(***) [Secret(***)]"
    assert secret.matches(text)
    with pytest.raises(TypeError):
        secret.__reduce_ex__(4)
