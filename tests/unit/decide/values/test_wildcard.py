"""IAM's wildcards: a row per rule."""

import pytest

from sekisho.decide.values import Wildcard

CASES = {
    "the same text": ("s3:Get", "s3:Get", True),
    "another case": ("s3:Get", "s3:get", False),
    "a star is any run": ("s3:*", "s3:GetObject", True),
    "a star is nothing, too": ("s3:Get*", "s3:Get", True),
    "a star crosses colons and slashes": ("arn:*:x", "arn:a:b/c:x", True),
    "a star crosses lines": ("a*b", "a\n\nb", True),
    "the middle in order": ("*a*b*", "xbxax", False),
    "the end is the end": ("*ab", "abab", True),
    "the end is not before the end": ("*ab", "abx", False),
    "the beginning is the beginning": ("ab*", "xab", False),
    "pieces may not overlap": ("aba*aba", "aba", False),
    "pieces may touch": ("aba*aba", "abaaba", True),
    "stars beside each other are one": ("a**b", "ab", True),
    "a question mark is one character": ("a?c", "abc", True),
    "a question mark is not nothing": ("a?c", "ac", False),
    "a question mark is not two": ("a?c", "abbc", False),
    "a question mark between stars": ("*?*", "", False),
    "the leftmost fit need not be the last": ("*a?c*", "aac.abc", True),
    "characters of regular expressions are plain": ("a.[b]+$", "a.[b]+$", True),
    "a dot is a dot": ("a.*", "abc", False),
    "nothing matches nothing": ("", "", True),
    "nothing does not match something": ("", "a", False),
    "a final line break counts": ("a*b", "ab\n", False),
}


@pytest.mark.parametrize(("pattern", "text", "fits"), CASES.values(), ids=CASES.keys())
def test_matching(pattern: str, text: str, fits: bool) -> None:
    assert Wildcard(pattern).matches(text) is fits


FOLDED = {
    "ASCII letters": ("S3:get*", "s3:GETOBJECT", True),
    "without a wildcard": ("S3:Get", "s3:gET", True),
    "a long s is not an s": ("\u017fts:x", "sts:x", False),
    "the Kelvin sign is not a k": ("\u212a", "k", False),
}


@pytest.mark.parametrize(("pattern", "text", "fits"), FOLDED.values(), ids=FOLDED.keys())
def test_ignoring_case(pattern: str, text: str, fits: bool) -> None:
    assert Wildcard(pattern, ignore_case=True).matches(text) is fits


def test_verbatim_parts_are_plain() -> None:
    pattern = Wildcard.with_verbatim([("home/", False), ("a*?", True), ("/*", False)])
    assert [pattern.matches(text) for text in ("home/a*?/x", "home/abc/x")] == [True, False]


def test_a_verbatim_star_is_another_pattern_than_a_star() -> None:
    assert Wildcard.with_verbatim([("*", True)]) != Wildcard.with_verbatim([("*", False)])
    assert Wildcard("a*") == Wildcard("a*")


def test_hostile_patterns_take_linear_time() -> None:
    # Backtracking would need more steps than there are atoms.
    assert Wildcard("*a" * 100 + "b").matches("a" * 20_000) is False
