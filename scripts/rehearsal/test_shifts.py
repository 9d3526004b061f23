"""Whether the rehearsal's CodeDeploy and CloudWatch stop a bad version. With the functions' answers as the only stand-in.
   python scripts/rehearsal/test_shifts.py"""

import json
import os
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT = "111122223333"
# In this process, and not at the emulator that the rehearsal has started.
os.environ.pop("AWS_ENDPOINT_URL", None)
os.environ |= {"AWS_ACCESS_KEY_ID": "ADMINISTRATOR", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}

import boto3
from moto import mock_aws

import authorization
import fixes
import metrics
import shifts

REGION, MINUTE = "us-east-1", 0.6
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/users@sha256:"
VERSION_2 = {"FunctionName": "api", "Resource": "api:live", "ExecutedVersion": "2"}
RATE = "IF(errors >= 1, 100 * errors / total, 0)"


class Answers:
    """Functions of which version 2 fails."""

    def __init__(self, metrics_, authority):
        self.metrics, self.authority = metrics_, authority

    def invoke(self, function, body, alias=None):
        dimensions = {"FunctionName": function.function_name, "Resource": f"api:{alias}", "ExecutedVersion": str(function.version)}
        self.metrics.put("AWS/Lambda", "Invocations", 1, dimensions)
        self.metrics.put("AWS/Lambda", "Errors", int(function.version == 2), dimensions)
        return b"{}", function.version == 2, ""


class ABadVersion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.aws, cls.folder = mock_aws(), tempfile.TemporaryDirectory()
        cls.aws.start()
        watch = metrics.Metrics(ACCOUNT, REGION, MINUTE)
        authority = authorization.Authorization(cls.folder.name, ACCOUNT, REGION, "ADMINISTRATOR", "secret")
        fixes.install(None, "localhost", Answers(watch, authority), shifts.Shifts(ACCOUNT, REGION, watch, authority))
        cls.lambda_, cls.deploy = boto3.client("lambda"), boto3.client("codedeploy")
        cls.make_function()
        cls.make_alarm()
        cls.make_group()

    @classmethod
    def tearDownClass(cls):
        cls.aws.stop()
        cls.folder.cleanup()

    @classmethod
    def make_role(cls, service):
        trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}]}
        all_ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam, name = boto3.client("iam"), service.split(".")[0]
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17"} | trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(all_))
        return role

    @classmethod
    def make_function(cls):
        cls.lambda_.create_function(
            FunctionName="api", Role=cls.make_role("lambda.amazonaws.com"), PackageType="Image", Publish=True,
            Code={"ImageUri": IMAGE + "0" * 64},
        )
        cls.lambda_.create_alias(FunctionName="api", Name="live", FunctionVersion="1")
        cls.lambda_.update_function_code(FunctionName="api", ImageUri=IMAGE + "1" * 64, Publish=True)

    @classmethod
    def make_alarm(cls):
        dimensions = [{"Name": name, "Value": value} for name, value in VERSION_2.items()]
        queries = [{"Id": "rate", "Expression": RATE, "ReturnData": True}] + [
            {"Id": id_, "ReturnData": False, "MetricStat": {
                "Metric": {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions}, "Period": 60, "Stat": "Sum",
            }} for id_, name in {"errors": "Errors", "total": "Invocations"}.items()
        ]
        boto3.client("cloudwatch").put_metric_alarm(
            AlarmName="version-errors", Metrics=queries, EvaluationPeriods=1, DatapointsToAlarm=1, Threshold=1,
            ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching",
        )

    @classmethod
    def make_group(cls):
        cls.deploy.create_application(applicationName="users", computePlatform="Lambda")
        cls.deploy.create_deployment_group(
            applicationName="users", deploymentGroupName="live", serviceRoleArn=cls.make_role("codedeploy.amazonaws.com"),
            deploymentConfigName="CodeDeployDefault.LambdaCanary10Percent5Minutes",
            alarmConfiguration={"enabled": True, "alarms": [{"name": "version-errors"}]},
            autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM"]},
        )

    def shift(self, before, after, **options):
        properties = {"Name": "api", "Alias": "live", "CurrentVersion": before, "TargetVersion": after}
        resource = {"Type": "AWS::Lambda::Function", "Properties": properties}
        content = json.dumps({"version": 0.0, "Resources": [{"api": resource}]})
        revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
        group = {"applicationName": "users", "deploymentGroupName": "live"}
        id_ = self.deploy.create_deployment(**group, revision=revision, **options)["deploymentId"]
        self.versions, deadline = [], time.monotonic() + 30
        while time.monotonic() < deadline:
            self.versions.append(self.lambda_.invoke(FunctionName="api", Qualifier="live", Payload=b"{}")["ExecutedVersion"])
            info = self.deploy.get_deployment(deploymentId=id_)["deploymentInfo"]
            if info["status"] not in ("Created", "InProgress"):
                alias = self.lambda_.get_alias(FunctionName="api", Name="live")
                return info["status"], info.get("errorInformation", {}).get("code"), alias
        self.fail("the deployment did not end")

    def test_is_stopped_by_its_errors_and_a_fix_needs_an_override(self):
        status, code, alias = self.shift("1", "2")
        self.assertEqual(("Stopped", "ALARM_ACTIVE", "1"), (status, code, alias["FunctionVersion"]))
        self.assertFalse(alias.get("RoutingConfig", {}).get("AdditionalVersionWeights"))
        self.assertLess(0, self.versions.count("2"))
        self.assertLess(self.versions.count("2"), self.versions.count("1"))

        boto3.client("cloudwatch").set_alarm_state(AlarmName="version-errors", StateValue="ALARM", StateReason="the bad version's errors")
        status, code, _ = self.shift("1", "2", deploymentConfigName="CodeDeployDefault.LambdaAllAtOnce")
        self.assertEqual(("Stopped", "ALARM_ACTIVE"), (status, code))

        override = {"deploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce", "overrideAlarmConfiguration": {"enabled": False}}
        status, code, alias = self.shift("1", "2", **override)
        self.assertEqual(("Succeeded", None, "2"), (status, code, alias["FunctionVersion"]))

        status, code, _ = self.shift("1", "2", **override)
        self.assertEqual(("Failed", "INVALID_LAMBDA_CONFIGURATION"), (status, code))


