"""What a request asks of AWS: the service, the operation, its parameters, and whose key signed it."""

import io
import re
import urllib.parse
import warnings
from dataclasses import dataclass, field

from moto.core.exceptions import ServiceException
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

# The services whose name in a signature is not the name of their description in the AWS SDK.
MODELS = {"apigateway": "apigatewayv2", "monitoring": "cloudwatch", "servicequotas": "service-quotas", "ses": "sesv2"}

SCOPE = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Call:
    """`service` is the name in policies, such as `logs`; parameters have the names of the AWS SDK."""

    service: str
    operation: str
    parameters: dict = field(default_factory=dict)
    key: str = ""
    method: str = "POST"
    path: str = "/"
    protocol: str = "json"
    model: object = None


# The code of AWS's refusal, by protocol; of the others AccessDeniedException.
CODES = {"ec2": "UnauthorizedOperation", "query": "AccessDenied", "rest-xml": "AccessDenied"}
# It is in no service's description.
warnings.filterwarnings("ignore", message=".*does not match an error shape.*")


class AccessDenied(ServiceException):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def key(environ):
    """The key that a WSGI request is signed with; '' without a signature."""
    signature = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return signature[1] if signature else ""


def read(environ):
    """The call in a WSGI request, whose body can be read again; a request without a signature has the key ''."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    signature = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    # Only to get a role is there no signature yet.
    service = signature[3] if signature else "sts"
    request = Request({**environ, "wsgi.input": io.BytesIO(body)})
    operation, labels = get_service_router(MODELS.get(service, service)).match(request)
    model = get_service_model(MODELS.get(service, service))
    protocol = determine_request_protocol(model, request.content_type)
    parameters = PROTOCOL_PARSERS[protocol](operation, map_type=dict).parse({
        "method": request.method, "values": request.values, "headers": request.headers, "body": request.data,
        "url_path": request.path, "url_params": labels,
    })
    path = urllib.parse.unquote(environ["PATH_INFO"])
    service = {"monitoring": "cloudwatch"}.get(service, service)
    return Call(service, operation.name, parameters, key(environ), environ["REQUEST_METHOD"], path, protocol, operation)


def refusal(call, message):
    """The status, headers and body of AWS's answer to a call that is not allowed."""
    serializer = get_serializer_class(call.model.service_model.service_name, call.protocol)(call.model)
    answer = serializer.serialize(AccessDenied(CODES.get(call.protocol, "AccessDeniedException"), message))
    headers = {name: str(value) for name, value in answer["headers"].items() if name.lower() != "content-length"}
    body = answer["body"]
    return "403 Forbidden", headers, body.encode() if isinstance(body, str) else body
