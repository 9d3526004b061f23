"""Evaluates policies as AWS does, for principals and resources of one account:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
What this does not know raises Unsupported: a rehearsal must not pass by a guess."""

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache


class Unsupported(Exception):
    """A policy uses what is not implemented here."""


@dataclass(frozen=True)
class Need:
    """A permission that a call needs. The keys of the context are in lower case, its values lists of strings; a key
    that AWS would not send for this call is absent."""

    action: str
    resource: str
    context: dict = field(default_factory=dict)

    def __str__(self):
        return f"{self.action} on {self.resource}"


# The condition keys that the rehearsal supplies where they apply. Any other is an error and not an absent one.
SUPPLIED = re.compile(
    r"aws:(principalaccount|principalarn|requestedregion|securetransport|sourceaccount|sourcearn|tagkeys"
    r"|requesttag/.+|resourcetag/.+)"
    r"|ec2:(createaction|region|resourcetag/.+)|iam:(awsservicename|passedtoservice|permissionsboundary)"
    r"|lambda:sourcefunctionarn|ses:fromaddress|(iam|lambda|rds|secretsmanager|ssm):resourcetag/.+"
    r"|token\.actions\.githubusercontent\.com:.+"
)


def refused(need, identity, boundary=None, others=()):
    """Why the need is not allowed, or None if it is. `identity` is a list of (name, document), of which one must allow
    it; `boundary` and each of `others` (policies of an endpoint, of sessions) are such a pair and must allow it too."""
    for name, document in [*identity, *([boundary] if boundary else []), *others]:
        for statement in statements(document):
            if statement["Effect"] == "Deny" and applies(statement, need):
                return f"{statement.get('Sid', 'a statement')} of {name} denies it"
    if not any(allows(document, need) for _, document in identity):
        return f"no policy allows it ({', '.join(name for name, _ in identity) or 'there is none'})"
    for name, document in [*([boundary] if boundary else []), *others]:
        if not allows(document, need):
            return f"{name} does not allow it"
    return None


def allows(document, need, principal=None):
    """Whether a statement allows the need: of a principal's policy, or with `principal` of a resource's."""
    return any(
        statement["Effect"] == "Allow" and names(statement, principal) and applies(statement, need)
        for statement in statements(document)
    )


def denies(document, need, principal):
    """Whether a statement of a resource's policy denies the need to the principal."""
    return any(
        statement["Effect"] == "Deny" and names(statement, principal) and applies(statement, need)
        for statement in statements(document)
    )


def statements(document):
    return listed(_parsed(document)["Statement"])


@lru_cache(maxsize=None)
def _parsed(document):
    return json.loads(document)


def listed(value):
    return value if isinstance(value, list) else [value]


def names(statement, principal):
    """Whether the statement is about the principal, such as ("Service", "lambda.amazonaws.com")."""
    if principal is None:
        return True
    if "NotPrincipal" in statement:
        raise Unsupported("NotPrincipal")
    named = statement.get("Principal", "*")
    if named == "*":
        return True
    kind, name = principal
    return any(each in ("*", name) for each in listed(named.get(kind, [])))


def applies(statement, need):
    return _is_about(statement, need) and all(
        _fulfilled(operator, key, listed(values), need)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _is_about(statement, need):
    if "Action" in statement:
        action = any(matches(need.action.lower(), each.lower()) for each in listed(statement["Action"]))
    else:
        action = not any(matches(need.action.lower(), each.lower()) for each in listed(statement["NotAction"]))
    if not action:
        return False
    if "NotResource" in statement:
        return not any(_matches_arn(need.resource, each) for each in listed(statement["NotResource"]))
    # The policy of a role's trust has no resource.
    return any(_matches_arn(need.resource, each) for each in listed(statement.get("Resource", "*")))


def matches(text, pattern):
    return bool(_expression(pattern).fullmatch(text))


@lru_cache(maxsize=None)
def _expression(pattern):
    if "${" in pattern:
        raise Unsupported(f"the variable in {pattern}")
    return re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern), re.DOTALL)


def _matches_arn(arn, pattern):
    """Wildcards do not reach over the colons of an ARN's first five parts."""
    if pattern == "*":
        return True
    parts, patterns = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(matches, parts, patterns))


def _fulfilled(operator, key, values, need):
    """One key of a condition: with several values one of them is enough, or for a negated operator none may match."""
    if not SUPPLIED.fullmatch(key.lower()):
        raise Unsupported(f"the condition key {key}")
    present = need.context.get(key.lower())
    if operator == "Null":
        return (present is None) == (str(values[0]).lower() == "true")
    quantifier, _, operator = operator.rpartition(":")
    if operator.endswith("IfExists"):
        if present is None:
            return True
        operator = operator.removesuffix("IfExists")
    negated = "Not" in operator
    if operator.replace("Not", "", 1) not in TESTS:
        raise Unsupported(f"the operator {operator}")
    test = TESTS[operator.replace("Not", "", 1)]
    if present is None:
        return negated or quantifier == "ForAllValues"
    outcomes = [any(test(value, str(each)) for each in values) != negated for value in present]
    return any(outcomes) if quantifier == "ForAnyValue" else all(outcomes)


TESTS = {
    "StringEquals": lambda value, expected: value == expected,
    "StringEqualsIgnoreCase": lambda value, expected: value.lower() == expected.lower(),
    "StringLike": matches,
    "ArnEquals": _matches_arn,
    "ArnLike": _matches_arn,
    "Bool": lambda value, expected: value.lower() == expected.lower(),
}
