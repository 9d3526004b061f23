"""The permissions that a call needs: its action on each of its resources, and the actions that depend on it."""

import email
import email.utils

from moto.codedeploy.models import codedeploy_backends
from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends

import dependents
import reference
import tags
from policies import Need

# Operations whose action has another name.
ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
}

# The parameters that name a resource, by service and type of resource. A value may be an ARN instead of a name.
NAMES = {
    "cloudwatch": {"alarm": ["AlarmName", "AlarmNames"], "dashboard": ["DashboardName", "DashboardNames"]},
    "codedeploy": {
        "application": ["applicationName"], "deploymentgroup": ["applicationName", "deploymentGroupName"],
        "deploymentconfig": ["deploymentConfigName"],
    },
    "ecr": {"repository": ["repositoryName", "repositoryNames"]},
    "events": {"rule-on-default-event-bus": ["Name", "Rule"]},
    "iam": {"role": ["RoleName"], "policy": ["PolicyArn"]},
    "kms": {"key": ["KeyId"]},
    "lambda": {"function": ["FunctionName"]},
    "logs": {"log-group": ["logGroupName"], "log-stream": ["logGroupName", "logStreamName"]},
    "rds": {
        "db": ["DBInstanceIdentifier"], "og": ["OptionGroupName"], "pg": ["DBParameterGroupName"],
        "snapshot": ["DBSnapshotIdentifier"], "subgrp": ["DBSubnetGroupName"],
    },
    "s3": {"bucket": ["Bucket"], "object": ["Bucket", "Key"]},
    "secretsmanager": {"Secret": ["SecretId", "Name"]},
    "ses": {"configuration-set": ["ConfigurationSetName"], "identity": ["EmailIdentity", "FromEmailAddress"]},
    "sns": {"topic": ["TopicArn", "Name", "SubscriptionArn"]},
    "ssm": {"parameter": ["Name", "Names", "ResourceId"]},
}
# Those whose values make one ARN together; of the others any one names a resource.
TOGETHER = {"deploymentgroup", "log-stream", "object"}
TAGGED = ("ResourceARN", "ResourceArn", "ResourceName", "Resource", "resourceArn")

# By the first part of an id.
EC2_IDS = {
    "fl": "vpc-flow-log", "rtb": "route-table", "sg": "security-group", "sgr": "security-group-rule", "subnet": "subnet",
    "vpc": "vpc", "vpce": "vpc-endpoint", "acl": "network-acl", "eni": "network-interface",
}


def of(call, account, region):
    """All the needs of a call."""
    place = Place(account, region)
    action = action_of(call)
    found = resources(call, action, place)
    needs = [need(action, name, arn, call, place) for name, arn in found]
    for dependent, name, arn, context in dependents.of(call, action, found, place):
        needs.append(need(dependent, name, arn, call, place, context))
    return needs


class Place:
    """The account and region of a call, and what moto has there."""

    def __init__(self, account, region):
        self.account, self.region = account, region
        self.iam = iam_backends[account]["aws"]
        self.codedeploy = codedeploy_backends[account][region]
        self.secrets = secretsmanager_backends[account][region]

    def arn(self, service, resource_type, values=()):
        return reference.arn(service, resource_type, self.region, self.account, values)


def action_of(call):
    if call.service == "apigateway":
        return f"apigateway:{call.method}"
    # Of a message that is handed over as it is: https://github.com/anymail/django-anymail/issues/384
    if call.operation == "SendEmail" and "Raw" in call.parameters["Content"]:
        return "ses:SendRawEmail"
    return ACTIONS.get(f"{call.service}:{call.operation}", f"{call.service}:{call.operation}")


def resources(call, action, place):
    """The call's resources as (type, ARN); ("", "*") if the action cannot be restricted to any."""
    if call.service == "apigateway":
        return [("", f"arn:aws:apigateway:{place.region}::{call.path.removeprefix('/v2')}")]
    types = reference.resource_types(action)
    if not types:
        return [("", "*")]
    found = of_ec2(call, action, types, place) if call.service == "ec2" else named(call, types, place)
    for name, required in types.items():
        # What does not exist yet, or every one of them.
        if required and name not in dict(found):
            found.append((name, place.arn(call.service, name)))
    return found or [("", "*")]


def named(call, types, place):
    parameters = with_sender(with_application(call.parameters, place))
    found = []
    for name, keys in NAMES.get(call.service, {}).items():
        given = [parameters[key] for key in keys if parameters.get(key)]
        if name not in types or not given or (name in TOGETHER and len(given) < len(keys)):
            continue
        groups = [given] if name in TOGETHER else [[each] for value in given for each in listed(value)]
        found += [(name, spelled(call, name, values, place)) for values in groups]
    for key in TAGGED:
        if str(parameters.get(key, "")).startswith("arn:"):
            found.append((reference.type_of(call.service, parameters[key], types), parameters[key]))
    return found


