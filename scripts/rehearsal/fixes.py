"""Patches for what moto 5.2.5 lacks or does differently from AWS. Each comment says what AWS does."""

import copy
import json
import os
import random
import uuid

from moto.apigatewayv2 import models as gateway
from moto.awslambda import models as functions
from moto.awslambda import responses as functions_responses
from moto.codedeploy import models as codedeploy
from moto.codedeploy import responses as codedeploy_responses
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import security_groups
from moto.ecr import models as ecr
from moto.ecr import responses as ecr_responses
from moto.ecr.exceptions import ImageNotFoundException
from moto.rds import models as rds
from moto.s3 import models as s3
from moto.secretsmanager import models as secrets
from moto.secretsmanager.exceptions import InvalidRequestException
from moto.servicequotas import models as quotas
from moto.servicequotas import responses as quotas_responses

import registry
import services


def install(gateways, registry_host, pool, shifts):
    """Patches moto. `pool` runs the functions, `gateways` answers for the APIs and `shifts` moves the traffic."""
    _functions(pool)
    _secrets(pool)
    _database()
    _codedeploy(shifts)
    _images(registry_host)
    _gateway(gateways)
    _small_ones()


def around(owner, name, replacement):
    """Replaces a method, or a module's function, by one that gets the original as its first argument."""
    original = getattr(owner, name)

    def replaced(*arguments, **named):
        return replacement(original, *arguments, **named)

    setattr(owner, name, replaced)


def _functions(pool):
    def init(original, self, *arguments, **named):
        spec = named.get("spec") or next(argument for argument in arguments if isinstance(argument, dict))
        self.logging = spec.get("LoggingConfig")
        original(self, *arguments, **named)

    def configuration(original, self, *arguments, **named):
        return original(self, *arguments, **named) | ({"LoggingConfig": self.logging} if self.logging else {})

    def update(original, self, updates):
        self.logging = updates.get("LoggingConfig", self.logging)
        return original(self, updates)

    # A version keeps the image it was published with; here it would change with the function's.
    def publish(original, self, *arguments, **named):
        version = original(self, *arguments, **named)
        version.code = copy.deepcopy(version.code)
        return version

    def invoke(_, self, body, headers, answer_headers):
        payload, error, log = pool.invoke(self, body, headers.get("alias"))
        if error:
            answer_headers["x-amz-function-error"] = "Unhandled"
        answer_headers["x-amz-log-result"] = log
        return payload

    # An alias with weights chooses the version; here it would always be the one that the alias points to.
    def invoke_version(_, self, name, qualifier, body, headers, answer_headers):
        alias, version = None, qualifier
        if qualifier and qualifier != "$LATEST" and not qualifier.isdigit():
            alias = self.get_alias(qualifier, name)
            weights = (alias.routing_config or {}).get("AdditionalVersionWeights") or {}
            version = next((each for each, weight in weights.items() if random.random() < weight), alias.function_version)
        function = self.get_function(name, version)
        answer_headers["x-amz-executed-version"] = str(function.version)
        return function.invoke(body, {"alias": alias.name} if alias else {}, answer_headers)

    # The parameter is called Qualifier; here it would be ignored, and each invocation be one of $LATEST.
    def invocation(original, self):
        if "Qualifier" in self.querystring:
            self.querystring["qualifier"] = self.querystring["Qualifier"]
        return original(self)

    around(functions_responses.LambdaResponse, "invoke", invocation)
    around(functions.LambdaBackend, "invoke", invoke_version)
    around(functions.LambdaFunction, "__init__", init)
    around(functions.LambdaFunction, "get_configuration", configuration)
    around(functions.LambdaFunction, "update_configuration", update)
    around(functions.LambdaFunction, "invoke", invoke)
    around(functions.LambdaStorage, "publish_version", publish)


def _secrets(pool):
    backend = secrets.SecretsManagerBackend

    # Without a version or a stage the answer is AWSCURRENT, not the value that was put last.
    def get(original, self, secret_id, version_id, version_stage):
        return original(self, secret_id, version_id, version_stage or (None if version_id else "AWSCURRENT"))

    # The four steps, each of which may fail. Turning rotation on does not rotate unless that is asked for.
    def rotate(_, self, secret_id, client_request_token=None, rotation_lambda_arn=None, rotation_rules=None, rotate_immediately=True):
        secret = self.secrets[secret_id]
        secret.rotation_lambda_arn = rotation_lambda_arn or secret.rotation_lambda_arn
        secret.auto_rotate_after_days = (rotation_rules or {}).get("AutomaticallyAfterDays", secret.auto_rotate_after_days)
        secret.rotation_requested = secret.rotation_enabled = True
        refusal = services.invoke("secretsmanager.amazonaws.com", secret.rotation_lambda_arn, secret.arn, pool.authority)
        if refusal:
            raise InvalidRequestException(refusal)
        if not rotate_immediately:
            return secret.to_short_dict()
        token = client_request_token or str(uuid.uuid4())
        secret.remove_version_stages_from_old_versions(["AWSPENDING"])
        secret.versions[token] = {"createdate": 0, "version_id": token, "version_stages": ["AWSPENDING"]}
        lambdas = functions.lambda_backends[self.account_id][self.region_name]
        for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
            event = {"Step": step, "SecretId": secret.arn, "ClientRequestToken": token}
            outcome = {}
            answer = lambdas.invoke(secret.rotation_lambda_arn, None, json.dumps(event), {}, outcome)
            if "x-amz-function-error" in outcome:
                raise InvalidRequestException(f"{step} failed: {answer.decode()}")
        return secret.to_short_dict()

    # A label is on one version. Here the one that UpdateSecretVersionStage made current would stay so beside a new one.
    def put(original, self, version, version_id):
        current = (each for each, of in self.versions.items() if "AWSCURRENT" in of["version_stages"])
        self.default_version_id = next(current, self.default_version_id)
        original(self, version, version_id)

    around(secrets.FakeSecret, "reset_default_version", put)
    around(backend, "get_secret_value", get)
    around(backend, "rotate_secret", rotate)


