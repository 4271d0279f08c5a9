"""The template language: text, structure, parameters, functions, conditions, order; row by row.

Source: CloudFormation User Guide, "Template reference", "Intrinsic function reference".
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.values import Json
from sekisho.lab.aws.cloudformation.evaluate import Known, Scope
from sekisho.lab.aws.cloudformation.order import creation_order
from sekisho.lab.aws.cloudformation.parameter_values import HIDDEN, parameter_values, references_of
from sekisho.lab.aws.cloudformation.template_check import capabilities_needed, read_template
from sekisho.lab.aws.cloudformation.template_text import MAX_DEPTH, MAX_TEMPLATE_BYTES, parse_template_text
from sekisho.lab.aws.operation import AwsError

TRUST: Json = {"Version": "2012-10-17", "Statement": []}
ROLE: Json = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
GROUP: Json = {"Type": "AWS::IAM::Group"}
PSEUDO: Mapping[str, Json] = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "net",
}


def text(**sections: Any) -> str:
    return json.dumps({"Resources": {"R": ROLE}, **sections})


def group(**properties: Json) -> Json:
    return {"Type": "AWS::IAM::Group", "Properties": properties}


def refusal(body: str) -> str:
    with pytest.raises(AwsError) as told:
        read_template(body)
    assert told.value.code == "ValidationError"
    return told.value.message


SHORT = {
    "!Ref R": {"Ref": "R"},
    "!Condition C": {"Condition": "C"},
    "!GetAtt R.Arn": {"Fn::GetAtt": "R.Arn"},
    "!GetAtt [R, Arn]": {"Fn::GetAtt": ["R", "Arn"]},
    "!Sub '${R}-x'": {"Fn::Sub": "${R}-x"},
    '!Join ["-", [a, !Ref R]]': {"Fn::Join": ["-", ["a", {"Ref": "R"}]]},
    "!If [C, 1, !Ref AWS::NoValue]": {"Fn::If": ["C", 1, {"Ref": "AWS::NoValue"}]},
    "!Equals [!Ref A, b]": {"Fn::Equals": [{"Ref": "A"}, "b"]},
    "!FindInMap {a: 1}": {"Fn::FindInMap": {"a": 1}},
    "{Fn::Sub: x}": {"Fn::Sub": "x"},
    "2012-10-17": "2012-10-17",
    "true": True,
    "no": False,
    "'true'": "true",
    "012345678901": "012345678901",
    "111122223333": 111122223333,
    "0x10": "0x10",
    "1_000": "1_000",
    "1.5": "1.5",
    "~": None,
    "12:30:45": "12:30:45",
    "[]": [],
    "{}": {},
}


@pytest.mark.parametrize(("written", "value"), SHORT.items(), ids=SHORT.keys())
def test_yaml_has_short_functions_and_plain_scalars(written: str, value: Json) -> None:
    assert parse_template_text(f"V: {written}\n") == {"V": value}


BROKEN_TEXT = {
    "an alias": ("a: &x 1\nb: *x\n", "YAML aliases are not allowed"),
    "a bomb of aliases": (
        "a: &a [x]\n"
        + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)),
        "YAML aliases are not allowed",
    ),
    "a merge key": ("a:\n  <<: {b: 1}\n", "(line 2, column 3): merge keys are not allowed"),
    "a key twice": ("a: 1\na: 2\n", "(line 2, column 1): the key 'a' occurs twice"),
    "a key that is a list": ("? [a]\n: 1\n", "a key must be a string"),
    "an unknown tag": ("a: !Env HOME\n", "the tag '!Env' is not known"),
    "a tag of Python": (
        "a: !!python/object:os.system x\n",
        "the tag 'tag:yaml.org,2002:python/object:os.system' is not known",
    ),
    "two documents": ("a: 1\n---\nb: 2\n", "more than one document"),
    "no YAML": ("a: [\n", "YAML not well-formed. (line 2, column 1)"),
    "a control character": ("a: \x07\n", "YAML not well-formed."),
    "no JSON": ('{"a": }', "JSON not well-formed. (line 1)"),
    "a member twice": ('{"a": 1, "a": 2}', "JSON not well-formed."),
    "a list": ("- a\n", "unsupported structure."),
    "nothing": ("\n", "unsupported structure."),
    "a text": ("just words", "unsupported structure."),
    "too long": ("a: " + "x" * MAX_TEMPLATE_BYTES, "Member must have length less than or equal to 51200"),
    "too deep YAML": ("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested too deeply"),
    "very deep YAML": ("a: " + "[" * 25_000 + "]" * 25_000, "nested too deeply"),
    "very deep JSON": ('{"a": ' + "[" * 25_000 + "]" * 25_000 + "}", "nested too deeply"),
}


@pytest.mark.parametrize(("body", "problem"), BROKEN_TEXT.values(), ids=BROKEN_TEXT.keys())
def test_a_text_that_is_no_template(body: str, problem: str) -> None:
    with pytest.raises(AwsError) as told:
        parse_template_text(body)
    assert problem in told.value.message


def test_the_longest_template_is_read() -> None:
    assert parse_template_text("a: " + "x" * (MAX_TEMPLATE_BYTES - 3))
    assert parse_template_text("a: " + "[" * (MAX_DEPTH) + "]" * MAX_DEPTH)


@given(st.text(max_size=200) | st.text("!&*[]{}:-? \n'\"<ab%|>#", max_size=200))
def test_no_text_breaks_the_reader(body: str) -> None:
    with contextlib.suppress(AwsError):
        assert read_template(body).resources


BROKEN_STRUCTURE = {
    "no resources": ({"Resources": {}}, "At least one Resources member must be defined."),
    "an unknown section": ({"Resorces": {}}, "Invalid template property or properties [Resorces]"),
    "another version": ({"AWSTemplateFormatVersion": "2011-01-01"}, "AWSTemplateFormatVersion"),
    "macros": ({"Transform": "AWS::LanguageExtensions"}, "does not serve the section Transform"),
    "rules": ({"Rules": {}}, "does not serve the section Rules"),
    "a dynamic reference": (
        {"Resources": {"R": group(Path="{{resolve:ssm:path}}")}},
        "does not serve dynamic references",
    ),
    "a name with a dash": ({"Resources": {"R-1": ROLE}}, "Resources name 'R-1' is non alphanumeric."),
    "a section that is a list": ({"Outputs": []}, "Outputs must be an object."),
    "a resource that is a text": ({"Resources": {"R": "x"}}, "resource definition must be an object."),
    "a resource without a type": ({"Resources": {"R": {}}}, "must contain a Type member."),
    "an unknown attribute": (
        {"Resources": {"R": {"Type": "AWS::IAM::Group", "UpdatePolicy": {}}}},
        "Invalid template resource property 'UpdatePolicy'",
    ),
    "properties that are a list": (
        {"Resources": {"R": {"Type": "AWS::IAM::Group", "Properties": []}}},
        "[/Resources/R/Properties] must be an object.",
    ),
    "an unserved type": (
        {"Resources": {"R": ROLE, "B": {"Type": "AWS::S3::Bucket"}, "V": {"Type": "AWS::EC2::VPC"}}},
        "the lab does not serve resources of the types [AWS::EC2::VPC, AWS::S3::Bucket]; nothing was changed",
    ),
    "an unserved property": (
        {"Resources": {"U": {"Type": "AWS::IAM::User", "Properties": {"LoginProfile": {}}}}},
        "the lab does not serve the property LoginProfile of AWS::IAM::User (U); nothing was changed",
    ),
    "a deletion policy": (
        {"Resources": {"R": {"Type": "AWS::IAM::Group", "DeletionPolicy": "Snapshot"}}},
        "Unrecognized DeletionPolicy",
    ),
    "an undefined Ref": (
        {"Resources": {"R": group(Path={"Ref": "Nobody"})}},
        "Unresolved resource dependencies [Nobody] in the Resources block of the template",
    ),
    "an undefined Sub": (
        {"Resources": {"R": group(Path={"Fn::Sub": "/${Nobody}/"})}},
        "Unresolved resource dependencies [Nobody]",
    ),
    "an undefined dependency": (
        {"Resources": {"R": {"Type": "AWS::IAM::Group", "DependsOn": ["X"]}}},
        "Unresolved resource dependencies [X]",
    ),
    "an undefined GetAtt": (
        {"Resources": {"R": group(Path={"Fn::GetAtt": "X.Arn"})}},
        "instance of Fn::GetAtt references undefined resource X",
    ),
    "an attribute that is none": (
        {"Outputs": {"O": {"Value": {"Fn::GetAtt": "R.Name"}}}},
        "resource R does not support attribute type Name in Fn::GetAtt",
    ),
    "an undefined condition": (
        {"Resources": {"R": {"Type": "AWS::IAM::Group", "Condition": "C"}}},
        "Unrecognized condition: C",
    ),
    "an undefined condition of If": (
        {"Resources": {"R": group(Path={"Fn::If": ["C", "/", "/x/"]})}},
        "Unrecognized condition: C",
    ),
    "a resource in a condition": (
        {"Conditions": {"C": {"Fn::Equals": [{"Ref": "R"}, "x"]}}},
        "Cannot reference resources in the Conditions block of the template",
    ),
    "conditions in a circle": (
        {"Conditions": {"A": {"Condition": "B"}, "B": {"Fn::Not": [{"Condition": "A"}]}}},
        "Found circular condition dependency between: [A, B]",
    ),
    "resources in a circle": (
        {"Resources": {"A": group(Path={"Ref": "B"}), "B": {"Type": "AWS::IAM::Group", "DependsOn": "A"}}},
        "Circular dependency between resources: [A, B]",
    ),
    "a parameter called like a resource": (
        {"Parameters": {"R": {"Type": "String"}}},
        "Duplicate parameter and resource names: [R]",
    ),
    "a parameter without a type": ({"Parameters": {"P": {}}}, "must contain a Type member. (P)"),
    "an unknown type": ({"Parameters": {"P": {"Type": "Text"}}}, "Unrecognized parameter type: Text"),
    "a type that asks another service": (
        {"Parameters": {"P": {"Type": "AWS::SSM::Parameter::Value<String>"}}},
        "does not serve parameters of the type AWS::SSM::Parameter::Value<String>",
    ),
    "a default that breaks its bounds": (
        {"Parameters": {"P": {"Type": "Number", "Default": 5, "MaxValue": 4}}},
        "Parameter 'P' must be a number not greater than 4",
    ),
    "a pattern that is none": (
        {"Parameters": {"P": {"Type": "String", "AllowedPattern": "("}}},
        "AllowedPattern of parameter P cannot be read.",
    ),
    "a pattern without end": (
        {"Parameters": {"P": {"Type": "String", "AllowedPattern": "(a+)+b"}}},
        "matching it could take without end",
    ),
    "a pattern that refers back": (
        {"Parameters": {"P": {"Type": "String", "AllowedPattern": r"(.*)\1"}}},
        "matching it could take without end",
    ),
    "an output without a value": ({"Outputs": {"O": {}}}, "Output O must have a Value"),
    "an export without a name": (
        {"Outputs": {"O": {"Value": "x", "Export": {}}}},
        "The Export of output O must have the one member Name.",
    ),
    "a long description": ({"Description": "x" * 1025}, "a string of at most 1024 bytes."),
}


@pytest.mark.parametrize(("sections", "problem"), BROKEN_STRUCTURE.values(), ids=BROKEN_STRUCTURE.keys())
def test_a_template_that_is_refused_as_a_whole(sections: dict[str, Any], problem: str) -> None:
    assert problem in refusal(text(**sections))


@pytest.mark.parametrize(("count", "is_taken"), [(500, True), (501, False)])
def test_a_template_has_so_many_resources(count: int, is_taken: bool) -> None:
    body = text(Resources={f"R{number}": GROUP for number in range(count)})
    if is_taken:
        assert len(read_template(body).resources) == count
    else:
        assert "Number of resources, 501, is greater than maximum allowed, 500" in refusal(body)


def scope(template_text: str, known: Mapping[str, Known] | None = None, **values: str) -> Scope:
    template = read_template(template_text)
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]
    references = references_of(template, parameter_values(template, given, None))
    found = Scope(template, references, PSEUDO, {"shared": "arn:x"}.get).with_conditions()
    return replace(found, known=known or {})


BODY = text(
    Parameters={
        "Stage": {"Type": "String", "Default": "dev"},
        "Count": {"Type": "Number", "Default": 3},
        "Names": {"Type": "CommaDelimitedList", "Default": "a, b ,c"},
    },
    Mappings={"Sizes": {"dev": {"small": "1", "list": ["x", "y"]}}},
    Conditions={
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "IsDev": {"Fn::Not": [{"Condition": "IsProd"}]},
        "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]},
        "Either": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsDev"}]},
        "Three": {"Fn::Equals": [{"Ref": "Count"}, 3]},
    },
)
KNOWN = {"R": Known("role-1", {"Arn": "arn:r"})}
FUNCTIONS: dict[str, tuple[Json, Json]] = {
    "a parameter": ({"Ref": "Stage"}, "dev"),
    "a list of parameters": ({"Ref": "Names"}, ["a", "b", "c"]),
    "a resource": ({"Ref": "R"}, "role-1"),
    "a pseudo parameter": ({"Ref": "AWS::Region"}, "eu-west-1"),
    "an attribute": ({"Fn::GetAtt": ["R", "Arn"]}, "arn:r"),
    "an attribute in one text": ({"Fn::GetAtt": "R.Arn"}, "arn:r"),
    "no value in an object": ({"a": 1, "b": {"Ref": "AWS::NoValue"}}, {"a": 1}),
    "no value in a list": ([1, {"Ref": "AWS::NoValue"}], [1]),
    "no value at all": ({"Ref": "AWS::NoValue"}, None),
    "a text with names": (
        {"Fn::Sub": "${Stage}/${R}/${R.Arn}/${!R}/${AWS::AccountId}"},
        "dev/role-1/arn:r/${R}/111122223333",
    ),
    "a text with own names": ({"Fn::Sub": ["${X}-${Stage}", {"X": {"Ref": "Count"}}]}, "3-dev"),
    "a dollar that is none": ({"Fn::Sub": "$Stage $ {Stage}"}, "$Stage $ {Stage}"),
    "a join": ({"Fn::Join": ["-", ["a", 1, True, {"Ref": "Stage"}]]}, "a-1-true-dev"),
    "a join of a list": ({"Fn::Join": [",", {"Ref": "Names"}]}, "a,b,c"),
    "a split": ({"Fn::Split": [",", "a,b,"]}, ["a", "b", ""]),
    "a selection": ({"Fn::Select": ["1", {"Fn::Split": ["/", "a/b"]}]}, "b"),
    "a mapping": ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "small"]}, "1"),
    "a mapping to a list": ({"Fn::FindInMap": ["Sizes", "dev", "list"]}, ["x", "y"]),
    "base64": ({"Fn::Base64": "ab"}, "YWI="),
    "an import": ({"Fn::ImportValue": {"Fn::Sub": "shared"}}, "arn:x"),
    "a condition that holds": ({"Fn::If": ["IsDev", "yes", "no"]}, "yes"),
    "a condition that does not": ({"Fn::If": ["IsProd", {"Ref": "AWS::NoValue"}, "no"]}, "no"),
    "a policy's own condition": (
        {"Condition": {"StringEquals": {"a": {"Ref": "Stage"}}}},
        {"Condition": {"StringEquals": {"a": "dev"}}},
    ),
}


@pytest.mark.parametrize(("value", "expected"), FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_a_function_gives(value: Json, expected: Json) -> None:
    assert scope(BODY, KNOWN).value(value) == expected


def test_conditions_hold() -> None:
    names = ("IsProd", "IsDev", "Both", "Either", "Three")
    assert [scope(BODY).holds(name) for name in names] == [False, True, False, True, True]
    assert [scope(BODY, Stage="prod", Count="4").holds(name) for name in names] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert scope(BODY).holds("")


MISUSED: dict[str, tuple[Json, str]] = {
    "an unknown name": ({"Ref": "X"}, "Unresolved resource dependencies [X]"),
    "an unknown function": ({"Fn::Cidr": []}, "does not serve the function Fn::Cidr"),
    "a join without a list": ({"Fn::Join": ["-", "a"]}, "every Fn::Join object requires a list."),
    "a join of one": (
        {"Fn::Join": ["-"]},
        "every Fn::Join object requires a delimiter and a list of strings.",
    ),
    "a join of objects": ({"Fn::Join": ["-", [{}]]}, "every Fn::Join object requires strings."),
    "an index that is too large": ({"Fn::Select": [3, ["a"]]}, "cannot select nonexistent value at index 3"),
    "a huge index": ({"Fn::Select": ["9" * 5000, ["a"]]}, "cannot select nonexistent value"),
    "an index that is none": ({"Fn::Select": ["x", ["a"]]}, "every Fn::Select object requires an index"),
    "a mapping that is none": (
        {"Fn::FindInMap": ["Sizes", "prod", "small"]},
        "Unable to get mapping for Sizes::prod::small",
    ),
    "an import that is none": ({"Fn::ImportValue": "x"}, "No export named x found."),
    "an attribute that is none": ({"Fn::GetAtt": ["R", "X"]}, "resource R does not support attribute type X"),
    "a Sub of a list": ({"Fn::Sub": ["a"]}, "every Fn::Sub object requires a string"),
    "a Sub of a list parameter": ({"Fn::Sub": "${Names}"}, "every Fn::Sub object requires strings."),
    "a text without end": (
        {"Fn::Join": ["", [{"Fn::Join": ["", ["x" * 4096] * 60]}] * 2]},
        "a function makes a text of more than 262144 characters",
    ),
}


@pytest.mark.parametrize(("value", "problem"), MISUSED.values(), ids=MISUSED.keys())
def test_a_function_that_is_misused(value: Json, problem: str) -> None:
    with pytest.raises(AwsError) as told:
        scope(BODY, KNOWN).value(value)
    assert problem in told.value.message


def test_conditions_that_double_take_no_time() -> None:
    """Each asks for the one before twice: two to the power of their number, if answers were forgotten."""
    conditions: dict[str, Json] = {"C0": {"Fn::Equals": ["a", "a"]}}
    for number in range(1, 400):
        before = {"Condition": f"C{number - 1}"}
        conditions[f"C{number}"] = {"Fn::And": [before, before]}
    assert scope(text(Conditions=conditions)).holds("C399")


def test_each_resource_comes_after_what_it_needs() -> None:
    resources = {
        "Last": {**group(Path={"Fn::Sub": "/${Middle.Arn}/"}), "DependsOn": ["Free"]},  # type: ignore[dict-item]
        "Middle": group(Path={"Fn::If": ["C", {"Ref": "First"}, "/"]}),
        "Free": GROUP,
        "First": GROUP,
    }
    conditions = {"C": {"Fn::Equals": ["a", "a"]}}
    order = creation_order(read_template(text(Resources=resources, Conditions=conditions)))
    assert order == ("Free", "First", "Middle", "Last")


VALUES: dict[str, tuple[dict[str, Json], str, str]] = {
    "shortest": ({"Type": "String", "MinLength": 2}, "ab", ""),
    "too short": ({"Type": "String", "MinLength": 2}, "a", "must contain at least 2 characters"),
    "longest": ({"Type": "String", "MaxLength": 2}, "ab", ""),
    "too long": ({"Type": "String", "MaxLength": 2}, "abc", "must contain at most 2 characters"),
    "allowed": ({"Type": "String", "AllowedValues": ["a", True]}, "true", ""),
    "not allowed": ({"Type": "String", "AllowedValues": ["a"]}, "b", "must be one of AllowedValues"),
    "of the pattern": ({"Type": "String", "AllowedPattern": "[a-z]+-[0-9]{2}"}, "ab-12", ""),
    "of a part of the pattern": (
        {"Type": "String", "AllowedPattern": "[a-z]+"},
        "ab1",
        "must match pattern [a-z]+",
    ),
    "told in own words": (
        {"Type": "String", "AllowedPattern": "a", "ConstraintDescription": "be an a"},
        "b",
        "failed to satisfy constraint: be an a",
    ),
    "a number": ({"Type": "Number", "MinValue": -1, "MaxValue": 1}, "-1", ""),
    "too small": ({"Type": "Number", "MinValue": -1}, "-2", "must be a number not less than -1"),
    "no number": ({"Type": "Number"}, "one", "must be a number."),
    "numbers": ({"Type": "List<Number>", "MaxValue": 5}, "1, 2,5", ""),
    "a number too much": (
        {"Type": "List<Number>", "MaxValue": 5},
        "1,6",
        "must be a number not greater than 5",
    ),
    "the longest of all": ({"Type": "String"}, "x" * 4096, ""),
    "longer": ({"Type": "String"}, "x" * 4097, "must not be longer than 4096 bytes"),
}


@pytest.mark.parametrize(("declared", "value", "problem"), VALUES.values(), ids=VALUES.keys())
def test_a_parameter_takes(declared: dict[str, Json], value: str, problem: str) -> None:
    template = read_template(text(Parameters={"P": declared}))
    given = [{"ParameterKey": "P", "ParameterValue": value}]
    if not problem:
        assert parameter_values(template, given, None) == {"P": value}
        return
    with pytest.raises(AwsError) as told:
        parameter_values(template, given, None)
    assert told.value.message == f"Parameter 'P' {problem}"


def test_a_value_may_be_the_one_before() -> None:
    template = read_template(text(Parameters={"P": {"Type": "String", "Default": "d"}}))
    kept = [{"ParameterKey": "P", "UsePreviousValue": True}]
    assert parameter_values(template, kept, {"P": "before"}) == {"P": "before"}
    assert parameter_values(template, [], {"P": "before"}) == {"P": "d"}
    nothing: tuple[dict[str, str] | None, ...] = (None, {})
    for previous in nothing:
        with pytest.raises(AwsError, match="Cannot specify usePreviousValue as true"):
            parameter_values(template, kept, previous)
    with pytest.raises(AwsError, match="was not saved with this world"):
        parameter_values(template, kept, {"P": HIDDEN})
    with pytest.raises(AwsError, match="occur more than once"):
        parameter_values(template, [*kept, *kept], {"P": "before"})


NAMED: Json = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "RoleName": "n"}}
ENTRY: Json = {"Type": "AWS::EKS::AccessEntry", "Properties": {}}


@pytest.mark.parametrize(
    ("resources", "needed"),
    [
        ({"E": ENTRY}, ()),
        ({"E": ENTRY, "R": ROLE}, ("CAPABILITY_IAM",)),
        ({"N": NAMED, "R": ROLE}, ("CAPABILITY_NAMED_IAM",)),
        ({"P": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "p"}}}, ("CAPABILITY_IAM",)),
    ],
)
def test_what_has_to_be_acknowledged(resources: dict[str, Json], needed: tuple[str, ...]) -> None:
    assert capabilities_needed(read_template(text(Resources=resources))) == needed
