"""What AWS's services do for our resources: as the roles that a call gave them, or with the permission of a resource's own
policy. Each is held against those policies too."""

import json

from moto.awslambda.models import lambda_backends
from moto.ecr.models import ecr_backends

from policies import Need

# Lambda, "Giving Lambda functions access to resources in an Amazon VPC": of the function's role.
NETWORK = (
    "AssignPrivateIpAddresses", "CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces",
    "DescribeSubnets", "UnassignPrivateIpAddresses",
)

# ECR, "IAM permissions for pushing an image" and "… for pulling an image".
REGISTRY = {
    "push": (
        "BatchCheckLayerAvailability", "CompleteLayerUpload", "InitiateLayerUpload", "PutImage", "UploadLayerPart",
    ),
    "pull": ("BatchGetImage", "GetDownloadUrlForLayer"),
}


def given_by(call, authority):
    """Why a service cannot do what this call asks of it, or None."""
    parameters = call.parameters
    if (call.service, call.operation) == ("lambda", "CreateFunction") and parameters.get("VpcConfig"):
        wanted = [(f"ec2:{action}", "*") for action in NETWORK]
        return authority.as_service(parameters["Role"], "lambda.amazonaws.com", *wanted)
    if (call.service, call.operation) == ("ec2", "CreateFlowLogs"):
        group = parameters.get("LogDestination") or place_of(authority, "logs", f"log-group:{parameters['LogGroupName']}")
        stream = f"{group}:log-stream:eni-0-all"
        wanted = [("logs:DescribeLogStreams", f"{group}:log-stream:"), ("logs:CreateLogStream", stream), ("logs:PutLogEvents", stream)]
        return authority.as_service(parameters["DeliverLogsPermissionArn"], "vpc-flow-logs.amazonaws.com", *wanted)
    return None


def write_log(function, stream, authority):
    """Lambda writes a function's log with the function's role."""
    resource = place_of(authority, "logs", f"log-group:{function.logs_group_name}:log-stream:{stream}")
    wanted = [("logs:CreateLogStream", resource), ("logs:PutLogEvents", resource)]
    return authority.as_service(function.role, "lambda.amazonaws.com", *wanted)


def pull_image(function, name, authority):
    """Lambda reads a function's image by the policy of the repository."""
    repository = ecr_backends[authority.account][authority.region].repositories[name]
    source = {"aws:sourcearn": [unqualified(function)]}
    for action in ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"):
        authority.by_service(repository.policy, "lambda.amazonaws.com", Need(action, repository.arn, source), name)


def use_registry(events, authority):
    """Holds what the registry reports (https://distribution.github.io/distribution/about/notifications/) against the policies
    of who has asked for its password last. Lambda and the emulators, which are Python, ask for none."""
    for event in events:
        if not event["request"].get("useragent", "").startswith("Python-urllib"):
            repository = place_of(authority, "ecr", f"repository/{event['target']['repository']}")
            for action in REGISTRY.get(event["action"], ()):
                authority.check(authority.registry_key, Need(f"ecr:{action}", repository))


def invoke(service, function_arn, source, authority):
    """A service invokes a function by the policy of the function, for a source such as a secret."""
    name = function_arn.split(":")[6]
    statements = lambda_backends[authority.account][authority.region].get_function(name).policy.statements
    need = Need("lambda:InvokeFunction", function_arn, {"aws:sourcearn": [source], "aws:sourceaccount": [authority.account]})
    return authority.by_service(json.dumps({"Statement": statements}), service, need, name)


def unqualified(function):
    return ":".join(function.function_arn.split(":")[:7])


def place_of(authority, service, name):
    return f"arn:aws:{service}:{authority.region}:{authority.account}:{name}"