def listed(value):
    return value if isinstance(value, list) else [value]


def with_sender(parameters):
    """A message that is handed over as it is names its sender itself."""
    content = parameters.get("Content")
    if not isinstance(content, dict) or "Raw" not in content or parameters.get("FromEmailAddress"):
        return parameters
    return parameters | {"FromEmailAddress": email.message_from_bytes(content["Raw"]["Data"])["From"]}


def with_application(parameters, place):
    """A deployment has no ARN; it belongs to a group."""
    deployment = place.codedeploy.deployments.get(parameters.get("deploymentId"))
    if not deployment:
        return parameters
    return parameters | {
        "applicationName": deployment.application_name, "deploymentGroupName": deployment.deployment_group_name,
    }


def spelled(call, name, values, place):
    """The ARN as AWS writes it when it evaluates policies."""
    if values[0].startswith("arn:"):
        arn = values[0]
        return ":".join(arn.split(":")[:6]) if name == "topic" else arn
    if name == "Secret":
        existing = next((each for each in place.secrets.secrets.values() if each.name == values[0]), None)
        return existing.arn if existing else place.arn("secretsmanager", "Secret", [f"{values[0]}-AbCdEf"])
    if name == "parameter":
        values = [values[0].removeprefix("/")]
    if name == "identity":
        values = [address(values[0]).rpartition("@")[2]]
    arn = place.arn(call.service, name, values)
    if name == "function" and call.parameters.get("Qualifier") and call.operation == "Invoke":
        return f"{arn}:{call.parameters['Qualifier']}"
    # Its actions but those on tags are evaluated with an empty stream.
    return f"{arn}:log-stream:" if name == "log-group" and "Tag" not in call.operation else arn


def address(mailbox):
    """Without the name, as in `Example <no-reply@example.org>`."""
    return email.utils.parseaddr(mailbox)[1]


def of_ec2(call, action, types, place):
    """What the ids among the parameters name. The rules of a security group are checked as new ones."""
    found = []
    for value in call.parameters.values():
        for each in listed(value):
            name = EC2_IDS.get(each.rsplit("-", 1)[0]) if isinstance(each, str) else None
            if name in types:
                found.append((name, place.arn("ec2", name, [each])))
    if "Authorize" in action:
        found.append(("security-group-rule", place.arn("ec2", "security-group-rule")))
    return found


def need(action, name, arn, call, place, context=None):
    """The need with those keys of its context that AWS sends for the action on such a resource."""
    everything = {
        "aws:principalaccount": [place.account],
        "aws:requestedregion": [place.region],
        "aws:securetransport": ["true"],
        **request_tags(call),
        **resource_tags(arn, place),
        **boundary(call, action, place),
        **sender(call),
        **(context or {}),
    }
    sent = {key: value for key, value in everything.items() if reference.is_sent(key, action, name)}
    return Need(action, arn, sent)


def request_tags(call):
    found = {}
    specifications = call.parameters.get("TagSpecifications") or []
    lists = [each.get("Tags") for each in specifications] or [call.parameters.get(key) for key in ("Tags", "tags", "TagList")]
    for given in filter(None, lists):
        if isinstance(given, dict):
            found |= given
        else:
            found |= {each.get("Key", each.get("key")): each.get("Value", each.get("value")) for each in given}
    keys = {f"aws:requesttag/{key.lower()}": [value] for key, value in found.items()}
    return keys | ({"aws:tagkeys": list(found)} if found else {})


def resource_tags(arn, place):
    """As keys of all services, and of the resource's own."""
    service = arn.split(":")[2] if ":" in arn else ""
    found = tags.of(arn, place.account, place.region)
    return {f"{prefix}:resourcetag/{key.lower()}": [value] for prefix in ("aws", service) for key, value in found.items()}


def sender(call):
    mailbox = with_sender(call.parameters).get("FromEmailAddress")
    return {"ses:fromaddress": [address(mailbox)]} if mailbox else {}


def boundary(call, action, place):
    """The boundary that a role is to get, or else the one that it has."""
    if not action.startswith("iam:"):
        return {}
    roles = {role.name: role for role in place.iam.roles.values()}
    role = roles.get(call.parameters.get("RoleName"))
    arn = call.parameters.get("PermissionsBoundary") or (role.permissions_boundary_arn if role else None)
    return {"iam:permissionsboundary": [arn]} if arn else {}
