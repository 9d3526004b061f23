"""Holds each call against the policies of the role that makes it. The roles and policies are those in moto: what
terraform/bootstrap and terraform created there."""

import base64
import json
import threading

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.sts.models import sts_backends

import calls
import needs
import services
from policies import Need, Unsupported, allows, denies, refused

# What AWS lets everybody do.
FREE = {"sts:GetCallerIdentity"}
GITHUB = "token.actions.githubusercontent.com"
REGISTRY_EVENTS = "/registry-events"
# The services whose endpoint has another name than their actions.
ENDPOINTS = {"ses": "email"}
GRANT = '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}'


class Authorization:
    """`administrator` is the key that may do everything: of who prepares the account, and of the rehearsal itself."""

    def __init__(self, folder, account, region, administrator, administrators_secret):
        self.folder, self.account, self.region = folder, account, region
        self.administrator, self.administrators_secret = administrator, administrators_secret
        self.iam, self.sts = iam_backends[account]["aws"], sts_backends[account]["aws"]
        self.registry_key = administrator
        self.functions, self.held, self.lock = {}, set(), threading.Lock()

    def middleware(self, app):
        """A WSGI application that answers what is not allowed as AWS does, and passes on the rest. The registry reports to it."""

        def authorized(environ, start_response):
            if environ["PATH_INFO"] == REGISTRY_EVENTS:
                body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
                services.use_registry(json.loads(body)["events"], self)
                start_response("200 OK", [("Content-Length", "0")])
                return []
            key = calls.key(environ)
            if environ.get("HTTP_X_AMZ_TARGET", "").endswith(".GetAuthorizationToken"):
                self.registry_key = key
            if key == self.administrator:
                return app(environ, start_response)
            call = calls.read(environ)
            try:
                message = self.refusal(call)
            except Unsupported as unsupported:
                message = self._denied("the rehearsal", Need(f"{call.service}:{call.operation}", "*"), f"unknown: {unsupported}")
            if message is None:
                return app(environ, start_response)
            status, headers, body = calls.refusal(call, message)
            start_response(status, [*headers.items(), ("Content-Length", str(len(body)))])
            return [body]

        return authorized

    def refusal(self, call):
        """Why the call is not allowed, or None."""
        if f"{call.service}:{call.operation}" in FREE:
            return None
        if call.operation == "AssumeRoleWithWebIdentity":
            return self.sign_in(call)
        if call.operation == "AssumeRole":
            return self.assume(call)
        for need in needs.of(call, self.account, self.region):
            message = self.check(call.key, need)
            if message:
                return message
        return services.given_by(call, self)

    def check(self, key, need):
        """Holds one need against the policies of the key's session."""
        if key == self.administrator:
            return None
        session = self.sts.get_assumed_role_from_access_key(key)
        if not session:
            return self._denied("nobody", need, f"the key {key} is unknown")
        role = self.iam.get_role_by_arn(session.role_arn)
        function = self.functions.get(key)
        context = {**need.context, "aws:principalarn": [role.arn]}
        if function:
            context["lambda:sourcefunctionarn"] = [services.unqualified(function)]
        return self.check_role(role, Need(need.action, need.resource, context), self._endpoint(function, need))

    def check_role(self, role, need, others=(), granted=()):
        """Holds a need against a role's policies, its boundary, the bucket's policy and `others`; `granted` are policies
        that grant it besides."""
        identity = [*role.policies.items(), *map(_named, role.managed_policies.values()), *granted]
        boundary = self.iam.managed_policies.get(role.permissions_boundary_arn)
        if role.permissions_boundary_arn and not boundary:
            return self._denied(role.name, need, f"its boundary {role.permissions_boundary_arn} does not exist")
        reason = refused(need, identity, boundary and _named(boundary), others)
        reason = reason or self._bucket(role, need)
        if reason:
            return self._denied(role.name, need, reason)
        self._held(f"{role.name} {need.action}")
        return None

    def as_service(self, role_arn, service, *wanted):
        """Holds the needs of a service that acts as a role: it must be allowed to assume it, and then to do that."""
        role = self.iam.get_role_by_arn(role_arn)
        trust = Need("sts:AssumeRole", "*", {"aws:sourceaccount": [self.account]})
        if not allows(role.assume_role_policy_document, trust, ("Service", service)):
            return self._denied(service, Need("sts:AssumeRole", role_arn), f"{role.name} does not trust it")
        # A list, so that each of them is reported.
        refusals = [self.check_role(role, Need(action, resource)) for action, resource in wanted]
        return next(filter(None, refusals), None)

    def by_service(self, document, service, need, what):
        """Holds the call of a service against the policy of a resource, such as a function's."""
        if document and allows(document, need, ("Service", service)):
            return None
        return self._denied(service, need, f"the policy of {what} does not allow it")

    def session_of(self, function):
        """The credentials that Lambda gives to a function: a session of its role."""
        session = self.sts.assume_role(self.region, function.function_name, function.role, None, 3600, None)
        self.functions[session.access_key_id] = function
        return session

    def secret(self, key):
        """What requests to the gateway are signed with."""
        if key == self.administrator:
            return self.administrators_secret
        session = self.sts.get_assumed_role_from_access_key(key)
        return session.secret_access_key if session else None

    def assume(self, call):
        """A role may assume another that trusts it, or that trusts the account if its own policies let it. Its boundary
        has to allow that in either case."""
        caller = self.iam.get_role_by_arn(self.sts.get_assumed_role_from_access_key(call.key).role_arn)
        need = Need("sts:AssumeRole", call.parameters["RoleArn"])
        role = next((each for each in self.iam.roles.values() if each.arn == need.resource), None)
        trust = role.assume_role_policy_document if role else '{"Statement": []}'
        if allows(trust, Need(need.action, "*"), ("AWS", caller.arn)):
            return self.check_role(caller, need, granted=[("the trust", GRANT)])
        if allows(trust, Need(need.action, "*"), ("AWS", f"arn:aws:iam::{self.account}:root")):
            return self.check_role(caller, need)
        return self._denied(caller.name, need, "the role does not trust it" if role else "there is no such role")

    def sign_in(self, call):
        """Whether the role trusts GitHub's token. Its signature is not verified: the rehearsal made it."""
        arn = call.parameters["RoleArn"]
        claims = json.loads(base64.urlsafe_b64decode(call.parameters["WebIdentityToken"].split(".")[1] + "=="))
        need = Need(call.service + ":" + call.operation, arn, {f"{GITHUB}:{name}": [str(value)] for name, value in claims.items()})
        role = next((each for each in self.iam.roles.values() if each.arn == arn), None)
        provider = f"arn:aws:iam::{self.account}:oidc-provider/{GITHUB}"
        trust = Need(need.action, "*", need.context)
        if role and provider in self.iam.open_id_providers and allows(role.assume_role_policy_document, trust, ("Federated", provider)):
            return None
        return self._denied(claims["sub"], need, "the role does not trust it" if role else "there is no such role")

    def _endpoint(self, function, need):
        """The policy of the endpoint that a function's network has for a service: it has no other way out."""
        if not function:
            return []
        service = need.action.split(":")[0]
        service = ENDPOINTS.get(service, service)
        subnets = function.vpc_config.get("SubnetIds") or function.vpc_config.get("subnet_ids")
        ec2 = ec2_backends[self.account][self.region]
        networks = {ec2.get_subnet(subnet).vpc_id for subnet in subnets}
        return [
            (f"the endpoint {endpoint.id}", endpoint.policy_document) for endpoint in ec2.vpc_end_points.values()
            if endpoint.vpc_id in networks and endpoint.service_name.endswith(f".{service}")
        ] or [("the network, which has no endpoint for it", '{"Statement": []}')]

    def _bucket(self, role, need):
        """Whether the policy of a bucket denies it."""
        if not need.action.startswith("s3:"):
            return None
        name = need.resource.removeprefix("arn:aws:s3:::").split("/")[0]
        bucket = s3_backends[self.account]["aws"].buckets.get(name)
        policy = bucket.policy if bucket else None
        policy = policy.decode() if isinstance(policy, bytes) else policy
        return f"the policy of {name} denies it" if policy and denies(policy, need, ("AWS", role.arn)) else None

    def _held(self, what):
        """Lists, for the end of the rehearsal, what was held against the policies."""
        with self.lock:
            if what not in self.held:
                self.held.add(what)
                with open(f"{self.folder}/held", "a") as file:
                    file.write(what + "\n")

    def _denied(self, who, need, reason):
        message = f"{who} is not authorized to perform {need.action} on resource {need.resource}: {reason}"
        with self.lock, open(f"{self.folder}/denied", "a") as file:
            file.write(message + "\n")
        return message


def _named(policy):
    """The name and the document of a policy, in the version that is in force."""
    versions = {version.version_id: version.document for version in policy.versions}
    return policy.name, versions[policy.default_version_id]
