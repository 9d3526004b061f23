"""EventBridge: invokes functions by the rules that Terraform made. No clock runs here: what is on a schedule starts when the
rehearsal says so."""

import datetime
import json
import threading
import uuid

from moto.awslambda.models import lambda_backends
from moto.events.models import events_backends

import services

# Where the rehearsal says so.
SCHEDULES = "/schedules"


class Bus:
    """The default bus of the account."""

    def __init__(self, account, region, authority):
        self.account, self.region, self.authority = account, region, authority
        self.lambdas, self.events = lambda_backends[account][region], events_backends[account][region]

    def middleware(self, app):
        """A WSGI application that starts what is on a schedule when it is asked to, and passes on the rest."""

        def scheduled(environ, start_response):
            if environ["PATH_INFO"] != SCHEDULES:
                return app(environ, start_response)
            self.tick()
            start_response("200 OK", [("Content-Length", "0")])
            return []

        return scheduled

    def tick(self):
        """Invokes what every schedule invokes, with the input that each target has for it."""
        for rule in self._rules():
            if rule.scheduled_expression:
                self._invoke(rule, {"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}, "resources": [rule.arn]})

    def publish(self, source, kind, resource, detail):
        """Invokes the targets of the rules that an event matches."""
        event = {"source": source, "detail-type": kind, "resources": [resource], "detail": detail}
        for rule in self._rules():
            if rule.event_pattern.get_pattern() and rule.event_pattern.matches_event(self._complete(event)):
                self._invoke(rule, event)

    def _rules(self):
        return [rule for rule in list(self.events.describe_event_bus("default").rules.values()) if rule.state == "ENABLED"]

    def _complete(self, event):
        time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"version": "0", "id": str(uuid.uuid4()), "account": self.account, "time": time, "region": self.region} | event

    def _invoke(self, rule, event):
        """Asynchronously, by the policy of each function."""
        for target in rule.targets:
            # An alias stands behind the name.
            name, alias = (target["Arn"].split(":")[6:] + [None])[:2]
            if services.invoke("events.amazonaws.com", target["Arn"], rule.arn, self.authority):
                continue
            payload = target.get("Input") or json.dumps(self._complete(event))
            threading.Thread(target=self.lambdas.invoke, args=(name, alias, payload, {}, {}), daemon=True).start()
