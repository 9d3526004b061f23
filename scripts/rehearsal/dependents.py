"""The further actions that a call needs, and when. Which ones there are is in AWS's reference; when AWS asks for them is
in the user guides. One without a rule here is an error."""

import reference
from policies import Unsupported

# What the reference does not have, with its source.
MORE = {
    # Lambda, "Configuring Lambda functions with VPC access": of the caller.
    "lambda:CreateFunction": ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "lambda:TagResource"],
    "lambda:UpdateFunctionConfiguration": ["iam:PassRole", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"],
    # Terraform's provider, before it deletes what network interfaces of Lambda are left in, which Lambda itself deletes later
    # (hashicorp/terraform-provider-aws, deleteLingeringENIs).
    "ec2:DeleteSecurityGroup": ["ec2:DeleteNetworkInterface"],
    "ec2:DeleteSubnet": ["ec2:DeleteNetworkInterface"],
    # CodeDeploy, "Permissions reference".
    "codedeploy:CreateDeployment": [
        "codedeploy:GetApplicationRevision", "codedeploy:GetDeploymentConfig", "codedeploy:RegisterApplicationRevision",
    ],
    "codedeploy:CreateDeploymentGroup": ["iam:PassRole", "codedeploy:TagResource"],
    "codedeploy:UpdateDeploymentGroup": ["iam:PassRole"],
    # Secrets Manager, BatchGetSecretValue: of each secret besides.
    "secretsmanager:BatchGetSecretValue": ["secretsmanager:GetSecretValue"],
    # Secrets Manager, RotateSecret: of the caller.
    "secretsmanager:RotateSecret": ["lambda:InvokeFunction"],
    # RDS and API Gateway, "Using service-linked roles": the first of its kind in an account creates the role.
    "rds:CreateDBInstance": ["iam:CreateServiceLinkedRole"],
    # HTTP APIs, "Configure logging": CloudWatch's delivery is set up with the caller's permissions.
    "apigateway:POST": ["apigateway:TagResource", "iam:CreateServiceLinkedRole", "logs:CreateLogDelivery"],
    "apigateway:PATCH": ["logs:CreateLogDelivery"],
    # Tags at creation, each in the guide of its service.
    "cloudwatch:PutMetricAlarm": ["cloudwatch:TagResource"],
    "codedeploy:CreateApplication": ["codedeploy:TagResource"],
    "events:PutRule": ["events:TagResource"],
    "iam:CreateRole": ["iam:TagRole"],
    "logs:CreateLogGroup": ["logs:TagResource"],
    "secretsmanager:CreateSecret": ["secretsmanager:TagResource"],
    "ses:CreateConfigurationSet": ["ses:TagResource"],
    "ses:CreateEmailIdentity": ["ses:TagResource"],
    "sns:CreateTopic": ["sns:TagResource"],
    "ssm:PutParameter": ["ssm:AddTagsToResource"],
}

DELIVERY = (
    "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
    "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
)
PASSED_TO = {
    "codedeploy": ("serviceRoleArn", "codedeploy.amazonaws.com"),
    "ec2": ("DeliverLogsPermissionArn", "vpc-flow-logs.amazonaws.com"),
    "lambda": ("Role", "lambda.amazonaws.com"),
    "rds": ("MonitoringRoleArn", "monitoring.rds.amazonaws.com"),
}
# The tenants of one database, the capacity of our own instances, containers, roles for deliveries: of features that no
# call here uses, told by a parameter that each of them has.
ABSENT = {
    "rds:CreateTenantDatabase": "MultiTenant", "rds:DeleteTenantDatabase": "MultiTenant",
    "lambda:PassCapacityProvider": "CapacityProviderConfig", "secretsmanager:RotateSecret": "RotateMasterUserPassword",
}

LIMITS = {"DescribeAccountAttributes", "DescribeAccountLimits", "DescribeLimits", "GetAccountLimit", "GetAccountSummary"}


def of(call, action, found, place):
    """Each as (action, type of the resource, ARN, context)."""
    for dependent in [*reference.dependents(action), *MORE.get(action, [])]:
        yield from rule(dependent)(call, dependent, found, place)


def rule(dependent):
    for name, each in RULES.items():
        if dependent == name or (name.endswith("*") and dependent.startswith(name[:-1])):
            return each
    if dependent in ABSENT:
        return absent
    if dependent.split(":")[1] in LIMITS:
        return limits
    if dependent.endswith((":TagResource", ":TagRole", ":AddTagsToResource", ":TagLogGroup")):
        return tags
    raise Unsupported(f"the dependent action {dependent}: dependents.py has no rule for when it is needed")


def limits(call, dependent, found, place):
    """Service Quotas asks the service whose quota it is."""
    return [(dependent, "", "*", {})] if call.parameters["ServiceCode"] == dependent.split(":")[0] else []


def absent(call, dependent, found, place):
    if call.parameters.get(ABSENT[dependent]):
        raise Unsupported(f"{call.operation} with {ABSENT[dependent]}, which needs {dependent}")
    return []


def tags(call, dependent, found, place):
    """Needed on what is created with tags. A final snapshot gets the instance's."""
    if call.operation == "DeleteDBInstance":
        return snapshot(call, dependent, found, place)
    given = any(call.parameters.get(key) for key in ("Tags", "tags", "TagList"))
    return [(dependent, *found[0], {})] if given else []


