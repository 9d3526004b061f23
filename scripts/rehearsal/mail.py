"""Amazon SES, as far as moto 5.2.5 has not got it: the parts of a domain and of a configuration set that Terraform reads back, and
events about what was sent. Each mail is kept as a file in the folder mails. While the file domain-is-new exists in the folder, SES
has not seen the records of any domain yet."""

import base64
import dataclasses
import json
import os
import time

from moto.ec2.models import vpcs
from moto.ses import models as ses
from moto.sesv2 import models, responses, urls

from fixes import around

TOKENS = [f"{number}3frqe7jn4obpuxjpwpolz6ipb3k5nvt2nhjpik2oy" for number in range(3)]

# Of the calls that moto has not got. It knows a place by its group.
PATHS = [
    "configuration-sets/(?P<set>[^/]+)/event-destinations", "configuration-sets/(?P<set>[^/]+)/event-destinations/(?P<destination>[^/]+)",
    "identities/(?P<identity>[^/]+)/mail-from",
]

# SES's own addresses to try it with: https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html
SIMULATED = {
    "bounce@simulator.amazonses.com": ("BOUNCE", "Email Bounced", "Bounce"),
    "complaint@simulator.amazonses.com": ("COMPLAINT", "Email Complaint Received", "Complaint"),
}


def install(folder, bus):
    """Patches moto. `bus` gets the events."""
    os.makedirs(f"{folder}/mails")
    for path in PATHS:
        urls.url_paths["{0}/v2/email/" + path + "$"] = responses.SESV2Response.dispatch
    vpcs.AWS_ENDPOINT_SERVICES.append("email")
    _domains(folder)
    _configuration_sets()
    _tags()
    _sending(folder, bus)


def _domains(folder):
    original = ses.EmailIdentity.get_response_object.fget

    def init(original, self, *arguments, **named):
        original(self, *arguments, **named)
        self.dkim_attributes |= {"Tokens": TOKENS, "LastKeyGenerationTimestamp": int(time.time())}

    def described(self):
        is_new = os.path.exists(f"{folder}/domain-is-new")
        return original(self) | {
            "MailFromAttributes": getattr(self, "mail_from", {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}),
            "VerificationStatus": "PENDING" if is_new else "SUCCESS",
            "VerifiedForSendingStatus": not is_new,
        }

    def put_mail_from(self):
        identity = self.sesv2_backend.get_email_identity(self._get_param("EmailIdentity"))
        domain, behaviour = self._get_param("MailFromDomain"), self._get_param("BehaviorOnMxFailure")
        identity.mail_from = {
            "MailFromDomain": domain or "", "MailFromDomainStatus": "SUCCESS", "BehaviorOnMxFailure": behaviour or "USE_DEFAULT_VALUE",
        }
        return "{}"

    around(ses.EmailIdentity, "__init__", init)
    ses.EmailIdentity.get_response_object = property(described)
    responses.SESV2Response.put_email_identity_mail_from_attributes = put_mail_from


def _configuration_sets():
    # AWS leaves out what is not set.
    def described(original, self):
        answer = original(self) | {"SendingOptions": self.enabled or {"SendingEnabled": True}}
        return {key: value for key, value in answer.items() if value}

    def destinations(self):
        set_ = self.sesv2_backend.get_configuration_set(self._get_param("ConfigurationSetName"))
        return set_.__dict__.setdefault("destinations", {})

    def put(self):
        destinations(self)[self._get_param("EventDestinationName")] = self._get_param("EventDestination")
        return "{}"

    def get(self):
        return json.dumps({"EventDestinations": [{"Name": name} | each for name, each in destinations(self).items()]})

    def delete(self):
        destinations(self).pop(self._get_param("EventDestinationName"))
        return "{}"

    around(ses.ConfigurationSet, "to_dict_v2", described)
    responses.SESV2Response.create_configuration_set_event_destination = put
    responses.SESV2Response.update_configuration_set_event_destination = put
    responses.SESV2Response.get_configuration_set_event_destinations = get
    responses.SESV2Response.delete_configuration_set_event_destination = delete


def _tags():
    # The ARN of a domain is identity/…; here it would be email-identity/….
    def arn(original, backend, service, resource):
        return original(backend, service, resource.replace("email-identity/", "identity/"))

    def tagged(original, self):
        for each in original(self):
            name = each.arn.replace("email-identity/", "identity/")
            yield dataclasses.replace(each, arn=name, tags=self.core_backend.tagger.get_tag_dict_for_resource(name))

    around(ses, "get_arn", arn)
    around(models, "get_arn", arn)
    around(models.SESV2Backend, "iter_tagged_resources", tagged)


def _sending(folder, bus):
    def send(original, self):
        answer = original(self)
        parameters, message_id = json.loads(self.body), json.loads(answer)["MessageId"]
        content = parameters["Content"]
        text = base64.b64decode(content["Raw"]["Data"]) if "Raw" in content else json.dumps(content).encode()
        recipients = parameters["Destination"]["ToAddresses"]
        for recipient in recipients:
            with open(f"{folder}/mails/{time.time_ns()}-{recipient}", "wb") as file:
                file.write(text)
            if recipient in SIMULATED:
                _tell(self, bus, parameters, message_id, recipient)
        return answer

    around(responses.SESV2Response, "send_email", send)


def _tell(self, bus, parameters, message_id, recipient):
    """Publishes what became of a mail, if the configuration set has a destination for that
    (https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html)."""
    event_type, kind, name = SIMULATED[recipient]
    set_name = parameters["ConfigurationSetName"]
    destinations = self.sesv2_backend.get_configuration_set(set_name).__dict__.get("destinations", {}).values()
    if not any(each["Enabled"] and event_type in each["MatchingEventTypes"] and "EventBridgeDestination" in each for each in destinations):
        return
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    feedback = {
        "Bounce": {"bounce": {
            "bounceType": "Permanent", "bounceSubType": "General", "timestamp": now, "feedbackId": message_id, "reportingMTA": "dsn; rehearsal",
            "bouncedRecipients": [{
                "emailAddress": recipient, "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown",
            }],
        }},
        "Complaint": {"complaint": {
            "complaintSubType": None, "complaintFeedbackType": "abuse", "timestamp": now, "feedbackId": message_id,
            "complainedRecipients": [{"emailAddress": recipient}],
        }},
    }[name]
    mail = {
        "timestamp": now, "source": parameters.get("FromEmailAddress"), "sendingAccountId": self.current_account, "messageId": message_id,
        "destination": parameters["Destination"]["ToAddresses"], "headersTruncated": False, "headers": [], "commonHeaders": {},
        "tags": {"ses:configuration-set": [set_name], "ses:operation": ["SendRawEmail"]},
    }
    resource = f"arn:aws:ses:{self.region}:{self.current_account}:configuration-set/{set_name}"
    bus.publish("aws.ses", kind, resource, {"eventType": name, "mail": mail} | feedback)
