"""Whether the rehearsal notices what a policy lacks. Through a real client, roles as Terraform makes them, and moto.
   python scripts/rehearsal/test_policies.py"""

import json
import logging
import os
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(__file__))
os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT = "111122223333"

import boto3
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

import authorization
import policies

logging.getLogger("werkzeug").setLevel(logging.ERROR)
REGION = "us-east-1"
ARN = f"arn:aws:{{}}:{REGION}:{ACCOUNT}:{{}}"
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
LOCK = ARN.format("ssm", "parameter/users-service/dev/lock")


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Rehearsal(unittest.TestCase):
    """A role that may do what `allowed` says, within a boundary."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.authority = authorization.Authorization(cls.folder.name, ACCOUNT, REGION, "ADMINISTRATOR", "secret")
        application = cls.authority.middleware(DomainDispatcherApplication(create_backend_app))
        cls.server = make_server("127.0.0.1", 0, application, threaded=True)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.administrator = staticmethod(cls.session("ADMINISTRATOR", "secret"))

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.folder.cleanup()

    @classmethod
    def session(cls, key, secret, token=None):
        url = f"http://127.0.0.1:{cls.server.server_port}"
        session = boto3.Session(key, secret, token, REGION)
        return lambda service: session.client(service, endpoint_url=url)

    def role(self, allowed, boundary=ALL):
        """A client's session of a new role."""
        iam, name = self.administrator("iam"), f"role-{self.id().rsplit('.')[-1]}"
        arn = iam.create_policy(PolicyName=f"{name}-boundary", PolicyDocument=document(boundary))["Policy"]["Arn"]
        trust = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, PermissionsBoundary=arn)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=document(*allowed))
        given = self.administrator("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return self.session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def refused(self, *parts):
        """A context in which a call must be refused, with a message that names all of the parts."""
        test = self

        class Refused:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, _):
                test.assertIsInstance(error, ClientError, "it was allowed")
                for part in parts:
                    test.assertIn(part, str(error))
                with open(f"{test.folder.name}/denied") as file:
                    test.assertIn(parts[0], file.read())
                return True

        return Refused()