def _database():
    # The administrator that the local server has.
    def credentials(_, self):
        return json.dumps({"username": os.environ["REHEARSAL_ADMIN_USER"], "password": os.environ["REHEARSAL_ADMIN_PASSWORD"]})

    # Terraform reads back only the parameters that somebody set.
    def parameters(original, self, new):
        original(self, [parameter | {"Source": "user"} for parameter in new])

    # Each instance has an id of its own, by which Terraform finds it; here all of them would have the same. And it has the
    # insights that it was created with.
    def init(original, self, *arguments, **named):
        original(self, *arguments, **named)
        self.dbi_resource_id = f"db-{uuid.uuid4().hex[:26].upper()}"
        self.database_insights_mode = named.get("database_insights_mode")
        self.performance_insights_enabled = named.get("enable_performance_insights", False)
        self.performance_insights_retention_period = named.get("performance_insights_retention_period")

    around(rds.DBInstance, "__init__", init)
    around(rds.MasterUserSecret, "_generate_secret_string", credentials)
    around(rds.DBParameterGroup, "update_parameters", parameters)
    rds.DBInstance.engine_lifecycle_support = "open-source-rds-extended-support-disabled"


def _codedeploy(shifts):
    backend = codedeploy.CodeDeployBackend
    responses = codedeploy_responses.CodeDeployResponse

    def create(original, self, *arguments, **named):
        deployment_id = original(self, *arguments, **named)
        shifts.start(self.deployments[deployment_id])
        return deployment_id

    def stop(self):
        shifts.stop(self.codedeploy_backend.get_deployment(self._get_param("deploymentId")))
        return ActionResult({"status": "Pending", "statusMessage": "the deployment is being stopped"})

    def deployment_info(original, deployment):
        return original(deployment) | {"errorInformation": getattr(deployment, "error_information", {})}

    def delete_group(self):
        self.codedeploy_backend.deployment_groups[self._get_param("applicationName")].pop(self._get_param("deploymentGroupName"))
        return ActionResult({"hooksNotCleanedUp": []})

    def update_group(self):
        group = self.codedeploy_backend.get_deployment_group(
            self._get_param("applicationName"), self._get_param("currentDeploymentGroupName")
        )
        group.deployment_config_name = self._get_param("deploymentConfigName") or group.deployment_config_name
        group.alarm_configuration = self._get_param("alarmConfiguration") or group.alarm_configuration
        return ActionResult({"hooksNotCleanedUp": []})

    def delete_application(self):
        self.codedeploy_backend.applications.pop(self._get_param("applicationName"))
        return EmptyResult()

    def group_info(original, group):
        answer = original(group) | {"alarmConfiguration": group.alarm_configuration or {}}
        if not answer.get("loadBalancerInfo"):
            answer.pop("loadBalancerInfo", None)
        return answer

    around(backend, "create_deployment", create)
    responses.delete_deployment_group = delete_group
    responses.update_deployment_group = update_group
    responses.delete_application = delete_application
    responses.stop_deployment = stop
    around(codedeploy_responses, "_deployment_group_info", group_info)
    around(codedeploy_responses, "_deployment_info", deployment_info)


def _images(registry_host):
    # moto has no registry behind its repositories; a real one on this machine is.
    def describe(self):
        name = self._get_param("repositoryName")
        self.ecr_backend.describe_repositories(repository_names=[name])
        details = []
        for image in self._get_param("imageIds") or []:
            digest = registry.digest(registry_host, name, image.get("imageDigest") or image["imageTag"])
            if not digest:
                raise ImageNotFoundException(str(image), name, self.current_account)
            details.append({"repositoryName": name, "imageDigest": digest})
        return ActionResult({"imageDetails": details})

    def init(original, self, *arguments, **named):
        original(self, *arguments, **named)
        self.uri = f"{registry_host}/{self.name}"

    around(ecr.Repository, "__init__", init)
    ecr_responses.ECRResponse.describe_images = describe


def _gateway(gateways):
    # HTTP requests go to gateway.py.
    def init(original, self, *arguments, **named):
        original(self, *arguments, **named)
        self.api_endpoint = gateways.serve(self.api_id)

    around(gateway.Api, "__init__", init)


def _small_ones():
    # The bucket's policy refuses what comes without TLS, and moto does not read conditions.
    from moto.iam.access_control import PermissionResult

    around(s3.FakeBucket, "get_permission", lambda *_: PermissionResult.NEUTRAL)

    security_groups.SecurityGroupRule.description = property(
        lambda self: self.ip_range.get("Description") or self.source_group.get("Description")
    )

    quota = {
        "ServiceCode": "lambda", "ServiceName": "AWS Lambda", "QuotaCode": "L-B99A9384", "QuotaName": "Concurrent executions",
        "QuotaArn": "arn:aws:servicequotas:us-east-1::lambda/L-B99A9384", "Value": 1000.0, "Unit": "None",
    }
    around(quotas.ServiceQuotasBackend, "get_service_quota", lambda *_, **__: quota)
    quotas_responses.ServiceQuotasResponse.get_aws_default_service_quota = lambda self: json.dumps({"Quota": quota})
