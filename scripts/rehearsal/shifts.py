"""CodeDeploy for functions: moves an alias from one version to another in steps, watches the alarms of the deployment group
meanwhile, and rolls back. https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-stop.html"""

import json
import re
import threading
import time

from moto.awslambda.models import lambda_backends
from moto.core.utils import utcnow

CONFIGURATION = re.compile(r"CodeDeployDefault\.Lambda(?:(AllAtOnce)|(Canary|Linear)(\d+)Percent(?:Every)?(\d+)Minutes?)")


class Shifts:
    def __init__(self, account, region, metrics, authority):
        self.account, self.region, self.metrics, self.authority = account, region, metrics, authority
        self.lambdas = lambda_backends[account][region]

    def start(self, deployment):
        """Checks a deployment as CodeDeploy does, and begins it."""
        shift = Shift(self, deployment)
        problem = shift.problem()
        if problem:
            shift.end(*problem)
        else:
            deployment.status, deployment.start_time = "InProgress", utcnow()
            threading.Thread(target=shift.run, daemon=True).start()

    def stop(self, deployment):
        """What an operator's StopDeployment does: run() sees it."""
        deployment.stop_requested = True


class Shift:
    def __init__(self, shifts, deployment):
        self.shifts, self.deployment, self.group = shifts, deployment, deployment.deployment_group
        content = json.loads(deployment.revision["appSpecContent"]["content"])
        properties = next(iter(content["Resources"][0].values()))["Properties"]
        self.before, self.after = properties["CurrentVersion"], properties["TargetVersion"]
        self.function, self.name = properties["Name"], properties["Alias"]
        self.alias = shifts.lambdas.get_alias(self.name, self.function)

    def problem(self):
        """The (status, code, message) of a deployment that ends before it has moved anything."""
        arn = f"arn:aws:lambda:{self.shifts.region}:{self.shifts.account}:function:{self.function}"
        needs = [("lambda:GetAlias", arn), ("lambda:UpdateAlias", arn), ("lambda:GetProvisionedConcurrencyConfig", arn)]
        if self._alarms():
            needs.append(("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{self.shifts.region}:{self.shifts.account}:alarm:*"))
        refusal = self.shifts.authority.as_service(self.group.service_role_arn, "codedeploy.amazonaws.com", *needs)
        if refusal:
            return "Failed", "IAM_ROLE_PERMISSIONS", refusal
        if self.alias.function_version != self.before:
            return "Failed", "INVALID_LAMBDA_CONFIGURATION", f"the alias points to {self.alias.function_version}, not to {self.before}"
        # It does not begin while an alarm of the group rings.
        return self._alarm()

    def run(self):
        """The steps of the configuration: a share of the traffic, and how long it lasts."""
        for share, minutes in steps(self.deployment.deployment_config_name):
            self._route({self.after: share})
            deadline = time.monotonic() + minutes * self.shifts.metrics.minute
            while time.monotonic() < deadline:
                problem = self._alarm() or self._stopped()
                if problem:
                    return self._roll_back(*problem)
                time.sleep(0.2)
        self.alias.update(None, self.after, {"AdditionalVersionWeights": {}})
        self.end("Succeeded")

    def end(self, status, code="", message=""):
        self.deployment.error_information = {"code": code, "message": message} if code else {}
        self.deployment.status, self.deployment.complete_time = status, utcnow()

    def _roll_back(self, status, code, message):
        event = "DEPLOYMENT_STOP_ON_ALARM" if code == "ALARM_ACTIVE" else "DEPLOYMENT_STOP_ON_REQUEST"
        configuration = self.group.auto_rollback_configuration or {}
        if code != "ALARM_ACTIVE" or (configuration.get("enabled") and event in configuration.get("events", [])):
            self._route({})
        self.end(status, code, message)

    def _route(self, weights):
        self.alias.update(None, None, {"AdditionalVersionWeights": weights})

    def _alarms(self):
        """The alarms to watch: the group's, unless this deployment overrides them."""
        configuration = self.deployment.override_alarm_configuration or self.group.alarm_configuration or {}
        return [alarm["name"] for alarm in configuration.get("alarms") or []] if configuration.get("enabled") else []

    def _alarm(self):
        ringing = self.shifts.metrics.ringing(self._alarms())
        return ("Stopped", "ALARM_ACTIVE", f"One or more alarms have been activated: {', '.join(ringing)}") if ringing else None

    def _stopped(self):
        stopped = getattr(self.deployment, "stop_requested", False)
        return ("Stopped", "MANUAL_STOP", "The deployment was stopped") if stopped else None


def steps(configuration):
    """[(share, minutes)] before all of the traffic is moved."""
    match = CONFIGURATION.fullmatch(str(configuration))
    if not match:
        raise NotImplementedError(f"the deployment configuration {configuration}")
    if match[1]:
        return []
    percent, minutes = int(match[3]), int(match[4])
    shares = [percent] if match[2] == "Canary" else range(percent, 100, percent)
    return [(share / 100, minutes) for share in shares]