class AMissingActionIsNoticed(Rehearsal):
    def put(self, client):
        client("ssm").put_parameter(Name="/users-service/dev/lock", Type="String", Value="held", Overwrite=True)

    def test_what_is_allowed_is_done(self):
        records = ARN.format("ssm", "parameter/users-service/dev/*")
        self.put(self.role([{"Effect": "Allow", "Action": "ssm:PutParameter", "Resource": records}]))

    def test_in_the_policy(self):
        client = self.role([{"Effect": "Allow", "Action": ["ssm:GetParameter"], "Resource": "*"}])
        with self.refused("ssm:PutParameter", "role-test_in_the_policy", LOCK, "no policy allows it"):
            self.put(client)

    def test_in_the_boundary(self):
        client = self.role([ALL], {"Effect": "Allow", "Action": "ssm:Get*", "Resource": "*"})
        with self.refused("ssm:PutParameter", "role-test_in_the_boundary-boundary does not allow it"):
            self.put(client)

    def test_on_another_resource(self):
        client = self.role([{"Effect": "Allow", "Action": "ssm:*", "Resource": ARN.format("ssm", "parameter/users-service/prod/*")}])
        with self.refused("ssm:PutParameter", "parameter/users-service/dev/lock"):
            self.put(client)

    def test_that_is_denied(self):
        client = self.role([ALL, {"Sid": "NoRecords", "Effect": "Deny", "Action": "ssm:Put*", "Resource": "*"}])
        with self.refused("ssm:PutParameter", "NoRecords of allowed denies it"):
            self.put(client)

    def test_that_another_action_depends_on(self):
        client = self.role([{"Effect": "Allow", "Action": "codedeploy:*", "Resource": "*"}])
        client("codedeploy").create_application(applicationName="users", computePlatform="Lambda")
        with self.refused("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/of-codedeploy"):
            client("codedeploy").create_deployment_group(
                applicationName="users", deploymentGroupName="live", serviceRoleArn=f"arn:aws:iam::{ACCOUNT}:role/of-codedeploy",
            )

    def test_that_rds_needs_to_keep_the_administrators_password(self):
        allowed = ["rds:*", "secretsmanager:*", "iam:CreateServiceLinkedRole"]
        client = self.role([{"Effect": "Allow", "Action": allowed, "Resource": "*"}])
        with self.refused("kms:DescribeKey", ARN.format("kms", "key/*")):
            client("rds").create_db_instance(
                DBInstanceIdentifier="users", Engine="mysql", DBInstanceClass="db.t4g.micro", AllocatedStorage=20,
                MasterUsername="administrator", ManageMasterUserPassword=True,
            )

    def test_that_tags_at_creation_need(self):
        client = self.role([{"Effect": "Allow", "Action": "ec2:CreateVpc", "Resource": "*"}])
        with self.refused("ec2:CreateTags", ARN.format("ec2", "vpc/*")):
            tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Service", "Value": "users-service"}]}]
            client("ec2").create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)

    def test_that_removes_what_lambda_has_left_in_a_subnet(self):
        client, ec2 = self.role([{"Effect": "Allow", "Action": "ec2:DeleteSubnet", "Resource": "*"}]), self.administrator("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        with self.refused("ec2:DeleteNetworkInterface", ARN.format("ec2", "network-interface/*")):
            client("ec2").delete_subnet(SubnetId=subnet)

    def test_that_a_message_needs_which_is_handed_over_as_it_is(self):
        domain = ARN.format("ses", "identity/example.org")
        client = self.role([{"Effect": "Allow", "Action": "ses:SendEmail", "Resource": domain}])
        self.administrator("sesv2").create_email_identity(EmailIdentity="example.org")
        mail = {"FromEmailAddress": "Example <no-reply@example.org>", "Destination": {"ToAddresses": ["ada@example.com"]}}
        text = {"Data": "Hello"}
        client("sesv2").send_email(**mail, Content={"Simple": {"Subject": text, "Body": {"Text": text}}})
        with self.refused("ses:SendRawEmail", domain):
            mail.pop("FromEmailAddress")
            client("sesv2").send_email(**mail, Content={"Raw": {"Data": b"From: Example <no-reply@example.org>\r\n\r\nHello"}})

    def test_in_the_name_of_another_sender(self):
        mine = {"StringEquals": {"ses:FromAddress": "no-reply@example.org"}}
        client = self.role([{"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*", "Condition": mine}])
        self.administrator("sesv2").create_email_identity(EmailIdentity="example.org")
        text = {"Data": "Hello"}
        content = {"Simple": {"Subject": text, "Body": {"Text": text}}}
        client("sesv2").send_email(FromEmailAddress="no-reply@example.org", Destination={"ToAddresses": ["ada@example.com"]}, Content=content)
        with self.refused("ses:SendEmail", "identity/example.org"):
            client("sesv2").send_email(FromEmailAddress="ceo@example.org", Destination={"ToAddresses": ["ada@example.com"]}, Content=content)

    def test_on_a_resource_without_the_tag(self):
        mine = {"StringEquals": {"aws:ResourceTag/Service": "users-service"}}
        client = self.role([{"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": mine}])
        vpc = self.administrator("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        with self.refused("ec2:DeleteVpc", ARN.format("ec2", f"vpc/{vpc}")):
            client("ec2").delete_vpc(VpcId=vpc)
        self.administrator("ec2").create_tags(Resources=[vpc], Tags=[{"Key": "Service", "Value": "users-service"}])
        client("ec2").delete_vpc(VpcId=vpc)

    def test_in_a_version_of_a_policy_that_is_no_longer_in_force(self):
        client, iam = self.role([{"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}]), self.administrator("iam")
        arn = iam.create_policy(PolicyName="versioned", PolicyDocument=document(ALL))["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=f"role-{self.id().rsplit('.')[-1]}", PolicyArn=arn)
        self.put(client)
        narrower = document({"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"})
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=narrower, SetAsDefault=True)
        with self.refused("ssm:PutParameter", "versioned"):
            self.put(client)


class AGuessIsAnError(unittest.TestCase):
    def need(self, statement, **context):
        keys = {key.replace("_", ":"): value for key, value in context.items()}
        need = policies.Need("s3:GetObject", "arn:aws:s3:::bucket/key", keys)
        allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        return policies.refused(need, [("policy", document(allowed | statement))])

    def test_a_condition_key_that_the_rehearsal_does_not_supply(self):
        with self.assertRaisesRegex(policies.Unsupported, "aws:MultiFactorAuthPresent"):
            self.need({"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}})

    def test_an_operator_that_is_not_implemented(self):
        with self.assertRaisesRegex(policies.Unsupported, "IpAddress"):
            self.need({"Condition": {"IpAddress": {"aws:RequestedRegion": "10.0.0.0/8"}}})

    def test_a_wildcard_does_not_reach_over_the_parts_of_an_arn(self):
        self.assertIsNotNone(self.need({"Resource": "arn:*:bucket/key"}))
        self.assertIsNone(self.need({"Resource": "arn:aws:s3:::buck*"}))

    def test_a_condition_on_what_is_absent_is_not_fulfilled(self):
        condition = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
        self.assertIsNotNone(self.need({"Condition": condition}))
        self.assertIsNone(self.need({"Condition": condition}, aws_requestedregion=["us-east-1"]))


if __name__ == "__main__":
    unittest.main(warnings="ignore")
