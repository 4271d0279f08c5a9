"""Read one entry of ``mapRoles`` or ``mapUsers``, and say what is odd about it.

Source: aws-iam-authenticator ``pkg/config`` and ``pkg/mapper/configmap``: member names
match ignoring case; a member of the wrong type is ignored and the entry stays.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from sekisho.decide.authn.canonical import ArnError, ArnKind, Canonical, canonical_mapping, canonicalize
from sekisho.decide.authn.entry import Mapping, Reading, Section, SsoSelector
from sekisho.decide.authn.notice import AwsAuthCode as Code
from sekisho.decide.authn.notice import Notice
from sekisho.decide.authn.source import Members, Node, Other
from sekisho.decide.authn.templates import unknown_templates
from sekisho.decide.decision import Step
from sekisho.decide.values import PARTITIONS, Ref
from sekisho.decide.values.arn import parse_account_id

_ARN_KEYS: Final = {
    Section.ROLES: "rolearn",
    Section.USERS: "userarn",
    Section.CUSTOM_RESOURCES: "arn",
}
_FIELDS: Final = frozenset({"username", "groups", "userid"})
_SSO_FIELDS: Final = frozenset({"permissionsetname", "accountid", "partition"})
_NODE_GROUPS: Final = frozenset(
    {"system:bootstrappers", "system:nodes", "system:node-proxier", "eks:kube-proxy-windows"}
)
_PERMISSION_SET = re.compile(r"[\w+=,.@-]{1,32}", re.ASCII)
_MAX_SHOWN_CHARS = 200


@dataclass(frozen=True, slots=True)
class Rules:
    """How entries are read: whose comparison of ARNs, and whether ``sso`` entries count.

    With ``user_id_strict`` an entry may name its principal by ``userid`` alone.
    """

    reading: Reading
    sso_role_match: bool
    user_id_strict: bool = False


@dataclass(slots=True)
class EntryReader:
    """Reads the entries of one section; ``notices`` collects what was odd, in order."""

    section: Section
    rules: Rules
    notices: list[Notice] = field(default_factory=list)

    def read(self, node: Node, at: Ref) -> Mapping | None:
        """Return the entry at ``at``; None if it names nobody."""
        fields = self._fields(node, at)
        if fields is None:
            return None
        arn_key = _ARN_KEYS[self.section]
        allowed = _FIELDS | {arn_key} | ({"sso"} if self.section is Section.ROLES else set())
        self._unknown_fields(fields, allowed, at)
        arn = self._text(fields, arn_key, at)
        selector_node = fields.get("sso") if self.section is Section.ROLES else None
        user_id = self._text(fields, "userid", at)
        selector = None
        if selector_node is not None and selector_node.value is not None:
            if arn:
                self._dropped(Code.ARN_AND_SSO, node, at)
                return None
            selector = self._selector(selector_node, at)
            if selector is None:
                return None
        elif not arn and not (user_id and self.rules.user_id_strict):
            self._dropped(Code.ARN_MISSING, node, at, key=arn_key)
            return None
        mapping = Mapping(
            at=at,
            line=node.line,
            section=self.section,
            arn=arn,
            key=self.rules.reading.key(arn) if arn else "",
            sso=selector,
            username=self._text(fields, "username", at),
            groups=self._groups(fields, at),
            user_id=user_id,
        )
        self._remark_on_principal(mapping)
        self._remark_on_user(mapping)
        return mapping

    def _note(self, code: Code, at: Ref, line: int, *, drops: bool = False, **facts: str) -> None:
        shown = tuple((name, value[:_MAX_SHOWN_CHARS]) for name, value in facts.items())
        self.notices.append(Notice(Step(code, at, shown), line, drops))

    def _dropped(self, code: Code, node: Node, at: Ref, **facts: str) -> None:
        self._note(code, at, node.line, drops=True, **facts)

    def _fields(self, node: Node, at: Ref) -> dict[str, Node] | None:
        """Return the members by lower-cased name."""
        if not isinstance(node.value, Members):
            self._dropped(Code.ENTRY_TYPE, node, at)
            return None
        fields: dict[str, Node] = {}
        for name, member in node.value.items:
            if name.lower() in fields:
                self._note(Code.FIELD_TWICE, at, member.line, field=name)
            fields[name.lower()] = member
        return fields

    def _unknown_fields(self, fields: dict[str, Node], allowed: set[str] | frozenset[str], at: Ref) -> None:
        arn_key = _ARN_KEYS[self.section]
        for name, member in fields.items():
            if name in allowed:
                continue
            if name in _ARN_KEYS.values():
                self._note(Code.ARN_KEY, at, member.line, found=name, key=arn_key, section=self.section)
            else:
                self._note(Code.FIELD_UNKNOWN, at, member.line, field=name)

    def _text(self, fields: dict[str, Node], name: str, at: Ref, *, numbers: bool = False) -> str:
        node = fields.get(name, Node(None))
        match node.value:
            case str(text):
                return text
            case None:
                return ""
            case Other(text) if numbers:
                return text
            case _:
                self._note(Code.FIELD_TYPE, at, node.line, field=name, expected="text; quote it")
                return ""

    def _groups(self, fields: dict[str, Node], at: Ref) -> tuple[str, ...]:
        node = fields.get("groups", Node(None))
        if node.value is None:
            return ()
        if not isinstance(node.value, tuple):
            self._note(Code.FIELD_TYPE, at, node.line, field="groups", expected="a list of texts")
            return ()
        groups: list[str] = []
        for member in node.value:
            if isinstance(member.value, str):
                groups.append(member.value)
            else:
                self._note(Code.FIELD_TYPE, at, member.line, field="groups", expected="texts in the list")
        return tuple(groups)

    def _selector(self, node: Node, at: Ref) -> SsoSelector | None:
        """Return the valid selector of an ``sso`` member."""
        fields = self._fields(node, at)
        if fields is None:
            return None
        self._unknown_fields(fields, _SSO_FIELDS, at)
        permission_set = self._text(fields, "permissionsetname", at)
        account = self._text(fields, "accountid", at, numbers=True)
        partition = self._text(fields, "partition", at) or "aws"
        problem = ""
        if not _PERMISSION_SET.fullmatch(permission_set):
            problem = "permissionSetName is not 1 to 32 letters, digits or any of _+=,.@-"
        elif partition not in PARTITIONS:
            problem = "partition is not a known one"
        else:
            try:
                return SsoSelector(permission_set, parse_account_id(account), partition)
            except ValueError:
                problem = "accountID is not twelve digits"
        self._dropped(Code.SSO_INVALID, node, at, problem=problem)
        return None

    def _remark_on_principal(self, mapping: Mapping) -> None:
        at, line, arn = mapping.at, mapping.line, mapping.arn
        if not arn:
            if mapping.sso and not self.rules.sso_role_match:
                self._note(Code.SSO_DISABLED, at, line, drops=True, principal=mapping.principal)
            return
        try:
            literal = canonicalize(arn.lower() if arn.isascii() else arn)
        except ArnError as error:
            if "*" in arn or "?" in arn:
                self._note(Code.ARN_WILDCARD, at, line, drops=True, arn=arn)
            else:
                self._note(Code.ARN_INVALID, at, line, drops=True, arn=arn, problem=str(error))
            return
        if "*" in arn or "?" in arn:
            self._note(Code.ARN_WILDCARD, at, line, drops=True, arn=arn)
        self._remark_on_kind(mapping, literal)

    def _remark_on_kind(self, mapping: Mapping, literal: Canonical) -> None:
        at, line, arn = mapping.at, mapping.line, mapping.arn
        is_role = literal.kind in (ArnKind.ROLE, ArnKind.ASSUMED_ROLE)
        unread = self.rules.reading is Reading.EKS
        effect = "it never matches" if unread else "it is read so"
        if literal.kind is ArnKind.ASSUMED_ROLE:
            code = Code.ARN_SESSION
        elif is_role and literal.path != "/":
            code = Code.ARN_PATH
        else:
            code = None
        if code is not None:
            canonical = str(canonical_mapping(arn.lower()).arn)
            self._note(code, at, line, drops=unread, arn=arn, canonical=canonical, effect=effect)
        if literal.kind is ArnKind.ROOT:
            self._note(Code.ARN_ROOT, at, line, arn=arn)
        if (self.section is Section.ROLES and not is_role) or (self.section is Section.USERS and is_role):
            self._note(Code.ARN_SECTION, at, line, arn=arn, section=self.section)

    def _remark_on_user(self, mapping: Mapping) -> None:
        at, line, principal = mapping.at, mapping.line, mapping.principal
        if not mapping.username:
            self._note(Code.USERNAME_EMPTY, at, line, principal=principal)
        for text in (mapping.username, *mapping.groups):
            for template in unknown_templates(text):
                self._note(Code.TEMPLATE_UNKNOWN, at, line, template=template)
        is_node = mapping.username.startswith("system:node:")
        if mapping.username.startswith("system:") and not is_node:
            self._note(Code.SYSTEM_USERNAME, at, line, principal=principal, username=mapping.username)
        for group in mapping.groups:
            if group.startswith("system:") and not (is_node and group in _NODE_GROUPS):
                self._note(Code.SYSTEM_GROUP, at, line, principal=principal, group=group)
