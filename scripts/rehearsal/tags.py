"""The tags of resources in moto, for conditions on them."""

import re

from moto.apigatewayv2.models import apigatewayv2_backends
from moto.core.resource_tagging import iter_taggable_backends
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends

# What an ARN may have after that of the resource with the tags: a log stream, a function's version, a part of an API.
PARTS = {
    "logs": r":log-stream:.*|:\*$",
    "lambda": r"(?<=function:)([^:]+):.*",
    "apigateway": r"(?<=::/apis/)([^/]+)/.*",
}


def of(arn, account, region):
    """A dict; empty if there is no such resource, or it has none."""
    service = arn.split(":")[2] if ":" in arn else ""
    if service == "ec2":
        return ec2_backends[account][region].tags.get(arn.rsplit("/", 1)[-1], {})
    arn = re.sub(PARTS.get(service, "$^"), lambda match: match[1] if match.re.groups else "", arn)
    while True:
        try:
            return next((tags for name, tags in _tagged(service, account, region) if name == arn), {})
        except RuntimeError:
            # Another request has added a resource meanwhile.
            continue


def _tagged(service, account, region):
    if service == "apigateway":
        backend = apigatewayv2_backends[account][region]
        for api in backend.apis.values():
            yield api.arn, backend.get_tags(api.arn)
    elif service == "iam":
        for role in iam_backends[account]["aws"].roles.values():
            yield role.arn, _flat(role.tags)
    else:
        for backend in iter_taggable_backends(account, region):
            if backend.SERVICE_NAMESPACE == service:
                for resource in backend.iter_tagged_resources():
                    yield resource.arn, _flat(resource.tags)


def _flat(tags):
    """moto keeps them as a dict, as a list, or as a dict of such entries."""
    entries = tags.values() if isinstance(tags, dict) else tags or []
    if isinstance(tags, dict) and not any(isinstance(each, dict) for each in entries):
        return tags
    return {each["Key"]: each["Value"] for each in entries}