def api_tags(call, dependent, found, place):
    """Asked for on stages; an API's tags are POSTed beside it (aws-cloudformation/cloudformation-coverage-roadmap#997)."""
    if not call.parameters.get("Tags"):
        return []
    if call.operation == "CreateStage":
        return [(dependent, "", found[0][1], {})]
    return [("apigateway:POST", "", f"arn:aws:apigateway:{place.region}::/tags/", {})]


def pass_role(call, dependent, found, place):
    key, service = PASSED_TO.get(call.service, ("", ""))
    arn = call.parameters.get(key)
    return [(dependent, "role", arn, {"iam:passedtoservice": [service]})] if arn else []


def new_tags(call, dependent, found, place):
    """EC2 tags what it creates with CreateTags, and says which action created it."""
    for specification in call.parameters.get("TagSpecifications") or []:
        name = specification["ResourceType"]
        yield dependent, name, place.arn("ec2", name), {"ec2:createaction": [call.operation]}


def describe(call, dependent, found, place):
    asked = call.parameters.get("VpcConfig", {}).get("SubnetIds") if call.service == "lambda" else True
    return [(dependent, "", "*", {})] if asked else []


def hosted_zone(call, dependent, found, place):
    """The names that an endpoint with private DNS gets in its network."""
    if not call.parameters.get("PrivateDnsEnabled"):
        return []
    return [(dependent, "hostedzone", place.arn("route53", "hostedzone"), {})]


def key(call, dependent, found, place):
    """The policies of AWS's own keys let every principal of the account use them through their service:
    https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk"""
    if call.parameters.get("MasterUserSecretKmsKeyId") or call.parameters.get("KmsKeyId"):
        raise Unsupported("a key of our own")
    return []


def secrets_key(call, dependent, found, place):
    """RDS describes the key of the secret that it makes, which is not through the service of that key:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-permissions"""
    if not call.parameters.get("ManageMasterUserPassword"):
        return key(call, dependent, found, place)
    return [(dependent, "key", place.arn("kms", "key"), {})]


def administrators_secret(call, dependent, found, place):
    if call.service == "secretsmanager":
        return tags(call, dependent, found, place)
    if call.operation == "ModifyDBInstance" or not call.parameters.get("ManageMasterUserPassword"):
        return []
    return [(dependent, "Secret", place.arn("secretsmanager", "Secret", ["rds!db-00000000-AbCdEf"]), {})]


def left_behind(call, dependent, found, place):
    return [(dependent, "network-interface", place.arn("ec2", "network-interface"), {})]


def snapshot(call, dependent, found, place):
    name = call.parameters.get("FinalDBSnapshotIdentifier")
    return [(dependent, "snapshot", place.arn("rds", "snapshot", [name]), {})] if name else []


def service_role(call, dependent, found, place):
    if call.service == "apigateway" and call.operation != "CreateApi":
        return []
    service = {"apigateway": "ops.apigateway.amazonaws.com", "rds": "rds.amazonaws.com"}[call.service]
    arn = place.arn("iam", "role", [f"aws-service-role/{service}/AWSServiceRole"])
    return [(dependent, "role", arn, {"iam:awsservicename": [service]})]


def revision(call, dependent, found, place):
    name = call.parameters["applicationName"]
    return [(dependent, "application", place.arn("codedeploy", "application", [name]), {})]


def configuration(call, dependent, found, place):
    name, group = call.parameters["applicationName"], call.parameters["deploymentGroupName"]
    name = call.parameters.get("deploymentConfigName") or place.codedeploy.get_deployment_group(name, group).deployment_config_name
    return [(dependent, "deploymentconfig", place.arn("codedeploy", "deploymentconfig", [name]), {})]


def rotation(call, dependent, found, place):
    arn = call.parameters.get("RotationLambdaARN")
    return [(dependent, "function", arn, {})] if arn else []


def each_secret(call, dependent, found, place):
    arns = {secret.name: secret.arn for secret in place.secrets.secrets.values()}
    return [(dependent, "Secret", arns.get(each, each), {}) for each in call.parameters.get("SecretIdList") or []]


def delivery(call, dependent, found, place):
    if not call.parameters.get("AccessLogSettings"):
        return []
    return [(each, "", "*", {}) for each in DELIVERY]


RULES = {
    "apigateway:TagResource": api_tags,
    "codedeploy:GetApplicationRevision": revision,
    "codedeploy:GetDeploymentConfig": configuration,
    "codedeploy:RegisterApplicationRevision": revision,
    "ec2:CreateTags": new_tags,
    "ec2:DeleteNetworkInterface": left_behind,
    "ec2:Describe*": describe,
    "ecs:*": lambda call, *_: absent_in_format(call),
    "iam:CreateServiceLinkedRole": service_role,
    "iam:PassRole": pass_role,
    "kms:DescribeKey": secrets_key,
    "kms:*": key,
    "lambda:InvokeFunction": rotation,
    "logs:CreateLogDelivery": delivery,
    "rds:CreateDBSnapshot": snapshot,
    "route53:AssociateVPCWithHostedZone": hosted_zone,
    "secretsmanager:CreateSecret": administrators_secret,
    "secretsmanager:GetSecretValue": each_secret,
    "secretsmanager:TagResource": administrators_secret,
}


def absent_in_format(call):
    """Fields about containers in a flow log."""
    if "ecs" in call.parameters.get("LogFormat", ""):
        raise Unsupported("a flow log with fields of ECS")
    return []