class Steps(unittest.TestCase):
    def test_of_a_canary(self):
        self.assertEqual([(0.1, 5)], shifts.steps("CodeDeployDefault.LambdaCanary10Percent5Minutes"))

    def test_of_a_linear_shift(self):
        self.assertEqual(9, len(shifts.steps("CodeDeployDefault.LambdaLinear10PercentEvery1Minute")))

    def test_of_all_at_once(self):
        self.assertEqual([], shifts.steps("CodeDeployDefault.LambdaAllAtOnce"))


class ALogLine(unittest.TestCase):
    def test_with_metrics_rings_their_alarm_and_any_other_does_not(self):
        with mock_aws():
            watch = metrics.Metrics(ACCOUNT, REGION, MINUTE)
            boto3.client("cloudwatch").put_metric_alarm(
                AlarmName="mails", Namespace="users-service", MetricName="MailsGivenUp", Statistic="Sum", Period=60, Threshold=0,
                Dimensions=[{"Name": "FunctionName", "Value": "worker"}], EvaluationPeriods=1, DatapointsToAlarm=1,
                ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching",
            )
            directive = {"Namespace": "users-service", "Dimensions": [["FunctionName"]], "Metrics": [{"Name": "MailsGivenUp", "Unit": "Count"}]}
            line = {"level": "INFO", "_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]}, "FunctionName": "worker", "MailsGivenUp": 1}
            for other in ["", "no JSON", "[]", "1", '{"message": "_aws"}', json.dumps(line | {"FunctionName": "api"})]:
                watch.put_logged(other)
            time.sleep(2 * MINUTE)
            self.assertEqual([], watch.ringing(["mails"]))
            deadline = time.monotonic() + 20 * MINUTE
            while not watch.ringing(["mails"]) and time.monotonic() < deadline:
                watch.put_logged(json.dumps(line))
                time.sleep(MINUTE / 6)
            self.assertEqual(["mails"], watch.ringing(["mails"]))

    def test_of_a_version_that_answers_5xx_rings_the_alarm_of_that_version_alone(self):
        with mock_aws():
            watch = metrics.Metrics(ACCOUNT, REGION, MINUTE)
            for version in ["1", "2"]:
                self.make_alarm(version)
            names, deadline = ["version-1", "version-2"], time.monotonic() + 20 * MINUTE
            while not watch.ringing(names) and time.monotonic() < deadline:
                for version in ["1", "2"]:
                    watch.put("AWS/Lambda", "Invocations", 1, VERSION_2 | {"ExecutedVersion": version})
                watch.put_logged(json.dumps(self.line("2")))
                time.sleep(MINUTE / 6)
            self.assertEqual(["version-2"], watch.ringing(names))

    @staticmethod
    def line(version):
        """As the service logs it, which a test of its own holds."""
        counted = {"Namespace": "users-service", "Metrics": [{"Name": "ServerErrors", "Unit": "Count"}]}
        sets = [["FunctionName"]], [["FunctionName", "ExecutedVersion"]]
        directives = [counted | {"Dimensions": dimensions} for dimensions in sets]
        return {"_aws": {"Timestamp": 1, "CloudWatchMetrics": directives}, "FunctionName": "api", "ExecutedVersion": version, "ServerErrors": 1}

    @staticmethod
    def make_alarm(version):
        by_alias = VERSION_2 | {"ExecutedVersion": version}
        by_version = {name: by_alias[name] for name in ["FunctionName", "ExecutedVersion"]}
        sums = [
            {"Id": key, "ReturnData": False, "MetricStat": {"Period": 60, "Stat": "Sum", "Metric": {
                "Namespace": namespace, "MetricName": name, "Dimensions": [{"Name": each, "Value": value} for each, value in dimensions.items()],
            }}}
            for key, namespace, name, dimensions in [
                ("errors", "users-service", "ServerErrors", by_version), ("total", "AWS/Lambda", "Invocations", by_alias),
            ]
        ]
        boto3.client("cloudwatch").put_metric_alarm(
            AlarmName=f"version-{version}", Threshold=1, EvaluationPeriods=1, DatapointsToAlarm=1,
            ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching",
            Metrics=[{"Id": "rate", "Expression": "IF(errors >= 2, 100 * errors / total, 0)", "ReturnData": True}, *sums],
        )


class ARate(unittest.TestCase):
    def test_is_unknown_without_requests(self):
        self.assertEqual(25, metrics.calculate(RATE, {"errors": 1, "total": 4}))
        self.assertEqual(0, metrics.calculate("100 * FILL(errors, 0) / total", {"errors": None, "total": 4}))
        self.assertIsNone(metrics.calculate(RATE, {"errors": None, "total": 4}))
        self.assertIsNone(metrics.calculate("errors / total", {"errors": 1, "total": 0}))


if __name__ == "__main__":
    unittest.main(warnings="ignore")
